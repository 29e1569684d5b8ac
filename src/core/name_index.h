// SPDX-License-Identifier: Apache-2.0
// Finds rows of one noun by name, and pools by backing store. Keeps hashes and ids only: the names stand in the rows.
#ifndef CORE_NAME_INDEX_H
#define CORE_NAME_INDEX_H

#include "core/table.h"

// What names a row: numbers and texts, which it borrows from the row. Of two rows of one noun, equal keys are the same name.
struct name_key {
    uint64_t numbers[2];
    const char *texts[2]; // "" where there is none
    uint32_t hash;
};
// Instead of a noun: pools by their backing store, which several may share.
#define NAMES_OF_STORES NOUN_COUNT
// False when rows of that noun have no names.
bool row_name_key(enum noun noun, const void *row, struct name_key *ret_key);
bool name_key_equal(const struct name_key *a, const struct name_key *b);

// Zeroed is valid and empty.
struct name_index {
    struct name_slot *slots;
    size_t slot_count, live;
};
void name_index_done(struct name_index *n);
// The id of a row of `t` whose name key is `key`; 0 when there is none.
uint64_t name_index_find(const struct name_index *n, const struct table *t, enum noun noun, const struct name_key *key);
void name_index_add(struct name_index *n, const struct name_key *key, uint64_t id);
void name_index_remove(struct name_index *n, const struct name_key *key, uint64_t id);

#endif
