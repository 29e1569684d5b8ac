// SPDX-License-Identifier: Apache-2.0
// Offers: whose turn it is, what is free, who refused what. Kept by hooks of state_apply; decides by making offers in a
// draft. An agent's cpus, memory, disk and ports are exclusive; classes of storage stand in many offers at once.
#ifndef CORE_ALLOCATOR_H
#define CORE_ALLOCATOR_H

#include "core/draft.h"

struct allocator; // opaque; derived from rows, never stored
struct allocator *allocator_new(void);
void allocator_free(struct allocator *a); // accepts NULL

// Hooks of state_apply, called after the row was put (with the live row) or before it goes (with its last image). They mark
// what must be looked at again and keep sums; none decides.
void allocator_agent_put(struct state *s, const struct agent_row *live);
void allocator_agent_removed(struct state *s, const struct agent_row *last);
// `before` (NULL: new) may be compared by plain values and pointers only: what it points to may be gone.
void allocator_framework_put(struct state *s, const struct framework_row *before, const struct framework_row *live);
void allocator_framework_removed(struct state *s, const struct framework_row *last);
void allocator_role_put(struct state *s, const struct role_row *live);
void allocator_offer_put(struct state *s, const struct offer_row *live);
void allocator_offer_removed(struct state *s, const struct offer_row *last, enum event_kind kind);
void allocator_volume_put(struct state *s, struct volume_row *live);
void allocator_volume_removed(struct state *s, const struct volume_row *last);
void allocator_agent_changed(struct state *s, uint64_t agent); // what is free or reserved of it; 0: none
void allocator_task_changed(struct state *s, uint64_t agent);  // its free resources changed
void allocator_pools_changed(struct state *s);                 // how much of each class can be granted may have changed

// When decide_allocate should run: within 10 ms of the first change, at a refuse filter's end, at an offer's time-out;
// INT64_MAX: not before something changes. `now` is when it is asked.
struct mono allocator_next(const struct state *s, struct mono now);

// Makes and rescinds offers. Takes the marks of what changed, so that the next call looks only at what changed since: its
// events must be applied.
void decide_allocate(struct draft *d);

enum { REFUSE_SECONDS_DEFAULT = 5, REFUSE_SECONDS_MOST = 31536000 };
// Until when `seconds` refuse: negative and NaN mean the default; 0 gives 0, no filter.
struct mono refuse_until(struct mono now, double seconds);
// Unknown offers and those of others are left alone. `seconds` as the framework said it.
void decide_decline(struct draft *d, uint64_t framework, const uint64_t *offers, size_t count, double seconds);
// For the roles named, or all; a role that the framework is not subscribed to makes the call do nothing.
void decide_revive(struct draft *d, uint64_t framework, const symbol *roles, size_t count);
void decide_suppress(struct draft *d, uint64_t framework, const symbol *roles, size_t count);

// Take offers back, telling the frameworks (EV_offer_rescinded); those of a framework itself are taken without a word
// (EV_offer_declined: it is not there).
void rescind_offers_of_agent(struct draft *d, uint64_t agent);
void rescind_offers_of_volume(struct draft *d, uint64_t volume);
// Those of volumes for which this command's attachments and tasks left no slot or storage bandwidth on the agent.
void rescind_offers_without_room(struct draft *d);
void drop_offers_of_framework(struct draft *d, uint64_t framework);

// I6 and I7 for the simulator: per agent offered + used + reserved <= total, each the sum of its rows, and a port in one offer
// or task; what offers hold as reserved is reserved for their role; a volume in one offer at most, to its owner only, and at
// most IDLE_VOLUMES_OFFERED of an owner at once; one storage-only offer of a framework in a role.
enum { IDLE_VOLUMES_OFFERED = 64 };
MUST_USE struct err *allocator_check(const struct state *s);

#endif
