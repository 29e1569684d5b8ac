// SPDX-License-Identifier: Apache-2.0
// A binary min-heap of (when, id).
#include "base/heap.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/vec.h"

static bool item_before(struct heap_item a, struct heap_item b) {
    return a.when != b.when ? a.when < b.when : a.id < b.id;
}

void heap_done(struct heap *h) {
    free(h->at);
    *h = (struct heap){0};
}

void heap_push(struct heap *h, int64_t when, uint64_t id) {
    struct heap_item item = {when, id};
    vec_push(h, item);
    size_t i = h->count - 1;
    while (i && item_before(item, h->at[(i - 1) / 2])) {
        h->at[i] = h->at[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->at[i] = item;
}

const struct heap_item *heap_first(const struct heap *h) {
    return h->count ? h->at : NULL;
}

struct heap_item heap_pop(struct heap *h) {
    must(h->count);
    struct heap_item first = h->at[0], last = h->at[--h->count];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= h->count) break;
        if (child + 1 < h->count && item_before(h->at[child + 1], h->at[child])) child++;
        if (!item_before(h->at[child], last)) break;
        h->at[i] = h->at[child];
        i = child;
    }
    if (h->count) h->at[i] = last;
    return first;
}
