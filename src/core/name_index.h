// SPDX-License-Identifier: Apache-2.0
// Finds rows of one noun by name. Keeps hashes and ids only: the names stand in the rows.
#ifndef CORE_NAME_INDEX_H
#define CORE_NAME_INDEX_H

#include "core/table.h"

// Zeroed is valid and empty.
struct name_index {
    uint64_t *ids; // 0: empty
    uint32_t *hashes;
    size_t slots, live;
};
void name_index_done(struct name_index *n);
// The id of the row of `t` whose name key is `key`; 0 when there is none.
uint64_t name_index_find(const struct name_index *n, const struct table *t, enum noun noun, const struct text *key);
void name_index_add(struct name_index *n, const struct text *key, uint64_t id);
void name_index_remove(struct name_index *n, const struct text *key, uint64_t id);

// Key of a row, added to `ret_key`; false when rows of that noun have no names.
bool row_name_key(enum noun noun, const void *row, struct text *ret_key);

#endif
