// SPDX-License-Identifier: Apache-2.0
// A lock file with one line of fixed length: who holds it, and whether the store is suspect.
#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

enum { LINE = 64 };

static void lock_line(const struct lock *l, char ret_line[LINE + 1]) {
    ssize_t n = pread(l->fd, ret_line, LINE, 0);
    ret_line[n > 0 ? n : 0] = 0;
}

void lock_mark(const struct lock *l, bool suspect) {
    char line[2 * LINE];
    snprintf(line, sizeof line, "pid %-10d %-48s\n", (int)getpid(), suspect ? "suspect: a flush failed" : "");
    // Always the same 64 bytes, so that a full disk cannot refuse them; a disk that refuses writes is not opened again.
    if (pwrite(l->fd, line, LINE, 0) != LINE) return;
}

static struct err *lock_held(const struct lock *l, const char *path) {
    char line[LINE + 1];
    long pid = 0;
    lock_line(l, line);
    if (sscanf(line, "pid %ld", &pid) != 1) return err_new(ERR_CONFLICT, "another process holds '%s'", path);
    return err_new(ERR_CONFLICT,
                   "process %ld has it open (it holds '%s'): stop that one first, or give this one its own directory",
                   pid, path);
}

struct err *lock_take(const char *directory, struct lock *ret_lock, bool *ret_suspect) {
    AUTO_FREE char *path = mem_format("%s/lock", directory);
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_errno(errno, "open '%s'", path);
    struct lock lock = {fd};
    // Of the open file, not of the process: a second opening in this process is refused too.
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    if (fcntl(fd, F_OFD_SETLK, &whole) != 0) {
        return errno == EAGAIN || errno == EACCES ? lock_held(&lock, path) : err_errno(errno, "lock '%s'", path);
    }
    char line[LINE + 1];
    lock_line(&lock, line);
    *ret_suspect = strstr(line, "suspect") != NULL;
    lock_mark(&lock, *ret_suspect);
    ret_lock->fd = fd_take(&fd);
    return NULL;
}

void lock_drop(struct lock *l) {
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}
