// SPDX-License-Identifier: Apache-2.0
// One job that goes to the worker and comes back: while it is away, nobody here looks into it.
#include "daemon/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "daemon/reach.h"
#include "host/lldp.h"
#include "sys/pool.h"

enum { INTERVAL_MS = 30000 };

struct measurement { // plain values
    char *root;
    char *addresses[REACH_MOST];
    size_t count;
    struct map past; // times of addresses
    struct probe_tags tags;
};

struct measure {
    struct pool *pool;
    struct loop_timer *timer;
    struct measurement job;
    bool away, again; // again: what is asked for was not known to the job that is away
    bool measured;    // once
    char *addresses[REACH_MOST];
    size_t count;
    struct probe_tags tags;
    loop_done *changed;
    void *arg;
};

static void addresses_clear(char **addresses, size_t *count) {
    while (*count) free(addresses[--*count]);
}

// What is there already is not put again.
static void addresses_add(char **to, size_t *to_count, char *const *from, size_t count) {
    for (size_t i = 0; i < count && *to_count < REACH_MOST; i++) {
        bool there = false;
        for (size_t k = 0; k < *to_count; k++) there |= strcmp(to[k], from[i]) == 0;
        if (!there) to[(*to_count)++] = mem_text(from[i]);
    }
}

// ---- in the worker ----

static void measurement_run(void *arg) {
    struct measurement *job = arg;
    struct prober p = {.root = job->root};
    lldp_probe(&p);
    reach_probe(&p, (const char *const *)job->addresses, job->count, &job->past);
    job->tags = p.tags;
}

// ---- in the loop ----

static bool tags_equal(const struct probe_tags *a, const struct probe_tags *b) {
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = text_equal(a->at[i].key, b->at[i].key) && text_equal(a->at[i].value, b->at[i].value);
    return equal;
}

static void measurement_back(void *arg) {
    struct measure *m = (struct measure *)((char *)arg - offsetof(struct measure, job));
    bool changed = !m->measured || !tags_equal(&m->tags, &m->job.tags);
    m->measured = true;
    probe_tags_done(&m->tags);
    m->tags = m->job.tags;
    m->job.tags = (struct probe_tags){0};
    m->away = false;
    loop_timer_set(m->timer, m->again ? 0 : INTERVAL_MS);
    m->again = false;
    if (changed) m->changed(m->arg);
}

static void measurement_due(void *arg) {
    struct measure *m = arg;
    must(!m->away);
    m->away = true;
    addresses_clear(m->job.addresses, &m->job.count);
    addresses_add(m->job.addresses, &m->job.count, m->addresses, m->count);
    pool_submit(m->pool, measurement_run, measurement_back, &m->job);
}

struct err *measure_new(struct loop *l, const char *root, loop_done *changed, void *arg, struct measure **ret_measure) {
    struct pool *pool;
    TRY(pool_new(l, 1, "measure", &pool));
    struct measure *m = NEW(struct measure);
    *m = (struct measure){.pool = pool, .job.root = mem_text(root), .changed = changed, .arg = arg};
    m->timer = loop_timer_new(l, measurement_due, m);
    loop_timer_set(m->timer, 0);
    *ret_measure = m;
    return NULL;
}

void measure_free(struct measure *m) {
    if (!m) return;
    pool_free(m->pool);
    loop_timer_free(m->timer);
    addresses_clear(m->addresses, &m->count);
    addresses_clear(m->job.addresses, &m->job.count);
    map_done(&m->job.past);
    probe_tags_done(&m->job.tags);
    probe_tags_done(&m->tags);
    free(m->job.root);
    free(m);
}

void measure_addresses(struct measure *m, char *const *addresses, size_t count) {
    char *known[REACH_MOST] = {0};
    size_t known_count = m->count;
    memcpy(known, m->addresses, sizeof known);
    m->count = 0;
    addresses_add(m->addresses, &m->count, addresses, count);
    addresses_add(m->addresses, &m->count, known, known_count);
    addresses_clear(known, &known_count);
    measure_now(m);
}

void measure_now(struct measure *m) {
    m->again = m->away;
    if (!m->away) loop_timer_set(m->timer, 0);
}

const struct probe_tags *measure_tags(const struct measure *m) {
    return &m->tags;
}
