// SPDX-License-Identifier: Apache-2.0
// Working out figures per kind of pool and group of agents, not per pool and agent.
#include "core/figure.h"

#include <stdlib.h>

#include "base/mem.h"
#include "core/reach.h"

// ---- affinity ----

struct span { // the least and the most that preferences can add up to
    int64_t least, most;
};

static void span_add(struct span *span, const struct reach *reach) {
    for (size_t i = 0; reach && i < reach->likes.count; i++) {
        int64_t weight = reach->likes.at[i].weight;
        *(weight < 0 ? &span->least : &span->most) += weight;
    }
}

static struct span span_of(const struct reach_view *v) {
    struct span span = {0, 0};
    span_add(&span, v->pool);
    span_add(&span, v->class);
    span_add(&span, v->joined);
    return span;
}

static uint32_t affinity_of(const struct reach_view *v, const struct span *span, uint32_t number) {
    if (span->most == span->least) return 100;
    return (uint32_t)((reach_view_affinity(v, number) - span->least) * 100 / (span->most - span->least));
}

// ---- one pool ----

static const struct tag_set *pool_tags(const struct state *s, uint64_t pool) {
    const struct pool_row *row = state_pool(s, pool);
    return row && row->facts ? &row->facts->tags : NULL;
}

struct figures figures_of(const struct state *s, const struct reach_want *w, const struct agent_row *agent) {
    struct reach_view v;
    struct figures f = {.affinity = 0};
    f.availability =
        domains_availability(&s->domains, agent->facts ? &agent->facts->tags : NULL, pool_tags(s, w->pool));
    if (!agent->number || !reach_view_init(s, w, &v)) return f;
    struct span span = span_of(&v);
    f.affinity = affinity_of(&v, &span, agent->number);
    return f;
}

// Availability with one pool, by group of agents: each is worked out once.
struct by_group {
    const struct state *s;
    const struct tag_set *pool;
    struct availability *at; // 0: not yet
};

static struct by_group by_group_begin(const struct state *s, const struct tag_set *pool) {
    return (struct by_group){s, pool, mem_zero(index_domain_groups(s) + 1, sizeof(struct availability))};
}

static struct availability by_group_get(const struct by_group *b, uint32_t number) {
    uint32_t group = index_agent_domains(b->s, number);
    if (!b->at[group].n) b->at[group] = domains_availability(&b->s->domains, index_domains_at(b->s, group), b->pool);
    return b->at[group];
}

struct availability figures_best(const struct state *s, const struct reach_want *w, size_t most,
                                 const struct agent_row **ret_agent) {
    struct reach_view v;
    uint32_t best = 0;
    struct availability figure = {0};
    *ret_agent = NULL;
    if (!reach_view_init(s, w, &v)) return figure;
    const struct tag_set *pool = pool_tags(s, w->pool);
    struct availability alone = domains_availability(&s->domains, NULL, pool); // no agent makes it better
    struct by_group by = by_group_begin(s, pool);
    for (uint32_t n = reach_view_next(&v, 0); n && most-- && figure.n < alone.n; n = reach_view_next(&v, n)) {
        struct availability a = by_group_get(&by, n);
        if (a.n <= figure.n) continue;
        figure = a;
        best = n;
    }
    free(by.at);
    if (best) *ret_agent = state_agent(s, index_agent_at(s, best));
    return figure;
}

// ---- a class ----

static bool figures_before(const struct figures *a, const struct figures *b) {
    return a->affinity != b->affinity ? a->affinity > b->affinity : a->availability.n > b->availability.n;
}

void pool_kinds_done(struct pool_kinds *k) {
    map_done(&k->numbers);
}

size_t pool_kind(struct pool_kinds *k, const struct reach_view *view, uint32_t domains) {
    const uint64_t key[] = {view->pool->serial, view->joined ? view->joined->serial : 0, view->asks_fs, domains};
    bool new;
    if (map_count(&k->numbers) && memcmp(key, k->last_key, sizeof key) == 0) return k->last;
    union map_value *number = map_put_bytes(&k->numbers, key, sizeof key, &new);
    if (new) number->n = map_count(&k->numbers) - 1;
    memcpy(k->last_key, key, sizeof key);
    return k->last = (size_t)number->n;
}

struct class_kind { // of the usable pools of a class
    struct reach_view view;
    uint32_t domains;
};
struct class_memo {
    struct class_kind kinds[CLASS_KINDS_MOST]; // in the order of its shapes
    size_t count;
    bool walked; // `figures` was worked out
    struct class_figures figures;
};

static void memo_add(struct class_memo *memo, struct pool_kinds *kinds, const struct reach_view *view,
                     const struct standing *pool) {
    if (!pool->usable || memo->count == CLASS_KINDS_MOST) return;
    if (pool_kind(kinds, view, pool->domains) == memo->count)
        memo->kinds[memo->count++] = (struct class_kind){*view, pool->domains};
}

static struct class_memo *class_memo(const struct state *s, uint64_t class) {
    void **room = index_memo(s, class);
    if (!room || *room) return room ? *room : NULL;
    struct class_memo *memo = NEW(struct class_memo);
    struct shapes shapes = index_shapes(s, class);
    struct pool_kinds kinds = {0};
    for (size_t i = 0; i < shapes.count; i++) {
        struct reach_view view = shape_view(s, shapes.at[i].shape, 0);
        VEC_EACH (member, &shapes.at[i].shape->heap) memo_add(memo, &kinds, &view, member->pool);
    }
    pool_kinds_done(&kinds);
    *room = memo;
    return memo;
}

bool figures_of_class(const struct state *s, uint64_t class, const struct agent_row *agent,
                      struct figures *ret_figures) {
    bool any = false;
    uint32_t number = agent->number;
    const struct class_memo *memo = class_memo(s, class);
    for (size_t i = 0; memo && i < memo->count; i++) {
        const struct class_kind *kind = &memo->kinds[i];
        if (!reach_view_has(&kind->view, number)) continue;
        struct span span = span_of(&kind->view);
        struct figures f = {.affinity = affinity_of(&kind->view, &span, number)};
        f.availability = domains_availability(&s->domains, index_domains_at(s, index_agent_domains(s, number)),
                                              index_domains_at(s, kind->domains));
        if (any && !figures_before(&f, ret_figures)) continue;
        *ret_figures = f;
        any = true;
    }
    return any;
}

static bool agent_before(const struct agent_figures *a, const struct agent_figures *b) {
    if (figures_before(&a->figures, &b->figures)) return true;
    return !figures_before(&b->figures, &a->figures) && a->agent < b->agent;
}

static void class_keep(struct class_figures *c, struct agent_figures a) {
    size_t at = 0;
    while (at < c->count && c->agents[at].agent != a.agent) at++;
    bool known = at < c->count;
    if (known && !agent_before(&a, &c->agents[at])) return;
    if (!known && c->count == CLASS_AGENTS_SHOWN && !agent_before(&a, &c->agents[c->count - 1])) return;
    if (!known) at = c->count < CLASS_AGENTS_SHOWN ? c->count++ : c->count - 1;
    for (; at > 0 && agent_before(&a, &c->agents[at - 1]); at--) c->agents[at] = c->agents[at - 1];
    c->agents[at] = a;
}

static void class_walk(const struct state *s, const struct class_kind *kind, struct class_figures *c) {
    struct by_group by = by_group_begin(s, index_domains_at(s, kind->domains));
    struct span span = span_of(&kind->view);
    for (uint32_t n = reach_view_next(&kind->view, 0); n; n = reach_view_next(&kind->view, n)) {
        struct figures f = {by_group_get(&by, n), affinity_of(&kind->view, &span, n)};
        if (f.availability.n > c->availability.n) c->availability = f.availability;
        class_keep(c, (struct agent_figures){index_agent_at(s, n), f});
    }
    free(by.at);
}

struct class_figures figures_class(const struct state *s, uint64_t class) {
    struct class_memo *memo = class_memo(s, class);
    if (!memo) return (struct class_figures){.count = 0};
    for (size_t i = 0; !memo->walked && i < memo->count; i++) class_walk(s, &memo->kinds[i], &memo->figures);
    memo->walked = true;
    return memo->figures;
}

// ---- a volume ----

struct availability figures_of_volume(const struct state *s, const struct volume_row *v) {
    const struct tag_set *pool = pool_tags(s, v->charge.pool);
    struct availability least = {0};
    if (!pool) return least;
    const struct id_list *list = state_related(s, ATTACHMENTS_OF_VOLUME, v->id);
    VEC_EACH (id, list) {
        const struct attachment_row *a = state_attachment(s, *id);
        const struct agent_row *agent = a ? state_agent(s, a->agent) : NULL;
        if (!agent || !agent->facts) continue;
        struct availability one = domains_availability(&s->domains, &agent->facts->tags, pool);
        if (!least.n || one.n < least.n) least = one;
    }
    return least.n ? least : domains_availability(&s->domains, NULL, pool);
}
