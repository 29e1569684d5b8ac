// SPDX-License-Identifier: Apache-2.0
// Ballast is written with chance bytes: a filesystem that compresses or leaves out zeros would keep no room for it.
#include "store/ballast.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "sys/file.h"

static struct err *ballast_fill(const char *path, uint64_t size) {
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_errno(errno, "create '%s'", path);
    AUTO_FREE char *chance = mem_zero(1, MIB);
    for (uint64_t left = size; left;) {
        size_t part = left < MIB ? (size_t)left : MIB;
        entropy_fill(chance, part);
        for (size_t at = 0; at < part;) {
            ssize_t n = write(fd, chance + at, part - at);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return err_errno(errno, "write '%s'", path);
            at += (size_t)n;
        }
        left -= part;
    }
    return fsync(fd) == 0 ? NULL : err_errno(errno, "sync '%s'", path);
}

struct err *ballast_make(const char *directory, uint64_t size) {
    if (ballast_there(directory)) return NULL;
    AUTO_FREE char *path = mem_format("%s/ballast", directory);
    AUTO_FREE char *next = mem_format("%s/ballast.new", directory);
    struct err *failed = ballast_fill(next, size);
    if (!failed && rename(next, path) != 0) failed = err_errno(errno, "rename '%s'", next);
    if (failed) (void)unlink(next); // gives back what was taken
    return failed;
}

struct err *ballast_drop(const char *directory) {
    AUTO_FREE char *path = mem_format("%s/ballast", directory);
    if (unlink(path) == 0 || errno == ENOENT) return NULL;
    return err_errno(errno, "remove '%s'", path);
}

bool ballast_there(const char *directory) {
    AUTO_FREE char *path = mem_format("%s/ballast", directory);
    return file_exists(path);
}
