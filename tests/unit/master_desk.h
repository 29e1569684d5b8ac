// SPDX-License-Identifier: Apache-2.0
// A master without sockets and store: requests go in, outputs come out, its journal is kept for another one to read. In the
// texts of these tests ' stands for ".
#ifndef TESTS_MASTER_DESK_H
#define TESTS_MASTER_DESK_H

#include "granary_link.pb-c.h"
#include "master/master.h"

struct kept {
    uint64_t noun, id, seq;
    char *bytes; // NULL: a tombstone
    size_t size;
};

struct desk {
    struct master *m;
    struct outputs out; // of the latest input
    int64_t ms;
    uint64_t exchange;   // of the latest request
    const char *session; // of the latest hello: where its posts go
    const char *agent;   // of its latest hello
    struct arena arena;
    VEC(struct journal_entry) journal;
    VEC(struct kept) checkpoint; // by growing noun and id
};
int desk_setup(void **state); // for cmocka: *state is a struct desk * of a started master
int desk_teardown(void **state);
// A master that has read that checkpoint and that journal and not been started.
struct desk *desk_recovered(const struct desk *from);
struct desk *desk_recovered_through(const struct desk *from,
                                    uint64_t durable); // the same where the journal may be empty
void desk_start(struct desk *d);
void desk_free(struct desk *d);
// Takes what changed into the checkpoint, at most `most` objects.
void desk_checkpoint(struct desk *d, size_t most);
// Everything kept, as bytes; for comparing.
struct text desk_kept(const struct desk *d);

// A request and its reply: NULL when it was not answered with one (a stream, or nothing). Borrowed until the next input.
// `header` is "name: value", or NULL.
const struct output *desk_ask(struct desk *d, const char *method, const char *path, const char *body,
                              const char *header);
// Fails the test unless the reply has that status and those words.
const struct output *desk_expect(struct desk *d, const char *method, const char *path, const char *body, int status,
                                 const char *words);
void desk_wait(struct desk *d, int64_t ms);

// A provider "file" with pool "ssd" of 1000 GiB, an agent "n1" and a class "gold" come; each is its own input.
uint64_t desk_provider(struct desk *d);                                         // its stream
uint64_t desk_provider_of(struct desk *d, const char *name, const char *pools); // of instance "main", as JSON
// The same with a hello of one's own; what it was refused with, or NULL.
const struct output *desk_hello(struct desk *d, const char *kind, const char *json);
// Posts an EnvelopeList in the latest session of that kind.
void desk_post(struct desk *d, const char *kind, const char *json);
uint64_t desk_agent(struct desk *d);
void desk_class(struct desk *d);
// The agent says that (a FromAgent as JSON); the reply.
const struct output *desk_agent_says(struct desk *d, const char *json);
// The latest input's reply to that exchange; NULL: none.
const struct output *desk_reply(const struct desk *d, uint64_t exchange);
// The last message that the latest input wrote to that agent's stream; NULL: none.
const Granary__ToAgent *desk_told(struct desk *d, uint64_t stream);
// A labelled framework of role web subscribes; its stream, whose id is in *ret_stream_id (in the arena).
uint64_t desk_subscribe(struct desk *d, const char *id, const char **ret_stream_id);
// What the latest input wrote to that stream, all in one, and whether it ended it.
const char *desk_said(struct desk *d, uint64_t stream);
bool desk_ended(const struct desk *d, uint64_t stream);

const char *quoted(struct arena *arena, const char *text); // ' becomes "
void expect_words(const char *text, const char *words);

#endif
