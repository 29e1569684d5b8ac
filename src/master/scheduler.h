// SPDX-License-Identifier: Apache-2.0
// The scheduler API's side of the master. For src/master only.
#ifndef MASTER_SCHEDULER_H
#define MASTER_SCHEDULER_H

#include "master/engine.h"
#include "wire/mesos.h"

struct mesos_master scheduler_identity(const struct master *m);
// One event record, in the encoding the framework subscribed with.
void scheduler_tell(struct master *m, struct session *s, mesos_event *event, struct outputs *out);

#endif
