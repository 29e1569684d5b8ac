// SPDX-License-Identifier: Apache-2.0
// Placing requests, and refusing with the nearest pools.
#include "core/broker.h"

#include <string.h>

#include "core/choice.h"
#include "core/coarse.h"
#include "core/refusal.h"

bool broker_role_allowed(const struct state *s, const struct class_row *class, symbol role) {
    return !role.n || class_spec_allows(&class->doc->spec, state_text(s, role));
}

// ---- fits ----

size_t broker_fits(const struct draft *d, const struct want *w, struct fit *ret_fits, size_t most) {
    struct terms t;
    struct err *e = terms_of(d, w, &t);
    err_free(e);
    return e ? 0 : fits_find(d, &t, ret_fits, most);
}

// ---- refusing ----

enum { NEAREST = 3 };

struct near_pools {
    struct judged_pool at[NEAREST];
    size_t count, pools, reported;
    size_t asked;     // pools that were asked for their figures and sizes
    size_t too_small; // of them, those whose volumes are larger than what is asked
    uint64_t smallest;
    bool away; // some pool fits but for somebody who is away
};

static void near_keep(struct near_pools *n, const struct pool_row *pool, struct verdict v) {
    if (n->count == NEAREST && verdict_compare(&v, &n->at[NEAREST - 1].verdict) >= 0) return;
    size_t at = n->count < NEAREST ? n->count++ : NEAREST - 1;
    for (; at > 0 && verdict_compare(&v, &n->at[at - 1].verdict) < 0; at--) n->at[at] = n->at[at - 1];
    n->at[at].pool = pool;
    n->at[at].verdict = v;
}

static void near_take(struct near_pools *n, const struct pool_row *pool, const struct verdict *v) {
    n->pools++;
    n->reported += v->rule != RULE_REPORTED;
    n->asked += v->rule > RULE_CAPABILITY;
    n->away |= v->rule == RULE_AGENT_AWAY || v->rule == RULE_PROVIDER_AWAY;
    if (v->rule == RULE_SMALLEST) {
        n->too_small++;
        if (v->found < n->smallest) n->smallest = v->found;
    }
    near_keep(n, pool, *v);
}

static enum err_kind near_kind(const struct near_pools *n) {
    if (n->away || (n->pools && !n->reported)) return ERR_UNAVAILABLE;
    return n->asked && n->too_small == n->asked ? ERR_INVALID : ERR_NO_FIT;
}

static void near_add_text(const struct draft *d, const struct terms *t, const struct near_pools *n, struct text *out) {
    AUTO_ARENA struct arena arena = {0};
    for (size_t i = 0; i < n->count; i++) {
        struct refusal r = refusal_of_pool(d, t, n->at[i].pool, &n->at[i].verdict, &arena);
        if (i) text_add(out, "; ");
        refusal_add_text(d->state, &r, out);
    }
    if (n->pools > n->count)
        text_addf(out, "; and %zu more pool%s", n->pools - n->count, n->pools - n->count == 1 ? "" : "s");
}

struct err *broker_refusal(const struct draft *d, const struct want *w, const struct terms *t,
                           const struct judged_pool *pools, size_t count) {
    AUTO_TEXT struct text text = {0};
    char size[QUANTITY_TEXT];
    struct near_pools n = {.smallest = UINT64_MAX};
    for (size_t i = 0; i < count; i++) near_take(&n, pools[i].pool, &pools[i].verdict);
    text_addf(&text, "class '%s', %s", t->class->name, bytes_text(t->size, size));
    if (t->agent) text_addf(&text, " on agent '%s'", t->agent->name);
    if (!n.pools) text_add(&text, ": there is no pool yet; start a provider");
    if (n.pools) text_add(&text, n.away ? ": what would fit is away: " : ": no pool fits: ");
    if (n.pools && d->coarse)
        coarse_add_pools(d, w, t, pools, count, &n.at[0], &text);
    else
        near_add_text(d, t, &n, &text);
    if (near_kind(&n) == ERR_INVALID)
        text_addf(&text, "; ask for %s or more", bytes_text((struct bytes){n.smallest}, size));
    return err_new(near_kind(&n), "%s", text_string(&text));
}

struct judged_pool *broker_judge(const struct draft *d, const struct terms *t, struct arena *arena, size_t *ret_count) {
    struct judged_pool *pools = arena_zero(arena, table_count(&d->state->tables[NOUN_POOL]) + 1, sizeof *pools);
    size_t count = 0;
    STATE_EACH(POOL, pool_row, pool, d->state)
    pools[count++] = (struct judged_pool){pool, verdict_of(d, t, pool, false)};
    choices_judge(d, t, pools, count, arena);
    *ret_count = count;
    return pools;
}

static enum rule nearest_rule(const struct judged_pool *pools, size_t count) {
    const struct judged_pool *nearest = pools;
    for (size_t i = 1; i < count; i++)
        if (verdict_compare(&pools[i].verdict, &nearest->verdict) < 0) nearest = &pools[i];
    return count ? nearest->verdict.rule : RULE_NONE;
}

struct err *broker_refuse(const struct draft *d, const struct want *w, uint8_t *ret_rule) {
    AUTO_ARENA struct arena arena = {0};
    struct terms t;
    size_t count;
    TRY(terms_of(d, w, &t));
    const struct judged_pool *pools = broker_judge(d, &t, &arena, &count);
    *ret_rule = (uint8_t)nearest_rule(pools, count);
    return broker_refusal(d, w, &t, pools, count);
}

struct err *broker_place(const struct draft *d, const struct want *w, struct fit *ret_fit) {
    uint8_t rule;
    struct fit fit;
    if (!broker_fits(d, w, &fit, 1)) return broker_refuse(d, w, &rule);
    *ret_fit = fit;
    return NULL;
}

static struct err *held_refuse(const struct draft *d, const struct terms *t, const struct held_charge *held,
                               const struct verdict *v) {
    AUTO_TEXT struct text text = {0};
    AUTO_ARENA struct arena arena = {0};
    char size[QUANTITY_TEXT], have[QUANTITY_TEXT];
    text_addf(&text, "class '%s', %s (%s of it held already): ", t->class->name, bytes_text(t->size, size),
              bytes_text(held->charge.bytes, have));
    struct refusal r = refusal_of_pool(d, t, draft_pool(d, held->charge.pool), v, &arena);
    refusal_say(d, &r, "the pool", &text);
    return err_new(v->rule == RULE_REPORTED ? ERR_UNAVAILABLE : ERR_NO_FIT, "%s", text_string(&text));
}

struct err *broker_place_held(const struct draft *d, const struct want *w, const struct held_charge *held,
                              struct fit *ret_fit) {
    struct terms t;
    TRY(terms_in_place(d, w, &t));
    const struct reservation_row *r = draft_reservation(d, held->reservation);
    if (r) TRY(spreads_of(d, t.class, r->owner, r->labels, &t.spreads));
    if (t.spreads.count && reservation_has_place(d, r->id)) t.spreads = (struct spreads){NULL, 0};
    struct verdict v = verdict_of_held(d, &t, held);
    if (v.rule) return held_refuse(d, &t, held, &v);
    *ret_fit = (struct fit){.pool = held->charge.pool, .charge = v.charge, .free = {v.free.bytes}};
    return NULL;
}

// ---- classes by name ----

struct named_tag { // what a consumer named instead of a class
    symbol key;
    const struct tag_set *as; // NULL: no value that is known
    bool valued;
};

static bool selector_asks(const struct symbols *s, const struct selector *sel, const struct named_tag *t) {
    for (uint32_t i = 0; i < sel->term_count; i++) {
        if (!symbol_equal(sel->terms[i].key, t->key)) continue;
        if (!t->valued || (t->as && term_holds(s, sel, &sel->terms[i], t->as, NULL))) return true;
    }
    return false;
}

static bool class_asks(const struct state *s, const struct class_row *class, const struct named_tag *t) {
    const struct class_spec *spec = &class->doc->spec;
    return selector_asks(&s->symbols, &spec->pool, t) || selector_asks(&s->symbols, &spec->agent, t);
}

// The classes that ask for that tag (NULL: all), so that who named it learns what to say instead.
static void classes_add(const struct state *s, const struct named_tag *t, struct text *out) {
    enum { SHOWN = 8 };
    size_t shown = 0;
    STATE_EACH(CLASS, class_row, class, s) {
        if (t && !class_asks(s, class, t)) continue;
        if (shown++ < SHOWN) text_addf(out, "%s'%s'", shown > 1 ? ", " : "", class->name);
    }
    if (shown > SHOWN) text_addf(out, " and %zu more", shown - SHOWN);
}

static bool tag_key_known(const struct state *s, symbol key) {
    const struct named_tag any = {.key = key};
    size_t count = 0;
    STATE_EACH(CLASS, class_row, class, s) {
        if (class_asks(s, class, &any)) return true;
    }
    STATE_EACH(POOL, pool_row, pool, s) {
        if (pool->facts && tag_set_find(&pool->facts->tags, key, &count)) return true;
    }
    return false;
}

// Whether its key is known, from "key", "key=value", or any term of a selector; then *ret_classes are those that ask for it.
static bool tag_named(const struct state *s, const char *text, struct text *ret_classes) {
    size_t size = strcspn(text, "=!<> (");
    AUTO_FREE char *key = mem_format("%.*s", (int)size, text);
    struct tag tag = {0};
    if (!size || !symbol_find(&s->symbols, key, &tag.key) || !tag_key_known(s, tag.key)) return false;
    const char *rest = text + size + strspn(text + size, " "), *value = rest + strspn(rest, "= ");
    struct named_tag t = {.key = tag.key, .valued = *rest == '=' && *value};
    const struct tag_set one = {.at = &tag, .count = 1};
    if (t.valued && symbol_find(&s->symbols, value, &tag.value)) t.as = &one;
    classes_add(s, &t, ret_classes);
    return true;
}

static void class_advise(const struct state *s, struct text *classes, struct text *out) {
    const char *which = classes->size ? " that asks for it" : "";
    if (!classes->size) classes_add(s, NULL, classes);
    text_addf(out, "a tag, which operators use: ask for a class%s: %s", which,
              classes->size ? text_string(classes) : "none yet");
}

bool broker_tag_advise(const struct state *s, const char *tag, struct text *out) {
    AUTO_TEXT struct text classes = {0};
    if (!tag_named(s, tag, &classes)) return false;
    text_addf(out, "'%s' is ", tag);
    class_advise(s, &classes, out);
    return true;
}

static struct err *class_is_tag(const struct state *s, const char *name) {
    AUTO_TEXT struct text classes = {0};
    AUTO_TEXT struct text advice = {0};
    (void)tag_named(s, name, &classes);
    class_advise(s, &classes, &advice);
    return err_new(ERR_INVALID, "class '%s' is not the name of a class but %s", name, text_string(&advice));
}

static struct err *class_is_missing(const struct state *s) {
    AUTO_TEXT struct text all = {0};
    classes_add(s, NULL, &all);
    return err_new(ERR_INVALID, "no class was named; the classes are %s", all.size ? text_string(&all) : "none yet");
}

struct err *broker_class(const struct state *s, const char *name, const struct class_row **ret_class) {
    if (!name || !*name) return class_is_missing(s);
    if (strpbrk(name, "=<>!()/ ")) return class_is_tag(s, name);
    const struct class_row *class = state_class_named(s, name);
    if (class) {
        *ret_class = class;
        return NULL;
    }
    VEC(const char *) names = {0};
    AUTO_TEXT struct text all = {0};
    STATE_EACH(CLASS, class_row, row, s) vec_push(&names, row->name);
    classes_add(s, NULL, &all);
    const char *near = text_nearest(name, names.at, names.count);
    vec_done(&names);
    if (near) return err_new(ERR_NOT_FOUND, "there is no class '%s'; did you mean '%s'?", name, near);
    if (!all.size)
        return err_new(ERR_NOT_FOUND, "there is no class '%s', and none at all yet; an operator makes one", name);
    return err_new(ERR_NOT_FOUND, "there is no class '%s'; the classes are %s", name, text_string(&all));
}

struct err *broker_want(const struct state *s, const char *class, const char *fs, struct want *ret_want) {
    const struct class_row *row;
    TRY(broker_class(s, class, &row));
    const struct filesystem *made = row->doc->spec.fs;
    if (fs) TRY(filesystem_get(fs, &made));
    struct want w = {.class = row->id, .raw = filesystem_raw(made)};
    if (!symbol_find(&s->symbols, made->name, &w.fs))
        return err_new(ERR_INVALID, "unknown filesystem '%s'", made->name);
    *ret_want = w;
    return NULL;
}

// ---- the largest volume ----

// A view of the state alone, when the command has changed no balance: then the figure can be remembered.
static bool draft_balances_untouched(const struct draft *d) {
    for (size_t i = 0; i < d->touched.count; i++) {
        enum noun noun = d->touched.at[i].noun;
        if (noun == NOUN_VOLUME || noun == NOUN_RESERVATION || noun == NOUN_POOL || noun == NOUN_CLASS) return false;
    }
    return true;
}

struct bytes broker_largest(const struct draft *d, uint64_t class, symbol role) {
    const struct class_row *row = draft_class(d, class);
    struct bytes largest;
    if (!row || !row->doc || !broker_role_allowed(d->state, row, role)) return (struct bytes){0};
    bool untouched = draft_balances_untouched(d);
    if (untouched && index_recall(d->state, class, &largest.n)) return largest;
    struct draft plain = {.state = d->state, .now = d->now};
    const struct filesystem *fs = row->doc->spec.fs;
    struct terms t = {.class = row, .fs = fs, .raw = filesystem_raw(fs)};
    t.fs_place = t.raw ? 0 : index_fs(d->state, fs->name);
    struct bytes least = row->doc->spec.smallest.n > fs->smallest.n ? row->doc->spec.smallest : fs->smallest;
    largest = fits_largest(untouched ? &plain : d, &t, least);
    if (untouched) index_remember(d->state, class, largest.n);
    return largest;
}
