// SPDX-License-Identifier: Apache-2.0
// What the made inventory says, as texts: pools with twenty tags each, of which about one in twenty-five passes a class's six
// terms, and agents in racks, of which one in twenty-five does. The same numbers always say the same.
#ifndef BENCH_SAYS_H
#define BENCH_SAYS_H

#include <stdbool.h>
#include <stdint.h>

enum {
    INVENTORY_CLASSES = 64,
    INVENTORY_RACKS = 41,
    INVENTORY_PROFILES = 25,
    INVENTORY_POOL_GIB = 1000000,
    INVENTORY_POOL_IOPS = 100000000,
    POOL_TAGS = 21,
    POOL_OTHERS = 14, // of those: keys that nobody asks for
    AGENT_TAGS = 3
};

struct say {
    char key[16], value[16];
};

struct pool_says {
    const char *media, *raid;
    bool thin;
    unsigned cache, speed, age; // numbers below 100
    unsigned others[POOL_OTHERS];
    uint64_t gib;
};
struct pool_says pool_says(unsigned number);
void pool_says_tags(unsigned number, struct say ret_tags[POOL_TAGS]);

struct class_asks {
    const char *media[2], *raid[2];
    unsigned cache, speed, age; // at least
    char pool[256], agent[32];  // the same as selectors
};
struct class_asks class_asks(unsigned number);
struct prefers {
    const char *selector;
    int weight;
};
extern const struct prefers pools_preferred[2], agents_preferred[2]; // by every class

void agent_says_tags(unsigned number, unsigned gbps, struct say ret_tags[AGENT_TAGS]);

extern const char *const number_keys[4]; // to be declared as numbers

#endif
