// SPDX-License-Identifier: Apache-2.0
// The changes at agents with which a refused request would pass: a part of suggest.h.
#ifndef CORE_SUGGEST_AGENT_H
#define CORE_SUGGEST_AGENT_H

#include "core/suggest.h"

struct search { // of a refused request
    const struct draft *d;
    const struct want *want;
    const struct terms *terms;
    const struct judged_pool *pools;
    size_t pool_count;
    struct arena *arena;
    struct suggestion *found;
    size_t count;
};
// Keeps it if some pool would fit and there is room.
void search_add(struct search *x, struct suggestion s);

// Agents are looked at so often for one change, against all kinds of pools: a millisecond or two.
enum { AGENT_TRIES_MOST = 8192 };
// As many of them for each kind, so that the last one gets its own too.
size_t agent_tries_each(size_t kinds);

// Agents with one fact more or less; what all agents are asked for with one term less.
void suggest_agents(struct search *x);
// Agents that would fit but are not here.
void suggest_absent_agents(struct search *x);

#endif
