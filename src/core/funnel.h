// SPDX-License-Identifier: Apache-2.0
// How many pools are left after each rule.
#ifndef CORE_FUNNEL_H
#define CORE_FUNNEL_H

#include "core/verdict.h"

struct funnel_step {
    const char *text; // "satisfy the class's pool selector"
    uint32_t left;
};
// All pools first; then each rule at which some failed. Into the arena; returns how many steps.
size_t funnel_of_pools(const struct judged_pool *pools, size_t count, struct arena *arena,
                       const struct funnel_step **ret_steps);

#endif
