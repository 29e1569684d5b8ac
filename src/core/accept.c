// SPDX-License-Identifier: Apache-2.0
// ACCEPT from its offers to what is left of them.
#include "core/accept.h"

#include "core/allocator.h"
#include "core/framework.h"
#include "core/share.h"

enum { OPERATION_IS_ERROR = 4 }; // mesos.v1.OperationState

static struct err *offer_check(const struct draft *d, const struct cmd_accept *c, size_t i) {
    const struct offer_row *o = draft_offer(d, c->offers[i]);
    if (!o || o->framework != c->framework)
        return err_new(ERR_CONFLICT, "Offer %s is no longer valid", c->offer_texts[i]);
    for (size_t j = 0; j < i; j++)
        if (c->offers[j] == c->offers[i]) return err_new(ERR_INVALID, "Offer %s is named twice", c->offer_texts[i]);
    const struct offer_row *first = draft_offer(d, c->offers[0]);
    if (!symbol_equal(o->role, first->role))
        return err_new(ERR_INVALID, "Offers %s and %s are for different roles", c->offer_texts[0], c->offer_texts[i]);
    return NULL;
}

static struct err *offers_check(const struct draft *d, const struct cmd_accept *c) {
    if (!c->offer_count) return err_new(ERR_INVALID, "No offers specified");
    uint64_t agent = 0;
    for (size_t i = 0; i < c->offer_count; i++) {
        TRY(offer_check(d, c, i));
        uint64_t on = draft_offer(d, c->offers[i])->agent;
        if (on && agent && on != agent)
            return err_new(ERR_INVALID, "Aggregated offers are from different agents: at most one agent in an ACCEPT");
        if (on) agent = on;
    }
    return NULL;
}

static void accept_add_offer(struct accept *a, const struct offer_row *o) {
    a->role = o->role;
    if (o->agent) a->agent = o->agent;
    a->storage |= !o->agent;
    scalars_add(&a->scalars, &o->resources);
    scalars_add(&a->reserved, &o->reserved);
    for (size_t i = 0; i < blob_count(o->ports, struct port_range); i++)
        ports_add(&a->ports, blob_items(o->ports, struct port_range)[i]);
    for (size_t i = 0; i < blob_count(o->volumes, uint64_t); i++)
        vec_push(&a->volumes, blob_items(o->volumes, uint64_t)[i]);
}

static void operation_refuse(struct draft *d, const struct cmd_accept *c, const struct accept_operation *o,
                             const char *message) {
    if (!o->id) return;
    struct notice *n = draft_notice(d, NOTICE_OPERATION_STATUS, c->framework);
    n->text_id = draft_text(d, o->id);
    n->state = OPERATION_IS_ERROR;
    n->message = message;
}

static void task_refuse(struct draft *d, const struct cmd_accept *c, const struct task_launch *t, enum task_state state,
                        enum task_reason reason, const char *message, uint64_t agent) {
    struct notice *n = draft_notice(d, NOTICE_TASK_STATUS, c->framework);
    n->text_id = draft_text(d, t->text_id);
    n->agent = agent;
    n->state = (uint8_t)state;
    n->reason = reason;
    n->message = message;
}

// None of it is done: each task and each operation hears why; the offers that were good come back.
static void accept_refuse(struct draft *d, const struct cmd_accept *c, const char *why, double seconds) {
    const struct framework_row *f = draft_framework(d, c->framework);
    enum task_state state = framework_can(f, FW_PARTITION_AWARE) ? TASK_DROPPED : TASK_LOST;
    for (size_t i = 0; i < c->operation_count; i++) {
        const struct accept_operation *o = &c->operations[i];
        for (size_t j = 0; j < o->task_count; j++)
            task_refuse(d, c, &o->tasks[j], state, REASON_INVALID_OFFERS,
                        arena_format(d->arena, "Task launched %s", why), 0);
        operation_refuse(d, c, o, arena_format(d->arena, "Operation attempted %s", why));
    }
    decide_decline(d, c->framework, c->offers, c->offer_count, seconds);
}

static struct err *accept_one(struct draft *d, struct accept *a, const struct accept_operation *o) {
    if (o->id) TRY(chosen_id_check("operation", o->id));
    switch (o->kind) {
    case ACCEPT_RESERVE: return accept_reserve(d, a, o);
    case ACCEPT_UNRESERVE: return accept_unreserve(d, a, o);
    case ACCEPT_CREATE: return accept_create(d, a, o);
    case ACCEPT_DESTROY: return accept_destroy(d, a, o);
    case ACCEPT_CREATE_DISK: return accept_create_disk(d, a, o);
    case ACCEPT_DESTROY_DISK: return accept_destroy_disk(d, a, o);
    case ACCEPT_GROW: return accept_grow(d, a, o);
    case ACCEPT_SHRINK: return err_new(ERR_UNSUPPORTED, "SHRINK_VOLUME: volumes never shrink");
    default: return err_new(ERR_UNSUPPORTED, "operation type %d is not known", (int)o->kind);
    }
}

// An operation that ended at once and well: its framework hears so until it acknowledges.
static bool ends_at_once(enum accept_kind kind) {
    return kind == ACCEPT_RESERVE || kind == ACCEPT_UNRESERVE || kind == ACCEPT_CREATE || kind == ACCEPT_DESTROY;
}

static void operation_tell(struct draft *d, const struct accept *a, const struct cmd_accept *c,
                           const struct accept_operation *o) {
    enum operation_kind kind = o->kind == ACCEPT_UNRESERVE ? OP_UNRESERVE : OP_RESERVE;
    struct operation_row *row = operation_record(d, kind, c->framework, draft_text(d, o->id));
    if (o->kind != ACCEPT_RESERVE) return;
    row->reservation = *vec_last(&a->reservations);
    row->size = draft_reservation(d, row->reservation)->charge.bytes;
}

static void accept_operation(struct draft *d, struct accept *a, const struct cmd_accept *c,
                             const struct accept_operation *o) {
    if (o->kind == ACCEPT_LAUNCH) {
        for (size_t i = 0; i < o->task_count; i++) accept_launch(d, a, &o->tasks[i]);
        return;
    }
    if (o->kind == ACCEPT_LAUNCH_GROUP) {
        for (size_t i = 0; i < o->task_count; i++)
            task_refuse(d, c, &o->tasks[i], TASK_ERROR, REASON_TASK_GROUP_INVALID,
                        "LAUNCH_GROUP needs an executor, which agents here do not run; use LAUNCH", a->agent);
        return;
    }
    AUTO_ERR struct err *e = accept_one(d, a, o);
    if (e)
        operation_refuse(d, c, o, draft_text(d, err_text(e)));
    else if (o->id && ends_at_once(o->kind))
        operation_tell(d, a, c, o);
}

// The offers are used up. What is left of the agent's part is withheld from the framework for a while, as Mesos does.
static void accept_end_offers(struct draft *d, const struct accept *a, const struct cmd_accept *c) {
    bool first = true;
    for (size_t i = 0; i < c->offer_count; i++) {
        struct offer_row *o = edit_offer(d, c->offers[i], EV_offer_accepted);
        o->refuse_until = refuse_until(d->now.mono, c->refuse_seconds);
        if (o->agent) {
            o->resources = first ? a->scalars : (struct scalars){{0}, {0}, {0}};
            first = false;
        }
        draft_remove(d, NOUN_OFFER, o->id, EV_offer_accepted);
    }
}

void decide_accept(struct draft *d, const struct cmd_accept *c) {
    d->coarse = true;
    if (c->refusal) {
        accept_refuse(d, c, arena_format(d->arena, "in vain: %s", c->refusal), REFUSE_SECONDS_DEFAULT);
        return;
    }
    AUTO_ERR struct err *invalid = offers_check(d, c);
    if (invalid) {
        accept_refuse(d, c, arena_format(d->arena, "with invalid offers: %s", err_text(invalid)), 0);
        return;
    }
    struct accept a = {.framework = draft_framework(d, c->framework)};
    for (size_t i = 0; i < c->offer_count; i++) accept_add_offer(&a, draft_offer(d, c->offers[i]));
    for (size_t i = 0; i < c->operation_count; i++) accept_operation(d, &a, c, &c->operations[i]);
    accept_end_offers(d, &a, c);
    vec_done(&a.ports);
    vec_done(&a.volumes);
    vec_done(&a.reservations);
}
