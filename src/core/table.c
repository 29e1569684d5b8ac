// SPDX-License-Identifier: Apache-2.0
// Rows in pages, in the order of ids, beside a hash of places.
#include "core/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

enum { TABLE_PAGE = 256 };

void table_init(struct table *t, const struct row_kind *kind) {
    *t = (struct table){.kind = kind};
}

static void *table_place(const struct table *t, size_t place) {
    return t->pages[place / TABLE_PAGE] + place % TABLE_PAGE * t->kind->size;
}

void table_done(struct table *t) {
    for (size_t i = 0; i < t->places; i++)
        if (t->ids[i]) row_done(t->kind, table_place(t, i));
    for (size_t i = 0; i < t->capacity / TABLE_PAGE; i++) free(t->pages[i]);
    free(t->pages);
    free(t->ids);
    free(t->slots);
    *t = (struct table){.kind = t->kind};
}

// Ids are given in sequence: eight neighbours share a stretch of slots, and so a line of the processor's cache.
static size_t table_home(const struct table *t, uint64_t id) {
    return (hash_u64(id >> 3) << 3 | (id & 7)) & (t->slot_count - 1);
}

// The slot that holds `id`, or the empty one where it would go.
static size_t table_slot(const struct table *t, uint64_t id) {
    size_t mask = t->slot_count - 1, slot = table_home(t, id);
    while (t->slots[slot] && t->ids[t->slots[slot] - 1] != id) slot = (slot + 1) & mask;
    return slot;
}

void *table_get(const struct table *t, uint64_t id) {
    if (!t->slot_count || !id) return NULL;
    uint32_t found = t->slots[table_slot(t, id)];
    return found ? table_place(t, found - 1) : NULL;
}

static void table_index(struct table *t) {
    size_t want = 16;
    while (want < t->places * 2 + 2) want *= 2;
    if (want > t->slot_count) {
        t->slots = mem_resize(t->slots, want, sizeof *t->slots);
        t->slot_count = want;
    }
    memset(t->slots, 0, t->slot_count * sizeof *t->slots);
    for (size_t i = 0; i < t->places; i++)
        if (t->ids[i]) t->slots[table_slot(t, t->ids[i])] = (uint32_t)(i + 1);
}

// Moves the live rows over the holes; the order stays.
static void table_squeeze(struct table *t) {
    size_t kept = 0;
    for (size_t i = 0; i < t->places; i++) {
        if (!t->ids[i]) continue;
        if (kept != i) memcpy(table_place(t, kept), table_place(t, i), t->kind->size);
        t->ids[kept++] = t->ids[i];
    }
    t->places = kept;
    table_index(t);
}

static void table_page(struct table *t) {
    size_t pages = t->capacity / TABLE_PAGE;
    t->pages = mem_resize(t->pages, pages + 1, sizeof *t->pages);
    t->pages[pages] = mem_zero(TABLE_PAGE, t->kind->size);
    t->ids = mem_resize(t->ids, t->capacity + TABLE_PAGE, sizeof *t->ids);
    t->capacity += TABLE_PAGE;
}

void *table_add(struct table *t, uint64_t id, bool *ret_new) {
    void *row = id > t->last_id ? NULL : table_get(t, id); // most are the next that is given
    if (ret_new) *ret_new = !row;
    if (row) return row;
    if (id < t->last_id) t->unsorted = true;
    if (t->places == t->capacity && t->live * 2 < t->places) table_squeeze(t);
    if (t->places == t->capacity) table_page(t);
    if ((t->places + 1) * 2 > t->slot_count) table_index(t);
    size_t place = t->places++;
    t->ids[place] = id;
    if (id > t->last_id) t->last_id = id;
    t->slots[table_slot(t, id)] = (uint32_t)(place + 1);
    t->live++;
    row = table_place(t, place);
    memset(row, 0, t->kind->size);
    memcpy(row, &id, sizeof id);
    return row;
}

// Takes `slot` out of the probe sequence: those behind it that may fill the gap move up.
static void table_unslot(struct table *t, size_t slot) {
    size_t mask = t->slot_count - 1, gap = slot;
    for (size_t next = (slot + 1) & mask; t->slots[next]; next = (next + 1) & mask) {
        size_t home = table_home(t, t->ids[t->slots[next] - 1]);
        if (((next - home) & mask) < ((next - gap) & mask)) continue;
        t->slots[gap] = t->slots[next];
        gap = next;
    }
    t->slots[gap] = 0;
}

void table_remove(struct table *t, uint64_t id) {
    void *row = table_get(t, id);
    must(row);
    size_t slot = table_slot(t, id), place = t->slots[slot] - 1;
    table_unslot(t, slot);
    row_done(t->kind, row);
    t->ids[place] = 0;
    t->live--;
}

static int by_id(const void *a, const void *b, void *ids) {
    const uint64_t x = ((const uint64_t *)ids)[*(const uint32_t *)a], y = ((const uint64_t *)ids)[*(const uint32_t *)b];
    return x < y ? -1 : x > y;
}

void table_sort(struct table *t) {
    if (!t->unsorted) return;
    table_squeeze(t);
    uint32_t *order = mem_resize(NULL, t->places, sizeof *order);
    char *rows = mem_resize(NULL, t->places, t->kind->size);
    uint64_t *ids = mem_copy(t->ids, t->places * sizeof *ids);
    for (size_t i = 0; i < t->places; i++) {
        order[i] = (uint32_t)i;
        memcpy(rows + i * t->kind->size, table_place(t, i), t->kind->size);
    }
    qsort_r(order, t->places, sizeof *order, by_id, ids);
    for (size_t i = 0; i < t->places; i++) {
        memcpy(table_place(t, i), rows + order[i] * t->kind->size, t->kind->size);
        t->ids[i] = ids[order[i]];
    }
    free(order);
    free(rows);
    free(ids);
    t->unsorted = false;
    table_index(t);
}

// The first place whose id is above `after`: ids grow with places, holes have none.
static size_t table_above(const struct table *t, uint64_t after) {
    if (!after) return 0;
    if (t->stepped < t->places && t->ids[t->stepped] == after) return t->stepped + 1;
    if (t->slot_count) {
        uint32_t found = t->slots[table_slot(t, after)];
        if (found) return found;
    }
    size_t low = 0, high = t->places;
    while (low < high) {
        size_t middle = (low + high) / 2, probe = middle;
        while (probe < high && !t->ids[probe]) probe++;
        if (probe == high || t->ids[probe] > after)
            high = middle;
        else
            low = probe + 1;
    }
    return low;
}

void *table_next(const struct table *t, uint64_t after) {
    must(!t->unsorted);
    size_t place = table_above(t, after);
    while (place < t->places && !t->ids[place]) place++;
    if (place == t->places) return NULL;
    ((struct table *)(uintptr_t)t)->stepped = place; // no part of what the table says
    return table_place(t, place);
}
