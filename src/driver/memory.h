// SPDX-License-Identifier: Apache-2.0
// Storage that exists in memory only, strict and deterministic: the twin of real systems in tests and in the simulator.
// What the simulator asks of it beyond the table is here.
#ifndef DRIVER_MEMORY_H
#define DRIVER_MEMORY_H

#include "driver/drivers.h"

enum { MEMORY_HOSTS = 16 }; // hosts at once per volume

extern const struct driver_setting memory_pool_settings[];

// An object that nobody made through this driver. False when the pool does not exist or has no room.
MUST_USE bool memory_add_foreign(void *self, const char *instance, const char *pool, const char *name,
                                 struct bytes size);
// How many objects there are, snapshots and foreign ones too.
size_t memory_count(void *self);
// May this host write to this volume now, as the storage sees it?
bool memory_may_write(void *self, const char *uuid, const char *host);

#endif
