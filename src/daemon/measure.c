// SPDX-License-Identifier: Apache-2.0
// Three errands, each a job that goes to a worker and comes back: while it is away, nobody here looks into it. None waits for
// another, so that a resolver that hangs keeps no address from being tried.
#include "daemon/measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "daemon/reach.h"
#include "host/lldp.h"
#include "sys/pool.h"

enum { SLOW_MS = 30000, TRY_LONGEST_MS = 1000, LEAVE_MS = 200 };
enum errand_kind { SWITCHES, NAMES, WAYS, ERRANDS };

struct errand {
    struct measure *of;
    struct loop_timer *timer;
    bool away, again; // again: what is asked for was not known to the job that is away
    bool came;        // once
    // plain values, the worker's while it is away
    struct reach_target targets[REACH_MOST];
    size_t count;
    int64_t try_ms;
    struct map past; // times of addresses
    struct probe_tags tags;
    // what came last
    struct probe_tags told;
};

struct measure {
    struct pool *pool;
    char *root; // never changes
    int64_t interval_ms;
    struct errand errands[ERRANDS];
    struct reach_target targets[REACH_MOST];
    size_t count;
    struct probe_tags tags; // of all errands
    loop_done *changed;
    void *arg;
};

// ---- addresses ----

static struct reach_target *target_find(struct reach_target *all, size_t count, const char *address) {
    for (size_t i = 0; i < count; i++)
        if (text_equal(all[i].address, address)) return &all[i];
    return NULL;
}

static void targets_clear(struct reach_target *all, size_t *count) {
    while (*count) reach_target_done(&all[--*count]);
}

// Copied, with what is known of each. What is there already is not put again.
static void target_add(struct reach_target *to, size_t *to_count, const struct reach_target *from) {
    if (*to_count == REACH_MOST || target_find(to, *to_count, from->address)) return;
    to[*to_count] = *from;
    to[(*to_count)++].address = mem_text(from->address);
}

static bool target_same(const struct reach_target *a, const struct reach_target *b) {
    return a->known == b->known && a->to.size == b->to.size && !memcmp(&a->to.storage, &b->to.storage, a->to.size);
}

// ---- in a worker ----

static void switches_look(void *arg) {
    struct errand *e = arg;
    struct prober p = {.root = e->of->root};
    lldp_probe(&p);
    e->tags = p.tags;
}

static void names_look(void *arg) {
    struct errand *e = arg;
    reach_resolve(e->targets, e->count);
}

static void ways_look(void *arg) {
    struct errand *e = arg;
    struct prober p = {.root = e->of->root};
    reach_probe(&p, e->targets, e->count, e->try_ms, &e->past);
    e->tags = p.tags;
}

static pool_work *const looks[ERRANDS] = {[SWITCHES] = switches_look, [NAMES] = names_look, [WAYS] = ways_look};

// ---- in the loop ----

static enum errand_kind kind_of(const struct errand *e) {
    return (enum errand_kind)(e - e->of->errands);
}

// A way that is lost is known within the interval: half of it until the next look, and two tries of an eighth.
static int64_t pause_of(const struct errand *e) {
    return kind_of(e) == WAYS ? e->of->interval_ms / 2 : SLOW_MS;
}

static void errand_now(struct errand *e) {
    e->again = e->away;
    if (!e->away) loop_timer_set(e->timer, 0);
}

static bool tags_equal(const struct probe_tags *a, const struct probe_tags *b) {
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = text_equal(a->at[i].key, b->at[i].key) && text_equal(a->at[i].value, b->at[i].value);
    return equal;
}

static void tags_tell(struct measure *m) {
    probe_tags_done(&m->tags);
    m->tags = (struct probe_tags){0};
    for (int i = 0; i < ERRANDS; i++)
        VEC_EACH (tag, &m->errands[i].told)
            vec_push(&m->tags, ((struct probe_tag){mem_text(tag->key), mem_text(tag->value)}));
    m->changed(m->arg);
}

static void names_take(struct measure *m, const struct errand *e) {
    bool news = false;
    for (size_t i = 0; i < e->count; i++) {
        struct reach_target *t = target_find(m->targets, m->count, e->targets[i].address);
        if (!t || target_same(t, &e->targets[i])) continue;
        t->to = e->targets[i].to;
        t->known = e->targets[i].known;
        news = true;
    }
    if (news) errand_now(&m->errands[WAYS]);
}

static void errand_back(void *arg) {
    struct errand *e = arg;
    struct measure *m = e->of;
    bool news = !tags_equal(&e->told, &e->tags) || (!e->came && kind_of(e) != NAMES);
    probe_tags_done(&e->told);
    e->told = e->tags;
    e->tags = (struct probe_tags){0};
    e->came = true;
    e->away = false;
    if (kind_of(e) == NAMES) names_take(m, e);
    targets_clear(e->targets, &e->count);
    loop_timer_set(e->timer, e->again ? 0 : pause_of(e));
    e->again = false;
    if (news && m->errands[SWITCHES].came && m->errands[WAYS].came) tags_tell(m);
}

static void errand_due(void *arg) {
    struct errand *e = arg;
    struct measure *m = e->of;
    must(!e->away);
    e->away = true;
    e->try_ms = m->interval_ms / 8 < TRY_LONGEST_MS ? m->interval_ms / 8 : TRY_LONGEST_MS;
    for (size_t i = 0; i < m->count; i++) target_add(e->targets, &e->count, &m->targets[i]);
    pool_submit(m->pool, looks[kind_of(e)], errand_back, e);
}

struct err *measure_new(struct loop *l, const char *root, int64_t interval_ms, loop_done *changed, void *arg,
                        struct measure **ret_measure) {
    struct pool *pool;
    TRY(pool_new(l, ERRANDS, "measure", &pool));
    struct measure *m = NEW(struct measure);
    *m = (struct measure){
        .pool = pool, .root = mem_text(root), .interval_ms = interval_ms, .changed = changed, .arg = arg};
    for (int i = 0; i < ERRANDS; i++) {
        struct errand *e = &m->errands[i];
        e->of = m;
        e->timer = loop_timer_new(l, errand_due, e);
        loop_timer_set(e->timer, 0);
    }
    *ret_measure = m;
    return NULL;
}

void measure_free(struct measure *m) {
    if (!m) return;
    for (int i = 0; i < ERRANDS; i++) loop_timer_free(m->errands[i].timer);
    if (!pool_leave(m->pool, LEAVE_MS)) return; // who is away still has its errand: it ends with the process
    for (int i = 0; i < ERRANDS; i++) {
        struct errand *e = &m->errands[i];
        targets_clear(e->targets, &e->count);
        map_done(&e->past);
        probe_tags_done(&e->tags);
        probe_tags_done(&e->told);
    }
    targets_clear(m->targets, &m->count);
    probe_tags_done(&m->tags);
    free(m->root);
    free(m);
}

void measure_interval(struct measure *m, int64_t ms) {
    if (ms == m->interval_ms) return;
    m->interval_ms = ms;
    errand_now(&m->errands[WAYS]);
}

void measure_addresses(struct measure *m, char *const *addresses, size_t count) {
    struct reach_target known[REACH_MOST];
    size_t known_count = m->count;
    memcpy(known, m->targets, sizeof known);
    m->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct reach_target fresh = reach_target_of(addresses[i]), *old = target_find(known, known_count, addresses[i]);
        target_add(m->targets, &m->count, old ? old : &fresh);
        reach_target_done(&fresh);
    }
    for (size_t i = 0; i < known_count; i++) target_add(m->targets, &m->count, &known[i]);
    targets_clear(known, &known_count);
    errand_now(&m->errands[NAMES]);
    errand_now(&m->errands[WAYS]);
}

void measure_now(struct measure *m) {
    for (int i = 0; i < ERRANDS; i++) errand_now(&m->errands[i]);
}

const struct probe_tags *measure_tags(const struct measure *m) {
    return &m->tags;
}
