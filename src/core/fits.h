// SPDX-License-Identifier: Apache-2.0
// Finding the pools that fit a request best. The rules are verdict.h's; here is only how few pools need to be asked.
#ifndef CORE_FITS_H
#define CORE_FITS_H

#include "core/verdict.h"

struct choice { // a pool that fits, and what the class's script said of it
    const struct standing *pool;
    const struct quantities *free; // as the command sees it
    const struct charge *charge;   // but for the pool's id
    int64_t score;                 // of the class, and of the agent asked for
    uint32_t member;               // its place among index_members
    bool chosen;
    double rank;        // of what is chosen: the higher, the better
    const char *reason; // of what is not; NULL: none was given
};
// All that fit by the rules alone, by id, nothing chosen yet: how many, into the arena.
size_t fits_gather(const struct draft *d, const struct terms *t, struct arena *arena, struct choice **ret_choices);
struct fit choice_fit(const struct choice *c);

// A class with a script is asked through choice.h in all that follows, but for fits_of_shape.
// The best fits, best first, at most `most`: how many, into ret_fits.
size_t fits_find(const struct draft *d, const struct terms *t, struct fit *ret_fits, size_t most);
// The best of one shape; false when none fits.
bool fits_of_shape(const struct draft *d, const struct terms *t, const struct shape *shape, struct fit *ret_fit);
// How many pools fit.
uint32_t fits_count(const struct draft *d, const struct terms *t);
// The largest size for which some pool of the class fits and that is `least` or more; 0 when none does.
struct bytes fits_largest(const struct draft *d, const struct terms *t, struct bytes least);

#endif
