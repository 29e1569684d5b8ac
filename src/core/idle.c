// SPDX-License-Identifier: Apache-2.0
// Rings of ids.
#include "core/idle.h"

#include <stdlib.h>

static void ring_grow(struct id_ring *r) {
    size_t capacity = r->capacity ? r->capacity * 2 : 16;
    uint64_t *at = mem_resize(NULL, capacity, sizeof *at);
    for (size_t i = 0; i < r->count; i++) at[i] = r->at[(r->head + i) & (r->capacity - 1)];
    free(r->at);
    *r = (struct id_ring){.at = at, .count = r->count, .capacity = capacity};
}

void ring_push(struct id_ring *r, uint64_t id) {
    if (r->count == r->capacity) ring_grow(r);
    r->at[(r->head + r->count++) & (r->capacity - 1)] = id;
}

bool ring_pop(struct id_ring *r, uint64_t *ret_id) {
    if (!r->count) return false;
    *ret_id = r->at[r->head];
    r->head = (r->head + 1) & (r->capacity - 1);
    r->count--;
    return true;
}

void ring_done(struct id_ring *r) {
    free(r->at);
    *r = (struct id_ring){0};
}

void idle_done(struct idle_queue *q) {
    ring_done(&q->ready);
    ring_done(&q->resting);
}

void idle_stir(struct idle_queue *q) {
    if (!q->ready.count) {
        struct id_ring swap = q->ready;
        q->ready = q->resting;
        q->resting = swap;
        return;
    }
    uint64_t id;
    while (ring_pop(&q->resting, &id)) ring_push(&q->ready, id);
}

static void ring_sweep(struct id_ring *r, const struct state *s, uint64_t gone) {
    for (size_t left = r->count; left; left--) {
        uint64_t id;
        if (ring_pop(r, &id) && id != gone && state_volume(s, id)) ring_push(r, id);
    }
}

void idle_forget(struct idle_queue *q, const struct state *s, uint64_t gone) {
    if (++q->gone * 2 < idle_count(q) + 64) return;
    ring_sweep(&q->ready, s, gone);
    ring_sweep(&q->resting, s, gone);
    q->gone = 0;
}
