// SPDX-License-Identifier: Apache-2.0
// Numbers for sets of failure domains, so that what depends on the domains of agents and pools alone is worked out once for
// all that have the same. Knows no agents and no pools.
#ifndef CORE_DOMAIN_GROUP_H
#define CORE_DOMAIN_GROUP_H

#include "base/map.h"
#include "core/domain.h"

struct domain_group {
    char *key;
    struct tag_set tags; // those that are failure domains
    uint32_t users;      // 0: the number is free
};
// Zeroed is valid and empty. Group 0 is nobody's.
struct domain_groups {
    VEC(struct domain_group) at;
    VEC(uint32_t) free;
    struct map by_key;
};
void domain_groups_done(struct domain_groups *g);

// The group of what has these tags (NULL: 0); ended by domain_group_leave.
uint32_t domain_group_take(struct domain_groups *g, const struct domains *d, const struct tag_set *tags);
void domain_group_leave(struct domain_groups *g, uint32_t group);
static inline const struct tag_set *domain_group_tags(const struct domain_groups *g, uint32_t group) {
    return group ? &g->at.at[group].tags : NULL;
}

#endif
