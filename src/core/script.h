// SPDX-License-Identifier: Apache-2.0
// A class's script, asked which of the pools that fit are taken, and in which order. It sees no pool that does not fit, and
// cannot make one fit.
#ifndef CORE_SCRIPT_H
#define CORE_SCRIPT_H

#include "core/fits.h"

struct script;

MUST_USE struct err *script_check(const char *text); // whether it can be compiled; NULL is no script, and fine
struct script *script_new(const char *text);         // of one that cannot, each decision fails
void script_free(struct script *s);                  // accepts NULL

// Sets chosen, rank and reason of each choice (count not 0), in one call of the script. INVALID: it failed, "line 3: ...".
MUST_USE struct err *script_choose(struct script *s, const struct draft *d, const struct terms *t,
                                   struct choice *choices, size_t count, struct arena *arena);

// A decision begins and ends: a failure is counted once, however often the script was asked. What is asked outside of one (an
// explanation, a rehearsal, the largest size) is not counted. Both accept NULL.
void script_deciding(struct script *s);
void script_decided(struct script *s);

struct script_failures {
    uint64_t count;   // of decisions, since the class was put
    const char *last; // what was wrong; NULL: nothing ever was
};
struct script_failures script_failures(const struct script *s); // accepts NULL

#endif
