// SPDX-License-Identifier: Apache-2.0
// Where things of the host lie under its work and run directories. All texts are given: end with free().
#ifndef HOST_PATHS_H
#define HOST_PATHS_H

#include <stdint.h>

#include "base/mem.h"

// An attachment's directory holds spec, state, keeper, log and the mount point mnt; a task's spec, exit, keeper, log,
// view (where its private root is put together) and sandbox.
enum thing { THING_ATTACHMENT, THING_TASK };
static inline char *thing_dir(const char *work_dir, enum thing thing, uint64_t number) {
    return mem_format("%s/%s/%llu", work_dir, thing == THING_TASK ? "tasks" : "attachments",
                      (unsigned long long)number);
}
static inline char *thing_socket(const char *run_dir, enum thing thing, uint64_t number) {
    return mem_format("%s/%c%llu", run_dir, thing == THING_TASK ? 't' : 'a', (unsigned long long)number);
}

#endif
