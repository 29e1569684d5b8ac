// SPDX-License-Identifier: Apache-2.0
// The nearest changes with which a refused request would pass. Each was tried before it is said.
#ifndef CORE_SUGGEST_H
#define CORE_SUGGEST_H

#include "core/verdict.h"

struct suggestion {
    const char *change; // "a size of 460 GiB or less", "class 'silver' instead"; in the arena
    uint32_t pools;     // with which it would pass then
    uint64_t agent;     // the agent to be changed; 0: none
    bool by_asker;      // the asker can do it: by asking for `want`
    struct want want;
};

enum { SUGGESTIONS_MOST = 12 };
// For a request that nothing fits; `pools` are all pools with their verdicts. How many, into ret_suggestions.
size_t suggest(const struct draft *d, const struct want *w, const struct terms *t, const struct judged_pool *pools,
               size_t pool_count, struct arena *arena, struct suggestion ret_suggestions[SUGGESTIONS_MOST]);
// The same of what the asker alone can do: another size, fewer iops, another class or agent.
size_t suggest_to_asker(const struct draft *d, const struct want *w, const struct terms *t,
                        const struct judged_pool *pools, size_t pool_count, struct arena *arena,
                        struct suggestion ret_suggestions[SUGGESTIONS_MOST]);

#endif
