// SPDX-License-Identifier: Apache-2.0
// The figures that consumers see instead of tags: how available storage and agent are together, and how well they suit
// each other. Looks at the index alone: nothing here depends on what is granted.
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
// Of that agent with the usable pool of the class that suits it best; false when it can use none.
MUST_USE bool figures_of_class(const struct state *s, uint64_t class, const struct agent_row *agent,
                               struct figures *ret_figures);
// Of a volume: its pool, and the agents that have it now; of its pool alone when none has.
struct availability figures_of_volume(const struct state *s, const struct volume_row *v);

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
