// SPDX-License-Identifier: Apache-2.0
// ACCEPT: offers become tasks, reservations, volumes. Each operation sees what those before it did; one that fails drops its
// own part only.
#ifndef CORE_ACCEPT_H
#define CORE_ACCEPT_H

#include "core/command.h"
#include "core/ports.h"
#include "core/task.h"

// What is left of the accepted offers while the operations run.
struct accept {
    const struct framework_row *framework;
    symbol role;
    uint64_t agent;                   // 0: only storage-only offers
    struct scalars scalars, reserved; // reserved: of what was offered, that of the role's reservations
    struct port_set ports;
    VEC(uint64_t) volumes;      // offered ones, and those made by this ACCEPT
    VEC(uint64_t) reservations; // made by this ACCEPT
    bool storage;               // a storage-only offer is among them
};

void decide_accept(struct draft *d, const struct cmd_accept *c);

// Operations on storage (accept_storage.c): change the draft, or say why not.
MUST_USE struct err *accept_reserve(struct draft *d, struct accept *a, const struct accept_operation *o);
MUST_USE struct err *accept_unreserve(struct draft *d, struct accept *a, const struct accept_operation *o);
MUST_USE struct err *accept_create(struct draft *d, struct accept *a, const struct accept_operation *o);
MUST_USE struct err *accept_destroy(struct draft *d, struct accept *a, const struct accept_operation *o);
MUST_USE struct err *accept_create_disk(struct draft *d, struct accept *a, const struct accept_operation *o);
MUST_USE struct err *accept_destroy_disk(struct draft *d, struct accept *a, const struct accept_operation *o);
MUST_USE struct err *accept_grow(struct draft *d, struct accept *a, const struct accept_operation *o);
// A task (accept_task.c).
void accept_launch(struct draft *d, struct accept *a, const struct task_launch *t);
// The offered volume that a resource names; 0 when none.
uint64_t accept_volume(const struct draft *d, const struct accept *a, const struct item *item);

#endif
