// SPDX-License-Identifier: Apache-2.0
// Statuses of tasks: as an agent packed them or in the master's own words, shaped for what the framework understands.
#include "wire/mesos_event.h"

#include "codec/message.h"
#include "core/state.h"
#include "core/task.h"

enum { STATUS_LARGEST = 256 * 1024 }; // packed, of an agent

typedef Mesos__V1__TaskStatus task_status_message;

Mesos__V1__TaskState mesos_task_state(const struct framework_row *f, enum task_state state) {
    bool aware = f && framework_can(f, FW_PARTITION_AWARE), killing = f && framework_can(f, FW_KILLING);
    switch (state) {
    case TASK_DROPPED:
    case TASK_UNREACHABLE:
    case TASK_GONE:
    case TASK_GONE_BY_OPERATOR:
    case TASK_UNKNOWN: return (Mesos__V1__TaskState)(aware ? state : TASK_LOST);
    case TASK_KILLING: return (Mesos__V1__TaskState)(killing ? state : TASK_RUNNING);
    default: return (Mesos__V1__TaskState)state; // of the same numbers
    }
}

mesos_event *mesos_update_event(task_status_message *status, struct arena *arena) {
    mesos_event *event = mesos_event_new(MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE, arena);
    event->update = mesos_new(arena, &mesos__v1__scheduler__event__update__descriptor);
    event->update->status = status;
    return event;
}

static void status_of_master(task_status_message *status, int reason) {
    status->has_source = true;
    status->source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_MASTER;
    status->has_reason = reason != REASON_NONE;
    status->reason = (Mesos__V1__TaskStatus__Reason)(reason == REASON_NONE ? 0 : reason);
}

task_status_message *mesos_master_status(const char *task, Mesos__V1__TaskState state, int reason, const char *message,
                                         struct arena *arena) {
    task_status_message *status = mesos_new(arena, &mesos__v1__task_status__descriptor);
    status->task_id = mesos_task_id(task, arena);
    status->state = state;
    status->message = arena_text(arena, message);
    status_of_master(status, reason);
    return status;
}

// ---- what every client looks for ----

// Clients read the first address of a running task without looking whether it is there.
static void status_fill_address(const struct agent_row *agent, task_status_message *status, struct arena *arena) {
    if (!status->container_status)
        status->container_status = mesos_new(arena, &mesos__v1__container_status__descriptor);
    Mesos__V1__ContainerStatus *container = status->container_status;
    if (container->n_network_infos && container->network_infos[0]->n_ip_addresses) return;
    Mesos__V1__NetworkInfo__IPAddress *ip = mesos_new(arena, &mesos__v1__network_info__ipaddress__descriptor);
    const char *hostname = agent->hostname ? agent->hostname : agent->name;
    ip->ip_address = mesos_address(hostname, agent->address, arena)->ip;
    ip->has_protocol = true;
    ip->protocol =
        strchr(ip->ip_address, ':') ? MESOS__V1__NETWORK_INFO__PROTOCOL__IPv6 : MESOS__V1__NETWORK_INFO__PROTOCOL__IPv4;
    Mesos__V1__NetworkInfo *network = mesos_new(arena, &mesos__v1__network_info__descriptor);
    network->ip_addresses = arena_zero(arena, 1, sizeof ip);
    network->ip_addresses[network->n_ip_addresses++] = ip;
    container->network_infos = arena_zero(arena, 1, sizeof network);
    container->network_infos[0] = network;
    container->n_network_infos = 1;
}

// As its agent packed it; NULL when the words are the master's own.
static task_status_message *status_of_agent(const struct task_row *t, struct arena *arena) {
    void *status = NULL;
    if (!t->status) return NULL;
    AUTO_ERR struct err *e =
        message_unpack(&mesos__v1__task_status__descriptor, t->status->bytes, t->status->size, arena, &status);
    return e ? NULL : status;
}

static task_status_message *status_latest(const struct framework_row *f, const struct task_row *t,
                                          struct arena *arena) {
    Mesos__V1__TaskState state = mesos_task_state(f, t->state);
    task_status_message *status = status_of_agent(t, arena);
    if (!status) return mesos_master_status(t->text_id, state, t->reason, t->message, arena);
    status->task_id = mesos_task_id(t->text_id, arena);
    status->state = state;
    if (!status->has_source) {
        status->has_source = true;
        status->source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR;
    }
    return status;
}

static void status_fill(const struct state *s, const struct task_row *t, task_status_message *status,
                        struct arena *arena) {
    const struct agent_row *agent = state_agent(s, t->agent);
    status->agent_id = mesos_agent_id(t->agent, arena);
    if (!status->executor_id) status->executor_id = mesos_executor_id(t->text_id, arena);
    if (!status->has_timestamp) {
        status->has_timestamp = true;
        status->timestamp = (double)t->since.ms / 1000;
    }
    if (agent && status->state == MESOS__V1__TASK_STATE__TASK_RUNNING) status_fill_address(agent, status, arena);
    if (status->state == MESOS__V1__TASK_STATE__TASK_UNREACHABLE) {
        status->unreachable_time = mesos_new(arena, &mesos__v1__time_info__descriptor);
        status->unreachable_time->nanoseconds = t->since.ms * 1000000;
    }
}

// With the UUID that is to be acknowledged; else as an answer to reconciliation, which is not.
static void status_address(const struct task_row *t, bool told, task_status_message *status) {
    status->has_uuid = told && t->update_uuid;
    status->uuid = (ProtobufCBinaryData){0};
    if (status->has_uuid) status->uuid = (ProtobufCBinaryData){t->update_uuid->size, (uint8_t *)t->update_uuid->bytes};
    if (!told) status_of_master(status, REASON_RECONCILIATION);
}

mesos_event *mesos_update(const struct state *s, const struct task_row *t, bool told, struct arena *arena) {
    task_status_message *status = status_latest(state_framework(s, t->framework), t, arena);
    status_fill(s, t, status, arena);
    status_address(t, told, status);
    return mesos_update_event(status, arena);
}

// ---- from an agent ----

struct err *mesos_status_read(const void *bytes, size_t size, struct arena *arena, struct cmd_task_status *ret) {
    void *message;
    if (size > STATUS_LARGEST)
        return err_new(ERR_TOO_LARGE, "a task status has %zu bytes; the most is %d", size, STATUS_LARGEST);
    TRY(err_wrap(message_unpack(&mesos__v1__task_status__descriptor, bytes, size, arena, &message), "task status"));
    const task_status_message *status = message;
    if (status->has_uuid && status->uuid.len != 16)
        return err_new(ERR_INVALID, "status of task '%.255s': its uuid has %zu bytes; expected 16",
                       status->task_id->value, status->uuid.len);
    ret->state = (uint8_t)status->state;
    ret->message = status->message;
    ret->uuid = status->has_uuid ? mesos_blob(status->uuid.data, status->uuid.len, arena) : NULL;
    ret->status = mesos_blob(bytes, size, arena);
    return NULL;
}
