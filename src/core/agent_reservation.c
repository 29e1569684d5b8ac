// SPDX-License-Identifier: Apache-2.0
// Reservations of agents, found by agent and role.
#include "core/agent_reservation.h"

static bool reserved_for(const struct reservation_row *r, symbol role) {
    return symbol_equal(r->owner.role, role);
}

struct scalars agent_reserved(const struct state *s, uint64_t agent, symbol role) {
    struct scalars sum = {{0}, {0}, {0}};
    const struct id_list *list = state_related(s, RESERVATIONS_OF_AGENT, agent);
    VEC_EACH (id, list) {
        const struct reservation_row *r = state_reservation(s, *id);
        if (reserved_for(r, role)) scalars_add(&sum, &r->scalars);
    }
    return sum;
}

struct scalars agent_reserved_open(const struct draft *d, uint64_t agent, symbol role) {
    struct scalars open = agent_reserved(d->state, agent, role);
    if (scalars_none(&open)) return open;
    struct id_list offers = draft_related(d, OFFERS_OF_AGENT, agent);
    VEC_EACH (id, &offers) {
        const struct offer_row *o = draft_offer(d, *id);
        if (symbol_equal(o->role, role)) scalars_subtract(&open, &o->reserved);
    }
    return open;
}

static struct milli not_below_zero(struct milli m) {
    return (struct milli){m.n > 0 ? m.n : 0};
}

struct scalars agent_free_for(const struct state *s, const struct agent_row *agent, symbol role, bool offered_too) {
    const struct agent_account *held = &agent->held;
    struct scalars own = agent_reserved(s, agent->id, role), free = agent->facts->total;
    scalars_subtract(&free, &held->used);
    scalars_subtract(&free, &held->reserved);
    if (!offered_too) scalars_subtract(&free, &held->offered);
    scalars_add(&free, &own);
    return (struct scalars){not_below_zero(free.cpus), not_below_zero(free.mem), not_below_zero(free.disk)};
}

static void take(struct milli *from, struct milli *want) {
    struct milli part = {from->n < want->n ? from->n : want->n};
    from->n -= part.n;
    want->n -= part.n;
}

void agent_reserved_use(struct draft *d, uint64_t agent, symbol role, struct scalars what) {
    struct id_list list = draft_related(d, RESERVATIONS_OF_AGENT, agent);
    VEC_EACH (id, &list) {
        if (scalars_none(&what) || !reserved_for(draft_reservation(d, *id), role)) continue;
        struct reservation_row *r = edit_reservation(d, *id, EV_reservation_changed);
        take(&r->scalars.cpus, &what.cpus);
        take(&r->scalars.mem, &what.mem);
        take(&r->scalars.disk, &what.disk);
        if (scalars_none(&r->scalars)) draft_remove(d, NOUN_RESERVATION, *id, EV_reservation_ended);
    }
}

void agent_reservation_end(struct draft *d, uint64_t reservation) {
    const struct reservation_row *r = draft_reservation(d, reservation);
    struct id_list offers = draft_related(d, OFFERS_OF_AGENT, r->agent);
    VEC_EACH (id, &offers) {
        const struct offer_row *o = draft_offer(d, *id);
        if (reserved_for(r, o->role) && !scalars_none(&o->reserved))
            draft_remove(d, NOUN_OFFER, *id, EV_offer_rescinded);
    }
    draft_remove(d, NOUN_RESERVATION, reservation, EV_reservation_ended);
}

void agent_reservations_end(struct draft *d, uint64_t agent) {
    struct id_list list = draft_related(d, RESERVATIONS_OF_AGENT, agent);
    VEC_EACH (id, &list) agent_reservation_end(d, *id);
}
