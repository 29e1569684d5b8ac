// SPDX-License-Identifier: Apache-2.0
// Calls as a whole: what each type must bring along, and the small ones as commands. Never looks at the registry.
#include "wire/mesos.h"

#include "wire/mesos_basic.h"

#define TYPE(name) MESOS__V1__SCHEDULER__CALL__TYPE__##name

static struct err *body_check(const void *body, const char *name) {
    if (body) return NULL;
    return err_new(ERR_INVALID, "Expecting '%s' to be present", name);
}

static struct err *uuid_check(const ProtobufCBinaryData *uuid) {
    if (uuid->len == 16) return NULL;
    return err_new(ERR_INVALID, "Not a valid UUID");
}

static struct err *ids_check(const mesos_call *call, const Mesos__V1__FrameworkInfo *info, const char *where) {
    const char *one = call->framework_id ? call->framework_id->value : "";
    const char *other = info->id ? info->id->value : "";
    if (strcmp(one, other) == 0) return NULL;
    return err_new(ERR_INVALID, "'framework_id' differs from '%s.framework_info.id'", where);
}

static struct err *subscribe_check(const mesos_call *call) {
    TRY(body_check(call->subscribe, "subscribe"));
    return ids_check(call, call->subscribe->framework_info, "subscribe");
}

static struct err *acknowledge_check(const mesos_call *call) {
    TRY(body_check(call->acknowledge, "acknowledge"));
    return uuid_check(&call->acknowledge->uuid);
}

static struct err *acknowledge_operation_check(const mesos_call *call) {
    TRY(body_check(call->acknowledge_operation_status, "acknowledge_operation_status"));
    return uuid_check(&call->acknowledge_operation_status->uuid);
}

struct err *mesos_call_check(const mesos_call *call) {
    if (!call->has_type) return err_new(ERR_INVALID, "Expecting 'type' to be present");
    if (call->type == TYPE(SUBSCRIBE)) return subscribe_check(call);
    TRY(body_check(call->framework_id, "framework_id"));
    switch (call->type) {
    case TYPE(ACCEPT): return body_check(call->accept, "accept");
    case TYPE(DECLINE): return body_check(call->decline, "decline");
    case TYPE(KILL): return body_check(call->kill, "kill");
    case TYPE(SHUTDOWN): return body_check(call->shutdown, "shutdown");
    case TYPE(MESSAGE): return body_check(call->message, "message");
    case TYPE(ACKNOWLEDGE): return acknowledge_check(call);
    case TYPE(ACKNOWLEDGE_OPERATION_STATUS): return acknowledge_operation_check(call);
    case TYPE(RECONCILE): return body_check(call->reconcile, "reconcile");
    case TYPE(RECONCILE_OPERATIONS): return body_check(call->reconcile_operations, "reconcile_operations");
    case TYPE(TEARDOWN):
    case TYPE(REVIVE):
    case TYPE(SUPPRESS):
    case TYPE(REQUEST): // a hint; some clients put its list under a wrong key
    case TYPE(ACCEPT_INVERSE_OFFERS):
    case TYPE(DECLINE_INVERSE_OFFERS): return NULL;
    case TYPE(UPDATE_FRAMEWORK):
        return err_new(ERR_UNSUPPORTED,
                       "UPDATE_FRAMEWORK is not supported: subscribe again with the new FrameworkInfo");
    default: return err_new(ERR_UNSUPPORTED, "Call type %d is not supported", (int)call->type);
    }
}

// ---- small calls ----

static const uint64_t *offers_read(Mesos__V1__OfferID **ids, size_t count, struct arena *arena) {
    uint64_t *offers = arena_zero(arena, count, sizeof *offers);
    for (size_t i = 0; i < count; i++) offers[i] = mesos_number(ids[i]->value);
    return offers;
}

void mesos_decline_read(const mesos_call *call, uint64_t framework, struct arena *arena, struct cmd_decline *ret) {
    const Mesos__V1__Scheduler__Call__Decline *decline = call->decline;
    *ret = (struct cmd_decline){
        .framework = framework,
        .offers = offers_read(decline->offer_ids, decline->n_offer_ids, arena),
        .offer_count = decline->n_offer_ids,
        .refuse_seconds = mesos_refuse_seconds(decline->filters),
    };
}

// Roles that nobody ever named are no framework's: the empty one stands for them, and makes the call void.
static const symbol *roles_find(const struct symbols *s, char *const *names, size_t count, struct arena *arena) {
    symbol *roles = arena_zero(arena, count, sizeof *roles);
    for (size_t i = 0; i < count; i++)
        if (!symbol_find(s, names[i], &roles[i])) roles[i] = (symbol){0};
    return roles;
}

void mesos_roles_read(struct symbols *s, const mesos_call *call, uint64_t framework, struct arena *arena,
                      struct cmd_roles *ret) {
    char *const *names = NULL;
    *ret = (struct cmd_roles){.framework = framework};
    if (call->type == TYPE(REVIVE) && call->revive) {
        names = call->revive->roles;
        ret->role_count = call->revive->n_roles;
    } else if (call->type == TYPE(SUPPRESS) && call->suppress) {
        names = call->suppress->roles;
        ret->role_count = call->suppress->n_roles;
    }
    ret->roles = roles_find(s, names, ret->role_count, arena);
}

void mesos_kill_read(const mesos_call *call, uint64_t framework, struct cmd_kill *ret) {
    const Mesos__V1__Scheduler__Call__Kill *kill = call->kill;
    *ret = (struct cmd_kill){.framework = framework, .task = kill->task_id->value, .grace_ms = UINT64_MAX};
    const Mesos__V1__DurationInfo *grace = kill->kill_policy ? kill->kill_policy->grace_period : NULL;
    if (grace && grace->nanoseconds >= 0) ret->grace_ms = (uint64_t)grace->nanoseconds / 1000000;
}

// Found by framework, id and UUID alone: clients leave out or invent the agent and the provider.
void mesos_acknowledge_read(const mesos_call *call, uint64_t framework, struct cmd_acknowledge *ret) {
    *ret = (struct cmd_acknowledge){.framework = framework};
    if (call->type == TYPE(ACKNOWLEDGE)) {
        ret->task = call->acknowledge->task_id->value;
        ret->uuid = call->acknowledge->uuid.data;
    } else {
        ret->operation = call->acknowledge_operation_status->operation_id->value;
        ret->uuid = call->acknowledge_operation_status->uuid.data;
    }
}
