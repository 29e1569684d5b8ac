// SPDX-License-Identifier: Apache-2.0
// Which keepers can write a stored volume, recorded beside it, so that another process of the same kernel can fence it
// by killing them. `image` is the path of an image file or of a directory volume; `<image>.keepers/`, `<image>.lock`
// and
// `<image>.floor` belong to this file.
#ifndef SYS_KEEPER_REGISTRY_H
#define SYS_KEEPER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"

struct keeper_record {
    pid_t pid;      // as the host's pid namespace sees it
    uint64_t start; // process_start_time
    uint64_t pidns; // pid_namespace in which the pid is meant; filled by keeper_register
    uint64_t epoch; // of the attachment
    char boot[40];  // boot id
    char agent[64]; // the agent's name, cut if longer
    char what[64];  // "attachment 12", "task 7"
};
VEC_TYPE(keeper_records, struct keeper_record);

// Locks `<image>.lock` until the descriptor is closed; waits at most `ms`.
MUST_USE struct err *image_lock(const char *image, int64_t ms, int *ret_fd);
// Records a keeper before it touches the image. Takes the lock itself. ERR_CONFLICT when its epoch is fenced off, or
// lower than one that was registered before. Durable when it returns.
MUST_USE struct err *keeper_register(const char *image, const struct keeper_record *record);
// Removes the record at a clean end; a missing one is fine.
void keeper_unregister(const char *image, pid_t pid);
// Those still running; records of ended processes and of earlier boots are removed on the way. Keepers ask it too: they
// have a pid namespace of their own, but the host's /proc.
MUST_USE struct err *keeper_list(const char *image, struct keeper_records *ret_records);

// Nothing when nobody on this host can write the image by that epoch or an older one: no keeper of them runs, and no loop
// device holds it (waited for, at most `ms`), unless a newer keeper runs, which has it by right. ERR_UNAVAILABLE names the
// keeper. What cannot be looked at is not gone. `proof` (may be NULL) gets what was seen of loop devices.
MUST_USE struct err *keeper_gone(const char *image, uint64_t through_epoch, int64_t ms, struct text *proof);
// The fence: from now on epochs up to `through_epoch` (0: up to the highest ever registered) are refused; every keeper
// of such an epoch is killed, and this returns only when none is left and, unless a newer keeper runs, no loop device
// of this host holds the image. Blocks at most about `ms`; ERR_TIMEOUT: not proven, ask again. Idempotent. ret_proof
// (may be NULL) gets one sentence for the record: who was killed and what was checked.
MUST_USE struct err *keeper_fence(const char *image, uint64_t through_epoch, int64_t ms, struct text *ret_proof);
// Removes what belongs to this file, after the volume itself was deleted. ERR_CONFLICT when a keeper still runs.
MUST_USE struct err *keeper_registry_remove(const char *image);

#endif
