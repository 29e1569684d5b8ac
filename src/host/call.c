// SPDX-License-Identifier: Apache-2.0
// Questions to keepers. Local sockets connect at once or not at all.
#include "host/call.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/keeper_frame.h"
#include "sys/file.h"

struct call {
    int fd;
    struct err *failed; // to be told in the next turn
    int64_t ms;
    struct loop_timer *timer;
    struct loop_watch *watch;
    call_done *done;
    void *arg;
};

void call_free(struct call *c) {
    if (!c) return;
    loop_watch_free(c->watch);
    loop_timer_free(c->timer);
    if (c->fd >= 0) close(c->fd);
    err_free(c->failed);
    free(c);
}

static void call_end(struct call *c, struct err *error, const struct sheet *answer) {
    call_done *done = c->done;
    void *arg = c->arg;
    call_free(c);
    done(error, answer, arg);
}

static void call_timed(void *arg) {
    struct call *c = arg;
    struct err *failed = mem_take(c->failed);
    call_end(c, failed ? failed : err_new(ERR_TIMEOUT, "its keeper did not answer in %lld ms", (long long)c->ms), NULL);
}

static void call_readable(int fd, int what, void *arg) {
    (void)what;
    struct call *c = arg;
    AUTO_SHEET struct sheet answer = {0};
    AUTO_FD int along = -1;
    struct err *failed = keeper_hear(fd, &answer, &along);
    if (failed && err_kind(failed) == ERR_TIMEOUT)
        err_free(failed); // the timer says when that is so
    else if (failed)
        call_end(c, failed, NULL);
    else
        call_end(c, sheet_take_err(&answer), &answer);
}

struct call *call_new(struct loop *l, const char *socket, const struct sheet *question, int64_t ms, call_done *done,
                      void *arg) {
    struct call *c = NEW(struct call);
    *c = (struct call){.fd = -1, .ms = ms, .done = done, .arg = arg};
    c->failed = keeper_dial(socket, question, 0, &c->fd);
    c->timer = loop_timer_new(l, call_timed, c);
    loop_timer_set(c->timer, c->failed ? 0 : ms);
    if (!c->failed) c->watch = loop_watch_new(l, c->fd, LOOP_READ, call_readable, c);
    return c;
}
