// SPDX-License-Identifier: Apache-2.0
// Fits, then the script, then order.
#include "core/choice.h"

#include <stdlib.h>

#include "core/script.h"

struct choices {
    struct choice *at;
    size_t count, chosen; // those chosen come first, best first; the others by id
    bool broken;          // the script failed
};

static int choice_compare(const void *a, const void *b) {
    const struct choice *x = a, *y = b;
    if (x->chosen != y->chosen) return x->chosen ? -1 : 1;
    if (x->rank != y->rank) return x->rank > y->rank ? -1 : 1;
    if (x->chosen && x->free->bytes != y->free->bytes) return x->free->bytes > y->free->bytes ? -1 : 1;
    return x->pool->pool < y->pool->pool ? -1 : x->pool->pool > y->pool->pool;
}

// As if the class had no script; or nobody, with the script's sentence.
static void choices_without(const struct terms *t, struct choices *c, const struct err *why, struct arena *arena) {
    bool classes = t->class->doc->spec.on_script_error == ON_SCRIPT_ERROR_CLASSES;
    const char *reason = arena_format(arena, "it failed: %s", err_text(why));
    c->broken = true;
    for (size_t i = 0; i < c->count; i++) {
        c->at[i].chosen = classes;
        c->at[i].rank = classes ? (double)c->at[i].score : 0;
        c->at[i].reason = reason;
    }
}

static struct choices choices_make(const struct draft *d, const struct terms *t, struct arena *arena) {
    struct choices c = {0};
    struct script *script = index_script(d->state, t->class->id);
    c.count = fits_gather(d, t, arena, &c.at);
    if (!c.count) return c;
    AUTO_ERR struct err *e = script ? script_choose(script, d, t, c.at, c.count, arena)
                                    : err_new(ERR_INVALID, "the class was changed by this very request");
    if (e) choices_without(t, &c, e, arena);
    for (size_t i = 0; i < c.count; i++) c.chosen += c.at[i].chosen;
    return c;
}

static void choices_sort(struct choices *c) {
    if (c->count) qsort(c->at, c->count, sizeof *c->at, choice_compare);
}

// The best alone needs no order of the others.
static const struct choice *choices_first(const struct choices *c) {
    const struct choice *best = NULL;
    for (size_t i = 0; i < c->count; i++)
        if (!best || choice_compare(&c->at[i], best) < 0) best = &c->at[i];
    return best;
}

static struct fit ranked_fit(const struct choice *c) {
    struct fit fit = choice_fit(c);
    fit.score = (int64_t)c->rank;
    return fit;
}

size_t choices_best(const struct draft *d, const struct terms *t, struct fit *ret_fits, size_t most) {
    AUTO_ARENA struct arena arena = {0};
    struct choices c = choices_make(d, t, &arena);
    size_t count = c.chosen < most ? c.chosen : most;
    if (!ret_fits || !count) return count;
    if (count == 1) {
        ret_fits[0] = ranked_fit(choices_first(&c));
        return 1;
    }
    choices_sort(&c);
    for (size_t i = 0; i < count; i++) ret_fits[i] = ranked_fit(&c.at[i]);
    return count;
}

struct bytes choices_largest(const struct draft *d, const struct terms *t, struct bytes fits, struct bytes least) {
    enum { HALVINGS = 16 };
    struct terms asked = *t;
    asked.size = fits;
    for (int i = 0; i < HALVINGS && asked.size.n && asked.size.n >= least.n; i++, asked.size.n /= 2)
        if (choices_best(d, &asked, NULL, 1)) return asked.size;
    return (struct bytes){0};
}

static int by_pool(const void *key, const void *item) {
    uint64_t pool = *(const uint64_t *)key;
    const struct choice *c = item;
    return pool < c->pool->pool ? -1 : pool > c->pool->pool;
}

void choices_judge(const struct draft *d, const struct terms *t, struct judged_pool *pools, size_t count,
                   struct arena *arena) {
    if (!t->class->doc->spec.script) return;
    struct choices c = choices_make(d, t, arena);
    choices_sort(&c);
    const struct choice *refused = c.at + c.chosen;
    size_t refusals = c.count - c.chosen;
    for (size_t i = 0; i < count && refusals; i++) {
        if (pools[i].verdict.rule) continue;
        const struct choice *r = bsearch(&pools[i].pool->id, refused, refusals, sizeof *refused, by_pool);
        if (!r) continue;
        pools[i].verdict.rule = RULE_SCRIPT;
        pools[i].verdict.reason = r->reason;
        pools[i].verdict.broken = c.broken;
    }
}
