// SPDX-License-Identifier: Apache-2.0
// Tags, constraints and preferences to messages and back.
#include "wire/tags.h"

// ---- to messages ----

static Granary__Tag *tag_message(const struct symbols *s, const struct tag_set *tags, size_t i, struct arena *arena) {
    const struct tag *tag = &tags->at[i];
    struct tag_said said = tag_set_said(tags, tag);
    Granary__Tag *m = ARENA_NEW(arena, Granary__Tag);
    granary__tag__init(m);
    m->key = (char *)symbol_text(s, tag->key);
    m->value = tag->value.n ? (char *)symbol_text(s, tag->value) : NULL;
    m->has_origin = true;
    m->origin = (Granary__Tag__Origin)(said.origin + 1);
    m->tier = (char *)tier_name(said.tier);
    m->has_since = said.since.ms != 0;
    m->since = said.since.ms;
    return m;
}

Granary__Tag **tag_messages(const struct symbols *s, const struct tag_set *tags, struct arena *arena) {
    Granary__Tag **list = arena_zero(arena, tags->count + 1, sizeof *list);
    for (size_t i = 0; i < tags->count; i++) list[i] = tag_message(s, tags, i, arena);
    return list;
}

static char *selector_in(const struct symbols *s, const struct selector *selector, struct arena *arena) {
    AUTO_TEXT struct text t = {0};
    selector_add_text(s, selector, &t);
    return arena_text(arena, text_string(&t));
}

Granary__Constraint **constraint_messages(const struct symbols *s, const struct weighted_selector *at, size_t count,
                                          struct arena *arena) {
    Granary__Constraint **list = arena_zero(arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = ARENA_NEW(arena, Granary__Constraint);
        granary__constraint__init(list[i]);
        list[i]->selector = selector_in(s, &at[i].selector, arena);
        list[i]->tier = (char *)tier_name(at[i].tier);
    }
    return list;
}

Granary__Preference **preference_messages(const struct symbols *s, const struct weighted_selector *at, size_t count,
                                          struct arena *arena) {
    Granary__Preference **list = arena_zero(arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) {
        list[i] = ARENA_NEW(arena, Granary__Preference);
        granary__preference__init(list[i]);
        list[i]->selector = selector_in(s, &at[i].selector, arena);
        list[i]->has_weight = true;
        list[i]->weight = at[i].weight;
        list[i]->tier = (char *)tier_name(at[i].tier);
    }
    return list;
}

// ---- from messages ----

static struct err *tag_read(struct intake *in, const Granary__Tag *m, enum tier tier, struct tag_set *set) {
    struct tag tag;
    TRY(tag_make(in->symbols, m->key, m->value, &tag));
    bool past = m->has_since && m->since <= in->now.wall.ms; // another host's clock may be ahead of ours
    struct tag_said said = {.since = tag_time(past ? (struct wall){m->since} : in->now.wall), .tier = tier & 0xff};
    said.origin = m->has_origin ? (m->origin - 1) & 0xff : TAG_REPORTED;
    return tag_set_add(set, tag, said);
}

struct err *tags_read(struct intake *in, Granary__Tag *const *at, size_t count, enum tier tier,
                      struct tag_set *ret_tags) {
    if (count > TAG_SET_MOST)
        return err_new(ERR_TOO_LARGE, "%zu tags of one %s; at most %d are read", count, tier_name(tier), TAG_SET_MOST);
    struct tag_set set = {0};
    struct err *e = NULL;
    tag_set_reserve(&set, count);
    for (size_t i = 0; i < count && !e; i++) e = tag_read(in, at[i], tier, &set);
    tag_set_trim(&set); // it lasts as long as what it is said of
    if (e)
        tag_set_done(&set);
    else
        *ret_tags = set;
    return e;
}

static struct err *selector_read(struct intake *in, const char *text, const char *what, size_t i,
                                 struct selector *ret_selector) {
    return err_wrap(selector_parse(in->symbols, text, ret_selector), "%s %zu, '%.256s'", what, i + 1, text);
}

struct err *constraints_read(struct intake *in, Granary__Constraint *const *at, size_t count, enum tier tier,
                             struct weighted_list *to) {
    if (count > CONSTRAINTS_MOST)
        return err_new(ERR_TOO_LARGE, "%zu constraints of one %s; at most %d are read", count, tier_name(tier),
                       CONSTRAINTS_MOST);
    for (size_t i = 0; i < count; i++) {
        struct weighted_selector w = {.tier = tier};
        TRY(selector_read(in, at[i]->selector, "constraint", i, &w.selector));
        vec_push(to, w);
    }
    return NULL;
}

struct err *preferences_read(struct intake *in, Granary__Preference *const *at, size_t count, enum tier tier,
                             struct weighted_list *to) {
    if (count > CONSTRAINTS_MOST)
        return err_new(ERR_TOO_LARGE, "%zu preferences of one %s; at most %d are read", count, tier_name(tier),
                       CONSTRAINTS_MOST);
    for (size_t i = 0; i < count; i++) {
        struct weighted_selector w = {.tier = tier, .weight = at[i]->weight};
        if (w.weight > CLASS_WEIGHT_MOST || w.weight < -CLASS_WEIGHT_MOST)
            return err_new(ERR_INVALID, "preference %zu: weight %d; give one from -%d to %d", i + 1, w.weight,
                           CLASS_WEIGHT_MOST, CLASS_WEIGHT_MOST);
        TRY(selector_read(in, at[i]->selector, "preference", i, &w.selector));
        vec_push(to, w);
    }
    return NULL;
}

void weighted_inherit(const struct weighted_list *above, struct weighted_list *to) {
    VEC_EACH (w, above) vec_push(to, ((struct weighted_selector){selector_copy(&w->selector), w->weight, w->tier}));
}

void weighted_done(struct weighted_list *list) {
    VEC_EACH (w, list) selector_done(&w->selector);
    vec_done(list);
}
