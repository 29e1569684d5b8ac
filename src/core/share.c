// SPDX-License-Identifier: Apache-2.0
// Shares kept as sums, and turns kept as sorted arrays: an offer moves one role and one framework to their new places.
#include "core/share.h"

#include <stdlib.h>

static void contender_free(struct contender *c) {
    vec_done(&c->storage_refused);
    free(c);
}

void shares_done(struct shares *s) {
    MAP_EACH (entry, &s->frameworks) {
        struct contenders *list = entry->value.p;
        VEC_EACH (c, &list->at) contender_free(*c);
        vec_done(&list->at);
        free(list);
    }
    MAP_EACH (entry, &s->roles) {
        struct share_role *role = entry->value.p;
        vec_done(&role->members);
        vec_done(&role->order);
        free(role);
    }
    map_done(&s->frameworks);
    map_done(&s->roles);
    vec_done(&s->order);
    vec_done(&s->slots);
    vec_done(&s->free_slots);
}

struct share_role *share_role_find(const struct shares *s, symbol name) {
    return map_get(&s->roles, name.n);
}

struct share_role *share_role(struct shares *s, symbol name) {
    union map_value *v = map_put(&s->roles, name.n, NULL);
    if (!v->p) {
        struct share_role *role = v->p = NEW(struct share_role);
        role->name = name;
        role->weight = 1;
    }
    return v->p;
}

const struct contenders *share_of_framework(const struct shares *s, uint64_t framework) {
    static const struct contenders none;
    const struct contenders *list = map_get(&s->frameworks, framework);
    return list ? list : &none;
}

struct contender *share_find(const struct shares *s, uint64_t framework, symbol role) {
    const struct contenders *list = share_of_framework(s, framework);
    for (size_t i = 0; i < list->at.count; i++)
        if (symbol_equal(list->at.at[i]->role, role)) return list->at.at[i];
    return NULL;
}

static void contender_slot(struct shares *s, struct contender *c) {
    if (!s->free_slots.count) {
        vec_push(&s->free_slots, (uint32_t)s->slots.count);
        vec_push(&s->slots, NULL);
    }
    c->slot = vec_pop(&s->free_slots);
    c->serial = ++s->last_serial;
    s->slots.at[c->slot] = c;
}

struct contender *share_contender(struct shares *s, uint64_t framework, symbol role) {
    struct contender *c = share_find(s, framework, role);
    if (c) return c;
    union map_value *v = map_put(&s->frameworks, framework, NULL);
    if (!v->p) v->p = NEW(struct contenders);
    struct contenders *list = v->p;
    c = NEW(struct contender);
    c->framework = framework;
    c->role = role;
    c->in = share_role(s, role);
    contender_slot(s, c);
    vec_push(&list->at, c);
    vec_push(&c->in->members, c);
    return c;
}

struct contender *share_by_slot(const struct shares *s, uint32_t slot, uint64_t serial) {
    struct contender *c = slot < s->slots.count ? s->slots.at[slot] : NULL;
    return c && c->serial == serial ? c : NULL;
}

void share_take(struct contender *c, const struct scalars *what) {
    scalars_add(&c->allocated, what);
    scalars_add(&c->in->allocated, what);
    c->uses++;
}

static void contender_leave(struct contender **list, uint32_t *count, const struct contender *c) {
    for (size_t i = 0; i < *count; i++) {
        if (list[i] != c) continue;
        memmove(list + i, list + i + 1, (*count - i - 1) * sizeof *list);
        --*count;
        return;
    }
}

void share_drop_unused(struct shares *s, struct contender *c) {
    if (c->uses || c->subscribed) return;
    struct contenders *list = map_get(&s->frameworks, c->framework);
    contender_leave(list->at.at, &list->at.count, c);
    contender_leave(c->in->members.at, &c->in->members.count, c);
    contender_leave(c->in->order.at, &c->in->order.count, c);
    if (!list->at.count) {
        map_remove(&s->frameworks, c->framework);
        vec_done(&list->at);
        free(list);
    }
    s->slots.at[c->slot] = NULL;
    vec_push(&s->free_slots, c->slot);
    contender_free(c);
}

void share_give_back(struct shares *s, struct contender *c, const struct scalars *what) {
    must(c->uses);
    scalars_subtract(&c->allocated, what);
    scalars_subtract(&c->in->allocated, what);
    c->uses--;
    share_drop_unused(s, c);
}

// ---- turns ----

static double part(struct milli of, struct milli total) {
    return total.n > 0 ? (double)of.n / (double)total.n : 0;
}

static double dominant(const struct scalars *of, const struct scalars *total) {
    double cpus = part(of->cpus, total->cpus), mem = part(of->mem, total->mem), disk = part(of->disk, total->disk);
    double most = cpus > mem ? cpus : mem;
    return most > disk ? most : disk;
}

static bool contender_before(const struct contender *a, const struct contender *b) {
    return a->share != b->share ? a->share < b->share : a->framework < b->framework;
}

static bool role_before(const struct share_role *a, const struct share_role *b) {
    return a->share != b->share ? a->share < b->share : a->name.n < b->name.n;
}

static int by_contender(const void *left, const void *right) {
    struct contender *const *a = left, *const *b = right;
    return contender_before(*a, *b) ? -1 : 1;
}

static int by_role(const void *left, const void *right) {
    struct share_role *const *a = left, *const *b = right;
    return role_before(*a, *b) ? -1 : 1;
}

static void role_order(struct share_role *role, const struct scalars *total) {
    role->planned = role->allocated;
    role->share = dominant(&role->planned, total) / role->weight;
    vec_clear(&role->order);
    VEC_EACH (c, &role->members) {
        (*c)->planned = (*c)->allocated;
        (*c)->share = dominant(&(*c)->planned, total);
        if ((*c)->available) vec_push(&role->order, *c);
    }
    if (role->order.count) qsort(role->order.at, role->order.count, sizeof(struct contender *), by_contender);
}

void shares_order(struct shares *s) {
    vec_clear(&s->order);
    MAP_EACH (entry, &s->roles) {
        struct share_role *role = entry->value.p;
        role_order(role, &s->total);
        if (role->order.count) vec_push(&s->order, role);
    }
    if (s->order.count) qsort(s->order.at, s->order.count, sizeof(struct share_role *), by_role);
}

// Whose shares only grow within a cycle move only backwards; those in front are few, for it was their turn.
static void contender_settle(struct share_role *role, struct contender *c) {
    size_t i = 0, n = role->order.count;
    while (i < n && role->order.at[i] != c) i++;
    if (i == n) return;
    size_t low = i + 1, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (contender_before(role->order.at[middle], c))
            low = middle + 1;
        else
            high = middle;
    }
    memmove(role->order.at + i, role->order.at + i + 1, (low - i - 1) * sizeof *role->order.at);
    role->order.at[low - 1] = c;
}

static void role_settle(struct shares *s, struct share_role *role) {
    size_t i = 0, n = s->order.count;
    while (i < n && s->order.at[i] != role) i++;
    if (i == n) return;
    size_t low = i + 1, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (role_before(s->order.at[middle], role))
            low = middle + 1;
        else
            high = middle;
    }
    memmove(s->order.at + i, s->order.at + i + 1, (low - i - 1) * sizeof *s->order.at);
    s->order.at[low - 1] = role;
}

void share_plan(struct shares *s, struct contender *c, const struct scalars *what) {
    scalars_add(&c->planned, what);
    scalars_add(&c->in->planned, what);
    c->share = dominant(&c->planned, &s->total);
    c->in->share = dominant(&c->in->planned, &s->total) / c->in->weight;
    contender_settle(c->in, c);
    role_settle(s, c->in);
}
