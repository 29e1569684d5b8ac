// SPDX-License-Identifier: Apache-2.0
// How typed arrays grow.
#include "base/vec.h"

void *vec_grow(void *at, size_t need, size_t *capacity, size_t item_size) {
    size_t grown = *capacity ? *capacity * 2 : 8;
    if (grown < need) grown = need;
    *capacity = grown;
    return mem_resize(at, grown, item_size);
}
