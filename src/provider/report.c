// SPDX-License-Identifier: Apache-2.0
// What the provider tells of its tiers: the driver's inventory, what the configuration adds, and each store's total. Totals
// are never too high while calls run, whichever of their effects the inventory saw.
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "codec/message.h"
#include "provider/machine.h"

// ---- asking ----

// A hello needs tiers that were read after the list, as totals count the volumes.
bool report_useful(const struct provider *p) {
    return p->session == CONNECTED || (p->session == PREPARING && p->objects_fresh && !p->tiers_fresh);
}

void report_run(struct provider *p) {
    struct report *r = &p->report;
    bool asked = r->wanted || p->now.ms >= r->due.ms;
    if (!asked || !report_useful(p) || r->running || p->now.ms < r->least.ms || !job_room(p)) return;
    r->running = true;
    r->wanted = false;
    r->due.ms = p->now.ms + p->setup.report_every_ms;
    r->least.ms = p->now.ms + p->setup.report_gap_ms;
    r->fresh = p->session != CONNECTED;
    counting_begin(p);
    struct driver_request request = {.act = DRIVER_ACT_INVENTORY};
    job_start(p, JOB_INVENTORY, &request, p->setup.timeout_ms[DRIVER_ACT_INVENTORY]);
}

void report_done(struct provider *p, struct job *j UNUSED, const struct provider_input *input) {
    struct report *r = &p->report;
    r->running = false;
    if (input->error) {
        r->wanted = true;
        r->least.ms = p->now.ms + provider_back_off(p, 0, ++r->attempts);
        provider_log(p, "no inventory, trying again why=\"%s\"", input->error);
        return;
    }
    r->attempts = 0;
    arena_done(&p->tiers_arena);
    p->tiers = tiers_message(p, &input->answer->inventory, &p->tiers_arena);
    if (r->fresh) p->tiers_fresh = true;
    if (p->session == CONNECTED) provider_say(p)->tiers = message_copy(&p->tiers->base, &p->out->arena);
}

// ---- facts ----

static const struct provider_tier_setup *tier_find(const struct provider *p, const char *instance, const char *pool) {
    for (size_t i = 0; i < p->setup.tier_count; i++) {
        const struct provider_tier_setup *t = &p->setup.tiers[i];
        if (text_equal(t->instance, instance) && text_equal(t->pool, pool)) return t;
    }
    return NULL;
}

static bool pairs_have(const struct driver_pairs *pairs, const char *key) {
    for (size_t i = 0; i < pairs->count; i++)
        if (text_equal(pairs->at[i].key, key)) return true;
    return false;
}

static Granary__Tag *tag_message(const struct driver_pair *tag, const char *tier, Granary__Tag__Origin origin,
                                 struct arena *arena) {
    Granary__Tag *m = ARENA_NEW(arena, Granary__Tag);
    granary__tag__init(m);
    m->key = arena_text(arena, tag->key);
    m->value = arena_text(arena, tag->value);
    m->tier = (char *)tier; // a literal
    m->has_origin = true;
    m->origin = origin;
    return m;
}

// The driver's tags, but for the keys that the configuration says anew.
static Granary__Tag **tags_message(const struct driver_pairs *said, const struct driver_facts *configured,
                                   const char *tier, struct arena *arena, size_t *ret_count) {
    static const struct driver_facts none = {0};
    const struct driver_pairs *own = &(configured ? configured : &none)->tags;
    Granary__Tag **all = arena_zero(arena, said->count + own->count + 1, sizeof *all);
    size_t count = 0;
    for (size_t i = 0; i < said->count; i++)
        if (!pairs_have(own, said->at[i].key))
            all[count++] = tag_message(&said->at[i], tier, GRANARY__TAG__ORIGIN__REPORTED, arena);
    for (size_t i = 0; i < own->count; i++)
        all[count++] = tag_message(&own->at[i], tier, GRANARY__TAG__ORIGIN__CONFIGURED, arena);
    *ret_count = count;
    return all;
}

static void constraints_add(const struct driver_facts *facts, const char *tier, struct arena *arena,
                            Granary__Constraint **to, size_t *count) {
    for (size_t i = 0; facts && i < facts->constraint_count; i++) {
        Granary__Constraint *m = ARENA_NEW(arena, Granary__Constraint);
        granary__constraint__init(m);
        m->selector = arena_text(arena, facts->constraints[i].selector);
        m->tier = (char *)tier;
        to[(*count)++] = m;
    }
}

static Granary__Constraint **constraints_message(const struct driver_facts *said, const struct driver_facts *configured,
                                                 const char *tier, struct arena *arena, size_t *ret_count) {
    size_t most = said->constraint_count + (configured ? configured->constraint_count : 0);
    Granary__Constraint **all = arena_zero(arena, most + 1, sizeof *all);
    *ret_count = 0;
    constraints_add(said, tier, arena, all, ret_count);
    constraints_add(configured, tier, arena, all, ret_count);
    return all;
}

static void preferences_add(const struct driver_facts *facts, const char *tier, struct arena *arena,
                            Granary__Preference **to, size_t *count) {
    for (size_t i = 0; facts && i < facts->preference_count; i++) {
        Granary__Preference *m = ARENA_NEW(arena, Granary__Preference);
        granary__preference__init(m);
        m->selector = arena_text(arena, facts->preferences[i].selector);
        m->has_weight = true;
        m->weight = facts->preferences[i].weight;
        m->tier = (char *)tier;
        to[(*count)++] = m;
    }
}

static Granary__Preference **preferences_message(const struct driver_facts *said, const struct driver_facts *configured,
                                                 const char *tier, struct arena *arena, size_t *ret_count) {
    size_t most = said->preference_count + (configured ? configured->preference_count : 0);
    Granary__Preference **all = arena_zero(arena, most + 1, sizeof *all);
    *ret_count = 0;
    preferences_add(said, tier, arena, all, ret_count);
    preferences_add(configured, tier, arena, all, ret_count);
    return all;
}

// ---- figures ----

static uint32_t or_one(uint32_t n) {
    return n ? n : 1;
}

static uint64_t charged(const struct driver_pool *pool, struct bytes size) {
    unsigned __int128 product = (unsigned __int128)size.n * or_one(pool->charge_numerator);
    product /= or_one(pool->charge_denominator); // downward: a total is never too high
    return product > INT64_MAX ? INT64_MAX : (uint64_t)product;
}

static const char *store_of(const struct driver_instance *instance, const struct driver_pool *pool,
                            struct arena *arena) {
    return pool->store ? arena_text(arena, pool->store) : arena_format(arena, "%s/%s", instance->name, pool->name);
}

// What our volumes hold in a store, over all pools that are views of it.
static uint64_t held_in_store(const struct provider *p, const struct driver_inventory *inventory, const char *store) {
    uint64_t sum = 0;
    AUTO_ARENA struct arena arena = {0};
    for (size_t i = 0; i < inventory->instance_count; i++) {
        const struct driver_instance *instance = &inventory->instances[i];
        for (size_t j = 0; j < instance->pool_count; j++) {
            const struct driver_pool *view = &instance->pools[j];
            if (!text_equal(store_of(instance, view, &arena), store)) continue;
            sum += charged(view, (struct bytes){held_low(p, instance->name, view->name)});
        }
    }
    return sum;
}

// What the views of a store may take of it by configuration.
static uint64_t capacities_in_store(const struct provider *p, const struct driver_inventory *inventory,
                                    const char *store) {
    uint64_t sum = 0;
    AUTO_ARENA struct arena arena = {0};
    for (size_t i = 0; i < inventory->instance_count; i++) {
        const struct driver_instance *instance = &inventory->instances[i];
        for (size_t j = 0; j < instance->pool_count; j++) {
            const struct provider_tier_setup *c = tier_find(p, instance->name, instance->pools[j].name);
            if (!c || !text_equal(store_of(instance, &instance->pools[j], &arena), store)) continue;
            sum = c->capacity.n > INT64_MAX - sum ? INT64_MAX : sum + c->capacity.n;
        }
    }
    return sum;
}

// The store's bytes for us: as the driver says, or what is free and what our volumes hold; where it says neither, what the
// configuration gives to its views, and nothing to one that is given none: false.
static bool total_find(const struct provider *p, const struct driver_inventory *inventory,
                       const struct driver_pool *pool, const char *store, uint64_t capacity, uint64_t *ret_total) {
    if (pool->knows & DRIVER_KNOWS_TOTAL)
        *ret_total = pool->total.n;
    else if (pool->knows & DRIVER_KNOWS_FREE)
        *ret_total = pool->free.n + held_in_store(p, inventory, store);
    else if (capacity)
        *ret_total = capacities_in_store(p, inventory, store);
    else
        return false;
    return true;
}

static Granary__Quantities *quantities_new(struct arena *arena) {
    Granary__Quantities *q = ARENA_NEW(arena, Granary__Quantities);
    granary__quantities__init(q);
    return q;
}

// Of the store, by what the storage says alone.
static Granary__Quantities *total_message(const struct driver_pool *pool, uint64_t total, struct arena *arena) {
    Granary__Quantities *q = quantities_new(arena);
    q->has_bytes = true;
    q->bytes = total;
    q->has_iops = (pool->knows & DRIVER_KNOWS_IOPS) != 0;
    q->iops = pool->iops.n;
    q->has_bandwidth = (pool->knows & DRIVER_KNOWS_BANDWIDTH) != 0;
    q->bandwidth = pool->bandwidth.n;
    q->has_volumes = (pool->knows & DRIVER_KNOWS_VOLUMES) != 0;
    q->volumes = pool->volumes;
    return q;
}

// Of the pool, by the configuration alone.
static void capacities_message(Granary__Pool *m, const struct provider_tier_setup *configured, struct arena *arena) {
    if (!configured) return;
    m->has_capacity = configured->capacity.n > 0;
    m->capacity = configured->capacity.n;
    if (!configured->iops.n && !configured->bandwidth.n && !configured->volumes) return;
    Granary__Quantities *q = m->capacities = quantities_new(arena);
    q->has_iops = configured->iops.n > 0;
    q->iops = configured->iops.n;
    q->has_bandwidth = configured->bandwidth.n > 0;
    q->bandwidth = configured->bandwidth.n;
    q->has_volumes = configured->volumes > 0;
    q->volumes = configured->volumes;
}

static void capabilities_message(Granary__Pool *m, unsigned capabilities, struct arena *arena) {
    m->capabilities = arena_zero(arena, 32, sizeof *m->capabilities);
    for (unsigned i = 0; i < 32; i++)
        if (capabilities >> i & 1u) m->capabilities[m->n_capabilities++] = (Granary__Capability)i;
}

static void pool_figures(Granary__Pool *m, const struct driver_pool *pool) {
    m->has_charge_numerator = m->has_charge_denominator = m->has_headroom = true;
    m->charge_numerator = or_one(pool->charge_numerator);
    m->charge_denominator = or_one(pool->charge_denominator);
    m->headroom = pool->headroom.n;
    m->has_physical_free = pool->knows & DRIVER_KNOWS_PHYSICAL;
    m->physical_free = pool->physical_free.n;
    m->has_smallest_volume = pool->smallest.n > 0;
    m->smallest_volume = pool->smallest.n;
    m->has_largest_volume = pool->largest.n > 0;
    m->largest_volume = pool->largest.n;
    m->has_granularity = pool->granularity.n > 0;
    m->granularity = pool->granularity.n;
}

// ---- tiers ----

// NULL for a pool that cannot be reached or listed, or whose capacity nobody knows: unknown is never unlimited.
static Granary__Pool *pool_message(struct provider *p, const struct driver_inventory *inventory,
                                   const struct driver_instance *instance, const struct driver_pool *pool,
                                   struct arena *arena) {
    const struct provider_tier_setup *configured = tier_find(p, instance->name, pool->name);
    const struct driver_facts *facts = configured ? &configured->facts : NULL;
    const char *store = store_of(instance, pool, arena);
    uint64_t total, capacity = configured ? configured->capacity.n : 0;
    if (pool->unreachable) {
        provider_log(p, "pool '%s/%s' is left out: %s", instance->name, pool->name, pool->unreachable);
        return NULL;
    }
    if (listing_missed(p, instance->name, pool->name)) {
        provider_log(p, "pool '%s/%s' is left out until its volumes were listed", instance->name, pool->name);
        return NULL;
    }
    if (!total_find(p, inventory, pool, store, capacity, &total)) {
        provider_log(p, "pool '%s/%s' is left out: the storage does not say how large it is; give its 'capacity'",
                     instance->name, pool->name);
        return NULL;
    }
    Granary__Pool *m = ARENA_NEW(arena, Granary__Pool);
    granary__pool__init(m);
    m->name = arena_text(arena, pool->name);
    m->instance = arena_text(arena, instance->name);
    m->provider = arena_text(arena, p->setup.name);
    m->tags = tags_message(&pool->facts.tags, facts, "pool", arena, &m->n_tags);
    m->constraints = constraints_message(&pool->facts, facts, "pool", arena, &m->n_constraints);
    m->preferences = preferences_message(&pool->facts, facts, "pool", arena, &m->n_preferences);
    m->store = (char *)store;
    m->total = total_message(pool, total, arena);
    capacities_message(m, configured, arena);
    m->data_address =
        arena_text(arena, configured && configured->data_address ? configured->data_address : pool->data_address);
    pool_figures(m, pool);
    capabilities_message(m, pool->capabilities, arena);
    return m;
}

static Granary__Instance *instance_message(struct provider *p, const struct driver_inventory *inventory,
                                           const struct driver_instance *instance, struct arena *arena) {
    const struct provider_tier_setup *configured = tier_find(p, instance->name, NULL);
    const struct driver_facts *facts = configured ? &configured->facts : NULL;
    Granary__Instance *m = ARENA_NEW(arena, Granary__Instance);
    granary__instance__init(m);
    m->name = arena_text(arena, instance->name);
    m->tags = tags_message(&instance->facts.tags, facts, "instance", arena, &m->n_tags);
    m->constraints = constraints_message(&instance->facts, facts, "instance", arena, &m->n_constraints);
    m->preferences = preferences_message(&instance->facts, facts, "instance", arena, &m->n_preferences);
    m->pools = arena_zero(arena, instance->pool_count + 1, sizeof *m->pools);
    for (size_t i = 0; i < instance->pool_count; i++) {
        Granary__Pool *pool = pool_message(p, inventory, instance, &instance->pools[i], arena);
        if (pool) m->pools[m->n_pools++] = pool;
    }
    return m;
}

Granary__TierReport *tiers_message(struct provider *p, const struct driver_inventory *inventory, struct arena *arena) {
    const struct provider_tier_setup *configured = tier_find(p, NULL, NULL);
    const struct driver_facts *facts = configured ? &configured->facts : NULL;
    Granary__TierReport *m = ARENA_NEW(arena, Granary__TierReport);
    granary__tier_report__init(m);
    m->tags = tags_message(&inventory->facts.tags, facts, "provider", arena, &m->n_tags);
    m->constraints = constraints_message(&inventory->facts, facts, "provider", arena, &m->n_constraints);
    m->preferences = preferences_message(&inventory->facts, facts, "provider", arena, &m->n_preferences);
    m->instances = arena_zero(arena, inventory->instance_count + 1, sizeof *m->instances);
    for (size_t i = 0; i < inventory->instance_count; i++)
        m->instances[m->n_instances++] = instance_message(p, inventory, &inventory->instances[i], arena);
    return m;
}
