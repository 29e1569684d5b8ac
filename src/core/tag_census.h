// SPDX-License-Identifier: Apache-2.0
// Which tag keys pools and agents have now, and in what units their values speak. Judges nothing.
#ifndef CORE_TAG_CENSUS_H
#define CORE_TAG_CENSUS_H

#include "core/state.h"

struct tag_key {
    symbol key, example; // a value of it
    uint32_t units;      // 1 << enum number_unit, NUMBER_NONE for values that are no numbers
};
// Zeroed is valid and empty; ended by tag_census_done.
struct tag_census {
    struct map pools, agents; // key symbol -> place in `keys` + 1
    VEC(struct tag_key) keys;
};
void tag_census_take(struct tag_census *c, const struct state *s);
void tag_census_done(struct tag_census *c);
// NULL: nobody there has it. Borrowed.
const struct tag_key *tag_census_find(const struct tag_census *c, symbol key, bool of_pools);
// The nearest key that somebody has, NULL when none is near. Borrowed from the symbols.
const char *tag_census_nearest(const struct tag_census *c, const struct symbols *s, const char *key);

#endif
