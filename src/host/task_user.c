// SPDX-License-Identifier: Apache-2.0
// Users of tasks, from the host's user database.
#include "host/task_user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"

static struct err *user_look_up(const char *name, bool root, struct task_user *u) {
    errno = 0;
    const struct passwd *p = name && *name ? getpwnam(name) : root ? getpwnam("nobody") : NULL;
    if (name && *name && !p) return err_new(ERR_NOT_FOUND, "this host has no user '%s'", name);
    if (!p && root) return err_new(ERR_NOT_FOUND, "this host has no user 'nobody': name a default user for tasks");
    if (!p) {
        *u = (struct task_user){.uid = geteuid(), .gid = getegid()};
        return NULL;
    }
    int count = USER_GROUPS_MOST;
    *u = (struct task_user){.uid = p->pw_uid, .gid = p->pw_gid};
    snprintf(u->home, sizeof u->home, "%s", p->pw_dir ? p->pw_dir : "/");
    if (getgrouplist(p->pw_name, p->pw_gid, u->groups, &count) < 0)
        return err_new(ERR_UNSUPPORTED, "user '%s' is in more than %d groups", p->pw_name, USER_GROUPS_MOST);
    u->group_count = (size_t)count;
    return NULL;
}

struct err *task_user_find(const char *name, const char *fallback, bool allow_root, struct task_user *ret_user) {
    bool root = geteuid() == 0;
    if (!name || !*name) name = fallback;
    TRY(user_look_up(name, root, ret_user));
    if (!root && ret_user->uid != geteuid())
        return err_new(ERR_DENIED, "a task may not run as user '%s': this agent does not run as root", name);
    if (ret_user->uid == 0 && !allow_root)
        return err_new(ERR_DENIED, "a task may not run as root: the operator of this agent did not allow it");
    return NULL;
}

// Raw calls: this runs after fork, and only this process is meant. Without root we are that user already.
bool task_user_become(const struct task_user *u) {
    if (geteuid() != 0) return true;
    return !syscall(SYS_setgroups, u->group_count, u->groups) && !syscall(SYS_setresgid, u->gid, u->gid, u->gid) &&
           !syscall(SYS_setresuid, u->uid, u->uid, u->uid);
}
