// SPDX-License-Identifier: Apache-2.0
// Checking a request, finding its assignment, and taking all of it.
#include "core/request_apply.h"

#include <inttypes.h>

#include "core/agent_reservation.h"
#include "core/allocator.h"
#include "core/asked.h"
#include "core/assignment.h"

// ---- what was asked ----

static struct err *reserve_check(const struct draft *d, const struct cmd_request_apply *c) {
    if (c->cpus.n < 0 || c->mem.n < 0) return err_new(ERR_INVALID, "cpus and mem must be 0 or more");
    if (c->hold_ms < 0 || c->hold_ms > REQUEST_HOLD_MOST)
        return err_new(ERR_INVALID, "hold of %lld ms: cpus and memory are kept for at most a day",
                       (long long)c->hold_ms);
    if (!c->cpus.n && !c->mem.n) return NULL;
    if (strcmp(state_text(d->state, c->owner.role), "*") == 0)
        return err_new(ERR_INVALID, "cpus and mem are kept for a role, and '*' is everybody's; name a role");
    return NULL;
}

static struct err *request_check(const struct draft *d, const struct cmd_request_apply *c) {
    TRY(role_check(state_text(d->state, c->owner.role)));
    if (!c->volume_count || c->volume_count > ASSIGNMENT_VOLUMES_MOST)
        return err_new(ERR_INVALID, "%zu volumes; it must be 1 to %d", c->volume_count, ASSIGNMENT_VOLUMES_MOST);
    for (size_t i = 0; i < c->volume_count; i++) {
        TRY(volume_name_free(d, c->owner, c->volumes[i].name));
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->volumes[i].name, c->volumes[j].name) == 0)
                return err_new(ERR_INVALID, "volume '%s' is named twice", c->volumes[i].name);
    }
    return reserve_check(d, c);
}

static struct err *wish_add_class(struct draft *d, const struct cmd_request_apply *c, const struct request_volume *v,
                                  const char *name, struct wish *wish) {
    struct want want;
    TRY(broker_want(d->state, name, v->fs, &want));
    want.size = v->size;
    want.iops = v->iops;
    want.labels = v->labels;
    want.role = c->owner.role;
    want.framework = c->owner.framework;
    wish->wants[wish->want_count++] = want;
    return NULL;
}

static struct err *wish_of(struct draft *d, const struct cmd_request_apply *c, const struct request_volume *v,
                           struct wish *wish) {
    wish->plan = (struct volume_plan){
        .owner = c->owner, .name = draft_text(d, v->name), .asked = v->size, .labels = draft_text(d, v->labels)};
    if (!v->class_count || v->class_count > ASSIGNMENT_CLASSES_MOST)
        return err_new(ERR_INVALID, "volume '%s': %zu classes; name 1 to %d, the best first", v->name, v->class_count,
                       ASSIGNMENT_CLASSES_MOST);
    for (size_t i = 0; i < v->class_count; i++)
        TRY(err_wrap(wish_add_class(d, c, v, v->classes[i], wish), "volume '%s'", v->name));
    return NULL;
}

static struct err *agent_of(const struct draft *d, const struct cmd_request_apply *c, uint64_t *ret_agent) {
    const struct agent_row *agent = c->agent ? state_agent_named(d->state, c->agent) : NULL;
    if (c->agent && !agent) return err_new(ERR_NOT_FOUND, "there is no agent '%s'", c->agent);
    *ret_agent = agent ? agent->id : 0;
    return NULL;
}

// Volume by volume, as if each had been asked for alone: of the class that it got, or of the best one.
static void request_remember(struct draft *d, const struct assignment_want *w, const struct assignment *a,
                             const struct err *refused) {
    for (size_t i = 0; i < w->count; i++) {
        struct want want = w->wishes[i].wants[refused ? 0 : a->class[i]];
        want.agent = w->agent;
        asked_answered(d, &want, a->fits[i].pool, refused);
    }
}

static struct err *request_find(struct draft *d, const struct cmd_request_apply *c, struct assignment_want *ret_want,
                                struct assignment *ret_assignment, struct answer *ret_answer) {
    TRY(request_check(d, c));
    struct wish *wishes = arena_zero(d->arena, c->volume_count, sizeof *wishes);
    for (size_t i = 0; i < c->volume_count; i++) TRY(wish_of(d, c, &c->volumes[i], &wishes[i]));
    *ret_want =
        (struct assignment_want){.wishes = wishes, .count = c->volume_count, .need = {.cpus = c->cpus, .mem = c->mem}};
    TRY(agent_of(d, c, &ret_want->agent));
    struct err *e = assignment_find(d, ret_want, ret_assignment, ret_answer);
    request_remember(d, ret_want, ret_assignment, e);
    return e;
}

// ---- what is taken ----

// Offers go that would promise the same twice.
static void offers_make_way(struct draft *d, uint64_t agent, const struct scalars *need) {
    struct scalars free = agent_free_for(d->state, draft_agent(d, agent), (symbol){0}, false);
    if (!scalars_within(need, &free)) rescind_offers_of_agent(d, agent);
}

static uint64_t agent_reserve(struct draft *d, const struct cmd_request_apply *c, uint64_t agent,
                              const struct scalars *need) {
    if (scalars_none(need)) return 0;
    offers_make_way(d, agent, need);
    struct reservation_row *r = draft_add(d, NOUN_RESERVATION, EV_reservation_made);
    r->owner = c->owner;
    r->principal = d->principal;
    r->agent = agent;
    r->scalars = *need;
    r->reason = c->reason;
    r->created = d->now.wall;
    r->expires.ms = d->now.wall.ms + (c->hold_ms ? c->hold_ms : REQUEST_HOLD_USUAL);
    return r->id;
}

static void request_take(struct draft *d, const struct cmd_request_apply *c, const struct assignment_want *want,
                         const struct assignment *a, struct answer *ret_answer) {
    vec_push(&ret_answer->ids, a->agent);
    vec_push(&ret_answer->ids, agent_reserve(d, c, a->agent, &want->need));
    for (size_t i = 0; i < want->count; i++) {
        struct volume_row *v = assignment_make(d, want, a, i);
        v->last_agent = a->agent; // offered there first
        vec_push(&ret_answer->ids, v->id);
        vec_push(&ret_answer->ids, draft_related(d, OPEN_OPERATIONS_OF_VOLUME, v->id).at[0]);
        vec_push(&ret_answer->notes, mem_text(a->instead_of[i]));
    }
}

struct err *decide_request_apply(struct draft *d, const struct cmd_request_apply *c, struct answer *ret_answer) {
    struct assignment_want want;
    struct assignment *a = ARENA_NEW(d->arena, struct assignment);
    TRY(err_wrap(request_find(d, c, &want, a, ret_answer), "request of %zu volume%s, nothing was taken",
                 c->volume_count, c->volume_count == 1 ? "" : "s"));
    request_take(d, c, &want, a, ret_answer);
    return NULL;
}
