// SPDX-License-Identifier: Apache-2.0
// Which rows belong to which: lists of ids by the id they point to, derived from the rows. Knows the keys, not the rules.
#ifndef CORE_RELATION_H
#define CORE_RELATION_H

#include "base/map.h"
#include "core/row.h"

// relation, noun of the members
#define RELATIONS(X)                                                                                                   \
    X(POOLS_OF_PROVIDER, POOL)                                                                                         \
    X(VOLUMES_OF_LABEL, VOLUME)           /* of one class, owner and label, by label_group; not being released */      \
    X(RESERVATIONS_OF_LABEL, RESERVATION) /* the same */                                                               \
    X(VOLUMES_OF_RESERVATION, VOLUME)                                                                                  \
    X(RESERVATIONS_OF_AGENT, RESERVATION)                                                                              \
    X(ATTACHMENTS_OF_VOLUME, ATTACHMENT)                                                                               \
    X(ATTACHMENTS_OF_AGENT, ATTACHMENT)                                                                                \
    X(OPEN_OPERATIONS_OF_PROVIDER, OPERATION)                                                                          \
    X(OPEN_OPERATIONS_OF_VOLUME, OPERATION)                                                                            \
    X(OPERATIONS_OF_FRAMEWORK, OPERATION) /* open, or waiting for the framework's acknowledgement */                   \
    X(TASKS_OF_AGENT, TASK)               /* not ended */                                                              \
    X(TASKS_OF_FRAMEWORK, TASK)           /* all */                                                                    \
    X(TASKS_OF_VOLUME, TASK)              /* not ended */                                                              \
    X(OFFERS_OF_AGENT, OFFER)                                                                                          \
    X(OFFERS_OF_FRAMEWORK, OFFER)                                                                                      \
    X(OFFERS_OF_VOLUME, OFFER)

enum relation {
#define X(name, NOUN) name,
    RELATIONS(X)
#undef X
        RELATION_COUNT
};

VEC_TYPE(id_list, uint64_t); // growing order

enum { RELATION_KEYS_MOST = 64 };
// The ids that `row` belongs to under that relation (0 ones left out): how many, into ret_keys.
size_t relation_keys(enum relation relation, const void *row, uint64_t ret_keys[RELATION_KEYS_MOST]);
static inline enum noun relation_noun(enum relation relation) {
    static const enum noun nouns[] = {
#define X(name, NOUN) [name] = NOUN_##NOUN,
        RELATIONS(X)
#undef X
    };
    return nouns[relation];
}

// The lists of one relation. Zeroed is valid and empty.
struct relation_lists {
    struct map lists; // id -> struct id_list *
};
void relation_lists_done(struct relation_lists *r);
void relation_add(struct relation_lists *r, uint64_t key, uint64_t member);
void relation_remove(struct relation_lists *r, uint64_t key, uint64_t member);
// Borrowed until the next change; an empty list when there is none.
const struct id_list *relation_get(const struct relation_lists *r, uint64_t key);

#endif
