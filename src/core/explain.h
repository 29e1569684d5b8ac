// SPDX-License-Identifier: Apache-2.0
// Why a request fits or not, and where a volume can be used, as rows: what was asked, what was found, who said it, how old
// that is, and the nearest change that passes. Decides nothing.
#ifndef CORE_EXPLAIN_H
#define CORE_EXPLAIN_H

#include "core/broker.h"
#include "core/command.h"
#include "core/figure.h"
#include "core/funnel.h"
#include "core/refusal.h"
#include "core/suggest.h"

struct explain_page { // of the refusals
    uint32_t offset, limit;
    bool goes_on; // who asks can ask for the next one
};

enum { EXPLAIN_FITS = 3, EXPLAIN_REFUSALS = 20 }; // at most; what is usually told with a refusal

// Texts and arrays live in the arena or the state.
struct explanation {
    bool places;
    const char *volume;                   // of several asked for at once, the one that it is about; NULL: there is one
    const char *sentence;                 // for people: where it goes; or why not, with the three nearest
    struct fit fits[EXPLAIN_FITS];        // of a request, best first
    struct figures figures[EXPLAIN_FITS]; // of those fits: with the agent asked for, else the best; or of `agents`
    size_t fit_count;
    const struct ranked_agent *agents; // of a volume, best first, at most EXPLAIN_FITS
    size_t agent_count;
    const struct funnel_step *funnel; // of pools; of agents when a volume is explained
    size_t funnel_count;
    struct explain_page page;
    const struct refusal *refusals; // that page of them, nearest first
    size_t refusal_count, refused;  // on the page; of all
    struct suggestion suggestions[SUGGESTIONS_MOST];
    size_t suggestion_count;
};

// Keeps the page, sets how many of all its refusals are on it, and returns which is the first.
size_t explanation_cut(struct explanation *e, struct explain_page page);

// What a request would meet now. An error only when the request itself is wrong (as broker_place says it).
MUST_USE struct err *explain_want(const struct draft *d, const struct want *w, struct explain_page page,
                                  struct arena *arena, struct explanation *ret_explanation);
// What one who asks for storage wants to hear of a refusal, beside its sentence.
struct explain_wish {
    struct explain_page page;
    struct arena *arena;
    struct explanation *told; // in the arena; NULL: it was not for want of a pool
};
// Tells why no pool fits `w` to whoever wished it; `volume` as in the explanation. `why` is what the broker said of it, when
// it was asked just now; NULL: it is asked.
void explain_refusal(const struct draft *d, const struct want *w, const struct err *why, const char *volume,
                     struct answer *ret_answer);
// Where that volume can be used now, and what it waits for. NOT_FOUND when there is no such volume.
MUST_USE struct err *explain_volume(const struct draft *d, uint64_t volume, struct explain_page page,
                                    struct arena *arena, struct explanation *ret_explanation);

#endif
