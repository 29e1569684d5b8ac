// SPDX-License-Identifier: Apache-2.0
// Making rows and putting them by events.
#include "core_world.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

struct world *world_new(void) {
    struct world *w = NEW(struct world);
    struct timing timing = {.heartbeat_ms = 1000, .lost_ms = 5000, .offer_timeout_ms = 60000};
    w->state = state_new((struct uuid){{1}}, 1, timing);
    w->now = (struct now){{1000000}, {1700000000000}};
    return w;
}

void world_free(struct world *w) {
    if (w->drafting) draft_done(&w->draft);
    state_free(w->state);
    arena_done(&w->arena);
    free(w);
}

struct draft *world_draft(struct world *w) {
    const unsigned char entropy[16] = {(unsigned char)w->seq, 7};
    if (w->drafting) draft_done(&w->draft);
    draft_init(&w->draft, w->state, &w->arena, w->now, world_symbol(w, "test"), entropy);
    w->drafting = true;
    return &w->draft;
}

void world_apply(struct world *w) {
    must(w->drafting);
    for (size_t i = 0; i < draft_event_count(&w->draft); i++) {
        struct event e = draft_event(&w->draft, i);
        state_apply(w->state, ++w->seq, &e);
    }
    draft_done(&w->draft);
    w->drafting = false;
}

symbol world_symbol(struct world *w, const char *text) {
    return symbol_make(&w->state->symbols, text);
}

void world_domain(struct world *w, const char *name, const char *percent) {
    expect_ok(domains_declare(&w->state->domains, &w->state->symbols, name, percent));
}

void expect_ok(struct err *e) {
    if (e) fail_msg("refused: %s", err_text(e));
}

void expect_err(struct err *e, enum err_kind kind, const char *words) {
    if (!e) fail_msg("accepted, not refused with '%s'", words);
    if (!strstr(err_text(e), words)) fail_msg("'%s' is not in: %s", words, err_text(e));
    if (err_kind(e) != kind) fail_msg("%s, not %s: %s", err_kind_name(err_kind(e)), err_kind_name(kind), err_text(e));
    err_free(e);
}

// ---- facts ----

static enum tier tag_tier(const char **text, enum tier usual) {
    if (text_starts(*text, "provider:")) return *text += strlen("provider:"), TIER_PROVIDER;
    if (text_starts(*text, "instance:")) return *text += strlen("instance:"), TIER_INSTANCE;
    return usual;
}

static void tags_read(struct world *w, const char *texts, enum tier tier, enum tag_origin origin,
                      struct tag_set *ret_tags) {
    AUTO_FREE char *copy = mem_text(texts ? texts : "");
    char *rest = copy, *part;
    while ((part = strsep(&rest, ","))) {
        const char *text = part + strspn(part, " ");
        if (!*text) continue;
        struct tag tag;
        bool shown = text_starts(text, "attribute:");
        if (shown) text += strlen("attribute:");
        enum tier said_by = tag_tier(&text, tier);
        expect_ok(tag_parse(&w->state->symbols, text, &tag));
        struct tag_said said = {.tier = said_by & 0xff, .origin = (shown ? TAG_ATTRIBUTE : origin) & 0xff};
        said.since = tag_time((struct wall){w->now.wall.ms - 50000});
        expect_ok(tag_set_add(ret_tags, tag, said));
    }
}

static void pool_facts_drop(struct shared *shared) {
    struct pool_facts *f = (struct pool_facts *)(void *)shared;
    VEC_EACH (c, &f->constraints) selector_done(&c->selector);
    VEC_EACH (p, &f->preferences) selector_done(&p->selector);
    vec_done(&f->constraints);
    vec_done(&f->preferences);
    tag_set_done(&f->tags);
    free((void *)(uintptr_t)f->capacity);
    free(f->data_address);
    free(f);
}

static void agent_facts_drop(struct shared *shared) {
    struct agent_facts *f = (struct agent_facts *)(void *)shared;
    tag_set_done(&f->tags);
    vec_done(&f->ports);
    vec_done(&f->identities);
    VEC_EACH (bus, &f->buses) free(bus->drivers);
    vec_done(&f->buses);
    free(f);
}

static void class_drop(struct shared *shared) {
    struct class_shared *c = (struct class_shared *)(void *)shared;
    class_spec_done(&c->spec);
    free(c);
}

static uint8_t pool_knows(const struct pool_made *m) {
    return (uint8_t)((m->iops ? KNOWS_IOPS : 0) | (m->bandwidth ? KNOWS_BANDWIDTH : 0) |
                     (m->volumes ? KNOWS_VOLUMES : 0));
}

struct pool_facts *world_pool_facts(struct world *w, const struct pool_made *m) {
    struct pool_facts *f = NEW(struct pool_facts);
    f->shared.drop = pool_facts_drop;
    tags_read(w, m->tags, TIER_POOL, TAG_CONFIGURED, &f->tags);
    if (m->constraint) {
        struct weighted_selector *c = vec_add(&f->constraints);
        c->tier = TIER_POOL;
        expect_ok(selector_parse(&w->state->symbols, m->constraint, &c->selector));
    }
    if (m->preference) {
        struct weighted_selector *p = vec_add(&f->preferences);
        p->weight = m->weight;
        p->tier = TIER_POOL;
        expect_ok(selector_parse(&w->state->symbols, m->preference, &p->selector));
    }
    f->total = (struct quantities){m->bytes, m->iops, m->bandwidth, m->volumes & QUANTITY_VOLUMES_MOST, pool_knows(m)};
    struct quantities most = m->most;
    most.bytes = m->capacity;
    if (most.bytes || most.known) f->capacity = mem_copy(&most, sizeof most);
    f->headroom.n = m->headroom;
    f->physical_free.n = m->physical_free;
    f->granularity.n = m->granularity;
    f->smallest.n = m->smallest;
    f->largest.n = m->largest;
    f->capabilities = m->capabilities ? m->capabilities : 1u << CAN_CARVE | 1u << CAN_RAW_BLOCK;
    f->reported = w->now.wall;
    return f;
}

struct agent_facts *world_agent_facts(struct world *w, const struct agent_made *m) {
    struct agent_facts *f = NEW(struct agent_facts);
    f->shared.drop = agent_facts_drop;
    tags_read(w, m->tags, TIER_AGENT, TAG_PROBED, &f->tags);
    f->total = (struct scalars){
        {(m->cpus ? m->cpus : 8) * 1000}, {(m->mem ? m->mem : 8192) * 1000}, {(m->disk ? m->disk : 8192) * 1000}};
    f->attach_slots = m->slots;
    if (m->ports.end) vec_push(&f->ports, m->ports);
    f->storage_bandwidth.n = m->bandwidth;
    if (m->bus) vec_push(&f->buses, ((struct attach_bus){mem_text(m->bus), m->bus_slots}));
    return f;
}

// ---- rows ----

uint64_t world_provider(struct world *w, const char *name) {
    struct provider_row *p = draft_add(world_draft(w), NOUN_PROVIDER, EV_provider_added);
    uint64_t id = p->id;
    p->name = name;
    p->driver = "memory";
    p->session = 1;
    p->heard = w->now.mono;
    world_apply(w);
    return id;
}

static const char *pool_path_of(struct world *w, const struct pool_made *m) {
    return arena_format(&w->arena, "%s/%s/%s", m->provider, m->instance ? m->instance : "main", m->name);
}

uint64_t world_pool(struct world *w, struct pool_made m) {
    struct pool_facts *f = world_pool_facts(w, &m);
    const struct pool_row *known = state_pool_named(w->state, pool_path_of(w, &m));
    struct draft *d = world_draft(w);
    struct pool_row *p = known ? edit_pool(d, known->id, EV_pool_reported) : draft_add(d, NOUN_POOL, EV_pool_added);
    draft_keep(d, &f->shared);
    const struct provider_row *provider = state_provider_named(w->state, m.provider);
    assert_non_null(provider);
    uint64_t id = p->id;
    p->provider = provider->id;
    p->name = m.name;
    p->instance = m.instance ? m.instance : "main";
    p->store = m.store ? m.store : m.name;
    p->charge_numerator = m.numerator ? m.numerator : 1;
    p->charge_denominator = m.denominator ? m.denominator : 1;
    p->facts = f;
    p->stale = false;
    world_apply(w);
    return id;
}

uint64_t world_agent(struct world *w, struct agent_made m) {
    struct agent_facts *f = world_agent_facts(w, &m);
    const struct agent_row *known = state_agent_named(w->state, m.name);
    struct draft *d = world_draft(w);
    struct agent_row *a =
        known ? edit_agent(d, known->id, EV_agent_reported) : draft_add(d, NOUN_AGENT, EV_agent_added);
    draft_keep(d, &f->shared);
    uint64_t id = a->id;
    a->name = m.name;
    a->hostname = m.name;
    if (!known) a->state = AGENT_IS_ACTIVE;
    if (!known) a->session = 1;
    a->heard = w->now.mono;
    a->since = w->now.wall;
    a->facts = f;
    world_apply(w);
    return id;
}

uint64_t world_class(struct world *w, struct class_document doc) {
    struct class_shared *c = NEW(struct class_shared);
    c->shared.drop = class_drop;
    expect_ok(class_spec_make(&w->state->symbols, &doc, &c->spec));
    const struct class_row *known = state_class_named(w->state, doc.name);
    struct draft *d = world_draft(w);
    struct class_row *row =
        known ? edit_class(d, known->id, EV_class_applied) : draft_add(d, NOUN_CLASS, EV_class_applied);
    draft_keep(d, &c->shared);
    uint64_t id = row->id;
    row->name = doc.name;
    row->doc = c;
    row->version++;
    world_apply(w);
    return id;
}

// ---- changes ----

uint64_t world_pool_id(struct world *w, const char *path) {
    const struct pool_row *p = state_pool_named(w->state, path);
    if (!p) fail_msg("no pool %s", path);
    return p->id;
}

uint64_t world_agent_id(struct world *w, const char *name) {
    const struct agent_row *a = state_agent_named(w->state, name);
    if (!a) fail_msg("no agent %s", name);
    return a->id;
}

uint64_t world_class_id(struct world *w, const char *name) {
    const struct class_row *c = state_class_named(w->state, name);
    if (!c) fail_msg("no class %s", name);
    return c->id;
}

void world_provider_session(struct world *w, const char *name, uint64_t session) {
    const struct provider_row *known = state_provider_named(w->state, name);
    assert_non_null(known);
    struct provider_row *p =
        edit_provider(world_draft(w), known->id, session ? EV_provider_connected : EV_provider_away);
    p->session = session;
    p->stale_since = w->now.wall;
    world_apply(w);
}

void world_agent_state(struct world *w, const char *name, enum agent_state state, uint64_t session) {
    struct agent_row *a = edit_agent(world_draft(w), world_agent_id(w, name), EV_agent_away);
    a->state = (uint8_t)state;
    a->session = session;
    a->since = w->now.wall;
    world_apply(w);
}

void world_agent_removed(struct world *w, const char *name) {
    draft_remove(world_draft(w), NOUN_AGENT, world_agent_id(w, name), EV_agent_removed);
    world_apply(w);
}

void world_class_removed(struct world *w, const char *name) {
    draft_remove(world_draft(w), NOUN_CLASS, world_class_id(w, name), EV_class_removed);
    world_apply(w);
}

void world_pool_removed(struct world *w, const char *path) {
    draft_remove(world_draft(w), NOUN_POOL, world_pool_id(w, path), EV_pool_removed);
    world_apply(w);
}

void world_pool_stale(struct world *w, const char *path) {
    edit_pool(world_draft(w), world_pool_id(w, path), EV_pool_stale)->stale = true;
    world_apply(w);
}

uint64_t world_volume(struct world *w, const char *name, const char *class, const char *pool, uint64_t bytes) {
    uint64_t of_class = world_class_id(w, class), of_pool = world_pool_id(w, pool);
    struct volume_row *v = draft_add(world_draft(w), NOUN_VOLUME, EV_volume_ready);
    uint64_t id = v->id;
    v->name = name;
    v->owner.role = world_symbol(w, "web");
    v->class = of_class;
    v->charge = (struct charge){.pool = of_pool, .bytes = {bytes}};
    v->asked.n = bytes;
    v->handle = "h";
    v->fs = world_symbol(w, "ext4");
    v->state = VOLUME_READY;
    v->content = CONTENT_FORMATTED;
    v->access = ACCESS_SINGLE_WRITER;
    world_apply(w);
    return id;
}

uint64_t world_attachment(struct world *w, uint64_t volume, const char *agent, enum attachment_state state) {
    uint64_t on = world_agent_id(w, agent);
    struct attachment_row *a = draft_add(world_draft(w), NOUN_ATTACHMENT, EV_attachment_in_use);
    uint64_t id = a->id;
    a->volume = volume;
    a->agent = on;
    a->epoch = 1;
    a->state = (uint8_t)state;
    a->purpose = ATTACH_FOR_USE;
    world_apply(w);
    return id;
}
