// SPDX-License-Identifier: Apache-2.0
// Gathers appends; keeps its buffers from batch to batch unless a burst made them large.
#include "store/batch.h"

#include <stdlib.h>

#include "base/quantity.h"

void batch_add(struct batch *b, struct store_records records, store_done *done, void *arg) {
    for (size_t i = 0; i < records.count; i++) {
        struct store_record copy = records.at[i];
        copy.bytes = (const void *)(uintptr_t)b->bytes.size;
        text_add_n(&b->bytes, records.at[i].bytes, records.at[i].size);
        vec_push(&b->records, copy);
    }
    vec_push(&b->waiters, ((struct waiter){done, arg}));
}

void batch_seal(struct batch *b) {
    const char *bytes = text_string(&b->bytes);
    VEC_EACH (r, &b->records) r->bytes = bytes + (uintptr_t)r->bytes;
}

void batch_tell(struct batch *b, const struct err *error, uint64_t durable) {
    VEC_EACH (w, &b->waiters) {
        if (w->done) w->done(w->arg, error, durable);
    }
    if (b->bytes.capacity > MIB) {
        batch_done(b);
        return;
    }
    vec_clear(&b->waiters);
    vec_clear(&b->records);
    text_clear(&b->bytes);
}

void batch_done(struct batch *b) {
    vec_done(&b->waiters);
    vec_done(&b->records);
    text_done(&b->bytes);
}
