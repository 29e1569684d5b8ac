// SPDX-License-Identifier: Apache-2.0
// Questions to keepers. Local sockets connect at once or not at all.
#include "host/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/keeper_frame.h"
#include "sys/file.h"

enum { PACKET = 64 * 1024 };

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
    AUTO_FREE char *bytes = mem_zero(1, PACKET);
    ssize_t n = recv(fd, bytes, PACKET, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        call_end(c, err_new(ERR_UNAVAILABLE, "its keeper ended before it answered"), NULL);
        return;
    }
    AUTO_SHEET struct sheet answer = {0};
    struct err *failed = sheet_parse(bytes, (size_t)n, &answer);
    if (failed)
        call_end(c, failed, NULL);
    else
        call_end(c, sheet_take_err(&answer), &answer);
}

static struct err *question_send(struct call *c, const char *path, const struct sheet *question) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return err_new(ERR_INVALID, "socket path '%s' is too long", path);
    memcpy(address.sun_path, path, strlen(path));
    c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (c->fd < 0) return err_errno(errno, "make a socket");
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address))
        return err_new(ERR_UNAVAILABLE, "connect to its keeper at %s: %s", path, strerror(errno));
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(question, &size);
    if (send(c->fd, bytes, size, MSG_NOSIGNAL) < 0)
        return err_new(ERR_UNAVAILABLE, "ask its keeper at %s: %s", path, strerror(errno));
    return NULL;
}

struct call *call_new(struct loop *l, const char *socket, const struct sheet *question, int64_t ms, call_done *done,
                      void *arg) {
    struct call *c = NEW(struct call);
    *c = (struct call){.fd = -1, .ms = ms, .done = done, .arg = arg};
    c->failed = question_send(c, socket, question);
    c->timer = loop_timer_new(l, call_timed, c);
    loop_timer_set(c->timer, c->failed ? 0 : ms);
    if (!c->failed) c->watch = loop_watch_new(l, c->fd, LOOP_READ, call_readable, c);
    return c;
}
