// SPDX-License-Identifier: Apache-2.0
// A store in memory, for tests and the simulator. Pure. The disk is a thing of its own, which outlives the stores that
// are opened on it: closing a store without having let it work is a crash, opening the disk again is the restart.
#ifndef STORE_MEMORY_H
#define STORE_MEMORY_H

#include "store/driver.h"

extern const struct store_driver store_memory;

MUST_USE struct memory_disk *memory_disk_new(void);
// A copy of all that is on it.
MUST_USE struct memory_disk *memory_disk_clone(const struct memory_disk *d);
// At most this many bytes of journal and checkpoint (ballast counts too); writes past it are ERR_FULL. 0: no bound.
void memory_disk_limit(struct memory_disk *d, uint64_t bytes);
// Power loss: forgets the objects that were put and not made durable by an append or a checkpoint_through since.
void memory_disk_crash(struct memory_disk *d);
void memory_disk_free(struct memory_disk *d); // no store may be open on it; accepts NULL

#endif
