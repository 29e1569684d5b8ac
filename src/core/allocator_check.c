// SPDX-License-Identifier: Apache-2.0
// What must hold of offers at any moment (I6, I7), worked out anew from the rows. Repairs nothing.
#include "core/agent_reservation.h"
#include "core/allocation.h"
#include "core/framework.h"

typedef unsigned long long ull;

static bool scalars_equal(const struct scalars *a, const struct scalars *b) {
    return scalars_within(a, b) && scalars_within(b, a);
}

static struct err *agent_sums_check(const struct state *s, const struct agent_row *agent) {
    const struct agent_account *held = &agent->held;
    struct scalars offered = {{0}, {0}, {0}}, used = {{0}, {0}, {0}}, reserved = {{0}, {0}, {0}};
    const struct id_list *offers = state_related(s, OFFERS_OF_AGENT, agent->id);
    const struct id_list *tasks = state_related(s, TASKS_OF_AGENT, agent->id);
    const struct id_list *reservations = state_related(s, RESERVATIONS_OF_AGENT, agent->id);
    for (size_t i = 0; i < offers->count; i++) {
        scalars_add(&offered, &state_offer(s, offers->at[i])->resources);
        scalars_subtract(&offered, &state_offer(s, offers->at[i])->reserved);
    }
    for (size_t i = 0; i < reservations->count; i++)
        scalars_add(&reserved, &state_reservation(s, reservations->at[i])->scalars);
    for (size_t i = 0; i < tasks->count; i++) scalars_add(&used, &state_task(s, tasks->at[i])->resources);
    if (!scalars_equal(&offered, &held->offered) || !scalars_equal(&used, &held->used) ||
        !scalars_equal(&reserved, &held->reserved))
        return err_new(ERR_INTERNAL,
                       "agent '%s': the ledger counts other sums than its %u offers, %u tasks and %u reservations hold",
                       agent->name, offers->count, tasks->count, reservations->count);
    const struct agent_view *view = map_get(&s->allocator->agents, agent->id);
    if (!offers->count || !agent->facts || (view && view->marked)) return NULL;
    if (!scalars_overdrawn(held, &agent->facts->total)) return NULL;
    return err_new(ERR_INTERNAL,
                   "agent '%s': offered, used and reserved are more than it has: %lld + %lld + %lld of %lld millicpus, "
                   "%lld + %lld + %lld of %lld thousandths of a MiB",
                   agent->name, (long long)offered.cpus.n, (long long)used.cpus.n, (long long)reserved.cpus.n,
                   (long long)agent->facts->total.cpus.n, (long long)offered.mem.n, (long long)used.mem.n,
                   (long long)reserved.mem.n, (long long)agent->facts->total.mem.n);
}

// I7: what offers of a role hold as reserved is reserved for that role there.
static struct err *offer_reserved_check(const struct state *s, const struct offer_row *o) {
    if (scalars_none(&o->reserved)) return NULL;
    struct scalars sum = {{0}, {0}, {0}}, reserved = agent_reserved(s, o->agent, o->role);
    const struct id_list *offers = state_related(s, OFFERS_OF_AGENT, o->agent);
    for (size_t i = 0; i < offers->count; i++) {
        const struct offer_row *other = state_offer(s, offers->at[i]);
        if (symbol_equal(other->role, o->role)) scalars_add(&sum, &other->reserved);
    }
    if (scalars_within(&sum, &reserved) && scalars_within(&o->reserved, &o->resources)) return NULL;
    return err_new(ERR_INTERNAL, "offer %llu holds more as reserved than is reserved for role '%s' there", (ull)o->id,
                   state_text(s, o->role));
}

static bool ports_apart(struct port_set *seen, const struct blob *ports) {
    for (size_t i = 0; i < blob_count(ports, struct port_range); i++) {
        struct port_range r = blob_items(ports, struct port_range)[i];
        VEC_EACH (old, seen)
            if (r.begin <= old->end && old->begin <= r.end) return false;
        vec_push(seen, r);
    }
    return true;
}

static struct err *agent_ports_check(const struct state *s, const struct agent_row *agent) {
    struct port_set seen = {0};
    bool apart = true;
    const struct id_list *tasks = state_related(s, TASKS_OF_AGENT, agent->id);
    const struct id_list *offers = state_related(s, OFFERS_OF_AGENT, agent->id);
    for (size_t i = 0; i < tasks->count; i++) apart &= ports_apart(&seen, state_task(s, tasks->at[i])->ports);
    for (size_t i = 0; i < offers->count; i++) apart &= ports_apart(&seen, state_offer(s, offers->at[i])->ports);
    vec_done(&seen);
    return apart ? NULL : err_new(ERR_INTERNAL, "agent '%s': a port stands in two offers or tasks", agent->name);
}

static struct err *offered_volume_check(const struct state *s, const struct offer_row *o, uint64_t volume) {
    const struct volume_row *v = state_volume(s, volume);
    if (!v) return err_new(ERR_INTERNAL, "offer %llu holds volume %llu, which is gone", (ull)o->id, (ull)volume);
    if (state_related(s, OFFERS_OF_VOLUME, volume)->count != 1 || v->offer != o->id)
        return err_new(ERR_INTERNAL, "volume '%s' stands in several offers, one of them %llu", v->name, (ull)o->id);
    const struct framework_row *f = state_framework(s, o->framework);
    bool own = f && owner_equal(v->owner, framework_owner(s, f, o->role));
    if (own) return NULL;
    return err_new(ERR_INTERNAL, "volume '%s' of role '%s' is offered to role '%s'", v->name,
                   state_text(s, v->owner.role), state_text(s, o->role));
}

static struct err *offer_check(const struct state *s, const struct offer_row *o) {
    const struct framework_row *f = state_framework(s, o->framework);
    if (!f || !f->session || f->completed)
        return err_new(ERR_INTERNAL, "offer %llu stands for a framework that is not connected", (ull)o->id);
    TRY(offer_reserved_check(s, o));
    for (size_t i = 0; i < blob_count(o->volumes, uint64_t); i++)
        TRY(offered_volume_check(s, o, blob_items(o->volumes, uint64_t)[i]));
    const struct contender *c = share_find(&s->allocator->shares, o->framework, o->role);
    if (o->agent || (c && c->storage_offer == o->id)) return NULL;
    return err_new(ERR_INTERNAL, "framework '%s' has several storage-only offers in one role", f->text_id);
}

static struct err *queues_check(const struct state *s) {
    struct map counts = {0};
    struct err *e = NULL;
    STATE_EACH(OFFER, offer_row, o, s)
    for (size_t i = 0; i < blob_count(o->volumes, uint64_t); i++) {
        const struct volume_row *v = state_volume(s, blob_items(o->volumes, uint64_t)[i]);
        if (v) map_put(&counts, idle_key(v->owner), NULL)->n++;
    }
    MAP_EACH (entry, &s->allocator->queues) {
        const struct idle_queue *q = entry->value.p;
        const union map_value *n = map_find(&counts, entry->key.number);
        uint64_t offered = n ? n->n : 0;
        if (!e && (offered != q->offered || offered > IDLE_VOLUMES_OFFERED))
            e = err_new(ERR_INTERNAL, "role '%s' has %llu idle volumes in offers: %u were counted, %d may be",
                        state_text(s, q->owner.role), (ull)offered, q->offered, IDLE_VOLUMES_OFFERED);
    }
    map_done(&counts);
    return e;
}

// Who is allocated what, against the rows; agents whose tasks were not counted since they changed are left out.
static struct err *shares_check(const struct state *s) {
    MAP_EACH (entry, &s->allocator->agents) {
        const struct agent_view *view = entry->value.p;
        if (view->tasks_changed) continue;
        struct scalars held = {{0}, {0}, {0}};
        VEC_EACH (h, &view->load->holdings) scalars_add(&held, &h->what);
        if (!scalars_equal(&held, &state_held(s, view->id)->used))
            return err_new(ERR_INTERNAL, "agent %llu: frameworks hold other sums of it than its tasks use",
                           (ull)view->id);
    }
    return NULL;
}

struct err *allocator_check(const struct state *s) {
    STATE_EACH(AGENT, agent_row, agent, s) {
        TRY(agent_sums_check(s, agent));
        TRY(agent_ports_check(s, agent));
    }
    STATE_EACH(OFFER, offer_row, o, s) TRY(offer_check(s, o));
    TRY(queues_check(s));
    return shares_check(s);
}
