// SPDX-License-Identifier: Apache-2.0
// One process per store directory, and the mark that a flush failed there. The lock goes with the process.
#ifndef STORE_LOCK_H
#define STORE_LOCK_H

#include <stdbool.h>

#include "base/err.h"

struct lock {
    int fd; // -1: not held
};

// ERR_CONFLICT names the process that holds it. *ret_suspect: the last holder marked the store.
MUST_USE struct err *lock_take(const char *directory, struct lock *ret_lock, bool *ret_suspect);
// Says that what the page cache shows of this store may not be on disk. Best effort, needs no flush: when the machine
// restarts, the danger is gone with the mark.
void lock_mark(const struct lock *l, bool suspect);
void lock_drop(struct lock *l);

#endif
