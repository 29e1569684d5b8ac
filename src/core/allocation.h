// SPDX-License-Identifier: Apache-2.0
// What the allocator remembers between cycles, and what one cycle plans. Read by the allocator's own files only.
#ifndef CORE_ALLOCATION_H
#define CORE_ALLOCATION_H

#include "core/allocator.h"
#include "core/filter.h"
#include "core/idle.h"
#include "core/offer_wish.h"
#include "core/share.h"

struct holding { // what the tasks of one contender hold on one agent
    struct contender *c;
    struct scalars what;
};

// An offer to be made in this cycle.
struct plan {
    struct agent_view *agent;
    struct contender *c;
    struct plan *next;              // of the same agent
    bool whole;                     // with the agent's free resources; else volumes only
    struct scalars scalars, needed; // by the volumes, as their last tasks used
    struct scalars reserved;        // of the scalars: what reservations of the role hold
    struct port_set ports;          // of whole ones
    uint64_t volumes[IDLE_VOLUMES_OFFERED];
    uint32_t volume_count;
};

struct agent_load { // what an agent that rests has none of
    VEC(struct holding) holdings;
    VEC(uint64_t) wanted; // volumes that its live tasks want
    struct filters filters;
    uint64_t cycle; // the plans are of this one
    struct plan *plans;
};

struct agent_view { // an agent as the allocator sees it
    uint64_t id;
    const struct agent_facts *facts; // borrowed from the live row; NULL before it reported
    struct scalars total;            // counted in the cluster's when usable
    bool usable, marked, tasks_changed;
    uint32_t idle_place;           // in allocator.idle + 1; 0: not there
    const struct agent_load *load; // its own, or the empty one of all that rest; agent_view_load to change it
};

struct allocator {
    struct shares shares;
    struct map agents;               // id -> struct agent_view *
    VEC(struct agent_view *) marked; // to be visited
    VEC(struct agent_view *) idle;   // have free resources that nobody takes
    struct map queues;               // idle_key -> struct idle_queue *
    VEC(struct idle_queue *) marked_queues;
    struct heap filters;  // ends of refuse filters: agent id
    struct heap timeouts; // of offers: offer id
    struct heap storage;  // ends of refused storage-only offers: framework id
    size_t filter_count;  // about how many filters stand
    bool wake;            // somebody's turn may come whose did not: idle agents are visited again
    bool stir;            // what rests may be placed again
    bool pools;           // amounts of classes changed
    bool storage_marked;  // some contender's storage-only offer is to be looked at
    uint64_t fabric;      // of pools and classes, when resting volumes were stirred last
    uint64_t cycle, visit;
    unsigned wishes;          // WISHES_* of anybody, in this cycle
    struct mono due;          // 0: not asked since the first mark
    struct port_set ports;    // scratch
    VEC(struct plan *) plans; // of this cycle, with volumes
};

struct agent_view *agent_view(struct state *s, uint64_t agent); // made when it is new
void agent_view_end(struct agent_view *view);                   // frees it
struct agent_load *agent_view_load(struct agent_view *view);    // its own: made when it has none
void agent_view_rest(struct agent_view *view); // frees its own when it is empty; plans of this cycle must not be in it
void agent_view_mark(struct allocator *a, struct agent_view *view);
void agent_view_idle(struct allocator *a, struct agent_view *view, bool idle);
// Counts its tasks anew, and looks at the volumes that they no longer want.
void agent_view_recount(struct state *s, struct agent_view *view);
// What stands in no task, no offer and no reservation; below nothing counts as nothing.
struct scalars agent_view_free(const struct state *s, const struct agent_view *view);
bool agent_view_offered(const struct state *s, const struct agent_view *view); // some of it stands in offers
// The ports of an agent that are in no task and no offer but those being rescinded in the draft. Into ret_ports.
void agent_view_ports(const struct draft *d, const struct agent_view *view, struct port_set *ret_ports);
// Whether more is promised than there is. What tasks use beyond it (an agent may shrink under them) breaks no promise.
bool scalars_overdrawn(const struct agent_account *held, const struct scalars *total);
// Whether `c` wants an offer of so much, and of that agent at all.
bool contender_enough(const struct draft *d, const struct contender *c, const struct scalars *free);
bool contender_agrees(const struct draft *d, const struct contender *c, const struct agent_view *view);

struct idle_queue *idle_queue(struct allocator *a, struct owner owner); // made when it is new
void idle_queue_mark(struct allocator *a, struct idle_queue *q);
bool volume_is_idle(const struct state *s, const struct volume_row *v);
bool allocator_marked(const struct allocator *a);

// ---- one cycle ----
struct plan *plan_find(const struct allocator *a, const struct agent_view *view, const struct contender *c);
struct plan *plan_whole(const struct allocator *a, const struct agent_view *view);
struct plan *plan_new(struct draft *d, struct agent_view *view, struct contender *c);
// An offer of `c`; agent 0: the storage-only one. Ports may be NULL.
struct offer_row *offer_make(struct draft *d, const struct contender *c, uint64_t agent, const struct scalars *scalars,
                             const struct port_set *ports);
void allocate_volumes(struct draft *d);
void allocate_agents(struct draft *d);
void allocate_storage(struct draft *d);

#endif
