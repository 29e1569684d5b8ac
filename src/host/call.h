// SPDX-License-Identifier: Apache-2.0
// One question to a keeper over its socket, asked from the loop, with a deadline.
#ifndef HOST_CALL_H
#define HOST_CALL_H

#include "base/err.h"
#include "sys/loop.h"
#include "sys/sheet.h"

struct call; // opaque
// `error` is given; `answer` is borrowed and there whenever the keeper answered, also with an error of its own.
// ERR_UNAVAILABLE: nobody listens, or it ended before it answered.
typedef void call_done(struct err *error, const struct sheet *answer, void *arg);
// `done` runs in a later turn, after which the call is gone by itself.
MUST_USE struct call *call_new(struct loop *l, const char *socket, const struct sheet *question, int64_t ms,
                               call_done *done, void *arg);
void call_free(struct call *c); // drops it without `done`; accepts NULL

#endif
