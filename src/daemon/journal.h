// SPDX-License-Identifier: Apache-2.0
// Forgets journal entries that are older than the operator wants to keep, never past the checkpoint. Reads their times only.
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "store/store.h"
#include "sys/loop.h"

struct journal_keep; // opaque; ended by journal_keep_free, before its store is closed

// Looks every minute. Borrows loop and store.
MUST_USE struct journal_keep *journal_keep_new(struct loop *l, struct store *s, int64_t keep_ms);
void journal_keep_free(struct journal_keep *k); // accepts NULL

#endif
