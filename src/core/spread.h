// SPDX-License-Identifier: Apache-2.0
// Spreading the volumes of one label over the values of a tag key. The group of a volume: those of its class and owner with
// the same value of the rule's label, that are not being released. A reservation holds the place of one: it counts as a
// member while none made of it does.
//
// Over N values, a value may hold at most the Nth part of the group, the new one included, rounded up; without N, one. A
// pool with several values counts on each. A required rule fails closed: a pool without the key, or a member that stands
// nobody knows where, refuses. Among the pools that pass, and with a rule that is only preferred, each member that shares a
// value costs the pool the rule's weight.
#ifndef CORE_SPREAD_H
#define CORE_SPREAD_H

#include "core/draft.h"

struct spread_place {
    symbol value;
    uint32_t volumes;
};
struct spread { // one rule and where its group stands now
    const struct class_spread *rule;
    const char *label; // "app=x"
    const struct spread_place *at;
    size_t places;
    uint32_t members;
    const char *lost; // "volume 'a'": a member whose pool does not say where it stands; NULL: none
};
struct spreads { // in the draft's arena
    const struct spread *at;
    size_t count;
};

// The rules of the class that hold for a volume of that owner with these labels. INVALID when it lacks the label of a
// required one.
MUST_USE struct err *spreads_of(const struct draft *d, const struct class_row *class, struct owner owner,
                                const char *labels, struct spreads *ret_spreads);
// The first required rule that a volume on a pool of these tags would break; NULL: none.
const struct spread *spreads_broken(const struct spreads *s, const struct tag_set *pool);
// What sharing costs a pool of these tags; never below 0.
int64_t spreads_cost(const struct spreads *s, const struct tag_set *pool);
// The most volumes of the group that one value of the pool holds; the value too.
uint32_t spread_most(const struct spread *s, const struct tag_set *pool, symbol *ret_value);
uint32_t spread_share(const struct spread *s); // what one value may hold, the new volume included

bool volume_has_place(const struct volume_row *v); // it counts as a member of its groups
// The reservation holds a place itself: the next volume made of it takes that one.
bool reservation_has_place(const struct draft *d, uint64_t reservation);
// The key of VOLUMES_OF_LABEL and RESERVATIONS_OF_LABEL for one label line.
uint64_t label_group(uint64_t class, struct owner owner, const char *line, size_t size);

#endif
