// SPDX-License-Identifier: Apache-2.0
// All live rows of one noun: found by id, iterated in the order of ids (which is the order of making).
#ifndef CORE_TABLE_H
#define CORE_TABLE_H

#include "core/row.h"

struct table {
    const struct row_kind *kind;
    char **pages;    // of TABLE_PAGE rows each
    uint64_t *ids;   // by place; 0: a hole
    uint32_t *slots; // open addressing by id: place + 1
    size_t places;   // used ones, holes included
    size_t capacity; // places that have memory
    size_t slot_count, live;
    size_t stepped;   // the place that table_next gave last: a walk looks there first
    uint64_t last_id; // highest ever put
    bool unsorted;    // a recovery put rows out of order: table_sort puts them right
};

void table_init(struct table *t, const struct row_kind *kind);
void table_done(struct table *t);
// Borrowed until the row is removed or the next table_put; NULL when there is none.
void *table_get(const struct table *t, uint64_t id);
// The live row of that id, made (zeroed but for the id) when it is new. New ids come in growing order, but on recovery, where
// a checkpoint may hold a later row and not yet an earlier one: table_sort has to follow.
void *table_add(struct table *t, uint64_t id, bool *ret_new);
void table_sort(struct table *t); // rows move
void table_remove(struct table *t, uint64_t id);
static inline size_t table_count(const struct table *t) {
    return t->live;
}
// The row of the lowest id above `after` (0 starts), NULL at the end. Not while rows are out of order.
void *table_next(const struct table *t, uint64_t after);

#define TABLE_EACH(type, row, table) for (type *row = table_next((table), 0); row; row = table_next((table), row->id))

#endif
