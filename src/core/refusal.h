// SPDX-License-Identifier: Apache-2.0
// A "no" as a row: the first rule that failed, the value asked, the value found, who said it and how old that is.
#ifndef CORE_REFUSAL_H
#define CORE_REFUSAL_H

#include "core/verdict.h"

struct refusal {
    enum rule rule;
    uint64_t pool, agent;      // 0: no single one
    const char *asked, *found; // "media = ssd", "media=hdd"; in the arena
    const char *said_by;       // who said what was found: "pool, configured"; NULL: nobody
    int64_t age_ms;            // of what was found; -1: not known
};

// The verdict (not RULE_NONE) as a row, its texts in the arena.
struct refusal refusal_of_pool(const struct draft *d, const struct terms *t, const struct pool_row *pool,
                               const struct verdict *v, struct arena *arena);
struct refusal refusal_of_agent(const struct draft *d, const struct volume_row *v, const struct agent_row *agent,
                                enum rule rule, struct arena *arena);
// The same of RULE_SLOTS and RULE_AGENT_BANDWIDTH, when more is held there than the draft says.
struct refusal refusal_of_room(const struct draft *d, const struct volume_row *v, const struct attach_room *room,
                               enum rule rule, struct arena *arena);

// Every pool with its verdict, by id; in the arena.
struct judged_pool *broker_judge(const struct draft *d, const struct terms *t, struct arena *arena, size_t *ret_count);
// The error of a request that none of them fits, as broker_place gives it: to consumers in coarse words.
MUST_USE struct err *broker_refusal(const struct draft *d, const struct want *w, const struct terms *t,
                                    const struct judged_pool *pools, size_t count);

// "file/main/fast has 240 GiB free of 500 GiB asked"
void refusal_add_text(const struct state *s, const struct refusal *r, struct text *out);

#endif
