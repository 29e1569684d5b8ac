// SPDX-License-Identifier: Apache-2.0
// A binary min-heap of (when, id): timers and queues ordered by a number. Equal keys come out by id, so it is repeatable.
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_item {
    int64_t when;
    uint64_t id;
};

struct heap {
    struct heap_item *at;
    uint32_t count, capacity;
};

void heap_done(struct heap *h); // zeroed is valid and empty
void heap_push(struct heap *h, int64_t when, uint64_t id);
const struct heap_item *heap_first(const struct heap *h); // NULL when empty
struct heap_item heap_pop(struct heap *h);                // must not be empty

#endif
