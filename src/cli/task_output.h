// SPDX-License-Identifier: Apache-2.0
// What a task prints, through the master onto our own standard output and error. Decides nothing about the task.
#ifndef CLI_TASK_OUTPUT_H
#define CLI_TASK_OUTPUT_H

#include <stdbool.h>

#include "base/err.h"
#include "cli/client.h"
#include "sys/loop.h"

struct task_output; // opaque; made by task_output_new, ended by task_output_free

struct task_output_events {
    // Why nothing comes for now; it is asked for again. `answered`: the master said so, rather than did not answer.
    void (*waits)(const struct err *e, bool answered, void *arg);
    // One of the streams ends here, and why: it can never be read, or not be written. Given. The other goes on.
    void (*failed)(struct err *e, void *arg);
    void (*ended)(void *arg); // both
};

enum task_output_trait {
    TASK_OUTPUT_FOLLOW =
        1, // until the task has ended, however often its agent or the master is away; else what there is now
    TASK_OUTPUT_JSON = 2, // the pieces as the API has them, one a line, all to standard output
};

// Keeps `master` and `events`.
MUST_USE struct err *task_output_new(struct loop *l, const struct client *master, unsigned traits,
                                     const struct task_output_events *events, void *arg,
                                     struct task_output **ret_output);
void task_output_free(struct task_output *o); // accepts NULL
// From its first byte on, instead of the task that was read before. `framework` may be NULL. A reader of ours that went away
// ends us by SIGPIPE, as any program in a pipe; where that is ignored, it fails.
void task_output_read(struct task_output *o, const char *framework, const char *task);
bool task_output_has_ended(const struct task_output *o); // false before anything is read

#endif
