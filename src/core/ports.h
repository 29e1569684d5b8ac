// SPDX-License-Identifier: Apache-2.0
// Sets of ports as ranges: what an agent has left, and whether that is within what was refused. Knows no agents.
#ifndef CORE_PORTS_H
#define CORE_PORTS_H

#include "core/row.h"

VEC_TYPE(port_set, struct port_range); // growing, apart from each other by at least one port

// The set becomes these ranges, in whatever order and overlap they come; those that end before they begin are left out.
void ports_assign(struct port_set *set, const struct port_range *ranges, size_t count);
void ports_add(struct port_set *set, struct port_range range);
void ports_take(struct port_set *set, struct port_range range);
// Keeps only what both have.
void ports_intersect(struct port_set *set, const struct port_set *with);
// Whether all ports of `some` are in `all`. Both as port sets hold them.
bool ports_within(const struct port_set *some, const struct port_set *all);

#endif
