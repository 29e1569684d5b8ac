// SPDX-License-Identifier: Apache-2.0
// Putting the answer of the broker into rows.
#include "core/explain.h"

// ---- a request ----

static bool is_nearer(const struct judged_pool *x, const struct judged_pool *y) {
    int by_verdict = verdict_compare(&x->verdict, &y->verdict);
    return by_verdict ? by_verdict < 0 : x->pool->id < y->pool->id;
}

static void nearest_sink(const struct judged_pool **at, size_t count, size_t i) {
    for (size_t below; (below = i * 2 + 1) < count; i = below) {
        if (below + 1 < count && is_nearer(at[below], at[below + 1])) below++;
        if (!is_nearer(at[i], at[below])) return;
        const struct judged_pool *other = at[i];
        at[i] = at[below];
        at[below] = other;
    }
}

// The `most` nearest of the refused ones, nearest first, in the arena: a page is a small part of all.
static const struct judged_pool **nearest_pools(const struct judged_pool *pools, size_t count, size_t most,
                                                struct arena *arena, size_t *ret_count) {
    const struct judged_pool **at = arena_zero(arena, most + 1, sizeof *at);
    size_t kept = 0; // a heap with the farthest on top
    for (size_t i = 0; i < count && most; i++) {
        if (!pools[i].verdict.rule) continue;
        if (kept < most) {
            at[kept++] = &pools[i];
            if (kept == most)
                for (size_t n = most; n > 0; n--) nearest_sink(at, kept, n - 1);
        } else if (is_nearer(&pools[i], at[0])) {
            at[0] = &pools[i];
            nearest_sink(at, kept, 0);
        }
    }
    if (kept < most)
        for (size_t n = kept; n > 0; n--) nearest_sink(at, kept, n - 1);
    for (size_t n = kept; n > 1; n--) {
        const struct judged_pool *farthest = at[0];
        at[0] = at[n - 1];
        at[n - 1] = farthest;
        nearest_sink(at, n - 1, 0);
    }
    *ret_count = kept;
    return at;
}

size_t explanation_cut(struct explanation *e, struct explain_page page) {
    e->page = page;
    size_t from = page.offset < e->refused ? page.offset : e->refused;
    e->refusal_count = page.limit < e->refused - from ? page.limit : e->refused - from;
    return from;
}

static void pools_refuse(struct explanation *e, const struct draft *d, const struct terms *t,
                         const struct judged_pool *pools, size_t count, struct explain_page page, struct arena *arena) {
    size_t near, from = explanation_cut(e, page);
    const struct judged_pool **nearest = nearest_pools(pools, count, from + e->refusal_count, arena, &near);
    struct refusal *rows = arena_zero(arena, e->refusal_count + 1, sizeof *rows);
    for (size_t i = 0; i < e->refusal_count; i++)
        rows[i] = refusal_of_pool(d, t, nearest[from + i]->pool, &nearest[from + i]->verdict, arena);
    e->refusals = rows;
}

static void fits_figure(struct explanation *e, const struct draft *d, const struct terms *t) {
    for (size_t i = 0; i < e->fit_count; i++) {
        const struct agent_row *agent = t->agent;
        struct reach_want reach = terms_reach(t, draft_pool(d, e->fits[i].pool));
        if (!agent) (void)figures_best(d->state, &reach, SIZE_MAX, &agent);
        if (agent) e->figures[i] = figures_of(d->state, &reach, agent);
    }
}

static const char *want_sentence(const struct draft *d, const struct want *w, const struct terms *t,
                                 const struct explanation *e, const struct judged_pool *pools, size_t count,
                                 struct arena *arena) {
    char size[QUANTITY_TEXT], free[QUANTITY_TEXT];
    size_t fitting = count - e->refused;
    if (!e->places) {
        struct err *why = broker_refusal(d, w, t, pools, count);
        const char *sentence = arena_text(arena, err_text(why));
        err_free(why);
        return sentence;
    }
    const struct pool_row *pool = draft_pool(d, e->fits[0].pool);
    return arena_format(arena, "class '%s', %s: goes to %s, which has %s free; %zu pool%s fit%s", t->class->name,
                        bytes_text(t->size, size), pool_path(d->state, pool, arena), bytes_text(e->fits[0].free, free),
                        fitting, fitting == 1 ? "" : "s", fitting == 1 ? "s" : "");
}

// `why`: the error of a request that was refused; NULL: it was not asked yet.
static struct err *explain(const struct draft *d, const struct want *w, const struct err *why, struct explain_page page,
                           struct arena *arena, struct explanation *ret_explanation) {
    struct terms t;
    TRY(terms_of(d, w, &t));
    size_t count;
    struct explanation e = {0};
    const struct judged_pool *pools = broker_judge(d, &t, arena, &count);
    for (size_t i = 0; i < count; i++) e.refused += pools[i].verdict.rule != RULE_NONE;
    e.funnel_count = funnel_of_pools(pools, count, arena, &e.funnel);
    if (!why) e.fit_count = broker_fits(d, w, e.fits, EXPLAIN_FITS);
    e.places = e.fit_count > 0;
    fits_figure(&e, d, &t);
    pools_refuse(&e, d, &t, pools, count, page, arena);
    e.sentence = why ? arena_text(arena, err_text(why)) : want_sentence(d, w, &t, &e, pools, count, arena);
    if (!e.places) e.suggestion_count = suggest(d, w, &t, pools, count, arena, e.suggestions);
    *ret_explanation = e;
    return NULL;
}

struct err *explain_want(const struct draft *d, const struct want *w, struct explain_page page, struct arena *arena,
                         struct explanation *ret_explanation) {
    return explain(d, w, NULL, page, arena, ret_explanation);
}

void explain_refusal(const struct draft *d, const struct want *w, const struct err *why, const char *volume,
                     struct answer *ret_answer) {
    struct explain_wish *wish = ret_answer ? ret_answer->refusal : NULL;
    if (!wish) return;
    struct explanation *e = ARENA_NEW(wish->arena, struct explanation);
    AUTO_ERR struct err *wrong = explain(d, w, why, wish->page, wish->arena, e);
    if (wrong || e->places) return;
    e->volume = arena_text(wish->arena, volume);
    wish->told = e;
}
