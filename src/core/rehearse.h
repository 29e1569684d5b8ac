// SPDX-License-Identifier: Apache-2.0
// The recorded requests asked again, under the policy that is on and under another one, both of the registry as it is now: what
// the other one would change. Takes nothing. The same registry and the same records give the same answer, to the bit.
#ifndef CORE_REHEARSE_H
#define CORE_REHEARSE_H

#include "core/asked.h"
#include "core/policy.h"

// What the other policy does to a request; its name on the wire.
#define REHEARSALS(X)                                                                                                  \
    X(SAME, "same") /* it lands in the same pool */                                                                    \
    X(ELSEWHERE, "elsewhere")                                                                                          \
    X(FAILS, "fails")     /* and would place today */                                                                  \
    X(PLACES, "places")   /* and would be refused today */                                                             \
    X(REFUSED, "refused") /* under both */
enum rehearsal_kind {
#define X(kind, name) REHEARSAL_##kind,
    REHEARSALS(X)
#undef X
        REHEARSAL_KINDS
};
const char *rehearsal_name(enum rehearsal_kind kind);

struct rehearsed { // a request that would end otherwise: ELSEWHERE, FAILS or PLACES
    const struct asked *asked;
    enum rehearsal_kind kind;
    uint64_t before, after; // pools; 0: refused
    const char *why;        // of FAILS
};

struct rehearsal {       // in the arena
    const char *refused; // why the policy cannot be switched on at all: nothing else is known then; NULL: it can
    uint32_t counts[REHEARSAL_KINDS];
    const struct rehearsed *rows; // in the order of asking, at most REHEARSED_MOST
    size_t count;
};
enum { REHEARSED_MOST = 1000 };

// `scratch` is a scratch_new of `s`, and `doc` was compiled with its symbols. `consume`: each request takes what it gets, so that
// the next one finds less; else each is asked of the registry as it is.
struct rehearsal rehearse(const struct state *s, struct state *scratch, const struct asked_ring *ring,
                          struct policy_shared *doc, bool consume, struct arena *arena);

#endif
