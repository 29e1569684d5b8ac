// SPDX-License-Identifier: Apache-2.0
// Counting what each rule left over.
#include "core/funnel.h"

size_t funnel_of_pools(const struct judged_pool *pools, size_t count, struct arena *arena,
                       const struct funnel_step **ret_steps) {
    struct funnel_step *steps = arena_zero(arena, RULE_COUNT + 1, sizeof *steps);
    uint32_t failed[RULE_COUNT] = {0}, left = (uint32_t)count;
    size_t made = 0;
    for (size_t i = 0; i < count; i++) failed[pools[i].verdict.rule]++;
    steps[made++] = (struct funnel_step){"pools", left};
    for (enum rule rule = RULE_NONE + 1; rule < RULE_COUNT; rule++) {
        left -= failed[rule];
        if (failed[rule]) steps[made++] = (struct funnel_step){rule_text(rule), left};
    }
    *ret_steps = steps;
    return made;
}
