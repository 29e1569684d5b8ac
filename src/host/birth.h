// SPDX-License-Identifier: Apache-2.0
// Runs `<daemon> keeper ...` from the loop until that process ends, which for a keeper is when it was born. What it read and
// wrote on disk is its affair: the loop does not wait for a disk.
#ifndef HOST_BIRTH_H
#define HOST_BIRTH_H

#include "base/err.h"
#include "sys/loop.h"
#include "sys/sheet.h"

struct birth;                                          // opaque
typedef void birth_done(struct err *error, void *arg); // error is given
// `argv` is NULL-terminated; `spec` (NULL: none) becomes its descriptor 3. Both are borrowed for the call. `done` runs in a
// later turn, after which the birth is gone by itself; a deadline kills.
MUST_USE struct birth *birth_new(struct loop *l, const char *const *argv, struct sheet *spec, int64_t ms,
                                 birth_done *done, void *arg);
// A birth that ended with `error` (given; NULL: well), told a second time a moment later: its keeper could not be looked at.
MUST_USE struct birth *birth_again(struct loop *l, struct err *error, birth_done *done, void *arg);
// Drops it without `done`. The process is killed unless `leave`.
void birth_free(struct birth *b, bool leave); // accepts NULL

#endif
