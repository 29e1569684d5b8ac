// SPDX-License-Identifier: Apache-2.0
// The made inventory (says.h) in a registry of our own, for measuring decisions. It can be written out for another program.
#ifndef BENCH_INVENTORY_H
#define BENCH_INVENTORY_H

#include "core/broker.h"
#include "says.h"
#include "unit/offer_world.h"

// Providers of ten pools each, and the classes.
void inventory_pools(struct offer_world *w, unsigned pools);
void inventory_agents(struct offer_world *w, unsigned agents);
uint64_t inventory_class(const struct offer_world *w, unsigned number); // its id, number below INVENTORY_CLASSES
uint64_t inventory_class_of_nobody(struct offer_world *w);              // made: all pools fit it, and no agent does
uint64_t inventory_agent(const struct offer_world *w, unsigned number); // its id, from 0
// Puts the agent again with that many gigabits per second, a changed tag; the microseconds of applying it.
double inventory_agent_speed(struct offer_world *w, uint64_t agent, unsigned gbps);
// Decides, and takes it out of the ledger, so that what follows sees it; the microseconds of both.
double inventory_decide(struct offer_world *w, const struct want *want);
// As lines of JSON: first the classes, then the pools.
void inventory_write(unsigned pools, const char *path);

#endif
