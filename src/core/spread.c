// SPDX-License-Identifier: Apache-2.0
// Counting where a group stands.
#include "core/spread.h"

#include <string.h>

#include "model/label.h"

uint64_t label_group(uint64_t class, struct owner owner, const char *line, size_t size) {
    uint64_t key = hash_u64(hash_bytes(line, size) ^ hash_u64(class ^ hash_u64(owner.framework ^ owner.role.n)));
    return key ? key : 1;
}

// ---- the group ----

struct counting {
    struct spread *s;
    struct spread_place *at;
};

static void count_value(struct counting *c, symbol value) {
    for (size_t i = 0; i < c->s->places; i++)
        if (symbol_equal(c->at[i].value, value)) {
            c->at[i].volumes++;
            return;
        }
    c->at[c->s->places++] = (struct spread_place){value, 1};
}

static void count_member(const struct draft *d, struct counting *c, const struct volume_row *v) {
    const struct pool_row *pool = draft_pool(d, v->charge.pool);
    size_t count = 0;
    const struct tag *at = pool && pool->facts ? tag_set_find(&pool->facts->tags, c->s->rule->key, &count) : NULL;
    c->s->members++;
    if (!count && !c->s->lost) c->s->lost = v->id;
    for (size_t i = 0; i < count; i++) count_value(c, at[i].value);
}

// Room for every value of every member.
static size_t values_most(const struct draft *d, const struct id_list *group, symbol key) {
    size_t most = 0;
    VEC_EACH (id, group) {
        const struct pool_row *pool = draft_pool(d, draft_volume(d, *id)->charge.pool);
        size_t count = 0;
        if (pool && pool->facts) (void)tag_set_find(&pool->facts->tags, key, &count);
        most += count;
    }
    return most;
}

static void spread_count(const struct draft *d, struct spread *s, const struct class_row *class, struct owner owner,
                         size_t label_size) {
    struct id_list group = draft_related(d, VOLUMES_OF_LABEL, label_group(class->id, owner, s->label, label_size));
    struct counting c = {s, arena_zero(d->arena, values_most(d, &group, s->rule->key) + 1, sizeof *c.at)};
    s->at = c.at;
    VEC_EACH (id, &group) {
        const struct volume_row *v = draft_volume(d, *id);
        bool member = v->class == class->id && owner_equal(v->owner, owner);
        if (member && labels_has(v->labels, s->label, label_size)) count_member(d, &c, v);
    }
}

struct err *spreads_of(const struct draft *d, const struct class_row *class, struct owner owner, const char *labels,
                       struct spreads *ret_spreads) {
    const struct class_spec *spec = &class->doc->spec;
    *ret_spreads = (struct spreads){NULL, 0};
    if (!spec->spread.count) return NULL;
    struct spread *at = arena_zero(d->arena, spec->spread.count, sizeof *at);
    ret_spreads->at = at;
    VEC_EACH (rule, &spec->spread) {
        size_t size;
        const char *line = labels_find(labels, rule->label, &size);
        if (!line && rule->required)
            return err_new(ERR_INVALID, "class '%s' spreads volumes of one label '%s'; give the volume that label",
                           class->name, rule->label);
        if (!line) continue;
        struct spread *s = &at[ret_spreads->count++];
        *s = (struct spread){.rule = rule, .label = arena_text_n(d->arena, line, size)};
        spread_count(d, s, class, owner, size);
    }
    return NULL;
}

// ---- pools ----

uint32_t spread_share(const struct spread *s) {
    return s->rule->over ? s->members / s->rule->over + 1 : 1; // (members + 1) / over, rounded up
}

uint32_t spread_most(const struct spread *s, const struct tag_set *pool, symbol *ret_value) {
    uint32_t most = 0;
    size_t count = 0;
    const struct tag *at = tag_set_find(pool, s->rule->key, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t n = 0; n < s->places; n++) {
            if (!symbol_equal(s->at[n].value, at[i].value) || s->at[n].volumes <= most) continue;
            most = s->at[n].volumes;
            *ret_value = at[i].value;
        }
    return most;
}

static bool says_where(const struct spread *s, const struct tag_set *pool) {
    size_t count = 0;
    (void)tag_set_find(pool, s->rule->key, &count);
    return count > 0;
}

const struct spread *spreads_broken(const struct spreads *s, const struct tag_set *pool) {
    symbol value;
    for (size_t i = 0; i < s->count; i++) {
        const struct spread *one = &s->at[i];
        if (!one->rule->required) continue;
        if (one->lost || !says_where(one, pool) || spread_most(one, pool, &value) >= spread_share(one)) return one;
    }
    return NULL;
}

int64_t spreads_cost(const struct spreads *s, const struct tag_set *pool) {
    int64_t cost = 0;
    symbol value;
    for (size_t i = 0; i < s->count; i++) {
        const struct spread *one = &s->at[i];
        uint32_t sharing = says_where(one, pool) ? spread_most(one, pool, &value) : one->members;
        cost += (int64_t)one->rule->weight * sharing;
    }
    return cost;
}
