// SPDX-License-Identifier: Apache-2.0
// A small hand-made cluster for the tests of the core: rows are put by events, as recovery does, without decisions.
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "core/draft.h"

struct world {
    struct state *state;
    struct arena arena;
    struct now now;
    uint64_t seq;
    struct draft draft; // of the command that is being made, see world_draft
    bool drafting;
};

struct world *world_new(void);
void world_free(struct world *w);

// A fresh draft on the state as it is; the former one is dropped.
struct draft *world_draft(struct world *w);
// Applies the draft's events, one sequence number each.
void world_apply(struct world *w);

// Texts are comma-separated tags ("media=ssd, topology/rack=r1"); "provider:" or "instance:" before a tag says its tier,
// "attribute:" that frameworks see it.
struct pool_made {
    const char *provider, *instance, *name; // instance NULL: "main"
    const char *store;                      // NULL: the name
    const char *tags, *constraint, *preference;
    int32_t weight;                           // of the preference
    uint64_t bytes, iops, bandwidth, volumes; // of the store; the last three known when not 0
    uint64_t capacity;                        // of the pool; 0: all of its store
    struct quantities most;                   // the same of the others, where known
    uint64_t headroom, physical_free;
    uint64_t granularity, smallest, largest;
    uint32_t capabilities;           // 0: carve and raw block
    uint32_t numerator, denominator; // 0: 1
};
struct agent_made {
    const char *name, *tags;
    int64_t cpus, mem, disk; // whole ones; 0: 8 cpus, 8192 MiB, 8192 MiB
    uint32_t slots;
    struct port_range ports; // {0}: none
    uint64_t bandwidth;      // towards storage; 0: not counted
    const char *bus;         // drivers that share bus_slots; NULL: none
    uint32_t bus_slots;
};
// The facts alone, without a holder.
struct pool_facts *world_pool_facts(struct world *w, const struct pool_made *made);
struct agent_facts *world_agent_facts(struct world *w, const struct agent_made *made);
// Each makes the row, or puts it again with new facts when the name is there already. Gives its id.
uint64_t world_provider(struct world *w, const char *name);
uint64_t world_pool(struct world *w, struct pool_made made);
uint64_t world_agent(struct world *w, struct agent_made made);
uint64_t world_class(struct world *w, struct class_document doc); // fails the test when it is refused

void world_provider_session(struct world *w, const char *name, uint64_t session); // 0: away
void world_agent_state(struct world *w, const char *name, enum agent_state state, uint64_t session);
void world_agent_removed(struct world *w, const char *name);
void world_class_removed(struct world *w, const char *name);
void world_pool_removed(struct world *w, const char *path);
void world_pool_stale(struct world *w, const char *path);
// A ready, formatted volume of that class on that pool, charged with `bytes`.
uint64_t world_volume(struct world *w, const char *name, const char *class, const char *pool, uint64_t bytes);
uint64_t world_attachment(struct world *w, uint64_t volume, const char *agent, enum attachment_state state);
symbol world_symbol(struct world *w, const char *text);
// Before any pool or agent: "power=feed-A" is that available, in percent.
void world_domain(struct world *w, const char *name, const char *percent);

// Ids by name; fails the test when there is none.
uint64_t world_pool_id(struct world *w, const char *path);
uint64_t world_agent_id(struct world *w, const char *name);
uint64_t world_class_id(struct world *w, const char *name);

// Fails the test unless `e` (taken over) is of that kind and its sentence has those words.
void expect_err(struct err *e, enum err_kind kind, const char *words);
void expect_ok(struct err *e);

#endif
