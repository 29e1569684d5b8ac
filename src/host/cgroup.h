// SPDX-License-Identifier: Apache-2.0
// Cpu and memory limits of tasks by control groups. Each controller is looked for by itself: hosts mix versions 1 and 2.
#ifndef HOST_CGROUP_H
#define HOST_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "host/abilities.h"

enum cgroup_controller { CGROUP_CPU, CGROUP_MEMORY };
enum { CGROUP_CONTROLLERS = 2, CGROUP_PATH = 512 };

struct cgroup_place {
    enum cgroup_version version;
    char parent[CGROUP_PATH]; // the directory in which a task's group is made
    bool later;               // of CGROUP_NONE: the controller is there, and cgroup_prepare may make a group hand it on
};
// Where this process may make groups with that controller; CGROUP_NONE when nowhere. `root` goes before every path ("" for
// this host, or a recorded tree). Only looks.
void cgroup_find(const char *root, enum cgroup_controller controller, struct cgroup_place *ret_place);
// The same before a task. Version 2: where no group above hands the controller on, it is made to, if that is allowed.
void cgroup_prepare(const char *root, enum cgroup_controller controller, struct cgroup_place *ret_place);

// Makes the group of a task for that controller and sets its limit (thousandths of a cpu, or bytes). `ret_dir` gets the
// directory; a process enters by writing "0" to its cgroup.procs.
MUST_USE struct err *cgroup_make(enum cgroup_controller controller, const struct cgroup_place *place, const char *name,
                                 uint64_t limit, char ret_dir[CGROUP_PATH]);
MUST_USE struct err *cgroup_enter(const char *dir);
bool cgroup_ran_out(const char *dir); // the kernel killed something in this memory group
// Removes the task's groups. One stays busy for a moment after its last process ended: waits up to `ms` for that.
void cgroup_remove(const char *name, int ms);

#endif
