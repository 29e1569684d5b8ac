// SPDX-License-Identifier: Apache-2.0
// Files of a sandbox, read to their present end.
#include "cli/run_output.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mem.h"

void run_output_init(struct run_output *o) {
    o->fds[0] = o->fds[1] = -1;
}

void run_output_close(struct run_output *o) {
    for (int i = 0; i < 2; i++)
        if (o->fds[i] >= 0) close(o->fds[i]);
    run_output_init(o);
}

bool run_output_open(struct run_output *o, const char *sandbox) {
    static const char *const names[] = {"stdout", "stderr"};
    run_output_close(o);
    for (int i = 0; i < 2; i++) {
        AUTO_FREE char *path = mem_format("%s/%s", sandbox, names[i]);
        o->fds[i] = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    }
    if (o->fds[0] >= 0 && o->fds[1] >= 0) return true;
    run_output_close(o);
    return false;
}

// A reader that closed our output gets SIGPIPE's default: we end, as any program in a pipe does.
static void write_all(int fd, const char *bytes, ssize_t size) {
    while (size > 0) {
        ssize_t n = write(fd, bytes, (size_t)size);
        if (n <= 0) return;
        bytes += n;
        size -= n;
    }
}

bool run_output_copy(struct run_output *o) {
    static char buffer[65536];
    bool any = false;
    for (int i = 0; i < 2; i++) {
        ssize_t n;
        while (o->fds[i] >= 0 && (n = read(o->fds[i], buffer, sizeof buffer)) > 0) {
            write_all(i + 1, buffer, n);
            any = true;
        }
    }
    return any;
}
