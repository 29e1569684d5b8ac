// SPDX-License-Identifier: Apache-2.0
// Keepers' files and sockets: one question, one answer, in one packet each.
#include "host/keeper_frame.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

enum { PACKET = 64 * 1024 };

char *keeper_path(const struct keeper *k, const char *name) {
    return mem_format("%s/%s", k->dir, name);
}

struct err *keeper_save(const struct keeper *k, const char *name) {
    AUTO_FREE char *path = keeper_path(k, name);
    return sheet_save(&k->state, path);
}

void sheet_add_err(struct sheet *s, const struct err *e) {
    sheet_set(s, "error", err_kind_name(err_kind(e)));
    sheet_set(s, "message", err_text(e));
}

struct err *sheet_take_err(const struct sheet *s) {
    const char *name = sheet_get(s, "error");
    enum err_kind kind = ERR_INTERNAL;
    if (!name) return NULL;
    if (!err_kind_parse(name, &kind)) kind = ERR_INTERNAL;
    return err_new(kind, "%s", sheet_text(s, "message"));
}

void keeper_note(struct keeper *k, const char *format, ...) {
    char note[400];
    va_list args;
    va_start(args, format);
    vsnprintf(note, sizeof note, format, args);
    va_end(args);
    AUTO_FREE char *all =
        mem_format("%s%s%s", sheet_text(&k->state, "notes"), sheet_get(&k->state, "notes") ? " " : "", note);
    sheet_set(&k->state, "notes", all);
}

static struct err *address_fill(const char *path, struct sockaddr_un *ret_address) {
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof ret_address->sun_path)
        return err_new(ERR_INVALID, "socket path '%s' is longer than %zu bytes: choose a shorter run directory", path,
                       sizeof ret_address->sun_path - 1);
    memcpy(ret_address->sun_path, path, strlen(path));
    return NULL;
}

struct err *keeper_listen(const char *path, int *ret_fd) {
    struct sockaddr_un address;
    TRY(address_fill(path, &address));
    AUTO_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return err_errno(errno, "make a socket");
    if (unlink(path) && errno != ENOENT) return err_errno(errno, "remove the old socket %s", path);
    if (bind(fd, (struct sockaddr *)&address, sizeof address)) return err_errno(errno, "bind socket %s", path);
    if (chmod(path, 0600) || listen(fd, 64)) return err_errno(errno, "listen on socket %s", path);
    *ret_fd = fd_take(&fd);
    return NULL;
}

static bool caller_allowed(int fd) {
    struct ucred who;
    socklen_t size = sizeof who;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size)) return false;
    return who.uid == 0 || who.uid == geteuid();
}

bool keeper_question(const struct keeper *k, struct sheet *ret_question, int *ret_caller) {
    AUTO_FD int fd = accept4(k->listening, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || !caller_allowed(fd)) return false;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, 1000) <= 0) return false; // a caller that says nothing may not hold the others up
    AUTO_FREE char *bytes = mem_zero(1, PACKET);
    ssize_t n = recv(fd, bytes, PACKET, 0);
    if (n <= 0) return false;
    AUTO_ERR struct err *failed = sheet_parse(bytes, (size_t)n, ret_question);
    if (failed) return false;
    *ret_caller = fd_take(&fd);
    return true;
}

void keeper_answer(int caller, const struct sheet *answer, int fd) {
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(answer, &size);
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = size < PACKET ? size : PACKET};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header =
            (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
        memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
    }
    (void)sendmsg(caller, &message, MSG_NOSIGNAL | MSG_DONTWAIT); // a caller that left will ask again
    close(caller);
}

struct err *keeper_dial(const char *path, const struct sheet *question, int64_t ms, int *ret_fd) {
    struct sockaddr_un address;
    TRY(address_fill(path, &address));
    AUTO_FD int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | (ms ? 0 : SOCK_NONBLOCK), 0);
    if (fd < 0) return err_errno(errno, "make a socket");
    struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (connect(fd, (struct sockaddr *)&address, sizeof address))
        return err_new(ERR_UNAVAILABLE, "connect to its keeper at %s: %s", path, strerror(errno));
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(question, &size);
    if (send(fd, bytes, size, MSG_NOSIGNAL) < 0)
        return err_new(ERR_UNAVAILABLE, "ask its keeper at %s: %s", path, strerror(errno));
    *ret_fd = fd_take(&fd);
    return NULL;
}

struct err *keeper_hear(int fd, struct sheet *ret_answer, int *ret_fd) {
    AUTO_FREE char *bytes = mem_zero(1, PACKET);
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = PACKET};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t n = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return err_new(ERR_TIMEOUT, "its keeper did not answer in time");
    if (n <= 0) return err_new(ERR_UNAVAILABLE, "its keeper ended before it answered");
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    bool along = c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
    *ret_fd = -1;
    if (along) memcpy(ret_fd, CMSG_DATA(c), sizeof *ret_fd);
    return sheet_parse(bytes, (size_t)n, ret_answer);
}

struct err *keeper_ask(const char *path, const char *question, int64_t ms, struct sheet *ret_answer, int *ret_fd) {
    AUTO_SHEET struct sheet ask = {0};
    AUTO_FD int fd = -1;
    sheet_add(&ask, "ask", question);
    TRY(keeper_dial(path, &ask, ms, &fd));
    TRY(err_wrap(keeper_hear(fd, ret_answer, ret_fd), "keeper %s", path));
    return sheet_take_err(ret_answer);
}
