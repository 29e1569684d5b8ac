// SPDX-License-Identifier: Apache-2.0
// Arithmetic of port ranges.
#include "core/ports.h"

#include <stdlib.h>

static int by_begin(const void *left, const void *right) {
    const struct port_range *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

// Sorts only what is not sorted: agents report in order.
static void ports_sort(struct port_set *set) {
    for (size_t i = 1; i < set->count; i++) {
        if (set->at[i - 1].begin <= set->at[i].begin) continue;
        qsort(set->at, set->count, sizeof *set->at, by_begin);
        return;
    }
}

static void ports_settle(struct port_set *set) {
    ports_sort(set);
    size_t kept = 0;
    for (size_t i = 0; i < set->count; i++) {
        struct port_range *last = kept ? &set->at[kept - 1] : NULL, r = set->at[i];
        if (!last || (last->end < r.begin && r.begin - last->end > 1))
            set->at[kept++] = r;
        else if (last->end < r.end)
            last->end = r.end;
    }
    vec_cut(set, kept);
}

void ports_assign(struct port_set *set, const struct port_range *ranges, size_t count) {
    vec_clear(set);
    for (size_t i = 0; i < count; i++)
        if (ranges[i].begin <= ranges[i].end) vec_push(set, ranges[i]);
    ports_settle(set);
}

void ports_add(struct port_set *set, struct port_range range) {
    if (range.begin > range.end) return;
    vec_push(set, range);
    ports_settle(set);
}

// The range at `i` becomes what lies on both sides of the hole.
static void ports_split(struct port_set *set, size_t i, struct port_range hole) {
    struct port_range after = {hole.end + 1, set->at[i].end};
    set->at[i].end = hole.begin - 1;
    vec_push(set, after);
    memmove(set->at + i + 2, set->at + i + 1, (set->count - i - 2) * sizeof *set->at);
    set->at[i + 1] = after;
}

void ports_take(struct port_set *set, struct port_range range) {
    if (range.begin > range.end) return;
    size_t i = 0;
    while (i < set->count && set->at[i].end < range.begin) i++;
    if (i < set->count && set->at[i].begin < range.begin && set->at[i].end > range.end) {
        ports_split(set, i, range);
        return;
    }
    if (i < set->count && set->at[i].begin < range.begin) set->at[i++].end = range.begin - 1;
    size_t covered = i;
    while (covered < set->count && set->at[covered].end <= range.end) covered++;
    memmove(set->at + i, set->at + covered, (set->count - covered) * sizeof *set->at);
    vec_cut(set, set->count - (covered - i));
    if (i < set->count && set->at[i].begin <= range.end) set->at[i].begin = range.end + 1;
}

void ports_intersect(struct port_set *set, const struct port_set *with) {
    struct port_set both = {0};
    for (size_t i = 0, k = 0; i < set->count && k < with->count;) {
        struct port_range a = set->at[i], b = with->at[k];
        struct port_range r = {a.begin > b.begin ? a.begin : b.begin, a.end < b.end ? a.end : b.end};
        if (r.begin <= r.end) vec_push(&both, r);
        if (a.end < b.end)
            i++;
        else
            k++;
    }
    vec_done(set);
    *set = both;
}

bool ports_within(const struct port_set *some, const struct port_set *all) {
    size_t k = 0;
    for (size_t i = 0; i < some->count; i++) {
        while (k < all->count && all->at[k].end < some->at[i].begin) k++;
        if (k == all->count || all->at[k].begin > some->at[i].begin || all->at[k].end < some->at[i].end) return false;
    }
    return true;
}
