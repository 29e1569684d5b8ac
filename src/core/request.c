// SPDX-License-Identifier: Apache-2.0
// Requests of people.
#include "core/request.h"

#include "core/agent_reservation.h"
#include "core/allocator.h"
#include "core/asked.h"
#include "core/attachment.h"
#include "core/explain.h"
#include "core/policy.h"

// ---- classes, roles ----

struct err *decide_class_apply(struct draft *d, const struct cmd_class_apply *c, struct answer *ret_answer) {
    TRY(name_check("class", c->name));
    const struct class_row *known = state_class_named(d->state, c->name);
    if (known && class_spec_equal(&known->doc->spec, &c->doc->spec)) {
        vec_push(&ret_answer->ids, known->id);
        return NULL;
    }
    if (!known && table_count(&d->state->tables[NOUN_CLASS]) >= CLASSES_MOST)
        return err_new(ERR_TOO_LARGE, "class '%s': there are %d classes already, and no more are kept", c->name,
                       CLASSES_MOST);
    vec_push(&ret_answer->ids, class_put(d, known, c->doc));
    policy_record(d, NULL);
    return NULL;
}

struct err *decide_class_remove(struct draft *d, const char *name) {
    const struct class_row *known;
    TRY(broker_class(d->state, name, &known));
    TRY(class_drop(d, known));
    policy_record(d, NULL);
    return NULL;
}

struct err *decide_role_set(struct draft *d, const struct cmd_role_set *c) {
    const char *name = state_text(d->state, c->role);
    TRY(role_check(name));
    if (!(c->weight > 0 && c->weight <= 1e6))
        return err_new(ERR_INVALID, "role '%s': the weight must be above 0 and at most 1000000", name);
    const struct role_row *known = state_role_named(d->state, c->role);
    struct role_row *r = known ? edit_role(d, known->id, EV_role_set) : draft_add(d, NOUN_ROLE, EV_role_set);
    r->name = c->role;
    r->weight = c->weight;
    return NULL;
}

// ---- volumes ----

static struct err *create_check(const struct draft *d, const struct cmd_volume_create *c) {
    TRY(role_check(state_text(d->state, c->owner.role)));
    if (!c->count || c->count > VOLUMES_A_REQUEST)
        return err_new(ERR_INVALID, "volume '%s': count is %u; it must be 1 to %d", c->name, c->count,
                       VOLUMES_A_REQUEST);
    return name_check("volume", c->name);
}

// What the broker is asked for each of its volumes.
static struct err *create_want(const struct state *s, const struct cmd_volume_create *c, struct want *ret_want) {
    TRY(broker_want(s, c->class, c->fs, ret_want));
    ret_want->size = c->size;
    ret_want->iops = c->iops;
    ret_want->role = c->owner.role;
    ret_want->framework = c->owner.framework;
    ret_want->labels = c->labels;
    return NULL;
}

static struct err *create_plan(const struct draft *d, const struct cmd_volume_create *c, struct volume_plan *ret_plan,
                               struct want *ret_want) {
    TRY(create_want(d->state, c, ret_want));
    *ret_plan = (struct volume_plan){.owner = c->owner,
                                     .class = state_class(d->state, ret_want->class),
                                     .asked = c->size,
                                     .fs = ret_want->fs,
                                     .labels = arena_text(d->arena, c->labels)};
    return NULL;
}

static struct err *create_one(struct draft *d, const struct cmd_volume_create *c, uint32_t i, struct volume_plan *plan,
                              const struct want *want, struct answer *ret_answer) {
    plan->name = c->count == 1 ? draft_text(d, c->name) : arena_format(d->arena, "%s-%u", c->name, i + 1);
    TRY(volume_name_free(d, c->owner, plan->name));
    struct err *e = asked_place(d, want, c->wait, &plan->fit);
    if (e) explain_refusal(d, want, e, c->count > 1 ? plan->name : NULL, ret_answer);
    TRY(err_wrap(e, "volume '%s'", plan->name));
    struct volume_row *v = volume_make(d, plan);
    vec_push(&ret_answer->ids, v->id);
    vec_push(&ret_answer->ids, draft_related(d, OPEN_OPERATIONS_OF_VOLUME, v->id).at[0]);
    return NULL;
}

struct err *decide_volume_create(struct draft *d, const struct cmd_volume_create *c, struct answer *ret_answer) {
    TRY(create_check(d, c));
    struct volume_plan plan;
    struct want want;
    TRY(err_wrap(create_plan(d, c, &plan, &want), "volume '%s'", c->name));
    for (uint32_t i = 0; i < c->count; i++) TRY(create_one(d, c, i, &plan, &want, ret_answer));
    return NULL;
}

static struct err *volume_find(const struct draft *d, const struct cmd_volume *c,
                               const struct volume_row **ret_volume) {
    *ret_volume = draft_volume(d, c->volume);
    return *ret_volume ? NULL
                       : err_new(ERR_NOT_FOUND, "volume: there is none with id %llu", (unsigned long long)c->volume);
}

struct err *decide_volume_grow(struct draft *d, const struct cmd_volume *c) {
    const struct volume_row *v;
    TRY(volume_find(d, c, &v));
    return volume_grow(d, c->volume, c->size, 0, NULL);
}

struct err *decide_volume_delete(struct draft *d, const struct cmd_volume *c) {
    const struct volume_row *v;
    TRY(volume_find(d, c, &v));
    TRY(volume_release(d, c->volume, 0, NULL));
    rescind_offers_of_volume(d, c->volume);
    return NULL;
}

static struct err *publish_busy(const struct draft *d, const struct volume_row *v, const char *agent) {
    struct id_list list = draft_related(d, ATTACHMENTS_OF_VOLUME, v->id);
    const struct attachment_row *a = list.count ? draft_attachment(d, list.at[0]) : NULL;
    const struct agent_row *holder = a ? draft_agent(d, a->agent) : NULL;
    if (holder)
        return err_new(ERR_CONFLICT, "publish %s on agent '%s': agent '%s' has it (%s)", volume_says(d, v), agent,
                       holder->name, attachment_state_name(a->state));
    return err_new(ERR_CONFLICT, "publish %s on agent '%s': it is %s%s", volume_says(d, v), agent,
                   volume_state_name(v->state), v->released ? " and being released" : "");
}

struct err *decide_volume_publish(struct draft *d, const struct cmd_volume *c, struct answer *ret_answer) {
    const struct volume_row *v;
    TRY(volume_find(d, c, &v));
    const struct agent_row *agent = c->agent ? state_agent_named(d->state, c->agent) : NULL;
    if (!agent)
        return err_new(ERR_NOT_FOUND, "publish %s: there is no agent '%s'", volume_says(d, v),
                       c->agent ? c->agent : "");
    const struct attachment_row *known = attachment_on(d, v->id, agent->id);
    if (known && (known->state == ATTACHMENT_ATTACHING || known->state == ATTACHMENT_IN_USE) && !known->detach_wanted &&
        (known->purpose == ATTACH_FOR_USE || known->pinned)) {
        edit_attachment(d, known->id, EV_attachment_changed)->pinned = true;
        vec_push(&ret_answer->ids, known->id);
        return NULL;
    }
    if (!volume_can_attach(d, v, agent->id)) return publish_busy(d, v, agent->name);
    TRY(err_wrap(broker_agent_check(d, agent->id, v), "publish %s", volume_says(d, v)));
    struct attachment_row *a = attachment_start(d, v->id, agent->id, ATTACH_FOR_USE, c->read_only);
    a->pinned = true;
    vec_push(&ret_answer->ids, a->id);
    rescind_offers_of_volume(d, c->volume);
    return NULL;
}

struct err *decide_volume_unpublish(struct draft *d, const struct cmd_volume *c) {
    const struct volume_row *v;
    TRY(volume_find(d, c, &v));
    struct id_list list = draft_related(d, ATTACHMENTS_OF_VOLUME, v->id);
    bool any = false;
    VEC_EACH (id, &list) {
        const struct attachment_row *a = draft_attachment(d, *id);
        const struct agent_row *agent = draft_agent(d, a->agent);
        if (!a->pinned || (c->agent && (!agent || strcmp(agent->name, c->agent) != 0))) continue;
        any = true;
        edit_attachment(d, *id, EV_attachment_changed)->pinned = false;
        attachment_release(d, *id);
    }
    if (any) return NULL;
    return err_new(ERR_CONFLICT, "unpublish %s: it is not published%s%s", volume_says(d, v),
                   c->agent ? " on agent " : "", c->agent ? c->agent : "");
}

// ---- reservations ----

struct err *decide_reservation_create(struct draft *d, const struct cmd_reservation_create *c,
                                      struct answer *ret_answer) {
    TRY(role_check(state_text(d->state, c->owner.role)));
    const struct class_row *class;
    TRY(err_wrap(broker_class(d->state, c->class, &class), "reservation"));
    struct want want = {.class = class->id,
                        .size = c->size,
                        .iops = c->iops,
                        .role = c->owner.role,
                        .framework = c->owner.framework,
                        .labels = c->labels};
    struct fit fit;
    struct err *e = asked_place(d, &want, false, &fit);
    if (e) explain_refusal(d, &want, e, NULL, ret_answer);
    TRY(err_wrap(e, "reservation"));
    if (c->expires.ms && c->expires.ms <= d->now.wall.ms)
        return err_new(ERR_INVALID, "reservation: it would expire in the past");
    struct reservation_row *r = draft_add(d, NOUN_RESERVATION, EV_reservation_made);
    r->owner = c->owner;
    r->principal = d->principal;
    r->class = class->id;
    r->charge = fit.charge;
    r->reason = c->reason;
    r->labels = draft_text(d, c->labels);
    r->created = d->now.wall;
    r->expires = c->expires;
    vec_push(&ret_answer->ids, r->id);
    return NULL;
}

struct err *decide_reservation_remove(struct draft *d, uint64_t reservation) {
    const struct reservation_row *r = draft_reservation(d, reservation);
    if (!r) return err_new(ERR_NOT_FOUND, "reservation %llu: there is none", (unsigned long long)reservation);
    struct id_list volumes = draft_related(d, VOLUMES_OF_RESERVATION, reservation);
    if (volumes.count)
        return err_new(ERR_CONFLICT, "reservation %llu: volume '%s' was made from it; delete that first",
                       (unsigned long long)reservation, draft_volume(d, volumes.at[0])->name);
    if (r->agent) {
        agent_reservation_end(d, reservation);
        return NULL;
    }
    draft_remove(d, NOUN_RESERVATION, reservation, EV_reservation_ended);
    return NULL;
}

// Volumes made from it go on without it: what they give back then goes to the pool.
void reservation_expire(struct draft *d, uint64_t reservation) {
    if (draft_reservation(d, reservation)->agent) {
        agent_reservation_end(d, reservation);
        return;
    }
    struct id_list volumes = draft_related(d, VOLUMES_OF_RESERVATION, reservation);
    VEC_EACH (id, &volumes) edit_volume(d, *id, EV_volume_changed)->reservation = 0;
    draft_remove(d, NOUN_RESERVATION, reservation, EV_reservation_ended);
}
