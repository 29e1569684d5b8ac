// SPDX-License-Identifier: Apache-2.0
// The small cluster of core_world played by commands, as the master plays it: people, provider, agents and a framework say
// something, core_decide answers, the events are applied. Two agents, n1 and n2; one pool, file/main/ssd; one class, gold.
#ifndef TESTS_CORE_PLAY_H
#define TESTS_CORE_PLAY_H

#include "core/command.h"
#include "core_world.h"

enum { PLAY_POOL = 1000, PLAY_WAIT = 120000 }; // GiB; the class's launch-wait in ms

struct play {
    struct world *w;
    uint64_t provider, pool, n1, n2;
    struct answer answer;          // of the latest command
    VEC(struct notice) notices;    // of all commands
    VEC(enum event_kind) happened; // events of the latest command
    // Called around the apply of each command, with what it decided and with what became of it; may be NULL.
    void (*watch_draft)(struct play *p, const struct draft *d);
    void (*watch_state)(struct play *p);
    void *watch_arg;
};
int play_setup(void **state); // for cmocka: *state is a struct play *
int play_teardown(void **state);

struct command play_command(enum command_kind kind);
// Decides; applies unless refused.
MUST_USE struct err *play_do(struct play *p, const struct command *c);
void play_ok(struct play *p, const struct command *c);
bool play_happened(const struct play *p, enum event_kind kind); // in the latest command

// ---- people ----
MUST_USE struct err *play_create(struct play *p, const char *name, uint64_t gib);
MUST_USE struct err *play_delete(struct play *p, const char *name);
MUST_USE struct err *play_grow(struct play *p, const char *name, uint64_t gib);
MUST_USE struct err *play_publish(struct play *p, const char *name, const char *agent);
MUST_USE struct err *play_unpublish(struct play *p, const char *name);
void play_pool(struct play *p,
               struct pool_made made); // reports again: file/main/ssd, able to do all unless it says what
void play_class(struct play *p, struct class_document doc); // applied again: of volumes made from here on
const struct volume_row *play_volume(const struct play *p, const char *name); // NULL: none
const struct attachment_row *play_attachment(const struct play *p, const char *name);
uint64_t play_free_gib(struct play *p); // of the pool

// ---- the provider ----
// The operation of that kind that the provider was asked for; 0: none.
uint64_t play_asked(const struct play *p, enum operation_kind kind);
void play_done(struct play *p, enum operation_kind kind); // carries it out; fails the test when it was not asked
void play_failed(struct play *p, enum operation_kind kind, enum err_kind error, const char *message);

// ---- agents ----
// The agent of the volume's attachment says so, at the current epoch.
void play_says(struct play *p, const char *volume, enum publish_state state);
// It comes (again), with that attachment (state 0: with none) at that epoch.
void play_hello(struct play *p, const char *agent, const char *boot, struct attachment_report has);
struct attachment_report play_has(const struct play *p, const char *volume, enum publish_state state);
const struct agent_row *play_agent(const struct play *p, const char *name);

// Time passes: everybody but `silent` (NULL: nobody) is heard meanwhile, timers ring, offers are made.
void play_wait(struct play *p, int64_t ms, const char *silent);

// Made, ready; and then published on that agent, in use.
void play_make(struct play *p, const char *name, uint64_t gib);
void play_use(struct play *p, const char *name, const char *agent);

// ---- the framework ----
// Subscribes (labelled) with that role; its id. Offers follow with play_wait.
uint64_t play_framework(struct play *p, const char *name, const char *role);
// Its offer of that agent ("" for the storage-only one); NULL: none.
const struct offer_row *play_offer(const struct play *p, uint64_t framework, const char *agent);
// Accepts all its offers of that agent and the storage-only one (agent NULL: only that).
void play_accept(struct play *p, uint64_t framework, const char *agent, const struct accept_operation *operations,
                 size_t count);
// A task of 1 cpu and 64 MiB with the volume at /data, made with `gib` of gold when it is not there (0: it must be).
void play_launch(struct play *p, uint64_t framework, const char *agent, const char *task, const char *volume,
                 uint64_t gib);
const struct task_row *play_task(const struct play *p, uint64_t framework, const char *task); // NULL: none
void play_task_says(struct play *p, uint64_t framework, const char *task, enum task_state state);

// Fails the test unless `text` has those words.
void expect_words(const char *text, const char *words);

#endif
