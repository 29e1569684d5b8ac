// SPDX-License-Identifier: Apache-2.0
// What a framework wishes of the offers it is made: constraints on agents, and the least that is worth an offer. Both are
// said at SUBSCRIBE, for each of its roles.
#ifndef CORE_OFFER_WISH_H
#define CORE_OFFER_WISH_H

#include "core/draft.h"

// One constraint. Those of a group hold together; of a role's groups one must hold.
enum wish_subject {
    WISH_HOSTNAME = 1,
    WISH_DOMAIN,  // region or zone: agents here have none
    WISH_TAG,     // an attribute of the agent, `key`
    WISH_CLASSES, // of storage that the agent can use and the role may take
};
enum wish_test { WISH_EXISTS = 1, WISH_ABSENT, WISH_EQUALS, WISH_DIFFERS };
struct offer_constraint {
    symbol role, key, value;
    uint32_t group; // counts them over all roles; those of one stand together
    uint8_t subject, test;
};

// A set of amounts that together are worth an offer to that role. One set must be there; without any, Mesos' smallest.
struct offer_least {
    symbol role;
    struct scalars amounts;
};

// What a role's wishes need: which of them are there at all.
enum { WISHES_AGENT = 1, WISHES_CLASSES = 2, WISHES_LEAST = 4 };
unsigned wishes_of(const struct framework_row *f, symbol role);
// Whether the role's constraints hold on that agent. An attribute of several values equals what any of them does.
bool wishes_agree(const struct draft *d, const struct framework_row *f, symbol role, uint64_t agent);
// Whether so much is worth an offer to that role, which has WISHES_LEAST.
bool wishes_enough(const struct framework_row *f, symbol role, const struct scalars *free);

#endif
