// SPDX-License-Identifier: Apache-2.0
// A task's life from LAUNCH to its last acknowledged status: it waits for its volumes, runs, ends, lets them go.
#ifndef CORE_TASK_H
#define CORE_TASK_H

#include "core/attachment.h"

// Numbers of mesos.v1.TaskStatus.Reason that the master gives itself.
enum task_reason {
    REASON_INVALID_OFFERS = 6,
    REASON_RECONCILIATION = 9,
    REASON_AGENT_REMOVED = 11,
    REASON_AGENT_RESTARTED = 12,
    REASON_TASK_INVALID = 14,
    REASON_LAUNCH_FAILED = 21,
    REASON_TASK_GROUP_INVALID = 25,
    REASON_KILLED_DURING_LAUNCH = 30,
    REASON_NONE = -1
};

// Everything it needs is there: launched. Else asks for what is missing (attaches volumes that are free).
void task_advance(struct draft *d, uint64_t task);
// The master's own word on a task: a state that its framework must acknowledge. An ended one lets go of its volumes.
void task_say(struct draft *d, uint64_t task, enum task_state state, enum task_reason reason, const char *message);
// Its agent's word.
void task_status(struct draft *d, uint64_t task, const struct cmd_task_status *c);
// UINT64_MAX: the task's own grace.
void task_kill_want(struct draft *d, uint64_t task, uint64_t grace_ms);
// The framework heard the latest status; an ended task is forgotten.
void task_acknowledge(struct draft *d, uint64_t task);
// Its agent is lost.
void task_agent_lost(struct draft *d, uint64_t task);
// All tasks waiting for that volume go on, or end when it can never be.
void tasks_of_volume_advance(struct draft *d, uint64_t volume);
void tasks_of_volume_fail(struct draft *d, uint64_t volume, const char *message);
// Sets the status to be told, and told again, until it is acknowledged.
void task_await_acknowledgement(struct draft *d, struct task_row *t, const struct blob *uuid);

#endif
