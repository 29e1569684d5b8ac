// SPDX-License-Identifier: Apache-2.0
// The figures that consumers see instead of tags: how available storage and agent are together, and how well they suit
// each other. By tags and the index: what is granted counts only where there are more kinds of pools than are looked at.
#ifndef CORE_FIGURE_H
#define CORE_FIGURE_H

#include "core/index.h"

struct figures {
    struct availability availability; // of the failure domains of both
    uint32_t affinity;                // 0 to 100: 100 when all that pool and class prefer about agents holds
};

// Of that agent with that pool; `w->fs` and the demands of the class are not asked.
struct figures figures_of(const struct state *s, const struct reach_want *w, const struct agent_row *agent);
// The best availability that any of the first `most` live agents that fit gives that pool, and which agent (0 and NULL when
// none fits).
struct availability figures_best(const struct state *s, const struct reach_want *w, size_t most,
                                 const struct agent_row **ret_agent);
// What offers say of a class is said of so many kinds of its pools, shape by shape and in each the pools with the most free: an
// offer cycle asks for every agent. The only bound on kinds.
enum { CLASS_KINDS_MOST = 64 };
// Of that agent with the usable pool of the class that suits it best; false when it can use none.
MUST_USE bool figures_of_class(const struct state *s, uint64_t class, const struct agent_row *agent,
                               struct figures *ret_figures);
// Of a volume: its pool, and the agents that have it now; of its pool alone when none has.
struct availability figures_of_volume(const struct state *s, const struct volume_row *v);

// Pools that no agent can tell apart by demands, preferences and failure domains are of one kind. Zeroed is valid and empty.
struct pool_kinds {
    struct map numbers;
    uint64_t last_key[4]; // what was asked for last, and its number: pools of a kind come one after another
    size_t last;
};
void pool_kinds_done(struct pool_kinds *k);
// The number of that kind, from 0 in the order in which they were first asked for. Valid until an agent, pool or class changes.
size_t pool_kind(struct pool_kinds *k, const struct reach_view *view, uint32_t domains);

struct agent_figures {
    uint64_t agent;
    struct figures figures;
};
enum { CLASS_AGENTS_SHOWN = 8 };
struct class_figures {
    struct availability availability;                // the best of all pools and agents
    struct agent_figures agents[CLASS_AGENTS_SHOWN]; // highest affinity first, then availability, then lowest id
    size_t count;
};
// Over all live agents. Remembered until an agent, pool or class changes.
struct class_figures figures_class(const struct state *s, uint64_t class);

#endif
