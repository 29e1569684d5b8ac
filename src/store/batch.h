// SPDX-License-Identifier: Apache-2.0
// Appends that travel to the disk together: their records, copied into one buffer, and who waits for them.
#ifndef STORE_BATCH_H
#define STORE_BATCH_H

#include "base/text.h"
#include "base/vec.h"
#include "store/store.h"

struct waiter {
    store_done *done;
    void *arg;
};

// Zeroed is valid and empty.
struct batch {
    VEC(struct waiter) waiters;
    VEC(struct store_record) records; // while gathering, `bytes` is an offset into `bytes` below
    struct text bytes;
};

void batch_add(struct batch *b, struct store_records records, store_done *done, void *arg);
// Makes the records point to their bytes; nothing may be added afterwards.
void batch_seal(struct batch *b);
// Tells all who wait, in order, and empties the batch.
void batch_tell(struct batch *b, const struct err *error, uint64_t durable);
void batch_done(struct batch *b);

#endif
