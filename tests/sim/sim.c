// SPDX-License-Identifier: Apache-2.0
// Virtual time, chance and the queue of what happens.
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pending {
    sim_call *call;
    void *arg;
};

static uint64_t next_word(struct sim *s) {
    s->chance += 0x9e3779b97f4a7c15u;
    return hash_u64(s->chance);
}

uint64_t sim_random(struct sim *s, uint64_t below) {
    return next_word(s) % below;
}

bool sim_chance(struct sim *s, unsigned percent) {
    uint64_t drawn = next_word(s) % 100; // drawn in any case, so that a run does not change its course when faults stop
    return s->faults && drawn < percent;
}

void sim_bytes(struct sim *s, void *to, size_t size) {
    unsigned char *at = to;
    for (size_t i = 0; i < size; i++) at[i] = (unsigned char)next_word(s);
}

void sim_at(struct sim *s, int64_t in_ms, sim_call *call, void *arg) {
    struct pending *p = NEW(struct pending);
    *p = (struct pending){call, arg};
    uint64_t id = ++s->next_call;
    map_put(&s->calls, id, NULL)->p = p;
    heap_push(&s->queue, s->now + in_ms, id);
}

struct wall sim_wall(const struct sim *s) {
    return (struct wall){1700000000000 + s->now};
}

struct instant sim_instant(struct sim *s) {
    struct instant at = {.now = {.mono = {s->now}, .wall = sim_wall(s)}};
    sim_bytes(s, at.entropy, sizeof at.entropy);
    return at;
}

void sim_fail(const struct sim *s, const char *format, ...) {
    va_list args;
    va_start(args, format);
    fprintf(stderr, "seed %llu, at %lld ms, event %llu: ", (unsigned long long)s->seed, (long long)s->now,
            s->master ? (unsigned long long)master_state(s->master)->seq : 0ull);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\nrun it again alone: sim --seed %llu\n", (unsigned long long)s->seed);
    va_end(args);
    abort();
}

void sim_run_until(struct sim *s, int64_t until) {
    while (s->queue.count && heap_first(&s->queue)->when <= until) {
        struct heap_item item = heap_pop(&s->queue);
        if (item.when > s->now) s->now = item.when;
        struct pending *p = map_get(&s->calls, item.id);
        map_remove(&s->calls, item.id);
        s->steps++;
        p->call(s, p->arg);
        free(p);
    }
    s->now = until;
}
