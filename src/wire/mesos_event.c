// SPDX-License-Identifier: Apache-2.0
// Events that are not about one task, offer or operation; and what was never made.
#include "wire/mesos_event.h"

#include "core/state.h"

#define TYPE(name) MESOS__V1__SCHEDULER__EVENT__TYPE__##name

mesos_event *mesos_event_new(Mesos__V1__Scheduler__Event__Type type, struct arena *arena) {
    mesos_event *event = mesos_new(arena, &mesos__v1__scheduler__event__descriptor);
    event->has_type = true;
    event->type = type;
    return event;
}

mesos_event *mesos_heartbeat(struct arena *arena) {
    return mesos_event_new(TYPE(HEARTBEAT), arena);
}

mesos_event *mesos_error(const char *message, struct arena *arena) {
    mesos_event *event = mesos_event_new(TYPE(ERROR), arena);
    event->error = mesos_new(arena, &mesos__v1__scheduler__event__error__descriptor);
    event->error->message = arena_text(arena, message);
    return event;
}

mesos_event *mesos_rescind(uint64_t offer, struct arena *arena) {
    mesos_event *event = mesos_event_new(TYPE(RESCIND), arena);
    event->rescind = mesos_new(arena, &mesos__v1__scheduler__event__rescind__descriptor);
    event->rescind->offer_id = mesos_offer_id(offer, arena);
    return event;
}

mesos_event *mesos_failure(const struct state *s UNUSED, uint64_t agent, struct arena *arena) {
    mesos_event *event = mesos_event_new(TYPE(FAILURE), arena);
    event->failure = mesos_new(arena, &mesos__v1__scheduler__event__failure__descriptor);
    event->failure->agent_id = mesos_agent_id(agent, arena);
    return event;
}

// ---- SUBSCRIBED ----

Mesos__V1__Address *mesos_master_address(const struct mesos_master *master, struct arena *arena) {
    unsigned char ip[4];
    memcpy(ip, &master->ip, sizeof ip); // in network byte order
    Mesos__V1__Address *address = mesos_new(arena, &mesos__v1__address__descriptor);
    address->hostname = arena_text(arena, master->hostname);
    address->ip = arena_format(arena, "%u.%u.%u.%u", ip[0], ip[1], ip[2], ip[3]);
    address->port = master->port;
    return address;
}

static Mesos__V1__MasterInfo *master_info(const struct state *s, const struct mesos_master *master,
                                          struct arena *arena) {
    Mesos__V1__MasterInfo *info = mesos_new(arena, &mesos__v1__master_info__descriptor);
    char cluster[UUID_TEXT];
    uuid_text(s->cluster.id, cluster);
    info->id = arena_text(arena, cluster);
    info->ip = master->ip;
    info->port = master->port;
    info->address = mesos_master_address(master, arena);
    info->pid = arena_format(arena, "master@%s:%u", info->address->ip, (unsigned)master->port);
    info->hostname = arena_text(arena, master->hostname);
    info->version = arena_text(arena, master->version);
    return info;
}

mesos_event *mesos_subscribed(const struct state *s, const struct mesos_master *master, const struct framework_row *f,
                              struct arena *arena) {
    mesos_event *event = mesos_event_new(TYPE(SUBSCRIBED), arena);
    event->subscribed = mesos_new(arena, &mesos__v1__scheduler__event__subscribed__descriptor);
    event->subscribed->framework_id = mesos_framework_id(f->text_id, arena);
    event->subscribed->has_heartbeat_interval_seconds = true;
    event->subscribed->heartbeat_interval_seconds = (double)master->heartbeat_ms / 1000;
    event->subscribed->master_info = master_info(s, master, arena);
    return event;
}

// ---- notices ----

static mesos_event *task_notice(const struct state *s, const struct notice *n, struct arena *arena) {
    const struct framework_row *f = state_framework(s, n->framework);
    Mesos__V1__TaskStatus *status =
        mesos_master_status(n->text_id, mesos_task_state(f, n->state), n->reason, n->message, arena);
    if (n->agent) status->agent_id = mesos_agent_id(n->agent, arena);
    return mesos_update_event(status, arena);
}

static mesos_event *operation_notice(const struct notice *n, struct arena *arena) {
    Mesos__V1__OperationStatus *status = mesos_new(arena, &mesos__v1__operation_status__descriptor);
    status->operation_id = mesos_operation_id(n->text_id, arena);
    status->state = (Mesos__V1__OperationState)n->state;
    status->message = arena_text(arena, n->message);
    status->resource_provider_id = mesos_provider_id(arena);
    return mesos_operation_event(status, arena);
}

mesos_event *mesos_notice(const struct state *s, const struct notice *n, struct arena *arena) {
    switch (n->kind) {
    case NOTICE_TASK_STATUS: return task_notice(s, n, arena);
    case NOTICE_OPERATION_STATUS: return operation_notice(n, arena);
    case NOTICE_RESCIND: return mesos_rescind(n->offer, arena);
    }
    return NULL;
}
