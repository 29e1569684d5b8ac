// SPDX-License-Identifier: Apache-2.0
// Refuse filters of one agent: which framework, in which role, refused what, until when. What is free is withheld from it
// while it is part of what was refused; more than that is offered at once.
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include "core/ports.h"
#include "core/share.h"
#include "core/state.h"

struct filter {
    uint32_t slot, cleared; // of the contender
    uint64_t serial;
    struct mono until;
    struct scalars refused;
    struct port_set ports;
    VEC(uint64_t) volumes;
    bool leftover; // of an accepted offer: what is left of it is known once its tasks are counted
};
VEC_TYPE(filters, struct filter);

struct available {
    struct scalars scalars;
    const struct port_set *ports;
};

void filters_done(struct filters *f);
// Remembers that `c` refused what the offer held; older ones that say less go.
void filters_add(struct filters *f, const struct contender *c, const struct offer_row *refused, bool leftover);
// Drops those that ended, whose framework is gone or revived. How many are left.
size_t filters_sweep(struct filters *f, const struct shares *s, struct mono now);
// Narrows those of accepted offers, once, to what is still there: what is free, and volumes that no task wants.
void filters_settle(struct filters *f, const struct state *s, const struct available *free);
// Whether `c` refused all that is available, or that volume.
bool filters_withhold(const struct filters *f, const struct contender *c, const struct available *free);
bool filters_withhold_volume(const struct filters *f, const struct contender *c, uint64_t volume);
// Sets `withheld` of all contenders that refused all that is available to `visit`.
void filters_mark(const struct filters *f, const struct shares *s, const struct available *free, uint64_t visit);

#endif
