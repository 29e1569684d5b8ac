// SPDX-License-Identifier: Apache-2.0
// Trying changes: smaller, slower, another class, an agent with one fact more, one term less, somebody connected.
#include "core/suggest.h"

#include <inttypes.h>
#include <string.h>

#include "core/candidate.h"
#include "core/choice.h"
#include "core/figure.h"
#include "core/suggest_agent.h"

void search_add(struct search *x, struct suggestion s) {
    if (s.pools && x->count < SUGGESTIONS_MOST) x->found[x->count++] = s;
}

// ---- what the asker can change ----

static uint32_t pools_that_fit(const struct draft *d, const struct want *w) {
    struct terms t;
    struct err *e = terms_of(d, w, &t);
    err_free(e);
    if (e) return 0;
    return fits_count(d, &t);
}

static void search_want(struct search *x, struct want w, const char *change) {
    search_add(x,
               (struct suggestion){.change = change, .pools = pools_that_fit(x->d, &w), .by_asker = true, .want = w});
}

// A size that people can type: whole GiB, or whole MiB when it is small.
static uint64_t size_round(uint64_t n) {
    if (n >= 10 * GIB) return n - n % GIB;
    return n >= MIB ? n - n % MIB : n;
}

static const char *size_exact(struct arena *arena, uint64_t n) {
    if (n && n % GIB == 0) return arena_format(arena, "%" PRIu64 " GiB", n / GIB);
    if (n && n % MIB == 0) return arena_format(arena, "%" PRIu64 " MiB", n / MIB);
    return arena_format(arena, "%" PRIu64 " bytes", n);
}

// Whether that pool would fit then.
static bool pool_fits_if(const struct search *x, const struct judged_pool *j, uint64_t size, uint64_t iops) {
    struct terms t = *x->terms;
    t.size.n = size;
    t.iops.n = iops;
    struct err *e = class_spec_size_check(&t.class->doc->spec, t.size, t.fs);
    err_free(e);
    return !e && verdict_of(x->d, &t, j->pool, true).rule == RULE_NONE;
}

static void suggest_smaller(struct search *x) {
    uint64_t best = 0;
    struct want w = *x->want;
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct judged_pool *j = &x->pools[i];
        bool by_size = j->verdict.rule == RULE_LARGEST || j->verdict.rule == RULE_BYTES || j->verdict.rule == RULE_IOPS;
        uint64_t most = by_size ? terms_largest(x->d, x->terms, j->pool) : 0, round = size_round(most);
        if (most <= best || round >= w.size.n) continue;
        if (round > best && pool_fits_if(x, j, round, w.iops.n))
            best = round;
        else if (most < w.size.n && pool_fits_if(x, j, most, w.iops.n))
            best = most;
    }
    if (!best) return;
    w.size.n = best;
    search_want(x, w, arena_format(x->arena, "a size of %s or less", size_exact(x->arena, best)));
}

static void suggest_larger(struct search *x) {
    struct want w = *x->want;
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct judged_pool *j = &x->pools[i];
        if (j->verdict.rule != RULE_SMALLEST || j->verdict.found >= least) continue;
        if (pool_fits_if(x, j, j->verdict.found, w.iops.n)) least = j->verdict.found;
    }
    if (least == UINT64_MAX) return;
    w.size.n = least;
    search_want(x, w, arena_format(x->arena, "larger (%s)", size_exact(x->arena, least)));
}

static void suggest_slower(struct search *x) {
    struct want w = *x->want;
    bool any = false;
    uint64_t best = 0;
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct judged_pool *j = &x->pools[i];
        uint64_t found = j->verdict.found; // 0: none, or not known
        if (j->verdict.rule != RULE_IOPS || found >= w.iops.n || (any && found <= best)) continue;
        if (!pool_fits_if(x, j, w.size.n, found)) continue;
        any = true;
        best = found;
    }
    if (!any) return;
    w.iops.n = best;
    search_want(x, w, best ? arena_format(x->arena, "%" PRIu64 " iops", best) : "without asking for iops");
}

static bool script_is_broken(const struct search *x) {
    for (size_t i = 0; i < x->pool_count; i++)
        if (x->pools[i].verdict.broken) return true;
    return false;
}

// Of those smaller than what is asked, one that the class's script was seen to take. One that failed is not asked on.
static void suggest_size_to_script(struct search *x) {
    struct want w = *x->want;
    if (script_is_broken(x)) return;
    w.size = fits_largest(x->d, x->terms, (struct bytes){1});
    if (w.size.n >= x->want->size.n)
        w.size = choices_largest(x->d, x->terms, (struct bytes){size_round(x->want->size.n / 2)}, (struct bytes){1});
    if (w.size.n) search_want(x, w, arena_format(x->arena, "a size of %s", size_exact(x->arena, w.size.n)));
}

static void suggest_size(struct search *x) {
    if (x->terms->class->doc->spec.script)
        suggest_size_to_script(x);
    else
        suggest_smaller(x);
    suggest_larger(x);
    suggest_slower(x);
}

static void suggest_classes(struct search *x) {
    enum { MOST = 4 };
    size_t before = x->count;
    STATE_EACH(CLASS, class_row, class, x->d->state) {
        if (class->id == x->want->class || x->count - before == MOST) continue;
        struct want w = *x->want;
        w.class = class->id;
        search_want(x, w, arena_format(x->arena, "class '%s' instead", class->name));
    }
}

static void suggest_other_agents(struct search *x) {
    if (!x->want->agent || x->want->room) return;
    struct want w = *x->want;
    w.agent = 0;
    search_want(x, w, "another agent");
}

// ---- what operators can change ----

static void suggest_pool_terms(struct search *x) {
    const struct class_spec *spec = &x->terms->class->doc->spec;
    const struct symbols *symbols = &x->d->state->symbols;
    uint32_t passing[SELECTOR_TERMS_MOST] = {0};
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct pool_row *pool = x->pools[i].pool;
        const struct verdict *v = &x->pools[i].verdict;
        if (v->rule != RULE_POOL_SELECTOR || !v->alone || !candidate_can(spec, pool->facts)) continue;
        // Figures are quicker to ask than agents.
        if (verdict_of_figures(x->d, x->terms, pool).rule || verdict_of(x->d, x->terms, pool, true).rule) continue;
        passing[v->term]++;
    }
    for (uint32_t n = 0; n < spec->pool.term_count; n++) {
        AUTO_TEXT struct text term = {0};
        term_add_text(symbols, &spec->pool, &spec->pool.terms[n], &term);
        const char *change = arena_format(x->arena, "class '%s' without %s", x->terms->class->name, text_string(&term));
        search_add(x, (struct suggestion){.change = change, .pools = passing[n]});
    }
}

// Providers in the order of their ids, each with how many pools wait for it.
static void suggest_providers(struct search *x) {
    struct map waiting = {0};
    for (size_t i = 0; i < x->pool_count; i++)
        if (x->pools[i].verdict.rule == RULE_PROVIDER_AWAY && !x->pools[i].pool->stale)
            map_put(&waiting, x->pools[i].pool->provider, NULL)->n++;
    if (map_count(&waiting)) STATE_EACH(PROVIDER, provider_row, provider, x->d->state) {
            const union map_value *pools = map_find(&waiting, provider->id);
            if (!pools || provider->session) continue;
            const char *change = arena_format(x->arena, "provider '%s' connected", provider->name);
            search_add(x, (struct suggestion){.change = change, .pools = (uint32_t)pools->n});
        }
    map_done(&waiting);
}

// What the best of the agents looked at would give pools of one kind: worked out once for all of them. One that was not
// looked at may give more: what is suggested places all the same.
struct best_of_kinds {
    struct pool_kinds kinds; // all are known before the first is worked out
    VEC(struct availability) at;
};

// Its kind; false when no agent is looked for.
static bool kind_of(const struct search *x, struct best_of_kinds *best, const struct terms *t,
                    const struct pool_row *pool, size_t *ret_kind) {
    struct reach_want reach = terms_reach(t, pool);
    struct reach_view view;
    if (t->agent || !reach.standing || !reach_view_init(x->d->state, &reach, &view)) return false;
    *ret_kind = pool_kind(&best->kinds, &view, reach.standing->domains);
    return true;
}

static struct availability kind_best(const struct search *x, struct best_of_kinds *best, const struct terms *t,
                                     const struct pool_row *pool) {
    struct reach_want reach = terms_reach(t, pool);
    const struct agent_row *agent = t->agent;
    size_t kind;
    if (agent) return figures_of(x->d->state, &reach, agent).availability;
    if (!kind_of(x, best, t, pool, &kind)) return (struct availability){0};
    size_t most = agent_tries_each(map_count(&best->kinds.numbers));
    if (kind == best->at.count) vec_push(&best->at, figures_best(x->d->state, &reach, most, &agent));
    return best->at.at[kind];
}

// An agent that is away or lacks the filesystem may have it.
static bool pool_waits_for_availability(const struct judged_pool *j) {
    enum rule rule = j->verdict.rule;
    return rule == RULE_AVAILABILITY || rule == RULE_AGENT_AWAY || rule == RULE_FILESYSTEM;
}

// The highest that some pool would reach against which nothing else stands.
static void suggest_availability(struct search *x) {
    struct best_of_kinds kinds = {0};
    struct availability best = {0};
    struct terms t = *x->terms;
    uint32_t pools = 0;
    size_t kind;
    char percent[AVAILABILITY_TEXT];
    t.any_availability = true;
    for (size_t i = 0; i < x->pool_count; i++)
        if (pool_waits_for_availability(&x->pools[i])) (void)kind_of(x, &kinds, &t, x->pools[i].pool, &kind);
    for (size_t i = 0; i < x->pool_count; i++) {
        const struct judged_pool *j = &x->pools[i];
        if (!pool_waits_for_availability(j)) continue;
        struct availability a = kind_best(x, &kinds, &t, j->pool);
        if (!a.n || a.n < best.n || verdict_of(x->d, &t, j->pool, true).rule) continue;
        pools = a.n == best.n ? pools + 1 : 1;
        best = a;
    }
    pool_kinds_done(&kinds.kinds);
    vec_done(&kinds.at);
    const char *change = arena_format(x->arena, "class '%s' with availability %s or less", t.class->name,
                                      availability_text(best, percent));
    search_add(x, (struct suggestion){.change = change, .pools = pools});
}

static void suggest_less_spread(struct search *x) {
    const struct spreads *all = &x->terms->spreads;
    for (size_t i = 0; i < all->count; i++) {
        if (!all->at[i].rule->required) continue;
        struct spread *others = arena_copy(x->arena, all->at, all->count * sizeof *others);
        others[i] = others[all->count - 1];
        struct terms t = *x->terms;
        t.spreads = (struct spreads){others, all->count - 1};
        const char *change = arena_format(x->arena, "class '%s' without spread over %s", t.class->name,
                                          state_text(x->d->state, all->at[i].rule->key));
        search_add(x, (struct suggestion){.change = change, .pools = fits_count(x->d, &t)});
    }
}

size_t suggest(const struct draft *d, const struct want *w, const struct terms *t, const struct judged_pool *pools,
               size_t pool_count, struct arena *arena, struct suggestion ret_suggestions[SUGGESTIONS_MOST]) {
    struct search x = {d, w, t, pools, pool_count, arena, ret_suggestions, 0};
    bool scripted = t->class->doc->spec.script; // what it takes is not known but by asking it
    suggest_size(&x);
    if (!scripted) suggest_providers(&x);
    if (!scripted) suggest_absent_agents(&x);
    suggest_other_agents(&x);
    if (!scripted) suggest_agents(&x);
    if (!scripted) suggest_availability(&x);
    if (!scripted) suggest_less_spread(&x);
    suggest_classes(&x);
    if (!scripted) suggest_pool_terms(&x);
    return x.count;
}

size_t suggest_to_asker(const struct draft *d, const struct want *w, const struct terms *t,
                        const struct judged_pool *pools, size_t pool_count, struct arena *arena,
                        struct suggestion ret_suggestions[SUGGESTIONS_MOST]) {
    struct search x = {d, w, t, pools, pool_count, arena, ret_suggestions, 0};
    suggest_size(&x);
    suggest_other_agents(&x);
    suggest_classes(&x);
    return x.count;
}
