// SPDX-License-Identifier: Apache-2.0
// A registry of agents, frameworks and volumes for tests of offers: rows are put as events, cycles are run and applied.
#ifndef TESTS_OFFER_WORLD_H
#define TESTS_OFFER_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/allocator.h"
#include "core/draft.h"

struct offer_world {
    struct state *s;
    struct arena arena;
    struct draft d;
    struct now now;
    uint64_t provider, pool, class;
    size_t rescinded; // in the last commit
    int64_t event_us; // spent in state_apply, when a clock is set
};

static inline void world_begin(struct offer_world *w) {
    static const unsigned char entropy[16] = {7};
    draft_init(&w->d, w->s, &w->arena, w->now, (symbol){0}, entropy);
}

static inline void world_commit(struct offer_world *w) {
    w->rescinded = 0;
    for (size_t i = 0; i < draft_event_count(&w->d); i++) {
        struct event e = draft_event(&w->d, i);
        w->rescinded += e.kind == EV_offer_rescinded;
        state_apply(w->s, w->s->seq + 1, &e);
    }
    draft_done(&w->d);
    arena_done(&w->arena);
}

static inline void world_open(struct offer_world *w, int64_t offer_timeout_ms) {
    struct timing timing = {.heartbeat_ms = 5000, .lost_ms = 25000, .offer_timeout_ms = offer_timeout_ms};
    *w = (struct offer_world){.now = {.mono = {1000}, .wall = {1000000}}};
    w->s = state_new((struct uuid){{1}}, 1, timing);
}

static inline void world_close(struct offer_world *w) {
    state_free(w->s);
    arena_done(&w->arena);
}

static inline void world_allocate(struct offer_world *w) {
    world_begin(w);
    decide_allocate(&w->d);
    world_commit(w);
}

// Waits until the allocator wants to run, at most `ms`; runs it. False when it did not want to.
static inline bool world_settle(struct offer_world *w, int64_t ms) {
    struct mono next = allocator_next(w->s, w->now.mono);
    if (next.ms > w->now.mono.ms + ms) {
        w->now.mono.ms += ms;
        return false;
    }
    if (next.ms > w->now.mono.ms) w->now.mono.ms = next.ms;
    world_allocate(w);
    return true;
}

static inline symbol world_symbol(struct offer_world *w, const char *text) {
    return symbol_make(&w->s->symbols, text);
}

static inline struct scalars world_scalars(int64_t cpus, int64_t mem) {
    return (struct scalars){.cpus = {cpus * 1000}, .mem = {mem * 1000}, .disk = {0}};
}

static inline void world_facts_drop(struct shared *shared) {
    struct agent_facts *f = (struct agent_facts *)(void *)shared;
    tag_set_done(&f->tags);
    vec_done(&f->ports);
    free(f);
}

static inline struct agent_facts *world_facts(struct scalars total, uint32_t port_begin, uint32_t port_end) {
    struct agent_facts *f = NEW(struct agent_facts);
    f->shared.drop = world_facts_drop;
    f->total = total;
    if (port_end) vec_push(&f->ports, ((struct port_range){port_begin, port_end}));
    return f;
}

static inline uint64_t world_agent(struct offer_world *w, struct scalars total) {
    world_begin(w);
    struct agent_row *a = draft_add(&w->d, NOUN_AGENT, EV_agent_added);
    char name[32];
    snprintf(name, sizeof name, "n%llu", (unsigned long long)(a->id & 0xffffffff));
    uint64_t id = a->id;
    a->name = draft_text(&w->d, name);
    a->state = AGENT_IS_ACTIVE;
    a->session = 1;
    a->heard = w->now.mono;
    a->facts = world_facts(total, 31000, 32000);
    draft_keep(&w->d, &a->facts->shared);
    world_commit(w);
    return id;
}

static inline void world_agent_facts(struct offer_world *w, uint64_t agent, struct scalars total) {
    world_begin(w);
    struct agent_row *a = edit_agent(&w->d, agent, EV_agent_reported);
    a->facts = world_facts(total, 31000, 32000);
    draft_keep(&w->d, &a->facts->shared);
    world_commit(w);
}

static inline uint64_t world_framework(struct offer_world *w, const char *role, bool labelled) {
    symbol y = world_symbol(w, role);
    world_begin(w);
    struct framework_row *f = draft_add(&w->d, NOUN_FRAMEWORK, EV_framework_added);
    char text[32];
    snprintf(text, sizeof text, "f%llu", (unsigned long long)(f->id & 0xffffffff));
    uint64_t id = f->id;
    f->text_id = f->name = draft_text(&w->d, text);
    f->roles = draft_blob(&w->d, &y, sizeof y);
    f->labelled = labelled;
    f->session = 1;
    world_commit(w);
    return id;
}

static inline uint64_t world_task(struct offer_world *w, uint64_t framework, const char *role, uint64_t agent,
                                  struct scalars what, uint32_t port, uint64_t volume) {
    symbol y = world_symbol(w, role);
    world_begin(w);
    struct task_row *t = draft_add(&w->d, NOUN_TASK, EV_task_added);
    char text[32];
    snprintf(text, sizeof text, "t%llu", (unsigned long long)(t->id & 0xffffffff));
    uint64_t id = t->id;
    t->text_id = draft_text(&w->d, text);
    t->framework = framework;
    t->agent = agent;
    t->role = y;
    t->resources = what;
    t->state = TASK_RUNNING;
    t->reason = -1;
    if (port) t->ports = draft_blob(&w->d, &(struct port_range){port, port}, sizeof(struct port_range));
    if (volume) t->volumes = draft_blob(&w->d, &(struct task_volume){.volume = volume}, sizeof(struct task_volume));
    world_commit(w);
    return id;
}

static inline void world_task_ends(struct offer_world *w, uint64_t task) {
    world_begin(w);
    edit_task(&w->d, task, EV_task_updated)->state = TASK_FINISHED;
    world_commit(w);
}

static inline void world_decline(struct offer_world *w, uint64_t offer, double seconds) {
    world_begin(w);
    decide_decline(&w->d, state_offer(w->s, offer)->framework, &offer, 1, seconds);
    world_commit(w);
}

// Takes all of an offer but `left`, which is refused for so long.
static inline void world_accept(struct offer_world *w, uint64_t offer, struct scalars left, double seconds) {
    world_begin(w);
    struct offer_row *o = edit_offer(&w->d, offer, EV_offer_accepted);
    o->resources = left;
    o->refuse_until = refuse_until(w->now.mono, seconds);
    draft_remove(&w->d, NOUN_OFFER, offer, EV_offer_accepted);
    world_commit(w);
}

// ---- storage ----

static inline void world_pool_facts_drop(struct shared *shared) {
    free(shared);
}

static inline void world_class_drop(struct shared *shared) {
    struct class_shared *c = (struct class_shared *)(void *)shared;
    class_spec_done(&c->spec);
    free(c);
}

static inline struct pool_facts *world_pool_facts(uint64_t bytes) {
    struct pool_facts *f = NEW(struct pool_facts);
    f->shared.drop = world_pool_facts_drop;
    f->total.bytes = bytes;
    f->physical_free.n = bytes;
    f->capabilities = 1u << CAN_CARVE | 1u << IS_ZEROED | 1u << CAN_RAW_BLOCK | 1u << CAN_LIST;
    f->reported.ms = 1;
    return f;
}

// One provider, one pool of so many bytes, one class that every pool and agent fits.
static inline void world_storage(struct offer_world *w, uint64_t bytes) {
    struct class_document doc = {.name = "gold"};
    struct class_shared *class = NEW(struct class_shared);
    class->shared.drop = world_class_drop;
    struct err *e = class_spec_make(&w->s->symbols, &doc, &class->spec);
    must(!e);
    world_begin(w);
    struct provider_row *provider = draft_add(&w->d, NOUN_PROVIDER, EV_provider_added);
    provider->name = "p";
    provider->driver = "memory";
    provider->session = 1;
    struct pool_row *pool = draft_add(&w->d, NOUN_POOL, EV_pool_added);
    pool->provider = provider->id;
    pool->name = pool->instance = pool->store = "main";
    pool->charge_numerator = pool->charge_denominator = 1;
    pool->first_total.n = bytes;
    pool->facts = world_pool_facts(bytes);
    draft_keep(&w->d, &pool->facts->shared);
    struct class_row *row = draft_add(&w->d, NOUN_CLASS, EV_class_applied);
    row->name = "gold";
    row->doc = class;
    row->version = 1;
    draft_keep(&w->d, &class->shared);
    w->provider = provider->id;
    w->pool = pool->id;
    w->class = row->id;
    world_commit(w);
}

static inline void world_pool_grows(struct offer_world *w, uint64_t bytes) {
    world_begin(w);
    struct pool_row *pool = edit_pool(&w->d, w->pool, EV_pool_reported);
    pool->facts = world_pool_facts(bytes);
    draft_keep(&w->d, &pool->facts->shared);
    world_commit(w);
}

static inline uint64_t world_volume(struct offer_world *w, const char *role, uint64_t framework) {
    symbol y = world_symbol(w, role), fs = world_symbol(w, "ext4");
    world_begin(w);
    struct volume_row *v = draft_add(&w->d, NOUN_VOLUME, EV_volume_ready);
    char name[32];
    snprintf(name, sizeof name, "v%llu", (unsigned long long)(v->id & 0xffffffff));
    uint64_t id = v->id;
    v->name = draft_text(&w->d, name);
    v->owner = (struct owner){y, framework};
    v->class = w->class;
    v->charge = (struct charge){.pool = w->pool, .bytes = {1024}};
    v->fs = fs;
    v->access = ACCESS_SINGLE_WRITER;
    v->state = VOLUME_READY;
    v->content = CONTENT_FORMATTED;
    world_commit(w);
    return id;
}

// ---- reading ----

static inline const struct offer_row *world_offer_on(const struct offer_world *w, uint64_t agent) {
    const struct id_list *offers = state_related(w->s, OFFERS_OF_AGENT, agent);
    return offers->count ? state_offer(w->s, offers->at[offers->count - 1]) : NULL;
}

static inline const struct offer_row *world_storage_offer(const struct offer_world *w, uint64_t framework) {
    const struct id_list *offers = state_related(w->s, OFFERS_OF_FRAMEWORK, framework);
    for (size_t i = 0; i < offers->count; i++)
        if (!state_offer(w->s, offers->at[i])->agent) return state_offer(w->s, offers->at[i]);
    return NULL;
}

static inline size_t world_offers(const struct offer_world *w) {
    return table_count(&w->s->tables[NOUN_OFFER]);
}

#endif
