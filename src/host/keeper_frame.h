// SPDX-License-Identifier: Apache-2.0
// What both kinds of keeper share: their spec, their state file, and the socket on which the agent and other keepers
// ask them. Inside keepers everything may block.
#ifndef HOST_KEEPER_FRAME_H
#define HOST_KEEPER_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "sys/sheet.h"

struct keeper {
    struct sheet spec;  // as the agent gave it
    struct sheet state; // what is saved in the file `state` (attachments) or `exit` (tasks)
    const char *dir;    // borrowed from spec
    int listening;      // the socket
    pid_t host_pid;     // our own, as the host sees it
};

char *keeper_path(const struct keeper *k, const char *name);                // <dir>/<name>; given
MUST_USE struct err *keeper_save(const struct keeper *k, const char *name); // the state, durable, as that file
// Puts the error (borrowed) into a sheet as "error" and "message", and takes it out again (given; NULL when there is
// none).
void sheet_add_err(struct sheet *s, const struct err *e);
struct err *sheet_take_err(const struct sheet *s);
// A note on a fall-back taken, added to the state.
void keeper_note(struct keeper *k, const char *format, ...) PRINTF(2, 3);

// Makes the socket at `path` and listens. Only root and our own user may connect.
MUST_USE struct err *keeper_listen(const char *path, int *ret_fd);
// Takes one caller and its question; the descriptor is for keeper_answer, which closes it. False when there was none.
bool keeper_question(const struct keeper *k, struct sheet *ret_question, int *ret_caller);
// `fd` (-1: none) goes along; it stays the caller's.
void keeper_answer(int caller, const struct sheet *answer, int fd);
// Connects to a keeper and asks it; the answer is for keeper_hear, which waits at most `ms`, or not at all when that is 0.
// ERR_UNAVAILABLE: nobody listens.
MUST_USE struct err *keeper_dial(const char *socket, const struct sheet *question, int64_t ms, int *ret_fd);
// ERR_TIMEOUT: no answer yet; ERR_UNAVAILABLE: none will come. ret_fd gets a descriptor that came along, or -1.
MUST_USE struct err *keeper_hear(int fd, struct sheet *ret_answer, int *ret_fd);
// Asks another keeper and waits at most `ms`; ret_fd gets a descriptor that came along, or -1.
MUST_USE struct err *keeper_ask(const char *socket, const char *question, int64_t ms, struct sheet *ret_answer,
                                int *ret_fd);

// The two kinds: run in the new namespaces as pid 1, return the exit code.
int volume_keeper_run(struct keeper *k);
int task_keeper_run(struct keeper *k);

#endif
