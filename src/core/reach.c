// SPDX-License-Identifier: Apache-2.0
// Evaluating rules once per agent, and finding equal lists of rules.
#include "core/reach.h"

#include <stdlib.h>
#include <string.h>

uint64_t *bits_new(size_t words) {
    return mem_zero(words + 1, sizeof(uint64_t));
}

uint64_t *bits_grow(uint64_t *bits, size_t from, size_t to) {
    bits = mem_resize(bits, to + 1, sizeof *bits);
    memset(bits + from, 0, (to + 1 - from) * sizeof *bits);
    return bits;
}

static bool term_joins(const struct term *t) {
    return t->op == TERM_SAME || t->op == TERM_DIFFERENT;
}

static bool joins_hold(const struct symbols *s, const struct selector *sel, const struct tag_set *own,
                       const struct tag_set *other) {
    for (uint32_t i = 0; i < sel->term_count; i++)
        if (term_joins(&sel->terms[i]) && !term_holds(s, sel, &sel->terms[i], own, other)) return false;
    return true;
}

static bool rule_holds(const struct symbols *s, const struct reach_rule *rule, const struct tag_set *agent,
                       const struct tag_set *pool) {
    if (!rule->pool_side) return selector_holds(s, rule->selector, agent, pool);
    return rule->preferred ? selector_holds(s, rule->selector, pool, agent)
                           : joins_hold(s, rule->selector, pool, agent);
}

static void reach_update(struct reach *reach, const struct symbols *s, uint32_t number,
                         const struct agent_facts *facts) {
    bool fits = facts != NULL;
    int64_t liked = 0;
    for (size_t i = 0; facts && i < reach->rules.count; i++) {
        const struct reach_rule *rule = &reach->rules.at[i];
        if (!fits && !rule->preferred) continue;
        bool holds = rule_holds(s, rule, &facts->tags, reach->pool_tags);
        if (!rule->preferred) fits = holds;
        if (rule->preferred && holds) liked += rule->weight;
    }
    bits_set(reach->fits, number, fits);
    if (reach->liked) reach->liked[number] = liked;
}

void reaches_update(struct reaches *r, const struct symbols *s, uint32_t number) {
    for (size_t i = 0; i < r->all.count; i++) reach_update(r->all.at[i], s, number, r->agents.at[number].facts);
}

// ---- equal rules share one reach ----

static void key_add_values(struct text *key, const struct tag_set *tags, symbol of) {
    size_t count = 0;
    const struct tag *found = tags ? tag_set_find(tags, of, &count) : NULL;
    for (size_t i = 0; i < count; i++) text_addf(key, ",%u", found[i].value.n);
}

static void key_add_rule(struct text *key, const struct symbols *s, const struct reach_rule *rule,
                         const struct tag_set *pool_tags) {
    const struct selector *sel = rule->selector;
    bool whole = rule->preferred && rule->pool_side; // the pool's own terms count as well
    text_addf(key, "%d%d%lld ", rule->preferred, rule->pool_side, (long long)rule->weight);
    for (uint32_t i = 0; i < sel->term_count; i++) {
        const struct term *t = &sel->terms[i];
        text_addf(key, "%d", t->compare);
        term_add_text(s, sel, t, key);
        if (term_joins(t) || whole) key_add_values(key, pool_tags, t->key);
        text_add_char(key, ';');
    }
    text_add_char(key, '\n');
}

static bool rules_prefer(const struct reach_rules *rules) {
    for (size_t i = 0; i < rules->count; i++)
        if (rules->at[i].preferred) return true;
    return false;
}

static struct reach *reach_new(struct reaches *r, struct text *key, struct reach_rules rules) {
    struct reach *reach = NEW(struct reach);
    reach->key = text_take(key);
    reach->serial = ++r->serial;
    reach->rules = rules;
    reach->fits = bits_new(r->words);
    if (rules_prefer(&rules)) reach->liked = mem_zero(r->words * 64 + 1, sizeof *reach->liked);
    vec_push(&r->all, reach);
    return reach;
}

struct reach *reach_take(struct reaches *r, const struct symbols *s, struct reach_rules rules, struct shared *rules_of,
                         const struct tag_set *pool_tags, struct shared *tags_of) {
    AUTO_TEXT struct text key = {0};
    for (size_t i = 0; i < rules.count; i++) key_add_rule(&key, s, &rules.at[i], pool_tags);
    bool fresh;
    union map_value *place = map_put_text(&r->by_key, text_string(&key), &fresh);
    if (!fresh) {
        vec_done(&rules);
        struct reach *known = place->p;
        known->users++;
        return known;
    }
    struct reach *reach = place->p = reach_new(r, &key, rules);
    reach->users = 1;
    reach->rules_of = rules_of;
    reach->tags_of = tags_of;
    reach->pool_tags = pool_tags;
    shared_hold(rules_of);
    shared_hold(tags_of);
    for (uint32_t n = 1; n < r->agents.count; n++) reach_update(reach, s, n, r->agents.at[n].facts);
    return reach;
}

static void reach_free(struct reach *reach) {
    shared_leave(reach->rules_of);
    shared_leave(reach->tags_of);
    vec_done(&reach->rules);
    free(reach->fits);
    free(reach->liked);
    free(reach->key);
    free(reach);
}

void reach_leave(struct reaches *r, struct reach *reach) {
    if (!reach || --reach->users) return;
    map_remove_text(&r->by_key, reach->key);
    for (size_t i = 0; i < r->all.count; i++)
        if (r->all.at[i] == reach) {
            vec_swap_out(&r->all, i);
            break;
        }
    reach_free(reach);
}

// ---- numbers ----

uint32_t reaches_grow(struct reaches *r) {
    if (!r->agents.count) (void)vec_add(&r->agents); // number 0 is nobody
    uint32_t number = (uint32_t)r->agents.count;
    (void)vec_add(&r->agents);
    if (number / 64 < r->words) return number;
    size_t words = r->words ? r->words * 2 : 4;
    for (size_t i = 0; i < r->all.count; i++) {
        struct reach *reach = r->all.at[i];
        reach->fits = bits_grow(reach->fits, r->words, words);
        if (!reach->liked) continue;
        reach->liked = mem_resize(reach->liked, words * 64 + 1, sizeof *reach->liked);
        memset(reach->liked + r->words * 64, 0, ((words - r->words) * 64 + 1) * sizeof *reach->liked);
    }
    r->words = words;
    return number;
}

void reaches_done(struct reaches *r) {
    for (size_t i = 0; i < r->all.count; i++) reach_free(r->all.at[i]);
    for (size_t i = 0; i < r->agents.count; i++)
        shared_leave(r->agents.at[i].facts ? &r->agents.at[i].facts->shared : NULL);
    vec_done(&r->all);
    vec_done(&r->agents);
    map_done(&r->by_key);
    *r = (struct reaches){0};
}
