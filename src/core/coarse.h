// SPDX-License-Identifier: Apache-2.0
// What a consumer is told of a refusal: classes, sizes, figures, and rules in words. Never a tag, never which pool: those are
// for operators, who ask for an explanation.
#ifndef CORE_COARSE_H
#define CORE_COARSE_H

#include "core/refusal.h"

// "the nearest has 460 GiB free of 500 GiB asked; of 8 pools 7 satisfy the class's pool selector; a size of 460 GiB or less
// would place (1 pool)". `nearest` is one of the pools.
void coarse_add_pools(const struct draft *d, const struct want *w, const struct terms *t,
                      const struct judged_pool *pools, size_t count, const struct judged_pool *nearest,
                      struct text *out);
// A row as whoever asks may hear it. To consumers `pool` says which pool it is about ("the pool"); NULL: it is about its agent.
void refusal_say(const struct draft *d, const struct refusal *r, const char *pool, struct text *out);

#endif
