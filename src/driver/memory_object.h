// SPDX-License-Identifier: Apache-2.0
// The objects of the driver 'memory', found by UUID, name and handle, and walked in the order of creation. Nobody else
// includes this.
#ifndef DRIVER_MEMORY_OBJECT_H
#define DRIVER_MEMORY_OBJECT_H

#include "base/map.h"
#include "base/vec.h"
#include "driver/memory.h"

struct host {
    char *name;
    uint64_t epoch;
};

struct object {
    uint64_t number;                      // in the order of creation, never used again
    char *name, *uuid, *cluster, *handle; // uuid and cluster: NULL for what others made; handle: "mem-<number>"
    size_t pool;
    struct bytes size;
    bool snapshot;
    VEC(struct host) hosts;
    VEC(struct driver_pair) tags;
};

struct objects {
    struct map by_uuid, by_name; // by_uuid: volumes of ours only
    VEC(struct object *) order;  // by number; NULL: gone
    VEC(uint64_t) numbers;       // of those in `order`
    size_t live;
    uint64_t last_number;
};

void objects_done(struct objects *all);
struct object *object_find(const struct objects *all, const char *uuid); // a volume; NULL when there is none
struct object *object_by_name(const struct objects *all, const char *name);
struct object *object_by_handle(const struct objects *all, const char *handle);
// The first one after that number, NULL at the end.
struct object *object_after(const struct objects *all, uint64_t number);
// Copies the texts; uuid and cluster may be NULL. The name must be free.
struct object *object_add(struct objects *all, const char *name, const char *uuid, const char *cluster, bool snapshot);
void object_delete(struct objects *all, struct object *o);
struct host *object_host(struct object *o, const char *name); // NULL when it is not attached there
void object_tag(struct object *o, const struct driver_pair *tag);

#endif
