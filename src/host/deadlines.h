// SPDX-License-Identifier: Apache-2.0
// How long acts on volumes may take. What waits for several waits for their sum: no keeper is killed within what it was
// allowed.
#ifndef HOST_DEADLINES_H
#define HOST_DEADLINES_H

#include "sys/sheet.h"

enum {
    DEVICE_APPEAR_MS = 30000, // under its stable name, or with its new size
    DEVICE_GONE_MS = 10000,   // after it was let go
    KEEPERS_GONE_MS = 5000,   // after they were killed
    KEEPER_BIRTH_MS = 120000,
    MKFS_MS = 600000,
    FS_CHECK_MS = 3600000,
    FS_GROW_MS = 600000, // each of its two steps, where it has two
    ZERO_GIB_MS = 30000, // each GiB: a disk slower than 35 MB/s is none
    SPARE_MS = 60000,    // locks, mounts, records
    GROW_MS = DEVICE_APPEAR_MS + 2 * FS_GROW_MS + SPARE_MS,
    UNPUBLISH_MS = DEVICE_GONE_MS + 2 * SPARE_MS,
};

// From the keeper's birth to the volume in its place, as its spec has it. A size that is not given counts as a TiB.
int64_t publish_ms(const struct sheet *spec);

#endif
