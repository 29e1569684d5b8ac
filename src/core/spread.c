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

bool volume_has_place(const struct volume_row *v) {
    bool stays = v->state == VOLUME_WANTED || v->state == VOLUME_MAKING || v->state == VOLUME_READY;
    return stays && !v->released;
}

bool reservation_has_place(const struct draft *d, uint64_t reservation) {
    struct id_list volumes = draft_related(d, VOLUMES_OF_RESERVATION, reservation);
    VEC_EACH (id, &volumes)
        if (volume_has_place(draft_volume(d, *id))) return false;
    return true;
}

struct member {
    const struct pool_row *pool;
    const struct volume_row *volume; // NULL: a reservation
    uint64_t reservation;
};

static bool in_group(const struct spread *s, const struct class_row *class, struct owner owner, uint64_t its_class,
                     struct owner its_owner, const char *labels) {
    return its_class == class->id && owner_equal(its_owner, owner) && labels_has(labels, s->label, strlen(s->label));
}

static struct member *members_find(const struct draft *d, const struct spread *s, const struct class_row *class,
                                   struct owner owner, size_t *ret_count) {
    uint64_t key = label_group(class->id, owner, s->label, strlen(s->label));
    struct id_list volumes = draft_related(d, VOLUMES_OF_LABEL, key);
    struct id_list reservations = draft_related(d, RESERVATIONS_OF_LABEL, key);
    struct member *at = arena_zero(d->arena, (size_t)volumes.count + reservations.count + 1, sizeof *at);
    size_t count = 0;
    VEC_EACH (id, &volumes) {
        const struct volume_row *v = draft_volume(d, *id);
        if (in_group(s, class, owner, v->class, v->owner, v->labels))
            at[count++] = (struct member){draft_pool(d, v->charge.pool), v, 0};
    }
    VEC_EACH (id, &reservations) {
        const struct reservation_row *r = draft_reservation(d, *id);
        if (in_group(s, class, owner, r->class, r->owner, r->labels) && reservation_has_place(d, *id))
            at[count++] = (struct member){draft_pool(d, r->charge.pool), NULL, *id};
    }
    *ret_count = count;
    return at;
}

static const struct tag *member_values(const struct member *m, symbol key, size_t *ret_count) {
    *ret_count = 0;
    return m->pool && m->pool->facts ? tag_set_find(&m->pool->facts->tags, key, ret_count) : NULL;
}

static const char *member_says(const struct draft *d, const struct member *m) {
    return m->volume ? arena_format(d->arena, "volume '%s'", m->volume->name)
                     : arena_format(d->arena, "reservation %llu", (unsigned long long)m->reservation);
}

static void count_member(const struct draft *d, struct counting *c, const struct member *m) {
    size_t count;
    const struct tag *at = member_values(m, c->s->rule->key, &count);
    c->s->members++;
    if (!count && !c->s->lost) c->s->lost = member_says(d, m);
    for (size_t i = 0; i < count; i++) count_value(c, at[i].value);
}

static void spread_count(const struct draft *d, struct spread *s, const struct class_row *class, struct owner owner) {
    size_t count, most = 0, values;
    const struct member *members = members_find(d, s, class, owner, &count);
    for (size_t i = 0; i < count; i++, most += values) (void)member_values(&members[i], s->rule->key, &values);
    struct counting c = {s, arena_zero(d->arena, most + 1, sizeof *c.at)};
    s->at = c.at;
    for (size_t i = 0; i < count; i++) count_member(d, &c, &members[i]);
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
        spread_count(d, s, class, owner);
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
