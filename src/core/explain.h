// SPDX-License-Identifier: Apache-2.0
// Why a request fits or not, as rows: what was asked, what was found, who said it, how old that is, and the nearest
// change that passes. Sentences are made from the rows here, at the edge; nothing is decided here.
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "core/broker.h"
#include "core/refusal.h"

struct funnel_step {
    const char *text; // "satisfy the class's pool selector"
    uint32_t left;
};

struct suggestion {
    const char *change; // "40 GiB smaller", "class 'silver'"
    uint32_t pools, agents;
};

struct explain_page { // of the refusals
    uint32_t offset, limit;
};

// All texts live in the arena or the state.
struct explanation {
    bool places;
    const char *sentence; // one, for people: where it goes, or why not with the three nearest
    struct fit fits[3];
    size_t fit_count;
    VEC(struct funnel_step) funnel;
    VEC(struct refusal) refusals; // one page of them, nearest first
    uint32_t refusal_count;       // of all
    VEC(struct suggestion) suggestions;
};

// What a request would meet now. An error only when the request itself is wrong (as broker_place says it).
MUST_USE struct err *explain_want(const struct draft *d, const struct want *w, struct explain_page page,
                                  struct arena *arena, struct explanation *ret_explanation);
// Where that volume can be used now: agents as fits' counterparts in the funnel, one refusal per agent that cannot, and
// what the volume itself waits for in the sentence. NOT_FOUND when there is no such volume.
MUST_USE struct err *explain_volume(const struct draft *d, uint64_t volume, struct explain_page page,
                                    struct arena *arena, struct explanation *ret_explanation);

#endif
