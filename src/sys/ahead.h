// SPDX-License-Identifier: Apache-2.0
// Bytes that are made in a thread of their own, a few blocks ahead of the caller who takes them. Blocks may be of any size.
#ifndef SYS_AHEAD_H
#define SYS_AHEAD_H

#include "base/err.h"
#include "base/text.h"

struct ahead; // lives as long as ahead_run

struct ahead_work {
    // In the thread: hands over blocks by ahead_give until there is nothing left.
    struct err *(*make)(void *arg, struct ahead *to);
    void *make_arg;
    // In the caller's thread, block by block, in order. Borrowed for the call.
    struct err *(*take)(void *arg, const struct text *block);
    void *take_arg;
};
// Returns when all was taken or one of the two failed: the taker's error, else the maker's.
MUST_USE struct err *ahead_run(const struct ahead_work *work);
// Waits while the taker is too far behind. The block is empty afterwards and may be filled again. An error when the taker
// wants no more; the maker returns it.
MUST_USE struct err *ahead_give(struct ahead *a, struct text *block);

#endif
