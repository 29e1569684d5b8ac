// SPDX-License-Identifier: Apache-2.0
// What a task prints, as the master passes it on: where to ask for the next piece, and what to do with it.
#ifndef CLI_TASK_OUTPUT_H
#define CLI_TASK_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "granary_api.pb-c.h"

struct task_stream {
    const char *name; // "stdout", "stderr"
    int fd;           // ours, where it goes
    uint64_t offset;  // of what comes next
    bool ended;
};
enum { TASK_STREAMS = 2 };
void task_streams_begin(struct task_stream streams[TASK_STREAMS]);

// Where the next piece is asked for. `framework`, `wait` (a duration) may be NULL.
void task_stream_path(const struct task_stream *s, const char *task, const char *framework, const char *wait,
                      struct text *path);
// To our own stream of that name. A reader that closed it gets SIGPIPE's default: we end, as any program in a pipe does.
void task_stream_write(const struct task_stream *s, const Granary__TaskOutput *piece);
void task_stream_go_on(struct task_stream *s, const Granary__TaskOutput *piece); // behind that piece

#endif
