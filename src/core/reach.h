// SPDX-License-Identifier: Apache-2.0
// Which agents satisfy a list of rules, and how much each is liked: one bit per rule and agent. Equal rules are answered once,
// and equal lists share one reach, so that ten thousand alike pools cost as one. Knows no pools and no classes.
#ifndef CORE_REACH_H
#define CORE_REACH_H

#include "base/map.h"
#include "core/domain.h"
#include "core/row.h"

struct reach_rule {
    const struct selector *selector; // on the agent's tags, the pool's as the other side
    int64_t weight;                  // of a preference
    bool preferred;                  // adds its weight when it holds; else it must hold
    bool pool_side; // on the pool's tags, the agent's as the other side; of one that must hold, the joins only
    // Without a selector: what the failure domains of agent and pool together must reach.
    const struct domains *domains;
    struct availability least;
};
VEC_TYPE(reach_rules, struct reach_rule);

struct ruling { // one rule, answered for every agent; shared by all that have it
    char *key;
    uint64_t serial;
    uint32_t users;
    struct reach_rule rule;            // of its first user; its weight is nobody's
    struct shared *rules_of, *tags_of; // held: what the rule and the tags point into; may be NULL
    const struct tag_set *pool_tags;   // the other side of joins
    uint64_t *holds;                   // a bit per agent number
};
VEC_TYPE(ruling_list, struct ruling *);

struct reach_like {
    struct ruling *ruling;
    int64_t weight;
};
struct reach { // a list of rules
    char *key;
    uint64_t serial; // grows in the order of making
    uint32_t users;
    struct ruling_list musts;
    VEC(struct reach_like) likes;
};

// Zeroed is valid and empty. Agent numbers are places in `agents`; 0 is nobody.
struct reach_agent {
    uint64_t id;               // 0: the number is free
    struct agent_facts *facts; // held; NULL until it reports
    uint32_t domains;          // its group of failure domains
};
struct reaches {
    struct map by_key;  // struct reach *
    struct map rulings; // by key: struct ruling *
    struct map by_tag;  // tag key -> struct ruling_list *: those that such a tag may change
    struct ruling_list all;
    VEC(struct reach_agent) agents;
    uint64_t *known; // a bit per agent number: it has reported
    size_t words;    // of 64 bits, in every set
    uint64_t serial; // of the last ruling or reach made
};
void reaches_done(struct reaches *r);

// The reach of these rules (given), made when it is new; ended by reach_leave. Keeps `rules_of` and `tags_of` held.
struct reach *reach_take(struct reaches *r, const struct symbols *s, struct reach_rules rules, struct shared *rules_of,
                         const struct tag_set *pool_tags, struct shared *tags_of);
void reach_leave(struct reaches *r, struct reach *reach); // accepts NULL
// Answers anew, for that agent, the rules that ask for a tag which changed since `before`; all of them when it or its facts
// are NULL.
void reaches_update(struct reaches *r, const struct symbols *s, uint32_t number, const struct agent_facts *before);
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

// Word i of the set of agents that satisfy it, out of those in `word`; how much that agent is liked.
static inline uint64_t reach_word(const struct reach *reach, size_t i, uint64_t word) {
    for (size_t n = 0; n < reach->musts.count; n++) word &= reach->musts.at[n]->holds[i];
    return word;
}
// The same without what is no selector.
static inline uint64_t reach_word_of_selectors(const struct reach *reach, size_t i, uint64_t word) {
    for (size_t n = 0; n < reach->musts.count; n++)
        if (reach->musts.at[n]->rule.selector) word &= reach->musts.at[n]->holds[i];
    return word;
}
int64_t reach_most(const struct reach *reach); // of any agent
static inline int64_t reach_liking(const struct reach *reach, uint32_t number) {
    int64_t sum = 0;
    for (size_t n = 0; n < reach->likes.count; n++)
        if (bits_has(reach->likes.at[n].ruling->holds, number)) sum += reach->likes.at[n].weight;
    return sum;
}

#endif
