// SPDX-License-Identifier: Apache-2.0
// Walks a class's shapes from the best score down, in each from the most free bytes down. Figures of the state cut the walk
// short; who may be best is judged by all rules. Pools whose balances this command has changed are judged one by one.
#include "core/fits.h"

static bool fit_before(const struct fit *a, const struct fit *b) {
    if (a->score != b->score) return a->score > b->score;
    if (a->free.n != b->free.n) return a->free.n > b->free.n;
    return a->pool < b->pool;
}

struct search {
    const struct draft *d;
    const struct terms *t;
    VEC(uint32_t) changed; // accounts whose balances the command has changed
    int64_t score;         // of the shape at hand, for the agent asked for
    // what is sought: the best fits, or the largest size
    struct fit *fits;
    size_t count, most;
    uint64_t largest;
};

// ---- what the command has changed ----

static void account_add(struct search *x, uint64_t id) {
    const struct pool_row *pool = state_pool(x->d->state, id);
    if (!pool) return;
    VEC_EACH (account, &x->changed)
        if (*account == pool->account) return;
    vec_push(&x->changed, pool->account);
}

static uint64_t charged_pool(enum noun noun, const void *row) {
    const struct volume_row *v = row;
    const struct reservation_row *r = row;
    return noun == NOUN_VOLUME ? v->charge.pool : r->charge.pool;
}

static void changed_find(struct search *x) {
    for (size_t i = 0; i < x->d->touched.count; i++) {
        const struct touched *t = &x->d->touched.at[i];
        uint64_t id;
        memcpy(&id, t->row, sizeof id);
        if (t->noun == NOUN_POOL) account_add(x, id);
        if (t->noun != NOUN_VOLUME && t->noun != NOUN_RESERVATION) continue;
        account_add(x, charged_pool(t->noun, t->row));
        const void *live = table_get(&x->d->state->tables[t->noun], id);
        if (live) account_add(x, charged_pool(t->noun, live));
    }
}

static bool is_changed(const struct search *x, uint32_t account) {
    for (size_t i = 0; i < x->changed.count; i++)
        if (x->changed.at[i] == account) return true;
    return false;
}

// ---- shapes ----

// Whether the agents let the shape in; its score for them.
static bool shape_enters(struct search *x, const struct shape *shape) {
    const struct terms *t = x->t;
    struct reach_view view = shape_view(x->d->state, shape, t->fs_place);
    x->score = shape->key.score + (t->agent ? reach_view_affinity(&view, t->agent->number) : 0);
    return t->agent ? reach_view_has(&view, t->agent->number) : reach_view_next(&view, 0) != 0;
}

// Walks all that may fit, then what was changed. `better`: the shape may hold something of interest.
static void search_walk(struct search *x, bool (*visit)(void *arg, const struct standing *p),
                        bool (*better)(const struct search *x, const struct shape *shape),
                        void (*judge)(struct search *x, const struct standing *p)) {
    const struct state *s = x->d->state;
    struct shapes shapes = index_shapes(s, x->t->class->id);
    changed_find(x);
    for (size_t i = 0; i < shapes.count; i++)
        if (better(x, shapes.at[i]) && shape_enters(x, shapes.at[i])) shape_walk(shapes.at[i], visit, x);
    for (size_t i = 0; i < x->changed.count; i++) {
        struct standings pools = index_standings(s, x->changed.at[i]);
        for (size_t n = 0; n < pools.count; n++) {
            const struct membership *m = standing_membership(pools.at[n], x->t->class->id);
            if (m && shape_enters(x, m->shape)) judge(x, pools.at[n]);
        }
    }
    vec_done(&x->changed);
}

// ---- the best ----

static void fit_keep(struct search *x, struct fit fit) {
    if (x->count == x->most && !fit_before(&fit, &x->fits[x->most - 1])) return;
    size_t at = x->count < x->most ? x->count++ : x->most - 1;
    for (; at > 0 && fit_before(&fit, &x->fits[at - 1]); at--) x->fits[at] = x->fits[at - 1];
    x->fits[at] = fit;
}

static void fit_judge(struct search *x, const struct standing *p) {
    const struct pool_row *pool = draft_pool(x->d, p->pool);
    if (!pool) return;
    struct verdict v = verdict_of(x->d, x->t, pool, true);
    if (v.rule) return;
    if (x->most)
        fit_keep(x, (struct fit){pool->id, v.charge, x->score, {v.free.bytes}});
    else
        x->count++;
}

static bool fit_visit(void *arg, const struct standing *p) {
    struct search *x = arg;
    if (p->free.bytes < x->t->size.n) return false;
    struct fit mine = {.pool = p->pool, .score = x->score, .free = {p->free.bytes}};
    if (x->most && x->count == x->most && !fit_before(&mine, &x->fits[x->most - 1])) return false;
    if ((p->usable || x->t->wait) && p->free.iops >= x->t->iops.n && !is_changed(x, p->account)) fit_judge(x, p);
    return true;
}

// Without an agent nothing can make up for a lower score.
static bool fit_better(const struct search *x, const struct shape *shape) {
    return x->t->agent || !x->most || x->count < x->most || shape->key.score >= x->fits[x->count - 1].score;
}

size_t fits_find(const struct draft *d, const struct terms *t, struct fit *ret_fits, size_t most) {
    struct search x = {.d = d, .t = t, .fits = ret_fits, .most = most};
    if (most) search_walk(&x, fit_visit, fit_better, fit_judge);
    return x.count;
}

uint32_t fits_count(const struct draft *d, const struct terms *t) {
    struct search x = {.d = d, .t = t};
    search_walk(&x, fit_visit, fit_better, fit_judge);
    return (uint32_t)x.count;
}

// ---- the largest ----

static void largest_judge(struct search *x, const struct standing *p) {
    const struct pool_row *pool = draft_pool(x->d, p->pool);
    if (!pool || !pool->facts) return;
    struct terms t = *x->t;
    t.size.n = terms_largest(x->d, &t, pool);
    if (t.size.n > x->largest && !verdict_of(x->d, &t, pool, true).rule) x->largest = t.size.n;
}

static bool largest_visit(void *arg, const struct standing *p) {
    struct search *x = arg;
    if (p->free.bytes <= x->largest) return false;
    if (!is_changed(x, p->account)) largest_judge(x, p);
    return true;
}

static bool largest_better(const struct search *x, const struct shape *shape) {
    return shape->heap.at[0].pool->free.bytes > x->largest;
}

struct bytes fits_largest(const struct draft *d, const struct terms *t, struct bytes least) {
    struct search x = {.d = d, .t = t, .largest = least.n ? least.n - 1 : 0};
    uint64_t floor = x.largest;
    search_walk(&x, largest_visit, largest_better, largest_judge);
    return (struct bytes){x.largest > floor ? x.largest : 0};
}
