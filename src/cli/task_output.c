// SPDX-License-Identifier: Apache-2.0
// Pieces of what a task prints.
#include "cli/task_output.h"

#include <unistd.h>

#include "base/mem.h"
#include "cli/client.h"

void task_streams_begin(struct task_stream streams[TASK_STREAMS]) {
    streams[0] = (struct task_stream){.name = "stdout", .fd = STDOUT_FILENO};
    streams[1] = (struct task_stream){.name = "stderr", .fd = STDERR_FILENO};
}

void task_stream_path(const struct task_stream *s, const char *task, const char *framework, const char *wait,
                      struct text *path) {
    AUTO_FREE char *after = mem_format("%llu", (unsigned long long)s->offset);
    text_add(path, "/v1/tasks");
    path_add(path, task);
    text_add(path, "/output");
    path_query(path, "stream", s->name);
    path_query(path, "after", after);
    path_query(path, "framework", framework);
    path_query(path, "wait", wait);
}

void task_stream_write(const struct task_stream *s, const Granary__TaskOutput *piece) {
    const uint8_t *at = piece->data.data, *end = at + piece->data.len;
    for (ssize_t n; at < end; at += n)
        if ((n = write(s->fd, at, (size_t)(end - at))) <= 0) return;
}

void task_stream_go_on(struct task_stream *s, const Granary__TaskOutput *piece) {
    s->offset += piece->data.len;
    s->ended = piece->ended;
}
