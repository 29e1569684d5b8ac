// SPDX-License-Identifier: Apache-2.0
// Which command lines and mount calls a request means. Pure: looks at nothing, runs nothing; the golden tests read it.
#ifndef HOST_PLAN_H
#define HOST_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/text.h"

struct plan_fs {
    const char *fs; // "ext4", "xfs", "btrfs"
    struct uuid uuid;
    uint32_t owner_uid, owner_gid;
    bool discard, read_only;
};

enum { PLAN_WORDS = 16, PLAN_WORD = 160 };
struct plan_command { // a command line; argv points into words
    char words[PLAN_WORDS][PLAN_WORD];
    const char *argv[PLAN_WORDS + 1];
    unsigned count; // 0: nothing to run
};
struct plan_mount { // the arguments of mount(2)
    const char *fs;
    unsigned long flags;
    char data[64];
};

// ERR_UNSUPPORTED for an unknown filesystem, ERR_INVALID below the smallest size it works with.
MUST_USE struct err *plan_size_check(const char *fs, uint64_t size);
// On descriptor 3 of the helper, so that no other device can come under the name.
void plan_mkfs(const struct plan_fs *request, struct plan_command *ret_command);
// Before mounting what was formatted earlier; ret_good is the highest exit code that means "usable".
void plan_check(const struct plan_fs *request, struct plan_command *ret_command, int *ret_good);
void plan_grow(const char *fs, const char *device, const char *mounted_at, struct plan_command *ret_command);
// The same for a filesystem that is not mounted, by steps; false when there is no such step.
bool plan_grow_unmounted(const char *fs, unsigned step, struct plan_command *ret_command);
void plan_mount(const struct plan_fs *request, struct plan_mount *ret_mount);

// The same as a person would type it.
void plan_command_text(const struct plan_command *c, struct text *ret_text);
void plan_mount_text(const struct plan_mount *m, const char *device, const char *target, struct text *ret_text);

#endif
