// SPDX-License-Identifier: Apache-2.0
// Finds out by trying, where trying is free of side effects, and by looking elsewhere.
#include "host/abilities.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/cgroup.h"
#include "host/filesystems.h"
#include "sys/file.h"
#include "sys/loopdev.h"

static void PRINTF(2, 3) note_add(struct host_abilities *a, const char *format, ...) {
    if (a->note_count == ABILITY_NOTES_MOST) return;
    va_list args;
    va_start(args, format);
    vsnprintf(a->notes[a->note_count++], ABILITY_NOTE_LONGEST, format, args);
    va_end(args);
}

// In a child, which is gone afterwards. vfork semantics would do harm here: unshare must not touch us.
static bool namespaces_try(bool root) {
    pid_t pid = fork();
    if (pid == 0) _exit(unshare(CLONE_NEWNS | CLONE_NEWPID | (root ? 0 : CLONE_NEWUSER)) ? 1 : 0);
    int status = 1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && status == 0;
}

static bool direct_try(const char *dir) {
    AUTO_FREE char *path = mem_format("%s/.direct", dir);
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
    unlink(path);
    return fd >= 0;
}

static void filesystems_take(struct host_abilities *a) {
    static const char *const known[] = {"ext4", "xfs", "btrfs"};
    struct filesystem_names all = {0};
    filesystems_find("", &all);
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        VEC_EACH (name, &all) {
            if (text_equal(*name, known[i])) a->filesystems[a->filesystem_count++] = known[i];
        }
    }
    filesystems_done(&all);
}

static enum cgroup_version limit_find(struct host_abilities *a, enum cgroup_controller c, const char *what,
                                      const char *amount) {
    struct cgroup_place place;
    cgroup_find("", c, &place);
    if (place.version == CGROUP_NONE && place.later)
        note_add(a,
                 "No control group hands %s on to tasks yet: the agent's start and each task's ask for it; where the "
                 "kernel refuses, tasks are not held to their %s.",
                 what, amount);
    else if (place.version == CGROUP_NONE)
        note_add(a, "No control group can hand %s on to tasks: they are not held to their %s.", what, amount);
    return place.version;
}

bool abilities_ext4_grows_mounted(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &header, data)) return false;
    return data[0].effective & (1u << CAP_SYS_RESOURCE);
}

void abilities_probe(const char *work_dir, struct host_abilities *ret) {
    struct host_abilities a = {.root = geteuid() == 0};
    a.namespaces = namespaces_try(a.root);
    AUTO_ERR struct err *no_loop = a.root ? loopdev_check() : NULL;
    a.loop = a.root && !no_loop;
    a.direct_io = direct_try(work_dir);
    filesystems_take(&a);
    a.cpu = limit_find(&a, CGROUP_CPU, "cpu", "cpus");
    a.memory = limit_find(&a, CGROUP_MEMORY, "memory", "memory");
    if (!a.root)
        note_add(&a, "Not root: volumes are directories in a user namespace, their size is not enforced, and tasks run "
                     "as this user.");
    if (!a.namespaces)
        note_add(&a, "Neither mount nor pid namespaces can be made: no volume can be published and no task run.");
    if (no_loop)
        note_add(&a, "No loop devices: volumes are directories, their size is not enforced. (%s)", err_text(no_loop));
    if (!a.direct_io)
        note_add(&a, "The disk under %s refuses direct I/O: images are read and written through the page cache.",
                 work_dir);
    if (a.loop && !abilities_ext4_grows_mounted())
        note_add(&a, "No CAP_SYS_RESOURCE: ext4 volumes grow only while no task uses them.");
    if (a.loop && !a.filesystem_count)
        note_add(&a, "No mkfs program for a filesystem that this kernel mounts: only raw and directory volumes.");
    *ret = a;
}

bool abilities_fs(const struct host_abilities *a, const char *fs) {
    for (size_t i = 0; i < a->filesystem_count; i++) {
        if (text_equal(a->filesystems[i], fs)) return true;
    }
    return false;
}
