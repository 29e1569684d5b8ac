// SPDX-License-Identifier: Apache-2.0
// Choosing a pool and an agent for each other. Takes nothing.
#ifndef CORE_PAIR_H
#define CORE_PAIR_H

#include "core/broker.h"

struct pair {
    struct fit fit; // its score counts what the agent likes
    uint64_t agent;
};

// The best pair of a pool that fits and a live agent that may use it and has `need` free: highest score, then most free
// bytes of the pool, then lowest ids. Errors as broker_place; NO_FIT also when pools fit and no agent has so much free: the
// sentence names the figures of the freest.
MUST_USE struct err *broker_place_pair(const struct draft *d, const struct want *w, struct scalars need,
                                       struct pair *ret_pair);

#endif
