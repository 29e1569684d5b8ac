// SPDX-License-Identifier: Apache-2.0
// Counting what each rule left over, and putting the answer of the broker into rows.
#include "core/explain.h"

#include <stdlib.h>

// ---- the funnel ----

// A step says how many passed it; steps at which nobody failed are left out, but for the last.
static void funnel_make(struct explanation *e, const uint32_t failed[RULE_COUNT], const char *what, uint32_t all,
                        struct arena *arena) {
    struct funnel_step *steps = arena_zero(arena, RULE_COUNT + 1, sizeof *steps);
    size_t count = 0;
    uint32_t left = all;
    steps[count++] = (struct funnel_step){what, all};
    for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
        left -= failed[rule];
        if (failed[rule]) steps[count++] = (struct funnel_step){rule_text(rule), left};
    }
    e->funnel = steps;
    e->funnel_count = count;
}

// ---- a request ----

static int judged_compare(const void *a, const void *b) {
    const struct judged_pool *x = a, *y = b;
    int by_verdict = verdict_compare(&x->verdict, &y->verdict);
    if (by_verdict) return by_verdict;
    return x->pool->id < y->pool->id ? -1 : x->pool->id > y->pool->id;
}

static struct judged_pool *pools_judge(const struct draft *d, const struct terms *t, struct arena *arena,
                                       size_t *ret_count) {
    struct judged_pool *pools = arena_zero(arena, table_count(&d->state->tables[NOUN_POOL]) + 1, sizeof *pools);
    size_t count = 0;
    STATE_EACH(POOL, pool_row, pool, d->state)
    pools[count++] = (struct judged_pool){pool, verdict_of(d, t, pool, false)};
    qsort(pools, count, sizeof *pools, judged_compare);
    *ret_count = count;
    return pools;
}

static void page_cut(struct explain_page page, size_t all, size_t *ret_from, size_t *ret_count) {
    *ret_from = page.offset < all ? page.offset : all;
    size_t rest = all - *ret_from;
    *ret_count = page.limit < rest ? page.limit : rest;
}

// Verdicts are sorted by rule, the fitting ones (RULE_NONE) last.
static void pools_refuse(struct explanation *e, const struct draft *d, const struct terms *t,
                         const struct judged_pool *pools, size_t refused, struct explain_page page,
                         struct arena *arena) {
    size_t from;
    page_cut(page, refused, &from, &e->refusal_count);
    struct refusal *rows = arena_zero(arena, e->refusal_count + 1, sizeof *rows);
    for (size_t i = 0; i < e->refusal_count; i++)
        rows[i] = refusal_of_pool(d, t, pools[from + i].pool, &pools[from + i].verdict, arena);
    e->refusals = rows;
    e->refused = refused;
}

static const char *want_sentence(const struct draft *d, const struct want *w, const struct terms *t,
                                 const struct explanation *e, size_t fitting, struct arena *arena) {
    char size[QUANTITY_TEXT], free[QUANTITY_TEXT];
    if (!e->places) {
        struct fit fit;
        struct err *why = broker_place(d, w, &fit);
        const char *sentence = why ? arena_text(arena, err_text(why)) : "";
        err_free(why);
        return sentence;
    }
    const struct pool_row *pool = draft_pool(d, e->fits[0].pool);
    return arena_format(arena, "class '%s', %s: goes to %s, which has %s free; %zu pool%s fit%s", t->class->name,
                        bytes_text(t->size, size), pool_path(d->state, pool, arena), bytes_text(e->fits[0].free, free),
                        fitting, fitting == 1 ? "" : "s", fitting == 1 ? "s" : "");
}

struct err *explain_want(const struct draft *d, const struct want *w, struct explain_page page, struct arena *arena,
                         struct explanation *ret_explanation) {
    struct terms t;
    TRY(terms_of(d, w, &t));
    size_t count, refused = 0;
    uint32_t failed[RULE_COUNT] = {0};
    struct explanation e = {0};
    struct judged_pool *pools = pools_judge(d, &t, arena, &count);
    for (size_t i = 0; i < count; i++) {
        failed[pools[i].verdict.rule]++;
        refused += pools[i].verdict.rule != RULE_NONE;
    }
    funnel_make(&e, failed, "pools", (uint32_t)count, arena);
    e.fit_count = broker_fits(d, w, e.fits, EXPLAIN_FITS);
    e.places = e.fit_count > 0;
    pools_refuse(&e, d, &t, pools, refused, page, arena);
    e.sentence = want_sentence(d, w, &t, &e, count - refused, arena);
    if (!e.places) e.suggestion_count = suggest(d, w, &t, pools, count, arena, e.suggestions);
    *ret_explanation = e;
    return NULL;
}
