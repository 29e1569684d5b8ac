// SPDX-License-Identifier: Apache-2.0
// What the built-in framework decides: events of the scheduler API in, calls and sentences out. Pure, so that tests and
// the real thing see the same: no socket, clock or chance here.
#ifndef CLI_RUN_STEPS_H
#define CLI_RUN_STEPS_H

#include "cli/run_options.h"
#include "base/vec.h"
#include "mesos_v1_scheduler.pb-c.h"

typedef Mesos__V1__Scheduler__Call run_call;
typedef Mesos__V1__Scheduler__Event run_event;

enum run_stage {
    RUN_VOLUME, // waits for an offer of storage of its class
    RUN_MAKING, // waits for the volume it asked for
    RUN_PLACE,  // waits for an offer of an agent, with the volume
    RUN_TASK,   // its task was launched
    RUN_OUTPUT, // its task ended; what it printed is still being read
    RUN_ENDED   // nothing more is to come
};

// What one step says. Calls are to be sent in their order; lines are for stderr.
struct run_out {
    struct arena *arena; // all below lives there
    VEC(run_call *) calls;
    VEC(const char *) lines;
};
void run_out_done(struct run_out *o);

struct run_steps; // opaque; made by run_steps_new, ended by run_steps_free
// Borrows the options. `make_volume`: there is none of that name yet. `tag` tells this run's task and operation ids from
// those of others.
MUST_USE struct run_steps *run_steps_new(const struct run_options *options, bool make_volume, const char *tag);
void run_steps_free(struct run_steps *s); // accepts NULL

// The call that begins each stream: with the framework's id once it has one.
run_call *run_steps_subscribe(const struct run_steps *s, struct arena *arena);
void run_steps_take(struct run_steps *s, const run_event *event, struct run_out *out);
// The user wants an end: a running task is killed, anything else is given up.
void run_steps_interrupt(struct run_steps *s, struct run_out *out);
// All that the task printed was read: its end may be acknowledged, after which the master forgets it.
void run_steps_output_read(struct run_steps *s, struct run_out *out);
// The call that ends the framework; NULL when it never began.
run_call *run_steps_teardown(const struct run_steps *s, struct arena *arena);

enum run_stage run_steps_stage(const struct run_steps *s);
bool run_steps_started(const struct run_steps *s); // a task of it has run
int run_steps_code(const struct run_steps *s);
// Why there is no exit code of a task; NULL when there is one. Given, once.
MUST_USE struct err *run_steps_error(struct run_steps *s);
// The task that runs, or ran last; NULL: none has run yet, or the latest does not run yet.
const char *run_steps_task(const struct run_steps *s);
const char *run_steps_framework(const struct run_steps *s); // its id; NULL: not known yet

#endif
