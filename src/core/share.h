// SPDX-License-Identifier: Apache-2.0
// Dominant-resource fairness: who has how much of the cluster, and so whose turn it is. Roles by share over weight, then
// frameworks inside a role. Knows sums and orders, neither agents nor offers.
#ifndef CORE_SHARE_H
#define CORE_SHARE_H

#include "base/map.h"
#include "core/row.h"

static inline void scalars_add(struct scalars *to, const struct scalars *by) {
    to->cpus.n += by->cpus.n;
    to->mem.n += by->mem.n;
    to->disk.n += by->disk.n;
}
static inline void scalars_subtract(struct scalars *from, const struct scalars *by) {
    from->cpus.n -= by->cpus.n;
    from->mem.n -= by->mem.n;
    from->disk.n -= by->disk.n;
}
static inline bool scalars_within(const struct scalars *some, const struct scalars *all) {
    return some->cpus.n <= all->cpus.n && some->mem.n <= all->mem.n && some->disk.n <= all->disk.n;
}

static inline bool scalars_none(const struct scalars *s) {
    return !s->cpus.n && !s->mem.n && !s->disk.n;
}

struct share_role;

struct contender { // a framework in one of its roles
    uint64_t framework;
    symbol role;
    uint64_t serial; // never given twice
    uint32_t slot;   // in shares.slots, given again
    uint32_t uses;   // offers, and agents' tasks, that count it
    struct share_role *in;
    struct scalars allocated, planned; // by tasks and offers; with what this cycle has offered
    double share;
    bool subscribed;   // the framework's row names the role
    bool available;    // its turn may come: connected, not suppressed
    bool labelled;     // asked for storage
    uint8_t wishes;    // WISHES_*
    uint32_t cleared;  // counts how often its refuse filters were thrown away
    uint64_t withheld; // the visit at which it was found to have refused what is free
    // the storage-only offer
    uint64_t storage_offer; // outstanding
    struct mono storage_until;
    VEC(struct class_amount) storage_refused;
    bool storage_marked;
};

struct share_role {
    symbol name;
    double weight;
    struct scalars allocated, planned;
    double share;
    VEC(struct contender *) members;
    VEC(struct contender *) order; // the available ones, whose turn it is first
};

struct contenders { // of one framework
    VEC(struct contender *) at;
};

// Zeroed is valid and empty.
struct shares {
    struct scalars total;           // of the agents that count
    struct map frameworks;          // id -> struct contenders *
    struct map roles;               // symbol -> struct share_role *
    VEC(struct share_role *) order; // those with available members, whose turn it is first
    VEC(struct contender *) slots;
    VEC(uint32_t) free_slots;
    uint64_t last_serial;
};
void shares_done(struct shares *s);

struct share_role *share_role(struct shares *s, symbol name);                         // made when it is new
struct share_role *share_role_find(const struct shares *s, symbol name);              // NULL when nobody ever named it
struct contender *share_contender(struct shares *s, uint64_t framework, symbol role); // made when it is new
struct contender *share_find(const struct shares *s, uint64_t framework, symbol role);
// The contenders of a framework; empty when there are none. Borrowed until the next change.
const struct contenders *share_of_framework(const struct shares *s, uint64_t framework);
// The contender of that slot, if it still is the one of that serial.
struct contender *share_by_slot(const struct shares *s, uint32_t slot, uint64_t serial);

// Counts what somebody holds, and takes it back. A contender that nobody counts any more and that is not subscribed is
// freed.
void share_take(struct contender *c, const struct scalars *what);
void share_give_back(struct shares *s, struct contender *c, const struct scalars *what);
void share_drop_unused(struct shares *s, struct contender *c);

// Sorts anew from what is held, forgetting what was planned.
void shares_order(struct shares *s);
// Counts an offer of this cycle, and moves its role and it behind those whose turn comes before them now.
void share_plan(struct shares *s, struct contender *c, const struct scalars *what);

#endif
