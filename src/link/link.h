// SPDX-License-Identifier: Apache-2.0
// One end of a session between master and agent or provider: numbers what it says, keeps it until the other end has seen
// it, says it again, and drops what it hears twice. Sees bytes only; who carries them is the caller's business.
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include "base/quantity.h"
#include "base/text.h"
#include "base/vec.h"

struct link_item {
    uint64_t number;
    char *bytes;
    size_t size;
};

struct link {
    uint64_t last_sent;            // highest number given
    uint64_t seen;                 // highest number heard in order
    uint64_t told;                 // the `seen` that the other end was last told
    VEC(struct link_item) waiting; // sent and not yet seen by the other end, oldest first
    struct mono resend_at;
    uint32_t resends;
};

enum { LINK_WAITING_MOST = 100000, LINK_RESEND_MS = 2000 };

// Zeroed is a valid new session's end.
void link_done(struct link *l);
// Numbers it and keeps a copy until it was seen. Returns the number. False in *ret_room when too many wait: the other end is
// not listening, end the session.
uint64_t link_say(struct link *l, const void *bytes, size_t size, struct mono now, bool *ret_room);
// The other end has seen everything through that number.
void link_seen(struct link *l, uint64_t number, struct mono now);
enum link_heard { LINK_NEW, LINK_TWICE, LINK_GAP };
// What to do with a numbered message: take it, drop it, or (something before it is missing) drop it and wait.
enum link_heard link_hear(struct link *l, uint64_t number);
// Whether everything that waits should be said again now; sets the next time, doubling up to a minute.
bool link_resend_due(struct link *l, struct mono now);
struct mono link_next(const struct link *l); // INT64_MAX: nothing waits

#endif
