// SPDX-License-Identifier: Apache-2.0
// What the end of one failure domain would do: who stops, and who loses one of several ways. Changes nothing.
//
// An agent or a pool that has the value stops when it is its only one of that key, else it is at risk. A volume stops with
// its pool; it is at risk when its pool is, or when an agent that has it stops or is. A task stops with its agent or with
// the pool of one of its volumes.
#ifndef CORE_BLAST_H
#define CORE_BLAST_H

#include "core/draft.h"

struct blast_row {
    enum noun noun; // AGENT, POOL, VOLUME, TASK
    uint64_t id;
    enum domain_end end;
    symbol role;         // of a volume or a task
    const char *because; // in the arena
};
struct blast_count {
    uint32_t stops, at_risk;
};
struct blast_role {
    symbol role;
    struct blast_count volumes, tasks;
};
struct blast_page {
    size_t offset, limit;
    symbol role; // volumes and tasks of that role alone; {0}: everything
};

enum { BLAST_ROLES_MOST = 1000 };
struct blast { // arrays in the arena
    symbol key, value;
    struct availability availability; // of the domain
    const struct blast_row *rows;     // one page: what stops first; agents, pools, volumes, tasks; by id
    size_t count, all;                // on the page; of all
    struct blast_count agents, pools, volumes, tasks;
    const struct blast_role *roles; // by first row; at most BLAST_ROLES_MOST
    size_t role_count;
};

// `domain`: "power=feed-A". INVALID: not written so. NOT_FOUND: the key is no failure domain, or nobody has that value; the
// sentence names the nearest.
MUST_USE struct err *blast(const struct state *s, const char *domain, struct blast_page page, struct arena *arena,
                           struct blast *ret_blast);

#endif
