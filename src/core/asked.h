// SPDX-License-Identifier: Apache-2.0
// Requests for storage as they were asked, refused ones too, and what the broker answered: the last ones of a registry. They
// are no rows: nothing is decided by them but what a rehearsal says, and none of them is waited for.
#ifndef CORE_ASKED_H
#define CORE_ASKED_H

#include "core/broker.h"

enum { ASKED_KEPT = 10000 };

struct asked {       // one volume
    uint64_t number; // from 1, in the order of asking; 0: none
    struct wall when;
    struct bytes size;
    struct iops iops;              // 0: what the class gives
    symbol class, role, fs, agent; // by name; {0}: the class's, any
    uint64_t framework;            // whose, when the role is "*"; 0: nobody's
    symbol pool;                   // where it went: its path; {0}: it was refused
    uint8_t error, rule; // of a refusal: enum err_kind; the rule that the nearest pool failed (enum rule), 0 none
    bool wait;           // for a provider that is away
    const char *labels;  // model/label.h, NULL none; borrowed by asked_put, else the ring's
};

// Zeroed is valid and empty; ended by asked_done.
struct asked_ring {
    struct asked *at; // ASKED_KEPT of them once there is one
    uint64_t last;    // the highest number
};
void asked_done(struct asked_ring *ring);
void asked_put(struct asked_ring *ring, const struct asked *asked); // by its number
// NULL: it is not there any more, or was not asked yet.
const struct asked *asked_get(const struct asked_ring *ring, uint64_t number);
uint64_t asked_first(const struct asked_ring *ring); // the lowest number that is there; last + 1 when there is none

// As broker_place, and the draft remembers that it was asked. `wait`: a pool whose provider is away is taken when no other
// fits.
MUST_USE struct err *asked_place(struct draft *d, const struct want *w, bool wait, struct fit *ret_fit);
// The draft remembers it, answered elsewhere: `pool` took it, or `refused` says why not.
void asked_answered(struct draft *d, const struct want *w, uint64_t pool, const struct err *refused);
// Puts what the draft remembers into the ring, also when its command was refused. Names are interned in `s`.
void asked_take(struct asked_ring *ring, struct state *s, const struct draft *d);

#endif
