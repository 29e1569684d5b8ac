// SPDX-License-Identifier: Apache-2.0
// What a task sees of the filesystem: the host's, with its volumes at their paths, in a mount namespace of its own. Missing
// directories of absolute paths are made in this view only: the nearest existing directory is replaced by a small tmpfs that
// shows all its entries by bind mounts. Nothing is ever made on the host outside our own directories.
#ifndef HOST_TASK_VIEW_H
#define HOST_TASK_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { VIEW_LAYERS_MOST = 16, VIEW_ENTRIES_MOST = 4096, VIEW_VOLUMES_MOST = 64 };
struct task_view {
    const char *sandbox;            // absolute path of the sandbox; borrowed
    const char *stage;              // an empty directory of ours, where a tmpfs is put together; borrowed
    dev_t layers[VIEW_LAYERS_MOST]; // tmpfs that we made: directories may be made in them
    size_t layer_count;
    uint64_t volumes[VIEW_VOLUMES_MOST]; // mount ids of what was bound: nothing is made inside a volume
    size_t volume_count;
    uid_t uid; // who owns directories made in the sandbox
    gid_t gid;
};
// Makes the view's own mount namespace; call in the task's process, before anything else here.
MUST_USE struct err *task_view_enter(struct task_view *v);
// Puts a detached mount (its descriptor stays the caller's) at the path.
MUST_USE struct err *task_view_bind(struct task_view *v, int mount_fd, const char *container_path, bool read_only);
// A /proc of the task's own pid namespace.
MUST_USE struct err *task_view_proc(void);
// ERR_INVALID when two of them are the same or one lies inside the other.
MUST_USE struct err *container_paths_check(const char *const *paths, size_t count);

#endif
