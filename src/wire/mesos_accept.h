// SPDX-License-Identifier: Apache-2.0
// The tasks of an ACCEPT: what a TaskInfo takes, runs and mounts. What no agent here can do is a refusal in words.
#ifndef WIRE_MESOS_ACCEPT_H
#define WIRE_MESOS_ACCEPT_H

#include "wire/mesos_resource.h"

// Into the arena, borrowing from the message. The user and the filesystems it names are interned.
void mesos_launch_read(struct symbols *s, const Mesos__V1__TaskInfo *task, struct arena *arena,
                       struct task_launch *ret_launch);
// One entry of container.volumes: what the driver "granary" is to give.
MUST_USE struct err *mesos_wanted_read(struct symbols *s, const Mesos__V1__Volume *volume, struct arena *arena,
                                       struct wanted_volume *ret_wanted);

#endif
