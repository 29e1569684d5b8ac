// SPDX-License-Identifier: Apache-2.0
// What if: changes of agents, pools and classes, then requests, all decided on a scratch registry by the same code as the
// real ones. Touches nothing else.
#ifndef CORE_PLAN_H
#define CORE_PLAN_H

#include "core/explain.h"
#include "core/scratch.h"

enum plan_kind {
    PLAN_PROVIDER_REMOVED = 1,
    PLAN_POOL_REMOVED,
    PLAN_AGENT_REMOVED,
    PLAN_CLASS_REMOVED,
    PLAN_POOL,
    PLAN_AGENT,
    PLAN_CLASS
};

struct plan_change {
    enum plan_kind kind;
    const char *name;           // of what is changed; "provider/instance/pool" of a pool
    const char *provider;       // PLAN_POOL
    struct pool_report pool;    // PLAN_POOL
    struct agent_facts *agent;  // PLAN_AGENT
    struct class_shared *class; // PLAN_CLASS
};

struct plan { // all borrowed
    const struct plan_change *changes;
    const struct command *requests; // CMD_volume_create, CMD_request_apply
    size_t change_count, request_count;
};

struct planned_change {
    bool refused;
    const char *sentence; // "agent 'n9' added"; or why it cannot be
};
struct planned_request {
    bool places;
    const uint64_t *volumes; // ids in the scratch registry
    size_t volume_count;
    const char *const *notes;              // of each volume: why no better class was taken; NULL: it is the best
    uint64_t agent;                        // of CMD_request_apply: on which they can be used together
    const char *sentence;                  // why not
    const struct explanation *explanation; // NULL: it is not about fits, or many others were explained
};
struct planned_class {
    const char *name;
    struct bytes before, after; // the largest single volume that could be granted
};
enum { PLANNED_LOSSES_MOST = 1000 };
struct planned_loss {
    uint64_t volume; // usable by somebody before the changes, by nobody after them
    const char *sentence;
};

struct planned {                            // lives in the arena, the scratch registry and the plan
    bool places;                            // no change and no request was refused
    const struct planned_change *changes;   // as many as in the plan
    const struct planned_request *requests; // as many as in the plan
    const struct planned_class *classes;
    const struct planned_loss *losses; // the first of them
    size_t class_count, loss_count;
    size_t lost; // all of them
};
// `scratch` is a scratch_new of `s`, and shows all of it afterwards.
struct planned plan_run(const struct state *s, struct state *scratch, struct now now, const struct plan *plan,
                        struct arena *arena);

#endif
