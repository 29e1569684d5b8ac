// SPDX-License-Identifier: Apache-2.0
// Follows what a task prints, through the master, onto our own output. Asks again by itself while the master or the task's
// agent is away.
#ifndef CLI_RUN_OUTPUT_H
#define CLI_RUN_OUTPUT_H

#include <stdbool.h>

#include "base/err.h"
#include "sys/loop.h"

struct run_output; // opaque; made by run_output_new, ended by run_output_free

struct run_output_events {
    void (*line)(const char *line, void *arg); // why nothing comes
    void (*ended)(void *arg);                  // all that the task ever printed was written, or can never be read
};

// Keeps `events`.
MUST_USE struct err *run_output_new(struct loop *l, const char *master, const struct run_output_events *events,
                                    void *arg, struct run_output **ret_output);
void run_output_free(struct run_output *o); // accepts NULL
// From its first byte on, instead of the task that was followed before.
void run_output_follow(struct run_output *o, const char *framework, const char *task);
bool run_output_has_ended(const struct run_output *o); // false before anything is followed

#endif
