// SPDX-License-Identifier: Apache-2.0
// The filesystem of one attachment: checked, made under the grant, mounted at one place in the keeper's namespace,
// grown, unmounted. Does not know why; the keeper asks for each step.
#ifndef HOST_VOLUME_MOUNT_H
#define HOST_VOLUME_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "host/device.h"
#include "sys/sheet.h"

struct volume_mount {
    const char *fs, *target; // borrowed
    struct uuid uuid;        // asked for, then found; zero for directories and raw devices
    uint32_t uid, gid, mode;
    bool read_only, discard;
    bool mounted;
};

// Reads what the spec (borrowed) asks for, and makes the directory `target`.
MUST_USE struct err *volume_mount_init(struct volume_mount *m, const struct sheet *spec, const char *target);
// Before a format: may this be formatted at all, as far as can be seen? With `zero_first` what it holds does not count.
MUST_USE struct err *volume_mount_blank(struct volume_mount *m, const struct device *d, bool zero_first);
MUST_USE struct err *volume_mount_format(struct volume_mount *m, const struct device *d, bool zero_first);
// Without a format: is it the filesystem that must be there, and whole?
MUST_USE struct err *volume_mount_verify(struct volume_mount *m, const struct device *d);
MUST_USE struct err *volume_mount_make(struct volume_mount *m, const struct device *d);
MUST_USE struct err *volume_mount_own(const struct volume_mount *m); // owner and mode of the root directory
MUST_USE struct err *volume_mount_grow(const struct volume_mount *m, const struct device *d);
// The kernel may refuse to grow this filesystem while it is mounted; then it must be unmounted for volume_mount_regrow.
bool volume_mount_grows_online(const struct volume_mount *m, const struct device *d);
MUST_USE struct err *volume_mount_regrow(struct volume_mount *m,
                                         const struct device *d); // unmounts, grows, mounts again
// A detached copy of the mount, to be put into a task's namespace.
MUST_USE struct err *volume_mount_clone(const struct volume_mount *m, int *ret_fd);
MUST_USE struct err *volume_mount_undo(struct volume_mount *m); // unmounts; fine when not mounted

#endif
