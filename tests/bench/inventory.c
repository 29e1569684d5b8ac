// SPDX-License-Identifier: Apache-2.0
// What is said, as rows and as lines.
#include "inventory.h"

#include "bench/measure.h"
#include "core/index.h"

// Those who say them take turns: a pool has tags of all tiers, an agent measured and configured ones.
static const struct tag_said pool_said[] = {
    {.tier = TIER_PROVIDER}, {.tier = TIER_INSTANCE}, {.tier = TIER_POOL, .origin = TAG_CONFIGURED}};
static const struct tag_said agent_said[] = {{.tier = TIER_AGENT, .origin = TAG_PROBED},
                                             {.tier = TIER_AGENT, .origin = TAG_CONFIGURED}};

static void tags_say(struct offer_world *w, struct tag_set *set, const struct say *says, size_t count,
                     const struct tag_said *said, size_t said_count) {
    for (size_t i = 0; i < count; i++) {
        struct tag tag;
        check(tag_make(&w->s->symbols, says[i].key, says[i].value, &tag));
        check(tag_set_add(set, tag, said[i % said_count]));
    }
}

static void facts_drop(struct shared *shared) {
    free(shared);
}

static struct pool_facts *facts_of(struct offer_world *w, unsigned number) {
    struct say says[POOL_TAGS];
    struct tag_set tags = {0};
    pool_says_tags(number, says);
    tags_say(w, &tags, says, POOL_TAGS, pool_said, ARRAY_LEN(pool_said));
    struct pool_facts *f = mem_zero(1, sizeof *f + tag_set_packed(&tags)),
                      *plain = world_pool_facts(pool_says(number).gib << 30);
    *f = *plain; // the tags behind it, as those that a provider reports
    f->tags = tag_set_pack(&tags, f + 1);
    free(plain);
    tag_set_done(&tags);
    f->shared.drop = facts_drop;
    f->total.iops = INVENTORY_POOL_IOPS;
    f->total.known = KNOWS_IOPS;
    f->granularity.n = UINT64_C(1) << 30;
    return f;
}

static void provider_put(struct offer_world *w, unsigned first, unsigned count) {
    char name[32];
    world_begin(w);
    struct provider_row *provider = draft_add(&w->d, NOUN_PROVIDER, EV_provider_added);
    snprintf(name, sizeof name, "p%u", first / 10);
    provider->name = draft_text(&w->d, name);
    provider->driver = "memory";
    provider->session = 1;
    for (unsigned i = first; i < first + count; i++) {
        struct pool_row *pool = draft_add(&w->d, NOUN_POOL, EV_pool_added);
        snprintf(name, sizeof name, "pool%u", i);
        pool->provider = provider->id;
        pool->instance = "main";
        pool->name = pool->store = draft_text(&w->d, name);
        pool->charge_numerator = pool->charge_denominator = 1;
        pool->facts = facts_of(w, i);
        pool->first_total = (struct bytes){pool->facts->total.bytes};
        draft_keep(&w->d, &pool->facts->shared);
    }
    world_commit(w);
}

static uint64_t class_put(struct offer_world *w, const struct class_document *doc) {
    struct class_shared *class = NEW(struct class_shared);
    class->shared.drop = world_class_drop;
    check(class_spec_make(&w->s->symbols, doc, &class->spec));
    world_begin(w);
    struct class_row *row = draft_add(&w->d, NOUN_CLASS, EV_class_applied);
    uint64_t id = row->id;
    row->name = draft_text(&w->d, doc->name);
    row->doc = class;
    row->version = 1;
    draft_keep(&w->d, &class->shared);
    world_commit(w);
    return id;
}

static void class_make(struct offer_world *w, unsigned number) {
    struct class_asks asks = class_asks(number);
    struct class_wish pools[ARRAY_LEN(pools_preferred)], agents[ARRAY_LEN(agents_preferred)];
    char name[16];
    for (size_t i = 0; i < ARRAY_LEN(pools); i++)
        pools[i] = (struct class_wish){pools_preferred[i].selector, pools_preferred[i].weight};
    for (size_t i = 0; i < ARRAY_LEN(agents); i++)
        agents[i] = (struct class_wish){agents_preferred[i].selector, agents_preferred[i].weight};
    snprintf(name, sizeof name, "c%u", number);
    struct class_document doc = {.name = name, .pool = asks.pool, .agent = asks.agent, .fs = "raw"};
    doc.prefer_pool = pools;
    doc.prefer_agent = agents;
    doc.prefer_pool_count = doc.prefer_agent_count = 2;
    (void)class_put(w, &doc);
}

uint64_t inventory_class_of_nobody(struct offer_world *w) {
    return class_put(w, &(struct class_document){.name = "nobody", .agent = "profile = none", .fs = "raw"});
}

void inventory_pools(struct offer_world *w, unsigned pools) {
    for (size_t i = 0; i < ARRAY_LEN(number_keys); i++)
        check(symbols_declare(&w->s->symbols, number_keys[i], VALUE_NUMBER));
    for (unsigned i = 0; i < INVENTORY_CLASSES; i++) class_make(w, i);
    for (unsigned i = 0; i < pools; i += 10) provider_put(w, i, pools - i < 10 ? pools - i : 10);
}

static struct agent_facts *agent_facts(struct offer_world *w, unsigned number, unsigned gbps) {
    struct say tags[AGENT_TAGS];
    struct agent_facts *f = world_facts(world_scalars(16 + number % 48, 65536), 31000, 32000);
    agent_says_tags(number, gbps, tags);
    tag_set_reserve(&f->tags, AGENT_TAGS);
    tags_say(w, &f->tags, tags, AGENT_TAGS, agent_said, ARRAY_LEN(agent_said));
    return f;
}

void inventory_agents(struct offer_world *w, unsigned agents) {
    char name[16];
    for (unsigned i = 0; i < agents; i++) {
        world_begin(w);
        struct agent_row *a = draft_add(&w->d, NOUN_AGENT, EV_agent_added);
        snprintf(name, sizeof name, "n%u", i);
        a->name = draft_text(&w->d, name);
        a->state = AGENT_IS_ACTIVE;
        a->session = 1;
        a->heard = w->now.mono;
        a->facts = agent_facts(w, i, i % 4 ? 10 : 25);
        draft_keep(&w->d, &a->facts->shared);
        world_commit(w);
    }
}

double inventory_agent_speed(struct offer_world *w, uint64_t agent, unsigned gbps) {
    unsigned number;
    must(sscanf(state_agent(w->s, agent)->name, "n%u", &number) == 1);
    world_begin(w);
    struct agent_row *a = edit_agent(&w->d, agent, EV_agent_reported);
    a->facts = agent_facts(w, number, gbps);
    draft_keep(&w->d, &a->facts->shared);
    struct event e = draft_event(&w->d, 0);
    double from = clock_us();
    state_apply(w->s, w->s->seq + 1, &e);
    double took = clock_us() - from;
    draft_done(&w->d);
    arena_done(&w->arena);
    return took;
}

uint64_t inventory_class(const struct offer_world *w, unsigned number) {
    char name[16];
    snprintf(name, sizeof name, "c%u", number);
    return state_class_named(w->s, name)->id;
}

uint64_t inventory_agent(const struct offer_world *w, unsigned number) {
    char name[16];
    snprintf(name, sizeof name, "n%u", number);
    return state_agent_named(w->s, name)->id;
}

// ---- deciding ----

double inventory_decide(struct offer_world *w, const struct want *want) {
    struct fit fit;
    double from = clock_us();
    struct draft view = {.state = w->s, .now = w->now};
    check(broker_place(&view, want, &fit));
    const struct pool_row *pool = state_pool(w->s, fit.pool);
    struct quantities cost = {.bytes = fit.charge.bytes.n, .iops = fit.charge.iops.n};
    quantities_add(&w->s->ledger.accounts.at[pool->account].granted, &cost);
    index_account_changed(w->s, pool->account);
    return clock_us() - from;
}

// ---- as lines ----

void inventory_write(unsigned pools, const char *path) {
    FILE *out = fopen(path, "w");
    must(out);
    for (unsigned i = 0; i < INVENTORY_CLASSES; i++) {
        struct class_asks a = class_asks(i);
        fprintf(
            out,
            "{\"media\":[\"%s\",\"%s\"],\"raid\":[\"%s\",\"%s\"],\"thin\":true,\"cache\":%u,\"speed\":%u,\"age\":%u}\n",
            a.media[0], a.media[1], a.raid[0], a.raid[1], a.cache, a.speed, a.age);
    }
    for (unsigned i = 0; i < pools; i++) {
        struct pool_says p = pool_says(i);
        fprintf(out, "{\"gib\":%llu,\"media\":\"%s\",\"raid\":\"%s\",\"thin\":%s,\"cache\":%u,\"speed\":%u,\"age\":%u",
                (unsigned long long)p.gib, p.media, p.raid, p.thin ? "true" : "false", p.cache, p.speed, p.age);
        for (unsigned n = 0; n < POOL_OTHERS; n++) fprintf(out, ",\"other%u\":%u", n, p.others[n]);
        fputs("}\n", out);
    }
    must(fclose(out) == 0);
}
