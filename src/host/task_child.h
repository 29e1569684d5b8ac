// SPDX-License-Identifier: Apache-2.0
// The task's own process between fork and exec: its view, its limits, its user, then the command.
#ifndef HOST_TASK_CHILD_H
#define HOST_TASK_CHILD_H

#include <stddef.h>

#include "host/cgroup.h"
#include "host/task_user.h"
#include "host/task_view.h"
#include "sys/sheet.h"

struct task_child {
    const struct sheet *spec; // borrowed
    struct task_user user;
    struct task_view view;
    int volumes[VIEW_VOLUMES_MOST]; // detached mounts, in the spec's order
    size_t volume_count;
    char groups[CGROUP_CONTROLLERS][CGROUP_PATH]; // to enter; "": none
    int out, err;                                 // stdout and stderr files
    int report;                                   // gets the reason when it fails; closed by exec
};
// Never returns: becomes the command, or writes a sheet with "error" and "message" to `report` and ends with 127.
_Noreturn void task_child_run(struct task_child *c);

#endif
