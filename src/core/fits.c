// SPDX-License-Identifier: Apache-2.0
// Walks a class's shapes, in each from the most free bytes down. Figures of the state cut the walk
// short; who may be best is judged by all rules. Pools whose balances this command has changed are judged one by one.
#include "core/choice.h"

#include "core/attach_room.h"

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
    bool trusting; // the state's figures are enough: who is found is judged afterwards. Not where volumes are spread
    // what is sought: the best fits, how many fit (most 0), or the largest size
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

static bool shape_lets_in(const struct search *x, const struct shape *shape) {
    const struct agent_row *agent = x->t->agent;
    struct reach_view view = shape_view(x->d->state, shape, x->t->fs_place);
    return agent ? reach_view_has(&view, agent->number) : reach_view_next(&view, 0) != 0;
}

// How much the agent asked for is liked by those of that key; by the whole class, common_liking says.
static int64_t key_liking(const struct search *x, const struct shape_key *key) {
    const struct agent_row *agent = x->t->agent;
    if (!agent || !agent->number) return 0;
    return reach_liking(key->pool, agent->number) + (key->joined ? reach_liking(key->joined, agent->number) : 0);
}

static int64_t common_liking(const struct search *x, const struct shapes *shapes) {
    const struct agent_row *agent = x->t->agent;
    return agent && agent->number && shapes->common ? reach_liking(shapes->common, agent->number) : 0;
}

// What was changed is judged pool by pool: all of the class, or those of one shape.
static void changed_judge(struct search *x, const struct shape *only,
                          void (*judge)(struct search *x, const struct standing *p)) {
    struct shapes shapes = index_shapes(x->d->state, x->t->class->id);
    int64_t common = common_liking(x, &shapes);
    for (size_t i = 0; i < x->changed.count; i++)
        for (const struct standing *p = index_account_first(x->d->state, x->changed.at[i]); p; p = p->next) {
            const struct membership *m = standing_membership(p, x->t->class->id);
            if (!m || (only && m->shape != only) || !shape_lets_in(x, m->shape)) continue;
            x->score = common + shape_key(m->shape)->score + key_liking(x, shape_key(m->shape));
            judge(x, p);
        }
}

// ---- all ----

struct shape_said { // of one shape, for the agent asked for
    bool known, lets_in;
    int64_t score;
};

static const struct shape_said *shape_ask(const struct search *x, struct shape_said *said, const struct shape *shape,
                                          int64_t common) {
    if (said->known) return said;
    const struct shape_key *key = shape_key(shape);
    *said = (struct shape_said){true, shape_lets_in(x, shape), common + key->score + key_liking(x, key)};
    return said;
}

struct gathering {
    struct search search;
    struct arena *arena;
    struct choice *choices;
    size_t count;
    const struct charge *charge; // of pools of that granularity; NULL: not counted yet, or cannot be
    uint64_t granularity;
    const struct attach_room *room; // of the agent asked for; NULL: not limited
};

static void gather_changed(struct gathering *g, uint32_t member, const struct standing *p, int64_t score) {
    const struct pool_row *pool = draft_pool(g->search.d, p->pool);
    if (!pool) return;
    struct verdict v = verdict_of(g->search.d, g->search.t, pool, true);
    if (v.rule) return;
    const struct quantities *free = arena_copy(g->arena, &v.free, sizeof v.free);
    const struct charge *charge = arena_copy(g->arena, &v.charge, sizeof v.charge);
    g->choices[g->count++] =
        (struct choice){.member = member, .pool = p, .free = free, .charge = charge, .score = score};
}

static const struct charge *charge_of(struct gathering *g, const struct pool_facts *facts) {
    if (g->charge && g->granularity == facts->granularity.n) return g->charge;
    struct charge charge;
    g->granularity = facts->granularity.n;
    bool counted = terms_charge(g->search.t, facts, &charge);
    return g->charge = counted ? arena_copy(g->arena, &charge, sizeof charge) : NULL;
}

static void gather(struct gathering *g, uint32_t member, const struct standing *p, int64_t score) {
    const struct spreads *spreads = &g->search.t->spreads;
    if (spreads->count) score -= spreads_cost(spreads, &p->facts->tags);
    if (g->search.changed.count && is_changed(&g->search, p->account)) {
        gather_changed(g, member, p, score);
        return;
    }
    const struct charge *charge = charge_of(g, p->facts);
    if (!charge || !standing_fits(g->search.t, p, charge)) return;
    if (spreads->count && spreads_broken(spreads, &p->facts->tags)) return;
    if (g->room && attach_room_rule(g->room, g->search.d->state, p->pool, charge->bandwidth, NULL)) return;
    g->choices[g->count++] =
        (struct choice){.member = member, .pool = p, .free = &p->free, .charge = charge, .score = score};
}

size_t fits_gather(const struct draft *d, const struct terms *t, struct arena *arena, struct choice **ret_choices) {
    struct gathering g = {.search = {.d = d, .t = t}, .arena = arena};
    struct shapes shapes = index_shapes(d->state, t->class->id);
    struct members members = index_members(d->state, t->class->id);
    struct shape_said *said = arena_zero(arena, shapes.count + 1, sizeof *said);
    int64_t common = common_liking(&g.search, &shapes);
    *ret_choices = g.choices = arena_zero(arena, members.count + 1, sizeof *g.choices);
    struct attach_room room;
    if (t->agent && attach_limited(t->agent->facts)) {
        room = t->room ? *t->room : attach_room(d, t->agent);
        g.room = &room;
    }
    changed_find(&g.search);
    for (uint32_t i = 0; i < members.count; i++) {
        const struct shape *shape = members.at[i].shape;
        const struct shape_said *s = shape_ask(&g.search, &said[shape->place], shape, common);
        if (s->lets_in) gather(&g, i, members.at[i].pool, s->score);
    }
    vec_done(&g.search.changed);
    return g.count;
}

struct fit choice_fit(const struct choice *c) {
    struct charge charge = *c->charge;
    charge.pool = c->pool->pool;
    return (struct fit){c->pool->pool, charge, c->score, {c->free->bytes}};
}

// ---- the best ----

static bool fit_enters(const struct search *x, const struct fit *fit) {
    return x->count < x->most || fit_before(fit, &x->fits[x->most - 1]);
}

static void fit_keep(struct search *x, struct fit fit) {
    if (!fit_enters(x, &fit)) return;
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
        fit_keep(x,
                 (struct fit){
                     pool->id, v.charge, x->score - spreads_cost(&x->t->spreads, &pool->facts->tags), {v.free.bytes}});
    else
        x->count++;
}

// By the state's figures alone.
static bool fit_looks_good(const struct search *x, const struct standing *p) {
    struct charge c;
    return terms_charge(x->t, p->facts, &c) && standing_fits(x->t, p, &c);
}

static bool fit_visit(void *arg, const struct standing *p) {
    struct search *x = arg;
    if (p->free.bytes < x->t->size.n) return false;
    struct fit mine = {.pool = p->pool, .score = x->score, .free = {p->free.bytes}};
    if (x->most && !fit_enters(x, &mine)) return false;
    if (is_changed(x, p->account) || !fit_looks_good(x, p)) return true;
    if (x->trusting)
        fit_keep(x, mine);
    else
        fit_judge(x, p);
    return true;
}

// Whether a pool with so much would be of interest.
static bool bound_enters(const struct search *x, const struct shape_bound *bound, uint64_t pool) {
    struct fit best = {.pool = pool, .score = bound->score, .free = {bound->bytes}};
    return bound->bytes >= x->t->size.n && (!x->most || fit_enters(x, &best));
}

static void search_run(struct search *x, const struct shape *only) {
    struct shapes shapes = index_shapes(x->d->state, x->t->class->id);
    const struct shape_key *liked = NULL; // whose liking was found last: its neighbours have the same
    int64_t common = common_liking(x, &shapes), liking = 0;
    x->count = 0;
    for (size_t i = only ? only->place : 0; i < (only ? only->place + 1 : shapes.count); i++) {
        struct shape_bound bound = {shapes.bounds[i].score + common, shapes.bounds[i].bytes};
        if (!bound_enters(x, &bound, 0)) continue;
        const struct shape_entry *entry = &shapes.at[i];
        if (!liked || entry->key.pool != liked->pool || entry->key.joined != liked->joined)
            liking = common + key_liking(x, &entry->key);
        liked = &entry->key;
        bound.score = x->score = entry->key.score + liking;
        if (!bound_enters(x, &bound, entry->pool) || !shape_lets_in(x, entry->shape)) continue;
        shape_walk(entry->shape, fit_visit, x);
    }
    changed_judge(x, only, fit_judge);
}

// The fits of a trusting search, judged by all rules; false when some rule that it does not know says no.
static bool fits_confirm(const struct search *x) {
    for (size_t i = 0; i < x->count; i++) {
        struct fit *fit = &x->fits[i];
        const struct pool_row *pool = draft_pool(x->d, fit->pool);
        struct verdict v = pool ? verdict_of(x->d, x->t, pool, true) : (struct verdict){.rule = RULE_REPORTED};
        if (v.rule) return false;
        fit->charge = v.charge;
        fit->free.n = v.free.bytes;
    }
    return true;
}

static size_t search_best(const struct draft *d, const struct terms *t, const struct shape *only, struct fit *fits,
                          size_t most) {
    struct search x = {.d = d, .t = t, .fits = fits, .most = most, .trusting = !t->spreads.count};
    if (!most) return 0;
    changed_find(&x);
    search_run(&x, only);
    if (x.trusting) {
        x.trusting = false;
        if (!fits_confirm(&x)) search_run(&x, only);
    }
    vec_done(&x.changed);
    return x.count;
}

size_t fits_find(const struct draft *d, const struct terms *t, struct fit *ret_fits, size_t most) {
    if (t->class->doc->spec.script) return choices_best(d, t, ret_fits, most);
    return search_best(d, t, NULL, ret_fits, most);
}

bool fits_of_shape(const struct draft *d, const struct terms *t, const struct shape *shape, struct fit *ret_fit) {
    return search_best(d, t, shape, ret_fit, 1) != 0;
}

uint32_t fits_count(const struct draft *d, const struct terms *t) {
    if (t->class->doc->spec.script) return (uint32_t)choices_best(d, t, NULL, SIZE_MAX);
    struct search x = {.d = d, .t = t};
    changed_find(&x);
    search_run(&x, NULL);
    vec_done(&x.changed);
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

struct bytes fits_largest(const struct draft *d, const struct terms *t, struct bytes least) {
    struct search x = {.d = d, .t = t, .largest = least.n ? least.n - 1 : 0};
    uint64_t floor = x.largest;
    struct shapes shapes = index_shapes(d->state, t->class->id);
    changed_find(&x);
    for (size_t i = 0; i < shapes.count; i++)
        if (shapes.bounds[i].bytes > x.largest && shape_lets_in(&x, shapes.at[i].shape))
            shape_walk(shapes.at[i].shape, largest_visit, &x);
    changed_judge(&x, NULL, largest_judge);
    vec_done(&x.changed);
    if (x.largest > floor && t->class->doc->spec.script) return choices_largest(d, t, (struct bytes){x.largest}, least);
    return (struct bytes){x.largest > floor ? x.largest : 0};
}
