// SPDX-License-Identifier: Apache-2.0
// Choosing a pool and an agent for each other. Takes nothing.
#ifndef CORE_PAIR_H
#define CORE_PAIR_H

#include "core/broker.h"

struct pair {
    struct fit fit; // its score counts what the agent likes
    uint64_t agent;
};

// The best pair of a pool that fits and a live agent that may use it and has `need` beside tasks and reservations: highest
// score, then most free bytes of the pool, then lowest ids. Quick, not thorough: of each shape one agent is looked at, so
// that when it is false a search of all agents may still find a pair, or say why there is none.
bool pair_find(const struct draft *d, const struct want *w, struct scalars need, struct pair *ret_pair);

#endif
