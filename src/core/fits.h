// SPDX-License-Identifier: Apache-2.0
// Finding the pools that fit a request best. The rules are verdict.h's; here is only how few pools need to be asked.
#ifndef CORE_FITS_H
#define CORE_FITS_H

#include "core/verdict.h"

// The best fits, best first, at most `most`: how many, into ret_fits.
size_t fits_find(const struct draft *d, const struct terms *t, struct fit *ret_fits, size_t most);
// The best of one shape; false when none fits.
bool fits_of_shape(const struct draft *d, const struct terms *t, const struct shape *shape, struct fit *ret_fit);
// How many pools fit.
uint32_t fits_count(const struct draft *d, const struct terms *t);
// The largest size for which some pool of the class fits and that is `least` or more; 0 when none does.
struct bytes fits_largest(const struct draft *d, const struct terms *t, struct bytes least);

#endif
