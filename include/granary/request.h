// SPDX-License-Identifier: Apache-2.0
// A call of a driver as one value, for who decides on calls in one thread and makes them in another. Drivers do not see
// it.
#ifndef GRANARY_REQUEST_H
#define GRANARY_REQUEST_H

#include "granary/driver.h"

// act, function of the table, what people read
#define DRIVER_ACTS(X)                                                                                                 \
    X(INVENTORY, inventory, "take inventory")                                                                          \
    X(LIST, list, "list objects")                                                                                      \
    X(CREATE, create, "create")                                                                                        \
    X(REMOVE, remove, "delete")                                                                                        \
    X(GROW, grow, "grow")                                                                                              \
    X(SNAPSHOT, snapshot, "snapshot")                                                                                  \
    X(SNAPSHOT_REMOVE, snapshot_remove, "delete snapshot")                                                             \
    X(ATTACH, attach, "attach")                                                                                        \
    X(DETACH, detach, "detach")                                                                                        \
    X(FENCE, fence, "fence")                                                                                           \
    X(TAG, tag, "tag")

enum driver_act {
#define X(act, function, words) DRIVER_ACT_##act,
    DRIVER_ACTS(X)
#undef X
        DRIVER_ACT_COUNT
};

// Only the members that the act reads are set: `volume` for remove, grow, snapshot and tag.
struct driver_request {
    enum driver_act act;
    struct driver_volume volume;
    struct driver_create create;
    struct driver_attach attach; // attach, detach, fence
    struct bytes size;           // grow
    bool wipe;                   // remove
    const char *text;            // list: token; snapshot: name; snapshot_remove: handle
    size_t most;                 // list
    struct driver_pairs tags;    // tag
};

struct driver_answer {
    struct driver_inventory inventory;
    struct driver_objects objects;
    struct driver_created created;
    struct driver_snapshot snapshot;
    struct bytes size;   // grow
    const char *context; // attach
    const char *proof;   // fence
};

#endif
