// SPDX-License-Identifier: Apache-2.0
// Explanations and errors to messages.
#include "wire/explain.h"

static char *pool_named(const struct state *s, uint64_t id, struct arena *arena) {
    const struct pool_row *pool = state_pool(s, id);
    return pool ? (char *)pool_path(s, pool, arena) : NULL;
}

static char *agent_named(const struct state *s, uint64_t id) {
    const struct agent_row *agent = state_agent(s, id);
    return agent ? (char *)agent->name : NULL;
}

static Granary__Refusal *refusal_message(const struct state *s, const struct refusal *r, struct arena *arena) {
    Granary__Refusal *m = ARENA_NEW(arena, Granary__Refusal);
    granary__refusal__init(m);
    m->pool = pool_named(s, r->pool, arena);
    m->agent = agent_named(s, r->agent);
    m->rule = (char *)rule_name(r->rule);
    m->asked = (char *)r->asked;
    m->found = (char *)r->found;
    m->said_by = (char *)r->said_by;
    m->has_age_ms = r->age_ms >= 0;
    m->age_ms = r->age_ms;
    AUTO_TEXT struct text sentence = {0};
    refusal_add_text(s, r, &sentence);
    m->sentence = arena_text(arena, text_string(&sentence));
    return m;
}

static Granary__Fit *fit_new(int64_t score, struct arena *arena) {
    Granary__Fit *fit = ARENA_NEW(arena, Granary__Fit);
    granary__fit__init(fit);
    fit->has_score = true;
    fit->score = score;
    return fit;
}

static void figures_fill(const struct figures *f, Granary__Fit *fit) {
    if (!f->availability.n) return;
    fit->has_availability = fit->has_affinity = true;
    fit->availability = availability_percent(f->availability);
    fit->affinity = f->affinity;
}

Granary__Fit *fit_message(const struct state *s, const struct fit *f, const struct figures *figures,
                          struct arena *arena) {
    Granary__Fit *fit = fit_new(f->score, arena);
    fit->pool = pool_named(s, f->pool, arena);
    fit->has_free = true;
    fit->free = f->free.n;
    figures_fill(figures, fit);
    return fit;
}

static void fits_fill(const struct state *s, const struct explanation *e, Granary__Explanation *m,
                      struct arena *arena) {
    m->fits = arena_zero(arena, e->fit_count + e->agent_count + 1, sizeof *m->fits);
    for (size_t i = 0; i < e->fit_count; i++) m->fits[m->n_fits++] = fit_message(s, &e->fits[i], &e->figures[i], arena);
    for (size_t i = 0; i < e->agent_count; i++) {
        Granary__Fit *fit = m->fits[m->n_fits++] = fit_new(e->agents[i].score, arena);
        fit->agent = agent_named(s, e->agents[i].agent);
        figures_fill(&e->figures[i], fit);
    }
}

static void steps_fill(const struct explanation *e, Granary__Explanation *m, struct arena *arena) {
    m->funnel = arena_zero(arena, e->funnel_count + 1, sizeof *m->funnel);
    for (size_t i = 0; i < e->funnel_count; i++) {
        Granary__Funnel *step = m->funnel[m->n_funnel++] = ARENA_NEW(arena, Granary__Funnel);
        granary__funnel__init(step);
        step->step = (char *)e->funnel[i].text;
        step->left = e->funnel[i].left;
    }
    m->suggestions = arena_zero(arena, e->suggestion_count + 1, sizeof *m->suggestions);
    for (size_t i = 0; i < e->suggestion_count; i++) {
        Granary__Suggestion *change = m->suggestions[m->n_suggestions++] = ARENA_NEW(arena, Granary__Suggestion);
        granary__suggestion__init(change);
        change->change = (char *)e->suggestions[i].change;
        change->has_pools = true;
        change->pools = e->suggestions[i].pools;
        change->has_agents = e->suggestions[i].agent != 0;
        change->agents = e->suggestions[i].agent != 0;
    }
}

Granary__Explanation *explanation_message(const struct state *s, const struct explanation *e, struct arena *arena) {
    Granary__Explanation *m = ARENA_NEW(arena, Granary__Explanation);
    granary__explanation__init(m);
    m->sentence = (char *)e->sentence;
    m->volume = (char *)e->volume;
    m->has_places = true;
    m->places = e->places;
    fits_fill(s, e, m, arena);
    steps_fill(e, m, arena);
    m->refusals = arena_zero(arena, e->refusal_count + 1, sizeof *m->refusals);
    for (size_t i = 0; i < e->refusal_count; i++)
        m->refusals[m->n_refusals++] = refusal_message(s, &e->refusals[i], arena);
    size_t next = e->page.offset + e->refusal_count;
    if (e->page.goes_on && e->refusal_count && next < e->refused) m->next_page = arena_format(arena, "%zu", next);
    return m;
}

Granary__Error *error_message(const struct err *e, Granary__Explanation *explanation, struct arena *arena) {
    Granary__Error *m = ARENA_NEW(arena, Granary__Error);
    granary__error__init(m);
    m->kind = (char *)err_kind_name(err_kind(e));
    m->message = arena_text(arena, err_text(e));
    m->explanation = explanation;
    return m;
}
