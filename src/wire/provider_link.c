// SPDX-License-Identifier: Apache-2.0
// What providers say, read and bounded; lower tiers inherit from higher ones.
#include "wire/provider_link.h"

#include <stdlib.h>

#include "wire/said.h"
#include "wire/tags.h"

// The lists of facts are vectors without a name; a weighted_list is the same with one.
#define LIST_OF(list) ((struct weighted_list){(list)->at, (list)->count, (list)->capacity})
#define LIST_SET(list, from) ((list)->at = (from).at, (list)->count = (from).count, (list)->capacity = (from).capacity)

// What one tier says itself, and its effective facts.
struct tier_facts {
    struct tag_set tags;
    struct weighted_list constraints, preferences;
};

static void tier_done(struct tier_facts *t) {
    tag_set_done(&t->tags);
    weighted_done(&t->constraints);
    weighted_done(&t->preferences);
}

struct tier_said {
    Granary__Tag *const *tags;
    Granary__Constraint *const *constraints;
    Granary__Preference *const *preferences;
    size_t tag_count, constraint_count, preference_count;
};
#define TIER_SAID(m)                                                                                                   \
    (&(struct tier_said){(m)->tags, (m)->constraints, (m)->preferences, (m)->n_tags, (m)->n_constraints,               \
                         (m)->n_preferences})

static struct err *tier_fill(struct intake *in, const struct tier_said *said, const struct tier_facts *above,
                             enum tier tier, struct tier_facts *t) {
    struct tag_set own = {0};
    TRY(tags_read(in, said->tags, said->tag_count, tier, &own));
    struct err *e = tag_set_inherit(&above->tags, &own, &t->tags);
    tag_set_done(&own);
    TRY(e);
    weighted_inherit(&above->constraints, &t->constraints);
    weighted_inherit(&above->preferences, &t->preferences);
    TRY(constraints_read(in, said->constraints, said->constraint_count, tier, &t->constraints));
    return preferences_read(in, said->preferences, said->preference_count, tier, &t->preferences);
}

// Effective facts of a tier; to be ended by tier_done, also after an error.
static struct err *tier_read(struct intake *in, const struct tier_said *said, const struct tier_facts *above,
                             enum tier tier, const char *name, struct tier_facts *ret) {
    return err_wrap(tier_fill(in, said, above, tier, ret), "%s '%.255s'", tier_name(tier), name);
}

// ---- pools ----

static void pool_rules_done(struct pool_facts *f) {
    struct weighted_list constraints = LIST_OF(&f->constraints), preferences = LIST_OF(&f->preferences);
    weighted_done(&constraints);
    weighted_done(&preferences);
    free(f->data_address);
}

static void pool_facts_drop(struct shared *self) {
    pool_rules_done((struct pool_facts *)self);
    free(self);
}

// The same with its capacity and the tags behind it, in one allocation: facts never change, and there are as many as pools.
static struct pool_facts *pool_facts_pack(const struct pool_facts *read) {
    size_t capacity = read->capacity ? sizeof *read->capacity : 0;
    struct pool_facts *f = mem_zero(1, sizeof *f + capacity + tag_set_packed(&read->tags));
    *f = *read;
    f->capacity = capacity ? memcpy(f + 1, read->capacity, capacity) : NULL;
    f->tags = tag_set_pack(&read->tags, (char *)(f + 1) + capacity);
    return f;
}

static struct err *quantity_check(const char *of, const char *name, uint64_t n, uint64_t most) {
    if (n <= most) return NULL;
    return err_new(ERR_INVALID, "its %s says %llu %s; at most %llu can be counted", of, (unsigned long long)n, name,
                   (unsigned long long)most);
}

static struct err *quantities_read(const Granary__Quantities *q, const char *of, struct quantities *ret) {
    TRY(quantity_check(of, "bytes", q->bytes, INT64_MAX));
    TRY(quantity_check(of, "iops", q->iops, INT64_MAX));
    TRY(quantity_check(of, "bytes per second", q->bandwidth, INT64_MAX));
    TRY(quantity_check(of, "volumes", q->volumes, QUANTITY_VOLUMES_MOST));
    unsigned known = (q->has_iops ? KNOWS_IOPS : 0u) | (q->has_bandwidth ? KNOWS_BANDWIDTH : 0u) |
                     (q->has_volumes ? KNOWS_VOLUMES : 0u);
    *ret = (struct quantities){q->bytes, q->iops, q->bandwidth, q->volumes & QUANTITY_VOLUMES_MOST, (uint8_t)known};
    return NULL;
}

static struct err *total_read(const Granary__Pool *m, struct quantities *ret_total) {
    if (!m->total || !m->total->has_bytes)
        return err_new(ERR_INVALID, "it does not say how large it is; unknown never means unlimited: give its capacity "
                                    "in the provider's configuration");
    return quantities_read(m->total, "total", ret_total);
}

static struct err *pool_figures(struct intake *in, const Granary__Pool *m, struct pool_facts *f) {
    TRY(total_read(m, &f->total));
    if (m->granularity > INT64_MAX || m->smallest_volume > INT64_MAX || m->largest_volume > INT64_MAX)
        return err_new(ERR_INVALID, "a volume size is above 2^63");
    struct quantities most = {0};
    if (m->capacities) TRY(quantities_read(m->capacities, "capacities", &most));
    most.bytes = m->capacity;
    if (most.bytes || most.known) f->capacity = arena_copy(in->arena, &most, sizeof most);
    f->headroom.n = m->headroom;
    f->physical_free.n = m->physical_free;
    f->smallest.n = m->smallest_volume;
    f->largest.n = m->largest_volume;
    f->granularity.n = m->granularity;
    for (size_t i = 0; i < m->n_capabilities; i++) f->capabilities |= 1u << m->capabilities[i];
    f->reported = in->now.wall;
    const char *address;
    TRY(said_text(in, "data_address", m->data_address, SAID_NAME_LONGEST, &address));
    f->data_address = mem_text(address);
    return NULL;
}

static struct err *pool_fill(struct intake *in, const Granary__Pool *m, const struct tier_facts *above,
                             struct pool_facts *f) {
    struct tier_facts t = {0};
    struct err *e = tier_fill(in, TIER_SAID(m), above, TIER_POOL, &t);
    f->tags = t.tags;
    LIST_SET(&f->constraints, t.constraints);
    LIST_SET(&f->preferences, t.preferences);
    return e ? e : pool_figures(in, m, f);
}

static struct err *pool_read(struct intake *in, const Granary__Pool *m, const char *instance,
                             const struct tier_facts *above, struct pool_report *ret) {
    TRY(name_check("pool", m->name));
    struct pool_report r = {.name = arena_text(in->arena, m->name),
                            .instance = arena_text(in->arena, instance),
                            .charge_numerator = m->charge_numerator,
                            .charge_denominator = m->charge_denominator};
    TRY(said_text(in, "store", m->store, SAID_NAME_LONGEST * 3, &r.store));
    struct pool_facts read = {.shared.drop = pool_facts_drop};
    struct err *e = pool_fill(in, m, above, &read);
    if (!e) intake_keep(in, &(r.facts = pool_facts_pack(&read))->shared);
    if (e) pool_rules_done(&read);
    tag_set_done(&read.tags);
    TRY(err_wrap(e, "pool '%s/%s'", instance, m->name));
    *ret = r;
    return NULL;
}

// ---- the whole report ----

struct pools { // read so far; names already seen
    struct pool_report *at;
    size_t count;
    struct map names;
};

static struct err *name_once(struct map *names, const char *what, const char *name) {
    bool fresh;
    map_put_text(names, name, &fresh);
    return fresh ? NULL : err_new(ERR_INVALID, "%s '%s' is reported twice", what, name);
}

static struct err *pools_read(struct intake *in, const Granary__Instance *m, const struct tier_facts *t,
                              struct pools *pools) {
    for (size_t i = 0; i < m->n_pools; i++) {
        TRY(pool_read(in, m->pools[i], m->name, t, &pools->at[pools->count]));
        TRY(name_once(&pools->names, "pool", arena_format(in->arena, "%s/%s", m->name, m->pools[i]->name)));
        pools->count++;
    }
    return NULL;
}

static struct err *instance_read(struct intake *in, const Granary__Instance *m, const struct tier_facts *above,
                                 struct provider_facts *f, struct pools *pools) {
    TRY(name_check("instance", m->name));
    TRY(name_once(&pools->names, "instance", m->name));
    struct tier_facts t = {0};
    struct err *e = tier_read(in, TIER_SAID(m), above, TIER_INSTANCE, m->name, &t);
    if (!e) e = pools_read(in, m, &t, pools);
    if (!e) vec_push(&f->instances, ((struct instance_facts){mem_text(m->name), tag_set_copy(&t.tags)}));
    tier_done(&t);
    return e;
}

static void provider_facts_drop(struct shared *self) {
    struct provider_facts *f = (struct provider_facts *)self;
    struct tier_facts t = {f->tags, LIST_OF(&f->constraints), LIST_OF(&f->preferences)};
    tier_done(&t);
    VEC_EACH (instance, &f->instances) {
        free(instance->name);
        tag_set_done(&instance->tags);
    }
    vec_done(&f->instances);
    free(f);
}

static struct err *tiers_fill(struct intake *in, const Granary__TierReport *m, struct provider_facts *f,
                              struct pools *pools) {
    static const struct tier_facts none;
    struct tier_facts t = {0};
    struct err *e = tier_fill(in, TIER_SAID(m), &none, TIER_PROVIDER, &t);
    f->tags = t.tags;
    LIST_SET(&f->constraints, t.constraints);
    LIST_SET(&f->preferences, t.preferences);
    for (size_t i = 0; i < m->n_instances && !e; i++) e = instance_read(in, m->instances[i], &t, f, pools);
    return e;
}

static struct err *report_bounds(const Granary__TierReport *m, size_t *ret_pools) {
    if (m->n_instances > PROVIDER_INSTANCES_MOST)
        return err_new(ERR_TOO_LARGE, "%zu instances; at most %d are read", m->n_instances, PROVIDER_INSTANCES_MOST);
    size_t pools = 0;
    for (size_t i = 0; i < m->n_instances; i++) pools += m->instances[i]->n_pools;
    if (pools > PROVIDER_POOLS_MOST)
        return err_new(ERR_TOO_LARGE, "%zu pools; at most %d are read", pools, PROVIDER_POOLS_MOST);
    *ret_pools = pools;
    return NULL;
}

struct err *tier_report_read(struct intake *in, const Granary__TierReport *m, uint64_t provider, uint64_t session,
                             struct cmd_provider_report *ret_command) {
    size_t most = 0;
    TRY(err_wrap(report_bounds(m, &most), "tiers"));
    struct provider_facts *f = NEW(struct provider_facts);
    f->shared.drop = provider_facts_drop;
    intake_keep(in, &f->shared);
    struct pools pools = {.at = arena_zero(in->arena, most + 1, sizeof *pools.at)};
    struct err *e = tiers_fill(in, m, f, &pools);
    map_done(&pools.names);
    TRY(err_wrap(e, "tiers"));
    *ret_command = (struct cmd_provider_report){
        .provider = provider, .session = session, .facts = f, .pools = pools.at, .pool_count = pools.count};
    return NULL;
}

// ---- hello, objects, results ----

struct err *provider_hello_read(struct intake *in, const Granary__ProviderHello *m, uint64_t session,
                                struct cmd_provider_hello *ret_command) {
    TRY(name_check("provider", m->name));
    TRY(err_wrap(name_check("driver", m->driver), "provider '%s'", m->name));
    struct cmd_provider_hello c = {.name = arena_text(in->arena, m->name),
                                   .driver = arena_text(in->arena, m->driver),
                                   .session = session,
                                   .highest_seen = m->highest_seen};
    TRY(err_wrap(said_text(in, "cluster", m->cluster, SAID_NAME_LONGEST, &c.cluster), "provider '%s'", m->name));
    if (m->has_secret)
        TRY(err_wrap(said_blob(in, "secret", &m->secret, SAID_SECRET_LONGEST, &c.secret), "provider '%s'", m->name));
    *ret_command = c;
    return NULL;
}

struct err *object_list_read(const Granary__ObjectList *m, const struct uuid **ret_volumes, size_t *ret_count) {
    if (m->volumes.len % sizeof(struct uuid))
        return err_new(ERR_INVALID, "objects: %zu bytes are no whole number of UUIDs", m->volumes.len);
    *ret_volumes = (const struct uuid *)m->volumes.data;
    *ret_count = m->volumes.len / sizeof(struct uuid);
    return NULL;
}

// A kind of failure that we do not know may be one after which the operation did happen: it stays open.
static struct err *result_read(struct intake *in, const Granary__ProviderResult *m, struct cmd_provider_result *c) {
    c->done = m->done;
    c->zeroed = m->zeroed;
    c->error = said_error(m->error_kind, ERR_UNKNOWN);
    c->message = said_sentence(in, m->message);
    if (!c->done && !c->message) c->message = "the provider did not say why";
    c->size.n = m->size;
    TRY(said_text(in, "handle", m->handle, SAID_PATH_LONGEST, &c->handle));
    return said_context(in, m->context, &c->context);
}

struct err *provider_result_read(struct intake *in, const Granary__ProviderResult *m, uint64_t provider,
                                 struct cmd_provider_result *ret_command) {
    struct cmd_provider_result c = {.provider = provider, .operation = m->operation_id};
    TRY(err_wrap(result_read(in, m, &c), "the result of operation %llu", (unsigned long long)m->operation_id));
    *ret_command = c;
    return NULL;
}
