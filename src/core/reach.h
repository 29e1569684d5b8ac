// SPDX-License-Identifier: Apache-2.0
// Which agents satisfy a list of rules, and how much each is liked: one bit and one number per agent. Rules that are equal
// share one reach, so that ten thousand alike pools cost as one. Knows no pools and no classes.
#ifndef CORE_REACH_H
#define CORE_REACH_H

#include "base/map.h"
#include "core/row.h"

struct reach_rule {
    const struct selector *selector; // on the agent's tags, the pool's as the other side
    int64_t weight;                  // of a preference
    bool preferred;                  // adds its weight when it holds; else it must hold
    bool pool_side; // on the pool's tags, the agent's as the other side; of one that must hold, the joins only
};
VEC_TYPE(reach_rules, struct reach_rule);

struct reach {
    char *key;
    uint64_t serial; // grows in the order of making
    uint32_t users;
    struct shared *rules_of, *tags_of; // held: what the rules and the tags point into; may be NULL
    const struct tag_set *pool_tags;   // the other side of joins; NULL: no rule joins
    struct reach_rules rules;
    uint64_t *fits; // a bit per agent number
    int64_t *liked; // per agent number; NULL when nothing is preferred
};

// Zeroed is valid and empty. Agent numbers are places in `agents`; 0 is nobody.
struct reach_agent {
    uint64_t id;               // 0: the number is free
    struct agent_facts *facts; // held; NULL until it reports
};
struct reaches {
    VEC(struct reach *) all;
    struct map by_key;
    VEC(struct reach_agent) agents;
    size_t words;    // of 64 bits, in every set
    uint64_t serial; // of the last reach made
};
void reaches_done(struct reaches *r);

// The reach of these rules (given), made when it is new; ended by reach_leave. Keeps `rules_of` and `tags_of` held.
struct reach *reach_take(struct reaches *r, const struct symbols *s, struct reach_rules rules, struct shared *rules_of,
                         const struct tag_set *pool_tags, struct shared *tags_of);
void reach_leave(struct reaches *r, struct reach *reach); // accepts NULL
// What every reach says of that agent, after agents.at[number] changed.
void reaches_update(struct reaches *r, const struct symbols *s, uint32_t number);
// Makes room for one more number in every set; returns it.
uint32_t reaches_grow(struct reaches *r);
// Sets that grow with reaches_grow are made and grown by these.
uint64_t *bits_new(size_t words);
uint64_t *bits_grow(uint64_t *bits, size_t from, size_t to);
static inline bool bits_has(const uint64_t *bits, uint32_t n) {
    return bits[n / 64] >> (n % 64) & 1;
}
static inline void bits_set(uint64_t *bits, uint32_t n, bool on) {
    uint64_t bit = (uint64_t)1 << (n % 64);
    bits[n / 64] = on ? bits[n / 64] | bit : bits[n / 64] & ~bit;
}

#endif
