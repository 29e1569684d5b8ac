// SPDX-License-Identifier: Apache-2.0
// Any bytes as a scheduler call. What passes the check becomes a command that holds what the core relies on: a task is
// refused or whole, amounts can be summed, what is kept can be read again.
#include "codec/json_read.h"
#include "codec/message.h"
#include "fuzz.h"
#include "wire/mesos.h"

#define TYPE(name) MESOS__V1__SCHEDULER__CALL__TYPE__##name

static void items_hold(const struct item *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        must(items[i].kind && items[i].name);
        must(items[i].amount.n <= (int64_t)1 << 44);
        for (size_t k = 0; k < items[i].port_count; k++)
            must(items[i].ports[k].begin <= items[i].ports[k].end && items[i].ports[k].end <= UINT16_MAX);
    }
}

static void task_holds(const struct task_launch *t, struct arena *arena) {
    void *info;
    must(t->text_id && t->agent);
    if (t->refusal) return;
    items_hold(t->items, t->item_count);
    for (size_t i = 0; i < t->item_count; i++) must(t->items[i].amount.n >= 0);
    for (size_t i = 0; i < t->volume_count; i++) must(t->volumes[i].name && t->volumes[i].container_path);
    must(!message_unpack(&mesos__v1__task_info__descriptor, t->info->bytes, t->info->size, arena, &info));
}

static void accept_holds(struct symbols *s, const mesos_call *call, struct arena *arena) {
    struct cmd_accept c;
    mesos_accept_read(s, call, 1, arena, &c);
    for (size_t i = 0; i < c.operation_count; i++) {
        const struct accept_operation *o = &c.operations[i];
        if (o->kind != ACCEPT_LAUNCH && o->kind != ACCEPT_LAUNCH_GROUP) items_hold(o->items, o->item_count);
        must(o->grow_by.n >= 0);
        for (size_t k = 0; k < o->task_count; k++) task_holds(&o->tasks[k], arena);
    }
}

static void subscribe_holds(struct symbols *s, const mesos_call *call, struct arena *arena) {
    struct cmd_subscribe c;
    void *info;
    AUTO_ERR struct err *e = mesos_subscribe_read(s, call, arena, &c);
    if (e) return;
    for (size_t i = 0; i < c.role_count; i++) must(!role_check(symbol_text(s, c.roles[i])));
    must(c.failover_timeout.n >= 0);
    must(!message_unpack(&mesos__v1__framework_info__descriptor, c.info->bytes, c.info->size, arena, &info));
}

static void call_holds(struct symbols *s, const mesos_call *call, struct arena *arena) {
    struct cmd_decline decline;
    struct cmd_roles roles;
    struct cmd_kill kill;
    struct cmd_acknowledge acknowledge;
    switch ((int)call->type) {
    case TYPE(SUBSCRIBE): subscribe_holds(s, call, arena); return;
    case TYPE(ACCEPT): accept_holds(s, call, arena); return;
    case TYPE(DECLINE): mesos_decline_read(call, 1, arena, &decline); return;
    case TYPE(REVIVE):
    case TYPE(SUPPRESS): mesos_roles_read(s, call, 1, arena, &roles); return;
    case TYPE(KILL):
        mesos_kill_read(call, 1, &kill);
        must(kill.task);
        return;
    case TYPE(ACKNOWLEDGE):
    case TYPE(ACKNOWLEDGE_OPERATION_STATUS):
        mesos_acknowledge_read(call, 1, &acknowledge);
        must(acknowledge.uuid && (acknowledge.task || acknowledge.operation));
        return;
    default: return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    struct symbols symbols = {0};
    void *call;
    AUTO_ERR struct err *broken =
        json_read(&mesos__v1__scheduler__call__descriptor, bytes, size, JSON_LENIENT, NULL, &arena, &call);
    if (broken) return 0;
    AUTO_ERR struct err *invalid = mesos_call_check(call);
    if (!invalid) call_holds(&symbols, call, &arena);
    symbols_done(&symbols);
    return 0;
}
