// SPDX-License-Identifier: Apache-2.0
// What is left on an agent for one more attached volume: slots of the whole host and of each bus, storage bandwidth. Looks
// only; what is taken is counted by the rows of attachments.
#ifndef CORE_ATTACH_ROOM_H
#define CORE_ATTACH_ROOM_H

#include "core/verdict.h"

struct attach_room {
    const struct agent_row *agent; // borrowed
    uint32_t attachments;
    uint64_t bandwidth;
    uint32_t on_bus[AGENT_BUSES_MOST]; // as in the agent's facts
};

// Whether that agent limits what may be attached at all.
bool attach_limited(const struct agent_facts *f); // accepts NULL
// What the agent's attachments hold, as this command sees them, and what is promised to tasks that wait for their volumes.
struct attach_room attach_room(const struct draft *d, const struct agent_row *agent);
// Counts a volume of that pool as attached there too.
void attach_room_take(struct attach_room *r, const struct state *s, uint64_t pool, struct bandwidth bandwidth);
// RULE_NONE: one more volume of that pool can be attached; else RULE_SLOTS or RULE_AGENT_BANDWIDTH. ret_bus (NULL: not
// asked): the bus that is full, NULL when the whole host is.
enum rule attach_room_rule(const struct attach_room *r, const struct state *s, uint64_t pool,
                           struct bandwidth bandwidth, const struct attach_bus **ret_bus);
// Whether a volume of that pool, attached nowhere there yet, can be.
bool attach_room_for(const struct draft *d, const struct agent_row *agent, uint64_t pool, struct bandwidth bandwidth);
// The storage bandwidth that nothing attached holds; 0 when the agent does not count it.
struct bandwidth attach_room_bandwidth(const struct attach_room *r);

#endif
