// SPDX-License-Identifier: Apache-2.0
// The rules between a request, a pool and an agent, in the order in which they are asked, and which one fails first.
// Makes no texts.
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include "core/broker.h"
#include "core/index.h"
#include "core/spread.h"

// rule, name on the wire, what those pools did that got past it, and what those agents did when a volume is explained (NULL:
// not asked of them). The later the rule that failed, the nearer the pool.
#define RULES(X)                                                                                                       \
    X(REPORTED, "reported", "have reported", "after the pool has reported")                                            \
    X(POOL_SELECTOR, "pool-selector", "satisfy the class's pool selector", NULL)                                       \
    X(CAPABILITY, "capability", "have the capabilities", NULL)                                                         \
    X(SMALLEST, "smallest-volume", "make volumes this small", NULL)                                                    \
    X(LARGEST, "largest-volume", "make volumes this large", NULL)                                                      \
    X(CONSTRAINT, "constraint", "have an agent that satisfies their constraints", "satisfy the pool's constraints")    \
    X(AGENT_SELECTOR, "agent-selector", "have one that satisfies the class's agent selector",                          \
      "satisfy the class's agent selector")                                                                            \
    X(AVAILABILITY, "availability", "have one with which they are available enough",                                   \
      "are available enough with the pool")                                                                            \
    X(FILESYSTEM, "filesystem", "have one with the filesystem", "have the filesystem")                                 \
    X(SPREAD, "spread", "keep the volumes of the label apart", NULL)                                                   \
    X(BYTES, "bytes", "have the bytes free", NULL)                                                                     \
    X(IOPS, "iops", "have the iops free", NULL)                                                                        \
    X(BANDWIDTH, "bandwidth", "have the bandwidth free", NULL)                                                         \
    X(VOLUMES, "volume-count", "can hold one more volume", NULL)                                                       \
    X(SLOTS, "attach-slots", "have an agent with a free attach slot", "have a free attach slot")                       \
    X(AGENT_BANDWIDTH, "agent-bandwidth", "have an agent with the storage bandwidth free",                             \
      "have the storage bandwidth free")                                                                               \
    X(AGENT_AWAY, "agent-away", "have such an agent here now", "are here and active")                                  \
    X(PROVIDER_AWAY, "provider-away", "have their provider connected", NULL)                                           \
    X(SCRIPT, "script", "are chosen by the class's script", NULL)

enum rule {
    RULE_NONE,
#define X(rule, name, pools, agents) RULE_##rule,
    RULES(X)
#undef X
        RULE_COUNT
};
const char *rule_name(enum rule rule);
const char *rule_text(enum rule rule); // of pools
const char *rule_text_of_agents(enum rule rule);
// Whether another agent would do, or that it is here.
static inline bool rule_of_agents(enum rule rule) {
    return (rule >= RULE_CONSTRAINT && rule <= RULE_FILESYSTEM) || rule == RULE_AGENT_AWAY;
}

// What is asked of pools, the class's defaults put in.
struct terms {
    const struct class_row *class;
    const struct agent_row *agent;  // NULL: any
    const struct attach_room *room; // as in struct want
    struct bytes size;
    struct iops iops;
    const struct filesystem *fs;
    uint32_t fs_place; // index_fs of it
    bool raw;
    bool wait; // for a provider that is away
    struct spreads spreads;
    bool any_availability; // to try what would be without the class's demand
};
// INVALID, DENIED, NOT_FOUND as broker_place says.
MUST_USE struct err *terms_of(const struct draft *d, const struct want *w, struct terms *ret_terms);
// The same of what stays where it is: rules of spread are not asked, its labels not needed.
MUST_USE struct err *terms_in_place(const struct draft *d, const struct want *w, struct terms *ret_terms);
// What a pool would be charged (without saying which); false when it cannot be counted.
MUST_USE bool terms_charge(const struct terms *t, const struct pool_facts *facts, struct charge *ret_charge);
// What an agent must fit to use a volume of that pool.
struct reach_want terms_reach(const struct terms *t, const struct pool_row *pool);

// What became of one pool.
struct verdict {
    enum rule rule;        // the first that failed; RULE_NONE: it fits
    uint32_t term;         // of the class's pool selector, when that failed: the first that did
    bool alone;            // of a term: no other failed; of rule_of_agents: nothing but an agent is missing
    uint64_t asked, found; // of the rules about figures: the further apart, the less near
    struct charge charge;
    struct quantities free;
    const char *reason; // of the class's script, when that refused; may be NULL
    bool broken;        // it refused since it failed
};
struct judged_pool {
    const struct pool_row *pool;
    struct verdict verdict;
};
// `fixed_holds`: the pool is a candidate of the class, what is fixed between them was looked at.
struct verdict verdict_of(const struct draft *d, const struct terms *t, const struct pool_row *pool, bool fixed_holds);
// Whether it would be RULE_NONE by the figures of the state alone, with nothing asked about agents. `c` is what it would be
// charged. For walks over all pools of a class.
bool standing_fits(const struct terms *t, const struct standing *p, const struct charge *c);

// The same of the pool that `held` is part of: a reservation to be made a volume, or a volume to be grown. What the class says
// of pools was asked when it was granted, and who is away comes back.
struct verdict verdict_of_held(const struct draft *d, const struct terms *t, const struct held_charge *held);
// The same with nothing asked about agents: sizes, spread, figures and whether the provider is there.
struct verdict verdict_of_figures(const struct draft *d, const struct terms *t, const struct pool_row *pool);
// The largest size with which that pool's figures would pass, 0 when none would.
uint64_t terms_largest(const struct draft *d, const struct terms *t, const struct pool_row *pool);
// Nearest first: the later the rule, the nearer; then by what is missing. 0: as near.
int verdict_compare(const struct verdict *a, const struct verdict *b);

// The first rule that fails between a volume and an agent; RULE_NONE when the agent can use it now.
enum rule agent_rule(const struct draft *d, const struct volume_row *v, const struct agent_row *agent);
bool volume_is_on(const struct draft *d, const struct volume_row *v, uint64_t agent); // attached there
// What an agent must fit to use that volume.
struct reach_want volume_reach(const struct state *s, const struct volume_row *v);

#endif
