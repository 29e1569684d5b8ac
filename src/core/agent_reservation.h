// SPDX-License-Identifier: Apache-2.0
// Cpus, memory and disk of an agent that are reserved for a role: what of them can be offered, how a launch uses them up, how
// they end. Does not choose agents.
#ifndef CORE_AGENT_RESERVATION_H
#define CORE_AGENT_RESERVATION_H

#include "core/draft.h"
#include "core/share.h"

// What that role's reservations hold of the agent.
struct scalars agent_reserved(const struct state *s, uint64_t agent, symbol role);
// What of it stands in no offer, those of this command included.
struct scalars agent_reserved_open(const struct draft *d, uint64_t agent, symbol role);
// What the agent has beside tasks, reservations of other roles and, unless `offered_too`, offers of what is not reserved; below
// nothing counts as nothing.
struct scalars agent_free_for(const struct state *s, const struct agent_row *agent, symbol role, bool offered_too);
// A task of the role takes `what` of it: the oldest first; those that are used up end.
void agent_reserved_use(struct draft *d, uint64_t agent, symbol role, struct scalars what);
// Ends a reservation of an agent: offers of what it held are taken back.
void agent_reservation_end(struct draft *d, uint64_t reservation);
void agent_reservations_end(struct draft *d, uint64_t agent); // all of an agent that goes

#endif
