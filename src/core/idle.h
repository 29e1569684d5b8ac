// SPDX-License-Identifier: Apache-2.0
// Queues of idle volumes, one per owner: those that may be offered next, and those that found no agent and rest until
// something stirs. Holds ids only; each volume stands in one queue once (volume_row.queued).
#ifndef CORE_IDLE_H
#define CORE_IDLE_H

#include "core/state.h"

struct id_ring {
    uint64_t *at;
    size_t head, count, capacity; // capacity: a power of two
};
void ring_push(struct id_ring *r, uint64_t id);
MUST_USE bool ring_pop(struct id_ring *r, uint64_t *ret_id);
void ring_done(struct id_ring *r);

struct idle_queue {
    struct owner owner;
    struct id_ring ready, resting;
    size_t gone;      // entries whose volume was removed
    uint32_t offered; // volumes of the owner that stand in offers
    bool marked;      // listed to be looked at
};

// The key of an owner's queue: the role's symbol, or the framework's id when the role is "*".
static inline uint64_t idle_key(struct owner owner) {
    return owner.framework ? owner.framework : owner.role.n;
}

void idle_done(struct idle_queue *q);
// Those that rest may be tried again, after those that are ready.
void idle_stir(struct idle_queue *q);
// Counts a removed volume's entry; throws such entries out when they are half of all.
void idle_forget(struct idle_queue *q, const struct state *s, uint64_t gone);
static inline size_t idle_count(const struct idle_queue *q) {
    return q->ready.count + q->resting.count;
}

#endif
