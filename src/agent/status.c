// SPDX-License-Identifier: Apache-2.0
// Statuses of tasks: kept before they are told, told one after the other in order, and again until acknowledged.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "agent/machine.h"
#include "codec/message.h"

bool state_ended(Mesos__V1__TaskState state) {
    switch (state) {
    case MESOS__V1__TASK_STATE__TASK_STAGING:
    case MESOS__V1__TASK_STATE__TASK_STARTING:
    case MESOS__V1__TASK_STATE__TASK_RUNNING:
    case MESOS__V1__TASK_STATE__TASK_KILLING:
    case MESOS__V1__TASK_STATE__TASK_UNREACHABLE:
    case MESOS__V1__TASK_STATE__TASK_UNKNOWN: return false;
    default: return true;
    }
}

// ---- one status ----

static Mesos__V1__ContainerStatus *container_status(const struct agent *a, const struct task *t, struct arena *arena) {
    Mesos__V1__ContainerStatus *c = ARENA_NEW(arena, Mesos__V1__ContainerStatus);
    mesos__v1__container_status__init(c);
    c->has_executor_pid = t->pid > 0 && t->pid <= INT32_MAX;
    c->executor_pid = c->has_executor_pid ? (uint32_t)t->pid : 0;
    if (!a->setup.address) return c;
    Mesos__V1__NetworkInfo__IPAddress *address = ARENA_NEW(arena, Mesos__V1__NetworkInfo__IPAddress);
    mesos__v1__network_info__ipaddress__init(address);
    address->ip_address = (char *)a->setup.address;
    Mesos__V1__NetworkInfo *network = ARENA_NEW(arena, Mesos__V1__NetworkInfo);
    mesos__v1__network_info__init(network);
    network->n_ip_addresses = c->n_network_infos = 1;
    network->ip_addresses = arena_copy(arena, &address, sizeof(void *));
    c->network_infos = arena_copy(arena, &network, sizeof(void *));
    return c;
}

static void label_add(Mesos__V1__Labels *labels, const char *key, const char *value, struct arena *arena) {
    Mesos__V1__Label *label = ARENA_NEW(arena, Mesos__V1__Label);
    mesos__v1__label__init(label);
    label->key = (char *)key;
    label->value = (char *)value;
    labels->labels[labels->n_labels++] = label;
}

// For whoever wants more than Mesos' states say: where the task's files are, and how its command ended.
static Mesos__V1__Labels *status_labels(const struct agent *a, const struct task *t, const struct said *said,
                                        struct arena *arena) {
    enum { LABELS_MOST = 2 };
    Mesos__V1__Labels *labels = ARENA_NEW(arena, Mesos__V1__Labels);
    mesos__v1__labels__init(labels);
    labels->labels = arena_zero(arena, LABELS_MOST, sizeof *labels->labels);
    if (a->setup.sandboxes)
        label_add(labels, "sandbox", arena_format(arena, "%s/%" PRIu64 "/sandbox", a->setup.sandboxes, t->number),
                  arena);
    if (said->end)
        label_add(labels, said->end->kind == AGENT_END_SIGNALLED ? "signal" : "exit-code",
                  arena_format(arena, "%d", said->end->code), arena);
    return labels->n_labels ? labels : NULL;
}

static void status_pack(struct agent *a, const struct task *t, const struct said *said, unsigned char uuid[16],
                        struct text *to) {
    AUTO_ARENA struct arena arena = {0};
    Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
    Mesos__V1__AgentID agent = MESOS__V1__AGENT_ID__INIT;
    Mesos__V1__ExecutorID executor = MESOS__V1__EXECUTOR_ID__INIT;
    Mesos__V1__TaskStatus s = MESOS__V1__TASK_STATUS__INIT;
    id.value = executor.value = t->id ? t->id : (char *)"";
    agent.value = t->agent_id;
    s.task_id = &id;
    s.state = said->state;
    s.message = (char *)said->message;
    if (t->agent_id) s.agent_id = &agent;
    if (t->id && !t->unknown) s.executor_id = &executor; // as of Mesos' command executor
    s.has_timestamp = s.has_source = s.has_uuid = true;
    s.timestamp = (double)a->wall.ms / 1000.0;
    s.source = said->source;
    s.has_reason = said->reason >= 0;
    if (s.has_reason) s.reason = (Mesos__V1__TaskStatus__Reason)said->reason;
    s.uuid = (ProtobufCBinaryData){16, uuid};
    if (!t->unknown) s.container_status = container_status(a, t, &arena);
    if (!t->unknown) s.labels = status_labels(a, t, said, &arena);
    message_pack(&s.base, to);
}

// ---- records ----

static Granary__TaskRecord *record_of(const struct task *t, struct arena *arena) {
    Granary__TaskRecord *r = ARENA_NEW(arena, Granary__TaskRecord);
    granary__task_record__init(r);
    r->task_number = t->number;
    r->framework_id = arena_text(arena, t->framework ? t->framework : "");
    r->task_info = (ProtobufCBinaryData){t->info_size, t->info};
    r->statuses = arena_zero(arena, t->statuses.count + 1, sizeof *r->statuses);
    for (; r->n_statuses < t->statuses.count; r->n_statuses++)
        r->statuses[r->n_statuses] =
            (ProtobufCBinaryData){t->statuses.at[r->n_statuses].size, t->statuses.at[r->n_statuses].bytes};
    r->has_latest = t->latest != NULL;
    r->latest = (ProtobufCBinaryData){t->latest_size, t->latest};
    return r;
}

static void task_keep(struct agent *a, const struct task *t) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text bytes = {0};
    message_pack(&record_of(t, &arena)->base, &bytes);
    agent_keep(a, AGENT_RECORD_TASK, t->number, &bytes);
}

// ---- the queue ----

static int64_t resend_pause(const struct agent *a, unsigned resends) {
    int64_t ms = (int64_t)a->setup.resend_least_ms << (resends < 16 ? resends : 16);
    return ms < a->setup.resend_most_ms ? ms : a->setup.resend_most_ms;
}

static void status_say(struct agent *a, struct task *t) {
    struct arena *arena = &a->out->arena;
    Granary__FromAgent *m = agent_message_new(a);
    m->status = ARENA_NEW(arena, Granary__TaskStatusReport);
    granary__task_status_report__init(m->status);
    m->status->task_number = t->number;
    const struct status *first = &t->statuses.at[0];
    m->status->status = (ProtobufCBinaryData){first->size, arena_copy(arena, first->bytes, first->size)};
    agent_say(a, m);
    t->resend_at.ms = a->now.ms + resend_pause(a, t->resends);
}

void status_add(struct agent *a, struct task *t, const struct said *said) {
    struct status status = {0};
    AUTO_TEXT struct text bytes = {0};
    agent_uuid_draw(a, status.uuid);
    status_pack(a, t, said, status.uuid, &bytes);
    status.size = bytes.size;
    status.bytes = mem_copy(bytes.data, bytes.size);
    vec_push(&t->statuses, status);
    free(t->latest);
    t->latest = mem_copy(bytes.data, bytes.size);
    t->latest_size = bytes.size;
    t->state = said->state;
    t->said_ms = a->wall.ms;
    if (!t->unknown) task_keep(a, t);
    if (t->statuses.count > 1) return;
    t->resends = 0;
    status_say(a, t);
}

void statuses_due(struct agent *a) {
    MAP_EACH (entry, &a->tasks) {
        struct task *t = entry->value.p;
        if (!t->statuses.count) continue;
        t->resends = 0;
        t->resend_at = a->now;
    }
}

void status_acknowledged(struct agent *a, const Granary__StatusAck *ack) {
    struct task *t = agent_task(a, ack->task_number);
    if (!t || !t->statuses.count || ack->uuid.len != 16) return;
    if (memcmp(t->statuses.at[0].uuid, ack->uuid.data, 16) != 0) return; // of one that was acknowledged before
    free(t->statuses.at[0].bytes);
    vec_remove(&t->statuses, 0);
    t->resends = 0;
    t->resend_at = NEVER;
    if (!t->statuses.count && t->ended) {
        task_forget(a, t);
        return;
    }
    task_keep(a, t);
    if (t->statuses.count) status_say(a, t);
}

void status_tick(struct agent *a, struct task *t) {
    if (a->session != CONNECTED || !t->statuses.count || a->now.ms < t->resend_at.ms) return;
    t->resends++;
    status_say(a, t);
}

// ---- back from records ----

static struct err *status_read(const ProtobufCBinaryData *bytes, struct arena *arena, Mesos__V1__TaskStatus **ret) {
    void *message;
    TRY(message_unpack(&mesos__v1__task_status__descriptor, bytes->data, bytes->len, arena, &message));
    *ret = message;
    if ((*ret)->uuid.len != 16) return err_new(ERR_CORRUPT, "a kept status has no UUID of 16 bytes");
    return NULL;
}

// All is read before anything is taken over.
static struct err *record_check(const struct agent_record *record, struct arena *arena,
                                Granary__TaskRecord **ret_report, Mesos__V1__TaskInfo **ret_info) {
    void *report, *info;
    TRY(message_unpack(&granary__task_record__descriptor, record->bytes, record->size, arena, &report));
    *ret_report = report;
    TRY(message_unpack(&mesos__v1__task_info__descriptor, (*ret_report)->task_info.data, (*ret_report)->task_info.len,
                       arena, &info));
    *ret_info = info;
    Mesos__V1__TaskStatus *status;
    if ((*ret_report)->has_latest) TRY(status_read(&(*ret_report)->latest, arena, &status));
    for (size_t i = 0; i < (*ret_report)->n_statuses; i++)
        TRY(status_read(&(*ret_report)->statuses[i], arena, &status));
    return NULL;
}

static void statuses_fill(struct task *t, const Granary__TaskRecord *report, struct arena *arena) {
    Mesos__V1__TaskStatus *read = NULL;
    for (size_t i = 0; i < report->n_statuses; i++) {
        err_free(status_read(&report->statuses[i], arena, &read)); // record_check read it before
        struct status s = {mem_copy(report->statuses[i].data, report->statuses[i].len), report->statuses[i].len, {0}};
        memcpy(s.uuid, read->uuid.data, sizeof s.uuid);
        vec_push(&t->statuses, s);
    }
    if (!report->has_latest) return;
    t->latest = mem_copy(report->latest.data, report->latest.len);
    t->latest_size = report->latest.len;
    err_free(status_read(&report->latest, arena, &read));
    t->state = read->state;
    t->said_ms = (int64_t)(read->timestamp * 1000.0);
}

struct err *task_record_read(struct agent *a, const struct agent_record *record) {
    AUTO_ARENA struct arena arena = {0};
    Granary__TaskRecord *report = NULL;
    Mesos__V1__TaskInfo *info = NULL;
    TRY(err_wrap(record_check(record, &arena, &report, &info), "record of task %llu",
                 (unsigned long long)record->number));
    struct task *t = agent_task_add(a, record->number);
    t->framework = mem_text(report->framework_id);
    t->info = mem_copy(report->task_info.data, report->task_info.len);
    t->info_size = report->task_info.len;
    task_info_take(t, info);
    statuses_fill(t, report, &arena);
    if (t->statuses.count) t->resend_at.ms = a->now.ms;
    return NULL;
}
