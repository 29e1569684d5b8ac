// SPDX-License-Identifier: Apache-2.0
// Copy-on-write rows on top of a state.
#include "core/draft.h"

#include <string.h>

void draft_init(struct draft *d, const struct state *s, struct arena *arena, struct now now, symbol principal,
                const unsigned char entropy[16]) {
    *d = (struct draft){.state = s, .arena = arena, .now = now, .principal = principal, .next_id = s->last_id + 1};
    memcpy(d->entropy, entropy, sizeof d->entropy);
}

void draft_view(struct draft *d, const struct state *s, struct arena *arena, struct now now) {
    draft_init(d, s, arena, now, (symbol){0}, (const unsigned char[16]){0});
}

void draft_done(struct draft *d) {
    VEC_EACH (s, &d->held) shared_leave(*s);
    vec_done(&d->held);
    vec_done(&d->touched);
    map_done(&d->places);
    vec_done(&d->notices);
    vec_done(&d->asked);
}

void draft_keep(struct draft *d, struct shared *s) {
    shared_hold(s);
    vec_push(&d->held, s);
}

static uint64_t row_id(const void *row) {
    uint64_t id;
    memcpy(&id, row, sizeof id);
    return id;
}

static struct touched *draft_find(const struct draft *d, uint64_t id) {
    const union map_value *place = d->touched.count ? map_find(&d->places, id) : NULL;
    return place ? &d->touched.at[place->n - 1] : NULL;
}

const void *draft_get(const struct draft *d, enum noun noun, uint64_t id) {
    const struct touched *t = draft_find(d, id);
    if (t) return t->removed || t->noun != noun ? NULL : t->row;
    return table_get(&d->state->tables[noun], id);
}

static struct touched *draft_touch(struct draft *d, enum noun noun, void *row, enum event_kind kind) {
    struct touched *t = vec_add(&d->touched);
    *t = (struct touched){.noun = noun, .kind = kind, .row = row};
    map_put(&d->places, row_id(row), NULL)->n = d->touched.count;
    return t;
}

void *draft_edit(struct draft *d, enum noun noun, uint64_t id, enum event_kind kind) {
    must(event_noun(kind) == noun);
    struct touched *t = draft_find(d, id);
    if (!t) {
        const void *live = table_get(&d->state->tables[noun], id);
        must(live);
        t = draft_touch(d, noun, arena_copy(d->arena, live, row_kinds[noun].size), kind);
    }
    must(!t->removed && t->noun == noun);
    t->kind = kind;
    return t->row;
}

void *draft_add(struct draft *d, enum noun noun, enum event_kind kind) {
    must(event_noun(kind) == noun);
    void *row = arena_zero(d->arena, 1, row_kinds[noun].size);
    uint64_t id = d->next_id++;
    memcpy(row, &id, sizeof id);
    draft_touch(d, noun, row, kind)->added = true;
    return row;
}

void draft_remove(struct draft *d, enum noun noun, uint64_t id, enum event_kind kind) {
    draft_edit(d, noun, id, kind);
    draft_find(d, id)->removed = true;
}

static int by_id(const void *a, const void *b) {
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static bool row_related(enum relation relation, const void *row, uint64_t key) {
    uint64_t keys[RELATION_KEYS_MOST];
    size_t n = relation_keys(relation, row, keys);
    for (size_t i = 0; i < n; i++)
        if (keys[i] == key) return true;
    return false;
}

struct id_list draft_related(const struct draft *d, enum relation relation, uint64_t key) {
    const struct id_list *live = state_related(d->state, relation, key);
    enum noun noun = relation_noun(relation);
    struct id_list list = {.at = arena_zero(d->arena, live->count + d->touched.count + 1, sizeof *list.at)};
    for (size_t i = 0; i < live->count; i++)
        if (!draft_find(d, live->at[i])) list.at[list.count++] = live->at[i];
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        if (t->noun == noun && !t->removed && row_related(relation, t->row, key))
            list.at[list.count++] = row_id(t->row);
    }
    qsort(list.at, list.count, sizeof *list.at, by_id);
    return list;
}

// A row touched here answers to its name; a live one only if it was not removed here.
static const void *draft_named(const struct draft *d, enum noun noun, const void *live, const struct name_key *key) {
    if (live && !draft_find(d, row_id(live))) return live;
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        if (t->noun != noun || t->removed) continue;
        struct name_key own;
        if (row_name_key(noun, t->row, &own) && name_key_equal(&own, key)) return t->row;
    }
    return NULL;
}

const struct volume_row *draft_volume_named(const struct draft *d, struct owner owner, const char *name) {
    struct volume_row wanted = {.owner = owner, .name = name};
    struct name_key key;
    row_name_key(NOUN_VOLUME, &wanted, &key);
    return draft_named(d, NOUN_VOLUME, state_volume_named(d->state, owner, name), &key);
}

const struct task_row *draft_task_named(const struct draft *d, uint64_t framework, const char *text_id) {
    struct task_row wanted = {.framework = framework, .text_id = text_id};
    struct name_key key;
    row_name_key(NOUN_TASK, &wanted, &key);
    return draft_named(d, NOUN_TASK, state_task_named(d->state, framework, text_id), &key);
}

// What a volume or reservation takes of that pool's backing store; *ret_own: and of the pool itself.
static bool row_cost(const struct draft *d, enum noun noun, const void *row, const struct pool_row *of,
                     struct quantities *ret_cost, bool *ret_own) {
    const struct volume_row *v = row;
    const struct reservation_row *r = row;
    uint64_t from = noun == NOUN_VOLUME ? v->charge.pool : r->charge.pool;
    const struct pool_row *pool = state_pool(d->state, from);
    if (!pool || pool->account != of->account) return false;
    *ret_cost = noun == NOUN_VOLUME ? volume_cost(pool, v) : reservation_cost(pool, r);
    *ret_own = from == of->id;
    return true;
}

struct granted draft_granted(const struct draft *d, const struct pool_row *pool) {
    struct granted granted = ledger_granted(&d->state->ledger, pool);
    struct quantities cost;
    bool own;
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        if (t->noun != NOUN_VOLUME && t->noun != NOUN_RESERVATION) continue;
        if (t->removed || !row_cost(d, t->noun, t->row, pool, &cost, &own)) continue;
        quantities_add(&granted.store, &cost);
        if (own) quantities_add(&granted.own, &cost);
    }
    for (size_t i = 0; i < d->touched.count; i++) {
        const struct touched *t = &d->touched.at[i];
        if (t->noun != NOUN_VOLUME && t->noun != NOUN_RESERVATION) continue;
        const void *live = table_get(&d->state->tables[t->noun], row_id(t->row));
        if (!live || !row_cost(d, t->noun, live, pool, &cost, &own)) continue;
        quantities_subtract(&granted.store, &cost);
        if (own) quantities_subtract(&granted.own, &cost);
    }
    return granted;
}

struct quantities draft_pool_free(const struct draft *d, const struct pool_row *pool) {
    struct granted granted = draft_granted(d, pool);
    return pool_grantable(pool, &granted);
}

struct draft_mark draft_mark(const struct draft *d) {
    return (struct draft_mark){d->touched.count, d->next_id};
}

void draft_undo(struct draft *d, struct draft_mark to) {
    while (d->touched.count > to.touched) {
        struct touched last = vec_pop(&d->touched);
        map_remove(&d->places, row_id(last.row));
    }
    d->next_id = to.next_id;
}

struct uuid draft_uuid(struct draft *d) {
    uint64_t seed[2], out[2];
    memcpy(seed, d->entropy, sizeof seed);
    out[0] = hash_u64(seed[0] + hash_u64(++d->entropy_used));
    out[1] = hash_u64(seed[1] ^ hash_u64(out[0] + d->entropy_used));
    unsigned char bytes[16];
    memcpy(bytes, out, sizeof bytes);
    return uuid_from_entropy(bytes);
}

struct blob *draft_blob(struct draft *d, const void *bytes, size_t size) {
    must(size < UINT32_MAX);
    struct blob *b = arena_zero(d->arena, 1, sizeof *b + size);
    b->size = (uint32_t)size;
    if (size) memcpy(b->bytes, bytes, size);
    return b;
}

const char *draft_text(struct draft *d, const char *text) {
    return arena_text(d->arena, text);
}

struct notice *draft_notice(struct draft *d, enum notice_kind kind, uint64_t framework) {
    struct notice *n = vec_add(&d->notices);
    n->kind = kind;
    n->framework = framework;
    n->reason = -1;
    return n;
}

void draft_own_images(struct draft *d) {
    VEC_EACH (t, &d->touched) {
        const struct row_kind *kind = &row_kinds[t->noun];
        if (!t->removed && !kind->one_block) continue;
        row_own(kind, t->row, d->arena);
        for (size_t i = 0; i < ARRAY_LEN(kind->shareds) && kind->shareds[i]; i++) {
            struct shared *s;
            memcpy(&s, (const char *)t->row + kind->shareds[i], sizeof s);
            if (s) draft_keep(d, s);
        }
    }
}

size_t draft_event_count(const struct draft *d) {
    return d->touched.count;
}

struct event draft_event(const struct draft *d, size_t i) {
    const struct touched *t = &d->touched.at[i];
    return (struct event){.kind = t->kind, .noun = t->noun, .removed = t->removed, .row = t->row};
}
