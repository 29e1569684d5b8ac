// SPDX-License-Identifier: Apache-2.0
// Sorted sets of tags.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
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

// ---- memory: the tags, the different ones who said them, and of each tag the number of who said it ----

static_assert(sizeof(struct tag) == 8 && sizeof(struct tag_said) == 8, "each part begins where it may");

static struct tag_said *set_saids(const struct tag_set *set) {
    return (struct tag_said *)(void *)(set->at + set->capacity);
}

static size_t number_size(size_t said_capacity) {
    return said_capacity <= UINT8_MAX + 1 ? sizeof(uint8_t) : sizeof(uint16_t);
}

static void *number_place(const struct tag_set *set, size_t i) {
    return (char *)(set_saids(set) + set->said_capacity) + i * number_size(set->said_capacity);
}

static size_t number_get(const struct tag_set *set, size_t i) {
    const void *place = number_place(set, i);
    return number_size(set->said_capacity) == sizeof(uint8_t) ? *(const uint8_t *)place : *(const uint16_t *)place;
}

static void number_set(struct tag_set *set, size_t i, size_t number) {
    void *place = number_place(set, i);
    if (number_size(set->said_capacity) == sizeof(uint8_t))
        *(uint8_t *)place = (uint8_t)number;
    else
        *(uint16_t *)place = (uint16_t)number;
}

static size_t set_size(size_t capacity, size_t said_capacity) {
    return capacity * (sizeof(struct tag) + number_size(said_capacity)) + said_capacity * sizeof(struct tag_said);
}

static struct tag_set set_lay(const struct tag_set *set, size_t capacity, size_t said_capacity, void *memory) {
    must(capacity <= UINT16_MAX && said_capacity <= UINT16_MAX);
    struct tag_set to = {memory, set->count, (uint16_t)capacity, set->said_count, (uint16_t)said_capacity};
    if (!set->count) return to;
    must(set->said_count); // else the tags are elsewhere, and not ours to give further
    memcpy(to.at, set->at, set->count * sizeof *set->at);
    memcpy(set_saids(&to), set_saids(set), set->said_count * sizeof(struct tag_said));
    for (size_t i = 0; i < set->count; i++) number_set(&to, i, number_get(set, i));
    return to;
}

static void set_move(struct tag_set *set, size_t capacity, size_t said_capacity) {
    struct tag_set to = set_lay(set, capacity, said_capacity, mem_resize(NULL, set_size(capacity, said_capacity), 1));
    free(set->at);
    *set = to;
}

static size_t grown(size_t capacity, size_t need) {
    return need <= capacity ? capacity : need < capacity * 2 ? capacity * 2 : need;
}

static void set_room(struct tag_set *set, size_t more, size_t more_said) {
    size_t capacity = grown(set->capacity, set->count + more),
           said_capacity = grown(set->said_capacity, set->said_count + more_said);
    if (capacity != set->capacity || said_capacity != set->said_capacity) set_move(set, capacity, said_capacity);
}

void tag_set_done(struct tag_set *set) {
    free(set->at);
    *set = (struct tag_set){0};
}

void tag_set_reserve(struct tag_set *set, size_t more) {
    must(more <= TAG_SET_MOST);
    if (more) set_room(set, more, 1);
}

void tag_set_trim(struct tag_set *set) {
    if (!set->count)
        tag_set_done(set);
    else if (set->capacity != set->count || set->said_capacity != set->said_count)
        set_move(set, set->count, set->said_count);
}

size_t tag_set_packed(const struct tag_set *set) {
    return set_size(set->count, set->said_count);
}

struct tag_set tag_set_pack(const struct tag_set *set, void *memory) {
    return set->count ? set_lay(set, set->count, set->said_count, memory) : (struct tag_set){0};
}

struct tag_set tag_set_copy(const struct tag_set *set) {
    return tag_set_pack(set, set->count ? mem_resize(NULL, tag_set_packed(set), 1) : NULL);
}

// ---- who said it ----

static bool said_equal(const struct tag_said *a, const struct tag_said *b) {
    return a->since.ms == b->since.ms && a->tier == b->tier && a->origin == b->origin;
}

// The number of who said it; said_count when they said none of the tags yet.
static size_t said_find(const struct tag_set *set, const struct tag_said *said) {
    size_t i = 0;
    while (i < set->said_count && !said_equal(&set_saids(set)[i], said)) i++;
    return i;
}

// Who says none of the tags any more is forgotten, so that there are never more of them than tags.
static void said_leave(struct tag_set *set, size_t number) {
    for (size_t i = 0; i < set->count; i++)
        if (number_get(set, i) == number) return;
    size_t last = --set->said_count;
    set_saids(set)[number] = set_saids(set)[last];
    for (size_t i = 0; i < set->count; i++)
        if (number_get(set, i) == last) number_set(set, i, number);
}

struct tag_said tag_set_said(const struct tag_set *set, const struct tag *tag) {
    must(tag >= set->at && tag < set->at + set->count);
    return set->said_count ? set_saids(set)[number_get(set, (size_t)(tag - set->at))] : (struct tag_said){0};
}

// ---- tags ----

// The tags from there on stand elsewhere.
static void tags_shift(struct tag_set *set, size_t from, size_t to) {
    size_t count = set->count - from;
    memmove(&set->at[to], &set->at[from], count * sizeof *set->at);
    memmove(number_place(set, to), number_place(set, from), count * number_size(set->said_capacity));
}

static void tag_set_put(struct tag_set *set, size_t i, struct tag tag, struct tag_said said) {
    size_t number = said_find(set, &said);
    bool fresh = number == set->said_count;
    set_room(set, 1, fresh);
    if (fresh) set_saids(set)[set->said_count++] = said;
    tags_shift(set, i, i + 1);
    set->at[i] = tag;
    number_set(set, i, number);
    set->count++;
}

struct err *tag_set_add(struct tag_set *set, struct tag tag, struct tag_said said) {
    size_t i = tag_set_seek(set, tag.key, tag.value);
    if (tag_set_is(set, i, tag.key, tag.value)) return NULL;
    if (set->count == TAG_SET_MOST) return err_new(ERR_TOO_LARGE, "tags: more than %d on one thing", TAG_SET_MOST);
    tag_set_put(set, i, tag, said);
    return NULL;
}

bool tag_set_remove(struct tag_set *set, symbol key, symbol value) {
    size_t i = tag_set_seek(set, key, value);
    if (!tag_set_is(set, i, key, value)) return false;
    size_t number = number_get(set, i);
    tags_shift(set, i + 1, i);
    set->count--;
    said_leave(set, number);
    return true;
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
    set_room(&set, (size_t)above->count + below->count, (size_t)above->said_count + below->said_count);
    while (a < above->count || b < below->count) {
        bool from_above = b == below->count || (a < above->count && above->at[a].key.n < below->at[b].key.n);
        if (!from_above) { // this key is replaced from above
            symbol key = below->at[b].key;
            while (a < above->count && symbol_equal(above->at[a].key, key)) a++;
        }
        const struct tag_set *from = from_above ? above : below;
        const struct tag *tag = &from->at[from_above ? a++ : b++];
        tag_set_put(&set, set.count, *tag, tag_set_said(from, tag));
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
