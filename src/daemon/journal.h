// SPDX-License-Identifier: Apache-2.0
// Forgets journal entries that are older than the operator wants to keep, never past the checkpoint. Reads their times only.
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include "store/store.h"
#include "sys/loop.h"

// Opaque; ended by journal_keep_free after its store was closed, with which its reads and trims end.
struct journal_keep;

// Looks every `pause_ms`, and logs when that begins to fail and when it works again. Borrows loop and store.
MUST_USE struct journal_keep *journal_keep_new(struct loop *l, struct store *s, int64_t keep_ms, int64_t pause_ms);
void journal_keep_free(struct journal_keep *k); // accepts NULL

#endif
