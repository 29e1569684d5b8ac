// SPDX-License-Identifier: Apache-2.0
// One cycle of offers: what timed out goes, idle volumes choose their agents, what else is free goes to whose turn it is.
#include "core/agent_reservation.h"
#include "core/allocation.h"

// ---- plans ----

struct plan *plan_find(const struct allocator *a, const struct agent_view *view, const struct contender *c) {
    for (struct plan *p = view->load->cycle == a->cycle ? view->load->plans : NULL; p; p = p->next)
        if (p->c == c) return p;
    return NULL;
}

struct plan *plan_whole(const struct allocator *a, const struct agent_view *view) {
    for (struct plan *p = view->load->cycle == a->cycle ? view->load->plans : NULL; p; p = p->next)
        if (p->whole) return p;
    return NULL;
}

struct plan *plan_new(struct draft *d, struct agent_view *view, struct contender *c) {
    struct allocator *a = d->state->allocator;
    struct plan *p = ARENA_NEW(d->arena, struct plan);
    p->agent = view;
    p->c = c;
    struct agent_load *load = agent_view_load(view);
    p->next = load->cycle == a->cycle ? load->plans : NULL;
    load->cycle = a->cycle;
    load->plans = p;
    vec_push(&a->plans, p);
    return p;
}

struct offer_row *offer_make(struct draft *d, const struct contender *c, uint64_t agent, const struct scalars *scalars,
                             const struct port_set *ports) {
    struct offer_row *o = draft_add(d, NOUN_OFFER, EV_offer_made);
    o->framework = c->framework;
    o->role = c->role;
    o->agent = agent;
    o->resources = *scalars;
    if (ports && ports->count) o->ports = draft_blob(d, ports->at, ports->count * sizeof *ports->at);
    o->made = d->now.mono;
    return o;
}

// ---- agents by turns ----

// Worth an offer by itself: Mesos' smallest.
static bool scalars_offerable(const struct scalars *s) {
    return s->cpus.n >= 10 || s->mem.n >= 32000;
}

bool contender_enough(const struct draft *d, const struct contender *c, const struct scalars *free) {
    if (!(c->wishes & WISHES_LEAST)) return scalars_offerable(free);
    return wishes_enough(state_framework(d->state, c->framework), c->role, free);
}

bool contender_agrees(const struct draft *d, const struct contender *c, const struct agent_view *view) {
    if (!(c->wishes & WISHES_AGENT)) return true;
    return wishes_agree(d, state_framework(d->state, c->framework), c->role, view->id);
}

// Whose turn it is, who did not refuse all of it, and who wants such an offer.
static struct contender *contender_next(const struct draft *d, const struct agent_view *view,
                                        const struct scalars *free) {
    const struct allocator *a = d->state->allocator;
    VEC_EACH (role, &a->shares.order)
        VEC_EACH (c, &(*role)->order)
            if ((*c)->withheld != a->visit && contender_enough(d, *c, free) && contender_agrees(d, *c, view)) return *c;
    return NULL;
}

// What a role's reservations hold there goes to the role alone, beside what is free.
static void reserved_offer(struct draft *d, struct agent_view *view, symbol role) {
    struct allocator *a = d->state->allocator;
    const struct port_set no_ports = {0};
    struct available open = {.scalars = agent_reserved_open(d, view->id, role), .ports = &no_ports};
    const struct share_role *of = share_role_find(&a->shares, role);
    if (scalars_none(&open.scalars)) return;
    for (size_t i = 0; of && i < of->order.count; i++) {
        struct contender *c = of->order.at[i];
        bool wants = contender_enough(d, c, &open.scalars) && contender_agrees(d, c, view);
        if (!wants || filters_withhold(&view->load->filters, c, &open)) continue;
        offer_make(d, c, view->id, &open.scalars, NULL)->reserved = open.scalars;
        share_plan(&a->shares, c, &open.scalars);
        return;
    }
    agent_view_idle(a, view, true);
}

static void reserved_allocate(struct draft *d, struct agent_view *view) {
    const struct id_list *list = state_related(d->state, RESERVATIONS_OF_AGENT, view->id);
    VEC_EACH (id, list) reserved_offer(d, view, state_reservation(d->state, *id)->owner.role);
}

static void agent_allocate(struct draft *d, struct agent_view *view) {
    struct allocator *a = d->state->allocator;
    agent_view_idle(a, view, false);
    if (!view->usable) return;
    if (state_related(d->state, RESERVATIONS_OF_AGENT, view->id)->count) reserved_allocate(d, view);
    if (plan_whole(a, view)) return;
    struct available free = {.scalars = agent_view_free(d->state, view), .ports = &a->ports};
    if (!scalars_offerable(&free.scalars) && !(a->wishes & WISHES_LEAST)) return;
    agent_view_ports(d, view, &a->ports);
    a->visit++;
    if (view->load->filters.count) filters_mark(&view->load->filters, &a->shares, &free, a->visit);
    struct contender *c = contender_next(d, view, &free.scalars);
    if (!c) {
        agent_view_idle(a, view, true);
        return;
    }
    offer_make(d, c, view->id, &free.scalars, &a->ports);
    share_plan(&a->shares, c, &free.scalars);
}

void allocate_agents(struct draft *d) {
    struct allocator *a = d->state->allocator;
    VEC_EACH (view, &a->marked) agent_allocate(d, *view);
}

// ---- the cycle ----

static void offers_time_out(struct draft *d, struct allocator *a) {
    while (a->timeouts.count && heap_first(&a->timeouts)->when <= d->now.mono.ms) {
        uint64_t offer = heap_pop(&a->timeouts).id;
        if (draft_offer(d, offer)) draft_remove(d, NOUN_OFFER, offer, EV_offer_rescinded);
    }
}

static void filters_end(struct draft *d, struct allocator *a) {
    while (a->filters.count && heap_first(&a->filters)->when <= d->now.mono.ms) {
        struct agent_view *view = map_get(&a->agents, heap_pop(&a->filters).id);
        if (!view) continue;
        agent_view_mark(a, view);
        VEC_EACH (f, &view->load->filters)
            if (f->volumes.count) a->stir = true;
    }
    while (a->storage.count && heap_first(&a->storage)->when <= d->now.mono.ms) {
        const struct contenders *list = share_of_framework(&a->shares, heap_pop(&a->storage).id);
        for (size_t i = 0; i < list->at.count; i++) list->at.at[i]->storage_marked = a->storage_marked = true;
    }
}

static int by_agent(const void *left, const void *right) {
    struct agent_view *const *a = left, *const *b = right;
    return (*a)->id < (*b)->id ? -1 : (*a)->id > (*b)->id;
}

static void marked_sort(struct allocator *a) {
    for (size_t i = 1; i < a->marked.count; i++) {
        if (a->marked.at[i - 1]->id < a->marked.at[i]->id) continue;
        qsort(a->marked.at, a->marked.count, sizeof(struct agent_view *), by_agent);
        return;
    }
}

// An agent that promises more than it has, or cannot be used: what stands in offers is taken back.
static void overdrawn_rescind(struct draft *d, const struct agent_view *view) {
    if (!agent_view_offered(d->state, view)) return;
    if (!view->usable || scalars_overdrawn(state_held(d->state, view->id), &view->total))
        rescind_offers_of_agent(d, view->id);
}

static void agent_prepare(struct draft *d, struct allocator *a, struct agent_view *view) {
    // Sums and queues are derived: counting late changes no row.
    if (view->tasks_changed) agent_view_recount((struct state *)(uintptr_t)d->state, view);
    overdrawn_rescind(d, view);
    agent_view_rest(view);
    if (!view->load->filters.count) return;
    struct filters *filters = &agent_view_load(view)->filters;
    size_t before = filters->count;
    a->filter_count -= before - filters_sweep(filters, &a->shares, d->now.mono);
    struct available free = {.scalars = agent_view_free(d->state, view), .ports = &a->ports};
    agent_view_ports(d, view, &a->ports);
    filters_settle(filters, d->state, &free);
}

// What anybody wishes. Pools may change which classes an agent can use, and so who wants it; crumbs are not among the idle
// agents until somebody may want them.
static void wishes_gather(struct allocator *a) {
    unsigned before = a->wishes;
    a->wishes = 0;
    MAP_EACH (entry, &a->shares.frameworks) {
        const struct contenders *list = entry->value.p;
        for (size_t i = 0; i < list->at.count; i++)
            if (list->at.at[i]->available) a->wishes |= list->at.at[i]->wishes;
    }
    a->wake |= a->pools && a->wishes & WISHES_CLASSES;
    if (!(a->wishes & ~before & WISHES_LEAST)) return;
    MAP_EACH (entry, &a->agents) agent_view_mark(a, entry->value.p);
}

static void agents_prepare(struct draft *d, struct allocator *a) {
    wishes_gather(a);
    if (a->wake)
        VEC_EACH (view, &a->idle) agent_view_mark(a, *view);
    marked_sort(a);
    VEC_EACH (view, &a->marked) agent_prepare(d, a, *view);
}

static void marks_clear(struct allocator *a) {
    VEC_EACH (view, &a->marked) (*view)->marked = false;
    vec_clear(&a->marked);
    a->wake = a->pools = a->storage_marked = false;
    a->due = (struct mono){0};
}

void decide_allocate(struct draft *d) {
    struct allocator *a = d->state->allocator;
    a->cycle++;
    offers_time_out(d, a);
    filters_end(d, a);
    if (!allocator_marked(a)) return;
    agents_prepare(d, a);
    if (a->marked.count || a->marked_queues.count || a->stir) shares_order(&a->shares);
    allocate_storage(d); // first: what a class can grant is remembered while the draft is small
    allocate_volumes(d);
    allocate_agents(d);
    marks_clear(a);
}
