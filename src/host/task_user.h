// SPDX-License-Identifier: Apache-2.0
// As whom a task runs. Root only where the operator allowed it.
#ifndef HOST_TASK_USER_H
#define HOST_TASK_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

enum { USER_GROUPS_MOST = 64 };
struct task_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[USER_GROUPS_MOST];
    size_t group_count;
    char home[256];
};
// `name` may be NULL or "": then `fallback`, and without that ourselves, or nobody if we are root. ERR_DENIED for root
// without `allow_root`, and for anybody but ourselves when we are not root.
MUST_USE struct err *task_user_find(const char *name, const char *fallback, bool allow_root,
                                    struct task_user *ret_user);
// Becomes that user for good; async-signal-safe. False with errno.
bool task_user_become(const struct task_user *u);

#endif
