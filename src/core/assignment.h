// SPDX-License-Identifier: Apache-2.0
// Finds one agent, and a pool for each of several volumes, so that the agent can use them all at once. Each volume sees what
// those placed before it take. Takes nothing: the draft is afterwards as it was.
#ifndef CORE_ASSIGNMENT_H
#define CORE_ASSIGNMENT_H

#include "core/command.h"
#include "core/volume.h"

enum {
    ASSIGNMENT_VOLUMES_MOST = 64,
    ASSIGNMENT_CLASSES_MOST = 8,
    ASSIGNMENT_STEPS_MOST = 10000, // questions to the broker and volumes tried, over all agents
};

struct wish {                // one volume
    struct volume_plan plan; // without class and fit
    struct want wants
        [ASSIGNMENT_CLASSES_MOST]; // one for each class that will do, the best first, by broker_want; agent and room unset
    size_t want_count;
};

struct assignment_want {
    const struct wish *wishes;
    size_t count;
    uint64_t agent;      // on that agent; 0: on any
    struct scalars need; // what the agent must have beside tasks and reservations
};

struct assignment {
    uint64_t agent;
    uint8_t class[ASSIGNMENT_VOLUMES_MOST]; // which of its wants
    struct fit fits[ASSIGNMENT_VOLUMES_MOST];
    const char
        *instead_of[ASSIGNMENT_VOLUMES_MOST]; // why no better class; NULL: it is the best one. In the draft's arena
};

// The best classes that the whole allows, volume by volume in the order of the wishes; then the agent that reaches the pools
// at hand with the best score, then the lowest id. The same draft and wishes give the same answer. Of the kinds of
// broker_place; the sentence names the volume that got furthest and failed, and says when the search ended before its end.
// Of that volume, beside those placed before it, an answer that wishes it is told more (explain_refusal; NULL: none does).
MUST_USE struct err *assignment_find(struct draft *d, const struct assignment_want *w,
                                     struct assignment *ret_assignment, struct answer *ret_answer);
// The volume row and its operation, as assigned; the volumes of one assignment in the order of the wishes.
struct volume_row *assignment_make(struct draft *d, const struct assignment_want *w, const struct assignment *a,
                                   size_t i);

#endif
