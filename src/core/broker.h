// SPDX-License-Identifier: Apache-2.0
// Chooses where a volume goes and which agents may use it: the best fit, or a refusal that says why. Takes nothing: the
// caller charges what was chosen. Pure: same state, draft and request in, same answer out.
#ifndef CORE_BROKER_H
#define CORE_BROKER_H

#include "core/draft.h"

struct attach_room; // core/attach_room.h

struct want {
    uint64_t class;
    struct bytes size;
    struct iops iops;               // 0: what the class gives per GiB
    symbol role;                    // who asks; {0}: nobody in particular, the class's roles are not asked
    uint64_t framework;             // whose, when the role is "*"
    uint64_t agent;                 // must be usable on that agent; 0: on any
    const struct attach_room *room; // what that agent has attached; NULL: what the draft says
    symbol fs;                      // {0}: the class's
    bool raw;                       // no filesystem
    bool wait;                      // a provider that is away is as good as one that is here
    const char *labels;             // model/label.h, NULL none: what rules of spread look at
};

struct fit {
    uint64_t pool;
    struct charge charge; // what is granted: bytes rounded up to the pool's granularity, iops, bandwidth, one volume
    int64_t score;        // of the class for the pool, and of both for want.agent
    struct bytes free;    // what the pool could grant before
};

// The best pool: highest score, then most free bytes, then lowest id. INVALID: the request can never be met (below a
// minimum, above the class's maximum, unknown filesystem). DENIED: the role may not ask for this class. NOT_FOUND: no
// such class or agent. UNAVAILABLE: it would fit, but those needed are away. NO_FIT: the sentence names the three
// nearest pools with what failed.
MUST_USE struct err *broker_place(const struct draft *d, const struct want *w, struct fit *ret_fit);
struct held_charge { // what an asker has of a pool already
    struct charge charge;
    uint32_t volumes;     // 1: a volume to be grown; 0: a reservation
    uint64_t reservation; // whose labels must do, and whose place (spread.h) is taken if it holds one; 0: a volume
};
// On the pool of `held` alone, which counts as free: see verdict_of_held. The fit's charge is of the whole.
MUST_USE struct err *broker_place_held(const struct draft *d, const struct want *w, const struct held_charge *held,
                                       struct fit *ret_fit);
// The best fits, best first, at most `most`: how many, into ret_fits. The request's own faults are not looked for.
size_t broker_fits(const struct draft *d, const struct want *w, struct fit *ret_fits, size_t most);
// The error of broker_place when nothing fits; also the number of the rule (enum rule) that the nearest pool failed, not set
// when it is about none.
MUST_USE struct err *broker_refuse(const struct draft *d, const struct want *w, uint8_t *ret_rule);

// The class of that name (NULL and "" are INVALID). NOT_FOUND names the nearest; a name that is a tag is refused with the classes that ask for
// it.
MUST_USE struct err *broker_class(const struct state *s, const char *name, const struct class_row **ret_class);
// A request of no size yet: the class of that name, to be formatted with `fs` (NULL: what the class says). Errors as
// broker_class, and INVALID: the filesystem.
MUST_USE struct err *broker_want(const struct state *s, const char *class, const char *fs, struct want *ret_want);
// For who says "key" or "key=value" where no tag belongs: adds that it is one, and which classes ask for it. False, with
// nothing added, when nobody uses that key.
bool broker_tag_advise(const struct state *s, const char *tag, struct text *out);
// The largest single volume of that class that the role can be granted now; 0 when none. Remembered until the
// next event; ask once per class and cycle while a command has made many rows.
struct bytes broker_largest(const struct draft *d, uint64_t class, symbol role);
bool broker_role_allowed(const struct state *s, const struct class_row *class, symbol role);

// Whether that agent can use that volume now: it is live, satisfies the pool's constraints and the class's agent
// selector, has the filesystem, and an attach slot is free (or the volume is attached there already). The volume's own
// state is not asked.
bool broker_agent_can_use(const struct draft *d, uint64_t agent, const struct volume_row *v);
MUST_USE struct err *broker_agent_check(const struct draft *d, uint64_t agent, const struct volume_row *v);

// Whether that agent can take them all at once: slots and storage bandwidth for those that it has not attached yet.
MUST_USE struct err *broker_together_check(const struct draft *d, uint64_t agent, const uint64_t *volumes,
                                           size_t count);

struct ranked_agent {
    uint64_t agent;
    int64_t score;
    bool covers; // its free cpus, memory and disk cover the need
};
// The agents that can use the volume, best first, at most `most` (0: 64): the one it was last used on, or asked for with, if its
// role has cpus or memory reserved there; those that cover `need` by the ledger (offers of
// this command not counted), then by preferences of pool and class, the agent it was last used on, then lowest id. Into
// the arena; returns how many.
size_t broker_rank_agents(const struct draft *d, const struct volume_row *v, struct scalars need, size_t most,
                          struct arena *arena, const struct ranked_agent **ret_agents);

// The classes of which that agent can use some pool that can be granted from: ids in growing order, into the arena.
size_t broker_agent_classes(const struct state *s, uint64_t agent, struct arena *arena, const uint64_t **ret_classes);

#endif
