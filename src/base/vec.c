// SPDX-License-Identifier: Apache-2.0
// How typed arrays grow.
#include "base/vec.h"

enum { SMALLEST_BLOCK = 24 }; // what the allocator gives at least: the first items fill it

void *vec_grow(void *at, size_t need, uint32_t *capacity, size_t item_size) {
    size_t first = item_size < SMALLEST_BLOCK ? SMALLEST_BLOCK / item_size : 1;
    size_t grown = *capacity ? *capacity + *capacity / 2 + 1 : first;
    if (grown < need) grown = need;
    must(grown <= UINT32_MAX);
    *capacity = (uint32_t)grown;
    return mem_resize(at, grown, item_size);
}
