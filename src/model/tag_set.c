// SPDX-License-Identifier: Apache-2.0
// Sorted sets of tags.
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/vec.h"
#include "model/tag.h"

static uint64_t tag_order(symbol key, symbol value) {
    return (uint64_t)key.n << 32 | value.n;
}

// The index of the first tag at or behind that pair.
static size_t tag_set_seek(const struct tag_set *set, symbol key, symbol value) {
    uint64_t wanted = tag_order(key, value);
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (tag_order(set->at[middle].key, set->at[middle].value) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool tag_set_is(const struct tag_set *set, size_t i, symbol key, symbol value) {
    return i < set->count && symbol_equal(set->at[i].key, key) && symbol_equal(set->at[i].value, value);
}

void tag_set_done(struct tag_set *set) {
    vec_done(set);
}

struct err *tag_set_add(struct tag_set *set, struct tag tag) {
    size_t i = tag_set_seek(set, tag.key, tag.value);
    if (tag_set_is(set, i, tag.key, tag.value)) return NULL;
    if (set->count == TAG_SET_MOST) return err_new(ERR_TOO_LARGE, "tags: more than %d on one thing", TAG_SET_MOST);
    vec_room(set, 1);
    memmove(&set->at[i + 1], &set->at[i], (set->count - i) * sizeof *set->at);
    set->at[i] = tag;
    set->count++;
    return NULL;
}

bool tag_set_remove(struct tag_set *set, symbol key, symbol value) {
    size_t i = tag_set_seek(set, key, value);
    if (!tag_set_is(set, i, key, value)) return false;
    vec_remove(set, i);
    return true;
}

void tag_set_reserve(struct tag_set *set, size_t more) {
    if (more) vec_room(set, more);
}

void tag_set_trim(struct tag_set *set) {
    if (set->capacity == set->count) return;
    if (!set->count) {
        tag_set_done(set);
        return;
    }
    set->at = mem_resize(set->at, set->count, sizeof *set->at);
    set->capacity = set->count;
}

struct tag_set tag_set_copy(const struct tag_set *set) {
    struct tag_set copy = {0};
    if (set->count) copy = (struct tag_set){mem_copy(set->at, set->count * sizeof *set->at), set->count, set->count};
    return copy;
}

const struct tag *tag_set_find(const struct tag_set *set, symbol key, size_t *ret_count) {
    size_t first = tag_set_seek(set, key, (symbol){0}), end = first;
    while (end < set->count && symbol_equal(set->at[end].key, key)) end++;
    *ret_count = end - first;
    return end > first ? &set->at[first] : NULL;
}

bool tag_set_has(const struct tag_set *set, symbol key, symbol value) {
    return tag_set_is(set, tag_set_seek(set, key, value), key, value);
}

const struct tag *tag_set_shared(const struct tag_set *a, const struct tag_set *b, symbol key) {
    size_t a_count, b_count;
    const struct tag *x = tag_set_find(a, key, &a_count), *y = tag_set_find(b, key, &b_count);
    while (a_count && b_count) {
        if (symbol_equal(x->value, y->value)) return x;
        if (x->value.n < y->value.n)
            x++, a_count--;
        else
            y++, b_count--;
    }
    return NULL;
}

struct err *tag_set_inherit(const struct tag_set *above, const struct tag_set *below, struct tag_set *ret_set) {
    struct tag_set set = {0};
    size_t a = 0, b = 0;
    vec_room(&set, above->count + below->count + 1);
    while (a < above->count || b < below->count) {
        bool from_above = b == below->count || (a < above->count && above->at[a].key.n < below->at[b].key.n);
        if (!from_above) { // this key is replaced from above
            symbol key = below->at[b].key;
            while (a < above->count && symbol_equal(above->at[a].key, key)) a++;
        }
        set.at[set.count++] = from_above ? above->at[a++] : below->at[b++];
    }
    if (set.count > TAG_SET_MOST) {
        tag_set_done(&set);
        return err_new(ERR_TOO_LARGE, "tags: with those inherited there are more than %d on one thing", TAG_SET_MOST);
    }
    *ret_set = set;
    return NULL;
}

bool tag_set_equal(const struct tag_set *a, const struct tag_set *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++)
        if (!tag_set_is(b, i, a->at[i].key, a->at[i].value)) return false;
    return true;
}

uint64_t tag_set_hash(const struct tag_set *set) {
    uint64_t h = set->count;
    for (size_t i = 0; i < set->count; i++) h = hash_u64(h ^ tag_order(set->at[i].key, set->at[i].value)) + h;
    return h;
}
