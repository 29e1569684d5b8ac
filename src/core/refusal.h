// SPDX-License-Identifier: Apache-2.0
// The rules between a request, a pool and an agent, in the order in which they are asked, and a "no" as a row: the
// first rule that failed, the value asked, the value found, who said it and how old that is.
#ifndef CORE_REFUSAL_H
#define CORE_REFUSAL_H

#include "core/broker.h"

// rule, name on the wire, what those left in the funnel did
#define RULES(X)                                                                                                       \
    X(REPORTED, "reported", "have reported what they have")                                                            \
    X(POOL_SELECTOR, "pool-selector", "satisfy the class's pool selector")                                             \
    X(CAPABILITY, "capability", "have the capabilities asked")                                                         \
    X(SMALLEST, "smallest-volume", "make volumes this small")                                                          \
    X(LARGEST, "largest-volume", "make volumes this large")                                                            \
    X(CONSTRAINT, "constraint", "have an agent that satisfies their constraints")                                      \
    X(AGENT_SELECTOR, "agent-selector", "have an agent that satisfies the class's agent selector")                     \
    X(FILESYSTEM, "filesystem", "have an agent with the filesystem")                                                   \
    X(BYTES, "bytes", "have the bytes free")                                                                           \
    X(IOPS, "iops", "have the iops free")                                                                              \
    X(BANDWIDTH, "bandwidth", "have the bandwidth free")                                                               \
    X(VOLUMES, "volumes", "can hold one more volume")                                                                  \
    X(SLOTS, "attach-slots", "have an agent with a free attach slot")                                                  \
    X(AGENT_AWAY, "agent-away", "have such an agent here now")                                                         \
    X(PROVIDER_AWAY, "provider-away", "have their provider connected")

enum rule {
    RULE_NONE,
#define X(rule, name, text) RULE_##rule,
    RULES(X)
#undef X
        RULE_COUNT
};
const char *rule_name(enum rule rule);
const char *rule_text(enum rule rule);

struct refusal {
    enum rule rule;
    uint64_t pool, agent;      // agent 0: no single one
    const char *asked, *found; // "media = ssd", "media=hdd"
    const char *said_by;       // "pool, configured"; NULL: nobody said it
    int64_t age_ms;            // -1: not known
    uint64_t asked_n, found_n; // of the rules about figures: how near it was
};

// What is asked of pools once the class's defaults are in.
struct terms {
    const struct class_row *class;
    const struct agent_row *agent; // NULL: any
    struct bytes size;
    struct iops iops;
    symbol fs; // {0}: none
    bool raw;
};
// INVALID, DENIED, NOT_FOUND as broker_place says.
MUST_USE struct err *terms_of(const struct draft *d, const struct want *w, struct terms *ret_terms);
// What that pool would be charged; false when it overflows.
MUST_USE bool terms_charge(const struct terms *t, const struct pool_row *pool, struct charge *ret_charge);

// The first rule that fails between the terms and the pool, RULE_NONE when it fits.
enum rule refusal_rule(const struct draft *d, const struct terms *t, const struct pool_row *pool);
// The same as a row with its texts, in the arena.
struct refusal refusal_of_pool(const struct draft *d, const struct terms *t, const struct pool_row *pool,
                               struct arena *arena);
// Between a volume and an agent.
struct refusal refusal_of_agent(const struct draft *d, const struct volume_row *v, const struct agent_row *agent,
                                struct arena *arena);
// Nearest first: the later the rule, the nearer; figures by what is missing; then by id.
int refusal_compare(const void *a, const void *b);
// "file/main/fast has 240 GiB free of 500 GiB asked"
void refusal_add_text(const struct state *s, const struct refusal *r, struct text *out);

#endif
