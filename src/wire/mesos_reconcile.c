// SPDX-License-Identifier: Apache-2.0
// RECONCILE and RECONCILE_OPERATIONS: the latest of all, or of those named. What the registry does not know it says so:
// it forgets nothing over a restart.
#include "wire/mesos_event.h"

#include "base/map.h"
#include "core/state.h"
#include "core/task.h"

// ---- tasks ----

struct unknown_task {
    enum task_state state;
    const char *message;
};

// What can be said of a task that nobody here knows: by the agent it is said to be on.
static struct unknown_task unknown_on(const struct state *s, const char *agent_text) {
    const struct agent_row *agent = agent_text ? state_agent(s, mesos_number(agent_text)) : NULL;
    if (!agent) return (struct unknown_task){TASK_UNKNOWN, "Reconciliation: Task is unknown"};
    switch ((enum agent_state)agent->state) {
    case AGENT_IS_LOST:
    case AGENT_IS_AWAY: return (struct unknown_task){TASK_UNREACHABLE, "Reconciliation: Agent is unreachable"};
    case AGENT_IS_GONE: return (struct unknown_task){TASK_GONE_BY_OPERATOR, "Reconciliation: Agent was removed"};
    default: return (struct unknown_task){TASK_GONE, "Reconciliation: Task is unknown to the agent"};
    }
}

static mesos_event *reconcile_unknown(const struct state *s, const Mesos__V1__Scheduler__Call__Reconcile__Task *asked,
                                      uint64_t framework, struct arena *arena) {
    const char *agent_text = asked->agent_id ? asked->agent_id->value : NULL;
    struct unknown_task says = unknown_on(s, agent_text);
    Mesos__V1__TaskState state = mesos_task_state(state_framework(s, framework), says.state);
    Mesos__V1__TaskStatus *status =
        mesos_master_status(asked->task_id->value, state, REASON_RECONCILIATION, says.message, arena);
    if (agent_text) status->agent_id = mesos_agent_id_text(agent_text, arena);
    return mesos_update_event(status, arena);
}

static size_t reconcile_all(const struct state *s, uint64_t framework, struct arena *arena, mesos_event ***ret_events) {
    const struct id_list *tasks = state_related(s, TASKS_OF_FRAMEWORK, framework);
    mesos_event **events = arena_zero(arena, tasks->count, sizeof(mesos_event *));
    for (size_t i = 0; i < tasks->count; i++) events[i] = mesos_update(s, state_task(s, tasks->at[i]), false, arena);
    *ret_events = events;
    return tasks->count;
}

size_t mesos_reconcile(const struct state *s, const mesos_call *call, uint64_t framework, struct arena *arena,
                       mesos_event ***ret_events) {
    const Mesos__V1__Scheduler__Call__Reconcile *reconcile = call->reconcile;
    if (!reconcile->n_tasks) return reconcile_all(s, framework, arena, ret_events);
    mesos_event **events = arena_zero(arena, reconcile->n_tasks, sizeof(mesos_event *));
    for (size_t i = 0; i < reconcile->n_tasks; i++) {
        const Mesos__V1__Scheduler__Call__Reconcile__Task *asked = reconcile->tasks[i];
        const struct task_row *t = state_task_named(s, framework, asked->task_id->value);
        events[i] = t ? mesos_update(s, t, false, arena) : reconcile_unknown(s, asked, framework, arena);
    }
    *ret_events = events;
    return reconcile->n_tasks;
}

// ---- operations ----

typedef Mesos__V1__Scheduler__Call__ReconcileOperations__Operation asked_operation;

static mesos_event *operation_unknown(const asked_operation *asked, struct arena *arena) {
    Mesos__V1__OperationStatus *status = mesos_new(arena, &mesos__v1__operation_status__descriptor);
    status->operation_id = mesos_operation_id(asked->operation_id->value, arena);
    status->state = MESOS__V1__OPERATION_STATE__OPERATION_UNKNOWN;
    status->message = arena_text(arena, "Reconciliation: Operation is unknown");
    if (asked->agent_id) status->agent_id = mesos_agent_id_text(asked->agent_id->value, arena);
    if (asked->resource_provider_id) status->resource_provider_id = asked->resource_provider_id;
    return mesos_operation_event(status, arena);
}

static size_t operations_all(const struct state *s, const struct id_list *ids, struct arena *arena,
                             mesos_event ***ret_events) {
    size_t count = 0;
    mesos_event **events = arena_zero(arena, ids->count, sizeof(mesos_event *));
    for (size_t i = 0; i < ids->count; i++) {
        const struct operation_row *o = state_operation(s, ids->at[i]);
        if (o->framework_operation) events[count++] = mesos_operation_update(s, o, false, arena);
    }
    *ret_events = events;
    return count;
}

size_t mesos_reconcile_operations(const struct state *s, const mesos_call *call, uint64_t framework,
                                  struct arena *arena, mesos_event ***ret_events) {
    const Mesos__V1__Scheduler__Call__ReconcileOperations *reconcile = call->reconcile_operations;
    const struct id_list *ids = state_related(s, OPERATIONS_OF_FRAMEWORK, framework);
    if (!reconcile->n_operations) return operations_all(s, ids, arena, ret_events);
    struct map known = {0}; // by the framework's own id; the latest of equal ones
    for (size_t i = 0; i < ids->count; i++) {
        const struct operation_row *o = state_operation(s, ids->at[i]);
        if (o->framework_operation) map_put_text(&known, o->framework_operation, NULL)->n = o->id;
    }
    mesos_event **events = arena_zero(arena, reconcile->n_operations, sizeof(mesos_event *));
    for (size_t i = 0; i < reconcile->n_operations; i++) {
        const asked_operation *asked = reconcile->operations[i];
        const union map_value *id = map_find_text(&known, asked->operation_id->value);
        events[i] =
            id ? mesos_operation_update(s, state_operation(s, id->n), false, arena) : operation_unknown(asked, arena);
    }
    map_done(&known);
    *ret_events = events;
    return reconcile->n_operations;
}
