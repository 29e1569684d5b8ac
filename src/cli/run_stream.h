// SPDX-License-Identifier: Apache-2.0
// The wire of the built-in framework: one stream of events, and calls one after the other. Connects again by itself.
#ifndef CLI_RUN_STREAM_H
#define CLI_RUN_STREAM_H

#include "base/arena.h"
#include "cli/client.h"
#include "cli/run_steps.h"
#include "sys/loop.h"

struct run_stream; // opaque; made by run_stream_new, ended by run_stream_free

struct run_stream_events {
    run_call *(*subscribe)(struct arena *arena, void *arg); // the call that begins a stream
    void (*event)(const run_event *event, struct arena *arena, void *arg);
    void (*line)(const char *line, void *arg); // the master went away, and came back
    void (*failed)(struct err *e, void *arg);  // given: it can never work
    void (*drained)(void *arg);                // no call waits or is under way
};

// Keeps `master` and `events`; begins at once.
MUST_USE struct err *run_stream_new(struct loop *l, const struct client *master, const struct run_stream_events *events,
                                    void *arg, struct run_stream **ret_stream);
void run_stream_free(struct run_stream *s); // accepts NULL
// Calls are sent in their order, on the stream that is open; those that wait when it breaks are dropped, since a new
// stream begins with what was missed.
void run_stream_send(struct run_stream *s, const run_call *call);

#endif
