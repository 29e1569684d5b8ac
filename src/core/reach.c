// SPDX-License-Identifier: Apache-2.0
// Answering rules once per agent, and finding equal rules and equal lists of them.
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

static bool joins_hold(const struct symbols *s, const struct selector *sel, const struct tag_set *own,
                       const struct tag_set *other) {
    for (uint32_t i = 0; i < sel->term_count; i++)
        if (term_joins(&sel->terms[i]) && !term_holds(s, sel, &sel->terms[i], own, other)) return false;
    return true;
}

static bool rule_holds(const struct symbols *s, const struct reach_rule *rule, const struct tag_set *agent,
                       const struct tag_set *pool) {
    if (!rule->selector) return domains_availability(rule->domains, agent, pool).n >= rule->least.n;
    if (!rule->pool_side) return selector_holds(s, rule->selector, agent, pool);
    return rule->preferred ? selector_holds(s, rule->selector, pool, agent)
                           : joins_hold(s, rule->selector, pool, agent);
}

static void ruling_update(struct ruling *x, const struct symbols *s, uint32_t number, const struct agent_facts *facts) {
    bits_set(x->holds, number, facts && rule_holds(s, &x->rule, &facts->tags, x->pool_tags));
}

static void key_update(struct reaches *r, const struct symbols *s, uint32_t number, symbol key) {
    const struct ruling_list *list = map_get(&r->by_tag, key.n);
    for (size_t i = 0; list && i < list->count; i++) ruling_update(list->at[i], s, number, r->agents.at[number].facts);
}

static int tag_compare(const struct tag *a, const struct tag *b) {
    if (a->key.n != b->key.n) return a->key.n < b->key.n ? -1 : 1;
    return a->value.n < b->value.n ? -1 : a->value.n > b->value.n;
}

// Both sets are sorted: what only one of them has belongs to a key that changed.
static void changes_update(struct reaches *r, const struct symbols *s, uint32_t number, const struct tag_set *before,
                           const struct tag_set *now) {
    symbol last = {0};
    for (size_t i = 0, n = 0; i < before->count || n < now->count;) {
        int order = i == before->count ? 1 : n == now->count ? -1 : tag_compare(&before->at[i], &now->at[n]);
        symbol key = order > 0 ? now->at[n].key : before->at[i].key;
        i += order <= 0;
        n += order >= 0;
        if (order == 0 || symbol_equal(key, last)) continue;
        last = key;
        key_update(r, s, number, key);
    }
}

void reaches_update(struct reaches *r, const struct symbols *s, uint32_t number, const struct agent_facts *before) {
    const struct agent_facts *facts = r->agents.at[number].facts;
    bits_set(r->known, number, facts != NULL);
    if (facts && before)
        changes_update(r, s, number, &before->tags, &facts->tags);
    else
        VEC_EACH (x, &r->all) ruling_update(*x, s, number, facts);
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
    if (!sel) {
        text_addf(key, "%llu of ", (unsigned long long)rule->least.n);
        domains_add_key(rule->domains, pool_tags, key);
        return;
    }
    bool whole = rule->preferred && rule->pool_side; // the pool's own terms count as well
    text_addf(key, "%d%d ", rule->preferred, rule->pool_side);
    for (uint32_t i = 0; i < sel->term_count; i++) {
        const struct term *t = &sel->terms[i];
        text_addf(key, "%d", t->compare);
        term_add_text(s, sel, t, key);
        if (term_joins(t) || whole) key_add_values(key, pool_tags, t->key);
        text_add_char(key, ';');
    }
}

// What stands on the other side of a rule, and who keeps it.
struct side {
    struct shared *rules_of, *tags_of;
    const struct tag_set *pool_tags;
};

// The tag keys that a rule asks for: the i-th; false at the end.
static bool rule_key(const struct reach_rule *rule, size_t i, symbol *ret_key) {
    if (i >= (rule->selector ? rule->selector->term_count : rule->domains->keys.count)) return false;
    *ret_key = rule->selector ? rule->selector->terms[i].key : rule->domains->keys.at[i].key;
    return true;
}

static void tags_note(struct reaches *r, struct ruling *x) {
    symbol key;
    for (size_t i = 0; rule_key(&x->rule, i, &key); i++) {
        union map_value *place = map_put(&r->by_tag, key.n, NULL);
        if (!place->p) place->p = NEW(struct ruling_list);
        struct ruling_list *list = place->p;
        if (!list->count || *vec_last(list) != x) vec_push(list, x);
    }
}

static void rulings_remove(struct ruling_list *list, const struct ruling *x) {
    for (size_t i = list->count; i > 0; i--)
        if (list->at[i - 1] == x) vec_swap_out(list, i - 1);
}

static void tags_forget(struct reaches *r, const struct ruling *x) {
    symbol key;
    for (size_t i = 0; rule_key(&x->rule, i, &key); i++) rulings_remove(map_get(&r->by_tag, key.n), x);
}

static struct ruling *ruling_take(struct reaches *r, const struct symbols *s, const struct reach_rule *rule,
                                  const struct side *side) {
    AUTO_TEXT struct text key = {0};
    bool fresh;
    key_add_rule(&key, s, rule, side->pool_tags);
    union map_value *place = map_put_text(&r->rulings, text_string(&key), &fresh);
    if (fresh) {
        struct ruling *x = place->p = NEW(struct ruling);
        *x = (struct ruling){text_take(&key), ++r->serial,     0,   *rule, side->rules_of,
                             side->tags_of,   side->pool_tags, NULL};
        x->holds = bits_new(r->words);
        shared_hold(x->rules_of);
        shared_hold(x->tags_of);
        vec_push(&r->all, x);
        tags_note(r, x);
        for (uint32_t n = 1; n < r->agents.count; n++) ruling_update(x, s, n, r->agents.at[n].facts);
    }
    struct ruling *x = place->p;
    x->users++;
    return x;
}

static void ruling_free(struct ruling *x) {
    shared_leave(x->rules_of);
    shared_leave(x->tags_of);
    free(x->holds);
    free(x->key);
    free(x);
}

static void ruling_leave(struct reaches *r, struct ruling *x) {
    if (--x->users) return;
    map_remove_text(&r->rulings, x->key);
    rulings_remove(&r->all, x);
    tags_forget(r, x);
    ruling_free(x);
}

static void reach_done(struct reach *reach) {
    vec_done(&reach->musts);
    vec_done(&reach->likes);
    free(reach->key);
}

// Leaves its rulings too.
static void reach_let_go(struct reaches *r, struct reach *reach) {
    VEC_EACH (x, &reach->musts) ruling_leave(r, *x);
    VEC_EACH (like, &reach->likes) ruling_leave(r, like->ruling);
    reach_done(reach);
}

struct reach *reach_take(struct reaches *r, const struct symbols *s, struct reach_rules rules, struct shared *rules_of,
                         const struct tag_set *pool_tags, struct shared *tags_of) {
    AUTO_TEXT struct text key = {0};
    struct side side = {rules_of, tags_of, pool_tags};
    struct reach made = {0};
    bool fresh;
    VEC_EACH (rule, &rules) {
        struct ruling *x = ruling_take(r, s, rule, &side);
        text_addf(&key, "%d%lld*%llu ", rule->preferred, (long long)rule->weight, (unsigned long long)x->serial);
        if (rule->preferred)
            vec_push_tight(&made.likes, ((struct reach_like){x, rule->weight}));
        else
            vec_push_tight(&made.musts, x);
    }
    vec_done(&rules);
    union map_value *place = map_put_text(&r->by_key, text_string(&key), &fresh);
    if (fresh) {
        made.key = text_take(&key);
        made.serial = ++r->serial;
        place->p = NEW(struct reach);
        *(struct reach *)place->p = made;
    } else {
        reach_let_go(r, &made);
    }
    struct reach *reach = place->p;
    reach->users++;
    return reach;
}

int64_t reach_most(const struct reach *reach) {
    int64_t most = 0;
    VEC_EACH (like, &reach->likes)
        if (like->weight > 0) most += like->weight;
    return most;
}

void reach_leave(struct reaches *r, struct reach *reach) {
    if (!reach || --reach->users) return;
    map_remove_text(&r->by_key, reach->key);
    reach_let_go(r, reach);
    free(reach);
}

// ---- numbers ----

uint32_t reaches_grow(struct reaches *r) {
    if (!r->agents.count) (void)vec_add(&r->agents); // number 0 is nobody
    uint32_t number = (uint32_t)r->agents.count;
    (void)vec_add(&r->agents);
    if (number / 64 < r->words) return number;
    size_t words = r->words ? r->words * 2 : 4;
    r->known = bits_grow(r->known, r->words, words);
    VEC_EACH (x, &r->all) (*x)->holds = bits_grow((*x)->holds, r->words, words);
    r->words = words;
    return number;
}

void reaches_done(struct reaches *r) {
    MAP_EACH (entry, &r->by_key) {
        reach_done(entry->value.p);
        free(entry->value.p);
    }
    MAP_EACH (entry, &r->by_tag) {
        struct ruling_list *list = entry->value.p;
        vec_done(list);
        free(list);
    }
    VEC_EACH (x, &r->all) ruling_free(*x);
    VEC_EACH (agent, &r->agents) shared_leave(agent->facts ? &agent->facts->shared : NULL);
    vec_done(&r->all);
    vec_done(&r->agents);
    map_done(&r->by_key);
    map_done(&r->by_tag);
    map_done(&r->rulings);
    free(r->known);
    *r = (struct reaches){0};
}
