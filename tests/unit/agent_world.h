// SPDX-License-Identifier: Apache-2.0
// An agent's machine under test: its disk (records) and host (jobs under way) are plain lists that outlive a restart.
#ifndef TESTS_AGENT_WORLD_H
#define TESTS_AGENT_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/agent.h"
#include "mesos_v1.pb-c.h"

struct world_job {
    uint64_t job;
    const struct agent_job *work;
};
struct world {
    struct agent *agent;
    int64_t now;
    uint64_t entropy;
    struct agent_outputs out;         // of all steps since the start
    size_t looked_at;                 // outputs that world_step has sorted
    VEC(struct world_job) jobs;       // asked for and not answered
    VEC(struct agent_record) records; // durable
    VEC(Granary__FromAgent *) said;   // not yet looked at, oldest first
    VEC(uint64_t) forgotten;          // attachments and tasks
    Granary__AgentHello *hello;       // the last
    bool hung_up;
    uint64_t between; // a task that starts between the next hello and its welcome
    const char *log;  // the last line
    struct arena arena;
    // what the host has at the next start
    struct agent_found_attachment attachments[4];
    size_t attachment_count;
    struct agent_found_task tasks[4];
    size_t task_count;
};

int world_set_up(void **state); // started, probed, connected to cluster "c"
int world_tear_down(void **state);
void world_start(struct world *w);   // with its records and what the host has
void world_crash(struct world *w);   // the process is gone; disk and host stay
void world_connect(struct world *w); // connecting, hello, welcome
void world_disconnect(struct world *w);
void world_step(struct world *w, struct agent_input *input);
void world_pass(struct world *w, int64_t ms); // time, with ticks when they are due

Granary__Publish world_order(uint64_t attachment, uint64_t volume, uint64_t epoch);
void world_publish(struct world *w, const Granary__Publish *order);
void world_unpublish(struct world *w, uint64_t attachment, uint64_t volume, uint64_t epoch);
void world_grow(struct world *w, uint64_t attachment, uint64_t epoch, uint64_t size);
void world_launch(struct world *w, uint64_t task, uint64_t attachment); // attachment 0: without volume
void world_launch_for(struct world *w, uint64_t task, int64_t longest_ms);
void world_kill(struct world *w, uint64_t task);
void world_acknowledge(struct world *w, uint64_t task, const uint8_t uuid[16]);
void world_started(struct world *w, uint64_t task, int64_t pid);
void world_ended(struct world *w, uint64_t task, enum agent_end_kind kind, int code);

// Takes the oldest job, which must be of that kind and number, off the list.
struct world_job world_job(struct world *w, enum agent_job_kind kind, uint64_t number);
void world_no_job(const struct world *w);
void world_answer(struct world *w, uint64_t job, enum agent_host_state state);
void world_answer_formatted(struct world *w, uint64_t job, enum agent_host_state state);
void world_fail(struct world *w, uint64_t job, enum err_kind kind, const char *error, bool format_began);
// The next thing said must be a report of that attachment in that state, or a status of that task in that state.
const Granary__AttachmentReport *world_said(struct world *w, uint64_t attachment, Granary__PublishState state);
const Mesos__V1__TaskStatus *world_status(struct world *w, uint64_t task, Mesos__V1__TaskState state);
void world_silent(const struct world *w); // nothing was said that was not looked at
const struct agent_record *world_record(const struct world *w, enum agent_record_kind kind, uint64_t number);
bool world_forgot(const struct world *w, uint64_t number);

#endif
