// SPDX-License-Identifier: Apache-2.0
// Binary heaps whose items know their places.
#include "core/shape.h"

#include <stdlib.h>

// ---- one heap ----

static struct membership *membership_of(struct standing *pool, uint64_t class) {
    VEC_EACH (m, &pool->memberships)
        if (m->shape->list->class == class) return m;
    return NULL;
}

const struct membership *standing_membership(const struct standing *pool, uint64_t class) {
    return membership_of((struct standing *)(uintptr_t)pool, class);
}

static bool stands_before(const struct standing *a, const struct standing *b) {
    return a->free.bytes != b->free.bytes ? a->free.bytes > b->free.bytes : a->pool < b->pool;
}

static void heap_put(struct shape *shape, size_t at, struct shape_member member) {
    shape->heap.at[at] = member;
    member.pool->memberships.at[member.membership].place = (uint32_t)at;
    if (at) return;
    shape->list->bounds.at[shape->place].bytes = member.pool->free.bytes;
    shape->list->entries.at[shape->place].pool = member.pool->pool;
}

static size_t heap_rise(struct shape *shape, size_t at) {
    struct shape_member member = shape->heap.at[at];
    for (; at && stands_before(member.pool, shape->heap.at[(at - 1) / 2].pool); at = (at - 1) / 2)
        heap_put(shape, at, shape->heap.at[(at - 1) / 2]);
    heap_put(shape, at, member);
    return at;
}

static void heap_sink(struct shape *shape, size_t at) {
    struct shape_member member = shape->heap.at[at];
    for (size_t below; (below = at * 2 + 1) < shape->heap.count; at = below) {
        const struct shape_member *both = &shape->heap.at[below];
        if (below + 1 < shape->heap.count && stands_before(both[1].pool, both[0].pool)) below++;
        if (!stands_before(shape->heap.at[below].pool, member.pool)) break;
        heap_put(shape, at, shape->heap.at[below]);
    }
    heap_put(shape, at, member);
}

void standing_moved(struct standing *pool) {
    VEC_EACH (m, &pool->memberships) heap_sink(m->shape, heap_rise(m->shape, m->place));
}

void shape_enter(struct shape *shape, struct standing *pool) {
    uint32_t last = (uint32_t)shape->heap.count;
    vec_push_tight(&pool->memberships, ((struct membership){shape, last}));
    vec_push(&shape->heap, ((struct shape_member){pool, pool->memberships.count - 1}));
    heap_rise(shape, last);
}

// ---- shapes in order ----

static int number_compare(uint64_t a, uint64_t b) {
    return a < b ? -1 : a > b;
}

static int key_compare(const struct shape_key *a, const struct shape_key *b) {
    if (a->pool != b->pool) return number_compare(a->pool->serial, b->pool->serial);
    if (a->joined != b->joined) return number_compare(a->joined->serial, b->joined->serial);
    if (a->formatted != b->formatted) return (int)a->formatted - (int)b->formatted;
    return a->score == b->score ? 0 : a->score > b->score ? -1 : 1;
}

// Where the key stands or would stand.
static size_t shapes_seek(const struct shape_list *shapes, const struct shape_key *key) {
    size_t low = 0, high = shapes->entries.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (key_compare(&shapes->entries.at[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void places_set(struct shape_list *shapes, size_t from) {
    for (size_t i = from; i < shapes->entries.count; i++) shapes->entries.at[i].shape->place = (uint32_t)i;
}

struct shape *shapes_get(struct shape_list *shapes, const struct shape_key *key) {
    size_t at = shapes_seek(shapes, key), after = shapes->entries.count - at;
    if (after && key_compare(&shapes->entries.at[at].key, key) == 0) return shapes->entries.at[at].shape;
    struct shape *shape = NEW(struct shape);
    shape->list = shapes;
    (void)vec_add(&shapes->entries);
    (void)vec_add(&shapes->bounds);
    struct shape_entry *entry = &shapes->entries.at[at];
    struct shape_bound *bound = &shapes->bounds.at[at];
    memmove(entry + 1, entry, after * sizeof *entry);
    memmove(bound + 1, bound, after * sizeof *bound);
    *entry = (struct shape_entry){.key = *key, .shape = shape};
    bound->score = key->score + reach_most(key->pool) + (key->joined ? reach_most(key->joined) : 0);
    places_set(shapes, at);
    return shape;
}

void shape_list_done(struct shape_list *shapes) {
    must(!shapes->entries.count);
    vec_done(&shapes->entries);
    vec_done(&shapes->bounds);
    vec_done(&shapes->members);
}

static int by_pool(const void *a, const void *b) {
    const struct member *x = a, *y = b;
    return number_compare(x->pool->pool, y->pool->pool);
}

struct members shapes_members(struct shape_list *shapes, uint64_t version) {
    if (shapes->members_version != version) {
        vec_clear(&shapes->members);
        VEC_EACH (entry, &shapes->entries)
            VEC_EACH (member, &entry->shape->heap)
                vec_push(&shapes->members, ((struct member){member->pool, entry->shape}));
        if (shapes->members.count) qsort(shapes->members.at, shapes->members.count, sizeof(struct member), by_pool);
        shapes->members_version = version;
    }
    return (struct members){shapes->members.at, shapes->members.count, version};
}

// Takes a membership out of its pool; the last one moves into its place.
static void membership_drop(struct standing *pool, struct membership *m) {
    size_t at = (size_t)(m - pool->memberships.at);
    vec_swap_out(&pool->memberships, at);
    if (at == pool->memberships.count) return;
    struct membership *moved = &pool->memberships.at[at];
    moved->shape->heap.at[moved->place].membership = at;
}

void shape_leave(struct standing *pool, uint64_t class) {
    struct membership *m = membership_of(pool, class);
    if (!m) return;
    struct shape *shape = m->shape;
    size_t at = m->place;
    struct shape_member last = vec_pop(&shape->heap);
    membership_drop(pool, m);
    if (last.pool != pool) {
        heap_put(shape, at, last);
        heap_sink(shape, heap_rise(shape, at));
    }
    if (shape->heap.count) return;
    vec_remove(&shape->list->entries, shape->place);
    vec_remove(&shape->list->bounds, shape->place);
    places_set(shape->list, shape->place);
    vec_done(&shape->heap);
    free(shape);
}

// ---- walking ----

static void walk_from(const struct shape *shape, size_t at, bool (*visit)(void *arg, const struct standing *pool),
                      void *arg) {
    for (; at < shape->heap.count && visit(arg, shape->heap.at[at].pool); at = at * 2 + 2)
        walk_from(shape, at * 2 + 1, visit, arg);
}

void shape_walk(const struct shape *shape, bool (*visit)(void *arg, const struct standing *pool), void *arg) {
    walk_from(shape, 0, visit, arg);
}
