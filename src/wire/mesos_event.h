// SPDX-License-Identifier: Apache-2.0
// What the events have in common: their envelopes, our address, and how states of tasks are told.
#ifndef WIRE_MESOS_EVENT_H
#define WIRE_MESOS_EVENT_H

#include "wire/mesos.h"
#include "wire/mesos_basic.h"

mesos_event *mesos_event_new(Mesos__V1__Scheduler__Event__Type type, struct arena *arena);
mesos_event *mesos_update_event(Mesos__V1__TaskStatus *status, struct arena *arena);
mesos_event *mesos_operation_event(Mesos__V1__OperationStatus *status, struct arena *arena);

Mesos__V1__Address *mesos_master_address(const struct mesos_master *master, struct arena *arena);

// The state as that framework knows it: states of partitions only with PARTITION_AWARE, KILLING only with
// TASK_KILLING_STATE. The framework may be NULL: it then knows neither.
Mesos__V1__TaskState mesos_task_state(const struct framework_row *f, enum task_state state);
// A status of the master itself, without agent and UUID. `reason` -1: none; message NULL: none.
Mesos__V1__TaskStatus *mesos_master_status(const char *task, Mesos__V1__TaskState state, int reason,
                                           const char *message, struct arena *arena);

#endif
