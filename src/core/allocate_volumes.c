// SPDX-License-Identifier: Apache-2.0
// Idle volumes choose their agents: each rides in one offer, with the free resources of the best agent that it can have.
#include "core/allocation.h"

#include "core/agent_reservation.h"
#include "core/broker.h"

enum { VISITS_MOST = 128 }; // volumes looked at in one cycle; the others wait for the next, 10 ms later

// ---- onto one agent ----

static struct scalars volume_need(const struct volume_row *v) {
    return (struct scalars){.cpus = v->last_cpus, .mem = v->last_mem, .disk = {0}};
}

// Whether what it needs is left beside what the volumes need that ride already.
static bool plan_has_room(const struct plan *p, const struct volume_row *v) {
    struct scalars needed = volume_need(v);
    scalars_add(&needed, &p->needed);
    return scalars_within(&needed, &p->scalars);
}

static bool volume_ride(struct plan *p, const struct volume_row *v) {
    if (!p || p->volume_count == IDLE_VOLUMES_OFFERED) return false;
    struct scalars need = volume_need(v);
    scalars_add(&p->needed, &need);
    p->volumes[p->volume_count++] = v->id;
    return true;
}

// Takes back what `c` holds of that agent in offers that it has not answered: it becomes part of the plan.
static void plan_combine(struct draft *d, struct plan *p) {
    const struct id_list *offers = state_related(d->state, OFFERS_OF_AGENT, p->agent->id);
    for (size_t i = 0; i < offers->count; i++) {
        const struct offer_row *o = draft_offer(d, offers->at[i]);
        if (!o || o->framework != p->c->framework || !symbol_equal(o->role, p->c->role)) continue;
        size_t volumes = blob_count(o->volumes, uint64_t);
        if (p->volume_count + volumes >= IDLE_VOLUMES_OFFERED) continue;
        scalars_add(&p->scalars, &o->resources);
        scalars_add(&p->reserved, &o->reserved);
        for (size_t k = 0; k < volumes; k++)
            volume_ride(p, state_volume(d->state, blob_items(o->volumes, uint64_t)[k]));
        draft_remove(d, NOUN_OFFER, o->id, EV_offer_rescinded);
    }
}

// Whether offers of `c` hold that agent's resources, unanswered.
static bool agent_held_by(const struct draft *d, const struct agent_view *view, const struct contender *c) {
    const struct id_list *offers =
        agent_view_offered(d->state, view) ? state_related(d->state, OFFERS_OF_AGENT, view->id) : NULL;
    for (size_t i = 0; offers && i < offers->count; i++) {
        const struct offer_row *o = draft_offer(d, offers->at[i]);
        if (o && o->framework == c->framework && symbol_equal(o->role, c->role) &&
            contender_enough(d, c, &o->resources))
            return true;
    }
    return false;
}

// What that role's reservations hold and no offer and no plan of this cycle gives.
static struct scalars plans_reserved_open(const struct draft *d, const struct agent_view *view, symbol role) {
    struct scalars open = agent_reserved_open(d, view->id, role);
    bool planned = view->load->cycle == d->state->allocator->cycle;
    for (const struct plan *p = planned ? view->load->plans : NULL; p; p = p->next)
        if (symbol_equal(p->c->role, role)) scalars_subtract(&open, &p->reserved);
    return open;
}

// The plan by which `c` gets that agent's resources, if it can have them.
static struct plan *agent_plan(struct draft *d, struct agent_view *view, struct contender *c) {
    struct allocator *a = d->state->allocator;
    struct plan *whole = plan_whole(a, view), *own = plan_find(a, view, c);
    if (whole && whole->c == c) return whole;
    if (whole && own && !scalars_none(&own->reserved)) return own;
    struct scalars reserved = plans_reserved_open(d, view, c->role), free = {{0}, {0}, {0}};
    if (!whole) free = agent_view_free(d->state, view);
    scalars_add(&free, &reserved);
    bool offerable = contender_enough(d, c, &free);
    if (!offerable && (whole || !agent_held_by(d, view, c))) return NULL;
    struct plan *p = plan_new(d, view, c);
    p->whole = !whole;
    p->scalars = free;
    p->reserved = reserved;
    if (!offerable) plan_combine(d, p);
    if (p->whole) agent_view_ports(d, view, &p->ports);
    share_plan(&a->shares, c, &free);
    return p;
}

// ---- over the agents, best first ----

struct places { // where a volume may go, and to whom
    const struct ranked_agent *agents;
    size_t agent_count;
    struct contender **contenders; // whose turn it is first
    size_t contender_count;
};

typedef bool place_try(struct draft *d, struct agent_view *view, struct contender *c, const struct volume_row *v);

static bool place_with_room(struct draft *d, struct agent_view *view, struct contender *c, const struct volume_row *v) {
    struct plan *whole = plan_whole(d->state->allocator, view);
    if (whole && !plan_has_room(whole, v)) return false;
    return volume_ride(agent_plan(d, view, c), v);
}

static bool place_with_resources(struct draft *d, struct agent_view *view, struct contender *c,
                                 const struct volume_row *v) {
    return volume_ride(agent_plan(d, view, c), v);
}

static bool place_alone(struct draft *d, struct agent_view *view, struct contender *c, const struct volume_row *v) {
    struct plan *p = plan_find(d->state->allocator, view, c);
    return volume_ride(p ? p : plan_new(d, view, c), v);
}

static bool places_try(struct draft *d, const struct places *at, const struct volume_row *v, place_try *attempt) {
    for (size_t i = 0; i < at->agent_count; i++) {
        struct agent_view *view = map_get(&d->state->allocator->agents, at->agents[i].agent);
        if (!view || !view->usable) continue;
        for (size_t k = 0; k < at->contender_count; k++) {
            struct contender *c = at->contenders[k];
            if (!c->labelled || filters_withhold_volume(&view->load->filters, c, v->id)) continue;
            if (!contender_agrees(d, c, view)) continue;
            if (attempt(d, view, c, v)) return true;
        }
    }
    return false;
}

static bool volume_place(struct draft *d, struct places *at, const struct volume_row *v) {
    at->agent_count = broker_rank_agents(d, v, volume_need(v), 0, d->arena, &at->agents);
    return places_try(d, at, v, place_with_room) || places_try(d, at, v, place_with_resources) ||
           places_try(d, at, v, place_alone);
}

// ---- over the queues ----

// Of role "*": the connected framework of the owner's name.
static struct contender *contender_of_owner(const struct state *s, struct owner owner) {
    const struct framework_row *first = state_framework(s, owner.framework);
    STATE_EACH(FRAMEWORK, framework_row, f, s) {
        bool namesake = first && text_equal(f->name, first->name) && symbol_equal(f->principal, first->principal);
        struct contender *c = namesake ? share_find(&s->allocator->shares, f->id, owner.role) : NULL;
        if (c && c->available) return c;
    }
    return NULL;
}

static bool places_of_owner(const struct state *s, struct owner owner, struct contender **one,
                            struct places *ret_places) {
    const struct allocator *a = s->allocator;
    *one = owner.framework ? contender_of_owner(s, owner) : NULL;
    const struct share_role *role = owner.framework ? NULL : share_role_find(&a->shares, owner.role);
    if (role)
        *ret_places = (struct places){.contenders = role->order.at, .contender_count = role->order.count};
    else
        *ret_places = (struct places){.contenders = one, .contender_count = *one && (*one)->available};
    for (size_t i = 0; i < ret_places->contender_count; i++)
        if (ret_places->contenders[i]->labelled) return true;
    return false;
}

// The next volume of the queue that is idle indeed.
static struct volume_row *queue_pop(const struct state *s, struct idle_queue *q) {
    uint64_t id;
    while (ring_pop(&q->ready, &id)) {
        struct volume_row *v = table_get(&s->tables[NOUN_VOLUME], id);
        if (!v && q->gone) q->gone--;
        if (!v) continue;
        v->queued = false;
        if (volume_is_idle(s, v)) return v;
    }
    return NULL;
}

static void queue_allocate(struct draft *d, struct idle_queue *q, size_t *visits) {
    struct contender *one;
    struct places at;
    size_t offered = q->offered;
    if (!places_of_owner(d->state, q->owner, &one, &at)) return;
    while (*visits && offered < IDLE_VOLUMES_OFFERED) {
        struct volume_row *v = queue_pop(d->state, q);
        if (!v) return;
        --*visits;
        if (volume_place(d, &at, v)) {
            offered++;
            continue;
        }
        v->queued = true;
        ring_push(&q->resting, v->id);
    }
    if (!*visits && q->ready.count && offered < IDLE_VOLUMES_OFFERED) idle_queue_mark(d->state->allocator, q);
}

static int by_owner(const void *left, const void *right) {
    struct idle_queue *const *a = left, *const *b = right;
    uint64_t x = idle_key((*a)->owner), y = idle_key((*b)->owner);
    return x < y ? -1 : x > y;
}

// A number that changes when pools, classes or providers do, so that what fitted no agent may fit one now.
static uint64_t fabric_now(const struct state *s) {
    uint64_t sum = 0;
    STATE_EACH(PROVIDER, provider_row, provider, s) sum = hash_u64(sum ^ provider->session) + provider->id;
    STATE_EACH(POOL, pool_row, pool, s) {
        uint64_t reported = pool->facts ? (uint64_t)pool->facts->reported.ms : 0;
        sum = hash_u64(sum ^ reported ^ (uint64_t)pool->stale << 63) + pool->id;
    }
    STATE_EACH(CLASS, class_row, class, s) sum = hash_u64(sum ^ class->version) + class->id;
    return sum;
}

static void queues_stir(struct draft *d, struct allocator *a) {
    if (a->pools) {
        uint64_t fabric = fabric_now(d->state);
        a->stir |= fabric != a->fabric;
        a->fabric = fabric;
    }
    if (!a->stir) return;
    a->stir = false;
    MAP_EACH (entry, &a->queues) {
        struct idle_queue *q = entry->value.p;
        idle_stir(q);
        if (q->ready.count) idle_queue_mark(a, q);
    }
}

static void plans_offer(struct draft *d, struct allocator *a) {
    VEC_EACH (plan, &a->plans) {
        struct plan *p = *plan;
        struct offer_row *o = offer_make(d, p->c, p->agent->id, &p->scalars, &p->ports);
        o->volumes = draft_blob(d, p->volumes, p->volume_count * sizeof *p->volumes);
        o->reserved = p->reserved;
        vec_done(&p->ports);
    }
    vec_clear(&a->plans);
}

void allocate_volumes(struct draft *d) {
    struct allocator *a = d->state->allocator;
    queues_stir(d, a);
    size_t count = a->marked_queues.count, visits = VISITS_MOST;
    if (!count) return;
    qsort(a->marked_queues.at, count, sizeof(struct idle_queue *), by_owner);
    struct idle_queue **queues = arena_copy(d->arena, a->marked_queues.at, count * sizeof *queues);
    vec_clear(&a->marked_queues);
    for (size_t i = 0; i < count; i++) queues[i]->marked = false;
    // Each cycle begins with another owner: one with many volumes does not keep the others waiting.
    for (size_t i = 0; i < count; i++) queue_allocate(d, queues[(a->cycle + i) % count], &visits);
    plans_offer(d, a);
}
