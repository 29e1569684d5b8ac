// SPDX-License-Identifier: Apache-2.0
// Which agents list which filesystems (tags fs/<name>): one bit per agent number. One that lists none is asked for none.
#ifndef CORE_FS_LISTS_H
#define CORE_FS_LISTS_H

#include "core/reach.h"

struct fs_listing {
    symbol key;
    uint64_t *agents; // that list it
};
struct fs_lists {
    VEC(struct fs_listing) at;
    uint64_t *some; // agents that list any
};
// What fs_lists_place gives for a filesystem that no agent lists.
#define FS_NOBODY UINT32_MAX

void fs_lists_init(struct fs_lists *l);
void fs_lists_done(struct fs_lists *l);
void fs_lists_grow(struct fs_lists *l, size_t from, size_t to); // words of every set
// That agent's tags are new; NULL: it has none. `words` of every set.
void fs_lists_update(struct fs_lists *l, const struct symbols *s, uint32_t number, const struct tag_set *tags,
                     size_t words);
// Its place from 1; NULL gives 0.
uint32_t fs_lists_place(const struct fs_lists *l, const struct symbols *s, const char *fs);
// The agents that list it; NULL: nobody.
static inline const uint64_t *fs_lists_agents(const struct fs_lists *l, uint32_t place) {
    return place && place != FS_NOBODY ? l->at.at[place - 1].agents : NULL;
}
// Of the agents of word i those that may be asked for it.
static inline uint64_t fs_lists_word(const struct fs_lists *l, const uint64_t *agents, size_t i) {
    return ~l->some[i] | (agents ? agents[i] : 0);
}

#endif
