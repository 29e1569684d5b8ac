// SPDX-License-Identifier: Apache-2.0
// Births of keepers and other runs of the keeper program.
#include "host/birth.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/keeper_frame.h"
#include "sys/file.h"
#include "sys/process.h"

enum { WORDS_MOST = 8192, AGAIN_MS = 1000 };

struct birth {
    struct process process;
    int words; // what it says when it fails
    int64_t ms;
    struct err *failed; // what is to be told when the timer rings, if there is no process
    struct loop_timer *timer;
    struct loop_watch *watch;
    birth_done *done; // NULL: told already; it is only waited for
    void *arg;
};

static void birth_end(struct birth *b) {
    loop_watch_free(b->watch);
    loop_timer_free(b->timer);
    if (b->words >= 0) close(b->words);
    if (b->process.pid) close(b->process.pidfd);
    err_free(b->failed);
    free(b);
}

static struct err *words_read(int fd, int status) {
    char words[WORDS_MOST];
    ssize_t n = read(fd, words, sizeof words);
    AUTO_SHEET struct sheet s = {0};
    if (n > 0) TRY(sheet_parse(words, (size_t)n, &s));
    struct err *said = sheet_take_err(&s);
    if (said) return said;
    if (WIFEXITED(status))
        return err_new(ERR_INTERNAL, "the keeper program exited with %d and said nothing", WEXITSTATUS(status));
    return err_new(ERR_UNAVAILABLE, "the keeper program was ended by signal %d", WTERMSIG(status));
}

static void birth_ended(int fd, int what, void *arg) {
    (void)fd;
    (void)what;
    struct birth *b = arg;
    int status = 0;
    struct err *failed = process_wait(&b->process, 0, &status);
    if (!failed && status) failed = words_read(b->words, status);
    birth_done *done = b->done;
    void *told = b->arg;
    birth_end(b);
    if (done)
        done(failed, told);
    else
        err_free(failed);
}

// One that does not die of SIGKILL hangs in the kernel: whoever waits is told all the same.
static void birth_timed(void *arg) {
    struct birth *b = arg;
    struct err *failed = mem_take(b->failed);
    birth_done *done = b->done;
    void *told = b->arg;
    b->done = NULL;
    if (!b->process.pid) {
        birth_end(b);
    } else {
        failed = err_new(ERR_TIMEOUT, "the keeper was not made within %lld ms", (long long)b->ms);
        pidfd_signal(b->process.pidfd, SIGKILL);
    }
    if (done)
        done(failed, told);
    else
        err_free(failed);
}

static struct err *spec_pack(struct sheet *spec, int *ret_fd) {
    AUTO_FD int fd = memfd_create("keeper", MFD_CLOEXEC);
    if (fd < 0) return err_errno(errno, "make a memory file for the keeper's spec");
    sheet_set_u64(spec, "parent", (uint64_t)getpid());
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(spec, &size);
    if (size > SHEET_LARGEST)
        return err_new(ERR_TOO_LARGE, "its description has %zu bytes, %d are allowed", size, SHEET_LARGEST);
    if (write(fd, bytes, size) != (ssize_t)size) return err_errno(errno, "write the keeper's spec");
    *ret_fd = fd_take(&fd);
    return NULL;
}

static struct err *birth_start(struct birth *b, const char *const *argv, struct sheet *spec) {
    AUTO_FD int packed = -1;
    if (spec) TRY(spec_pack(spec, &packed));
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) return err_errno(errno, "make a pipe");
    b->words = ends[0];
    AUTO_FD int said = ends[1];
    struct process_spec run = {.argv = argv, .out = said, .extra = spec ? packed : 0, .session = true};
    return process_start(&run, &b->process);
}

struct birth *birth_new(struct loop *l, const char *const *argv, struct sheet *spec, int64_t ms, birth_done *done,
                        void *arg) {
    struct birth *b = NEW(struct birth);
    *b = (struct birth){.words = -1, .ms = ms, .done = done, .arg = arg};
    b->failed = birth_start(b, argv, spec);
    b->timer = loop_timer_new(l, birth_timed, b);
    loop_timer_set(b->timer, b->failed ? 0 : ms);
    if (!b->failed) b->watch = loop_watch_new(l, b->process.pidfd, LOOP_READ, birth_ended, b);
    return b;
}

struct birth *birth_again(struct loop *l, struct err *error, birth_done *done, void *arg) {
    struct birth *b = NEW(struct birth);
    *b = (struct birth){.words = -1, .failed = error, .done = done, .arg = arg};
    b->timer = loop_timer_new(l, birth_timed, b);
    loop_timer_set(b->timer, AGAIN_MS);
    return b;
}

void birth_free(struct birth *b, bool leave) {
    if (!b) return;
    if (!leave && b->process.pid) pidfd_signal(b->process.pidfd, SIGKILL);
    if (b->process.pid) (void)waitpid(b->process.pid, NULL, WNOHANG);
    birth_end(b);
}
