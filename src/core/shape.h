// SPDX-License-Identifier: Apache-2.0
// The pools of a class that no rule of it tells apart: of equal fixed score, for the same agents. A heap by free bytes, so that
// the best that fits is found near its top. Evaluates no rules: the index says who belongs where.
#ifndef CORE_SHAPE_H
#define CORE_SHAPE_H

#include "core/reach.h"

struct shape;

struct membership { // of a pool in a class: that of the shape's list
    struct shape *shape;
    uint32_t place; // in the shape's heap
};

struct standing { // a pool as decisions read it
    uint64_t pool;
    struct pool_facts *facts; // held; NULL until it reports
    struct reach *reach;      // its constraints and preferences; NULL without facts
    struct quantities free;   // by the state alone; all 0 without facts
    uint32_t account : 31;
    bool usable : 1;  // has reported, is not stale, and its provider has a session
    uint32_t domains; // its group of failure domains
    VEC(struct membership) memberships;
    struct standing *next; // of the same account
};

struct shape_key {
    const struct reach *pool;   // whom they let in and whom they like
    const struct reach *joined; // the class's rules about both sides; NULL when it has none
    int64_t score;              // of the class for the pool, joins left out
    bool formatted;             // needs no mkfs of an agent
};

struct shape_member {
    struct standing *pool;
    size_t membership; // its place in pool->memberships
};
struct shape {
    struct shape_list *list;
    uint32_t place;                // in it
    VEC(struct shape_member) heap; // most free bytes first, then lowest id
};
struct shape_entry {
    struct shape_key key;
    uint64_t pool; // at its top
    struct shape *shape;
};
// More than which no pool of a shape can offer: a decision reads these first, in one row of memory.
struct shape_bound {
    int64_t score;  // with all that an agent could add by the key's reaches
    uint64_t bytes; // free, of the pool at its top
};
struct member { // a pool of the class, and where it stands in it
    const struct standing *pool;
    const struct shape *shape;
};
struct members { // all of them, by id
    const struct member *at;
    size_t count;
    uint64_t version; // equal ones: the same pools with the same facts
};
// By reaches, then best score first: those of the same reaches are neighbours. Zeroed is valid and empty.
struct shape_list {
    uint64_t class;
    const struct reach *common; // the class's rules about agents alone
    VEC(struct shape_entry) entries;
    VEC(struct shape_bound) bounds; // of each entry
    VEC(struct member) members;     // when they were last asked for; see shapes_members
    uint64_t members_version;       // then; 0 never
};
void shape_list_done(struct shape_list *shapes); // must be empty

// The shape of that key, made when it is new.
struct shape *shapes_get(struct shape_list *shapes, const struct shape_key *key);
// All pools of the list. They are gathered anew when the version is another than that of the last time.
struct members shapes_members(struct shape_list *shapes, uint64_t version);
// Enters the pool, whose new membership is given its shape and place.
void shape_enter(struct shape *shape, struct standing *pool);
// Takes it out of the class; a shape that is empty then is freed.
void shape_leave(struct standing *pool, uint64_t class);
// After the pool's free bytes changed: in all its shapes.
void standing_moved(struct standing *pool);
const struct membership *standing_membership(const struct standing *pool, uint64_t class); // NULL: no candidate of it

// From the most free bytes down. `visit` says whether pools below it, which have less or as much and a higher id, are of
// interest.
void shape_walk(const struct shape *shape, bool (*visit)(void *arg, const struct standing *pool), void *arg);

static inline const struct shape_key *shape_key(const struct shape *shape) {
    return &shape->list->entries.at[shape->place].key;
}

#endif
