// SPDX-License-Identifier: Apache-2.0
// Deciding for a class that has a script: the rules say what fits, the script what is taken of it; when it fails, nobody or the
// class's preferences.
#ifndef CORE_CHOICE_H
#define CORE_CHOICE_H

#include "core/fits.h"

// What is chosen, best first, at most `most`: how many, into ret_fits (NULL: count only). Ties go to the most free bytes, then
// to the lowest id.
size_t choices_best(const struct draft *d, const struct terms *t, struct fit *ret_fits, size_t most);
// A size between `least` and `fits`, the largest by the rules, of which the script takes some pool; 0: it was found for none of
// those tried, each half of the one before.
struct bytes choices_largest(const struct draft *d, const struct terms *t, struct bytes fits, struct bytes least);
// Where a class has a script: RULE_SCRIPT to all that fit by the rules and that it does not take. `pools` are judged by the
// rules; reasons go into the arena.
void choices_judge(const struct draft *d, const struct terms *t, struct judged_pool *pools, size_t count,
                   struct arena *arena);

#endif
