// SPDX-License-Identifier: Apache-2.0
// Resources: what an operation names, read into items; what is offered or was made, as messages in the shape that the
// framework understands. Amounts of storage are MiB in thousandths, rounded down.
#ifndef WIRE_MESOS_RESOURCE_H
#define WIRE_MESOS_RESOURCE_H

#include "core/command.h"
#include "wire/mesos_basic.h"

typedef Mesos__V1__Resource mesos_resource;

// ---- reading ----

// Into the arena, borrowing texts from the message. INVALID: an amount or a port that no host can have; the item then has
// an amount below 0, which every operation refuses.
MUST_USE struct err *mesos_item_read(const mesos_resource *r, struct arena *arena, struct item *ret_item);
// The labels of the reservation that says whose it is now; NULL: none.
const Mesos__V1__Labels *mesos_resource_labels(const mesos_resource *r);
// The filesystem named by a label "fs" of the source's metadata or of the reservation; NULL: none.
const char *mesos_resource_fs(const mesos_resource *r);

// ---- making ----

// What the framework understands of resources, and for which role they are offered to it.
struct mesos_shape {
    const char *role;
    bool multi_role; // else allocation_info stays away
    bool refinement; // else the old shape: `role` is always written
};
struct mesos_shape mesos_shape_of(const struct state *s, const struct framework_row *f, symbol role);

mesos_resource *mesos_scalar(const char *name, struct milli amount, const struct mesos_shape *shape,
                             struct arena *arena);
mesos_resource *mesos_ports(const struct port_range *ports, size_t count, const struct mesos_shape *shape,
                            struct arena *arena);
// A volume: MOUNT, or BLOCK when it has no filesystem; reserved to its owner.
mesos_resource *mesos_volume(const struct state *s, const struct volume_row *v, const struct mesos_shape *shape,
                             struct arena *arena);
// What a class can still give: RAW, reserved to nobody. NULL when the class is gone.
mesos_resource *mesos_class_amount(const struct state *s, const struct class_amount *amount,
                                   const struct mesos_shape *shape, struct arena *arena);
// Part of a reservation: RAW, with the reservation's id. NULL when there is nothing to show.
mesos_resource *mesos_reserved(const struct state *s, const struct reservation_row *r, struct bytes part,
                               const struct mesos_shape *shape, struct arena *arena);

#endif
