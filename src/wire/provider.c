// SPDX-License-Identifier: Apache-2.0
// Providers to messages and back.
#include "wire/provider.h"

#include "wire/pool.h"
#include "wire/tags.h"

static const struct field_map fields[] = {
    FIELD(provider_row, 1, U64, id),
    FIELD(provider_row, 2, TEXT, name),
    FIELD(provider_row, 3, TEXT, driver),
    FIELD(provider_row, 1000, BLOB, secret),
    FIELD(provider_row, 1001, U64, highest_seen),
};
const struct noun_map provider_map = {&granary__provider__descriptor,     fields, ARRAY_LEN(fields), NULL, NULL,
                                      offsetof(struct provider_row, name)};

static void tier_fill(const struct state *s, const struct provider_facts *facts, Granary__Provider *m,
                      struct arena *arena) {
    m->tags = tag_messages(&s->symbols, &facts->tags, arena);
    m->n_tags = facts->tags.count;
    m->constraints = constraint_messages(&s->symbols, facts->constraints.at, facts->constraints.count, arena);
    m->n_constraints = facts->constraints.count;
    m->preferences = preference_messages(&s->symbols, facts->preferences.at, facts->preferences.count, arena);
    m->n_preferences = facts->preferences.count;
}

static Granary__Instance *instance_add(Granary__Provider *m, const char *name, struct arena *arena) {
    for (size_t i = 0; i < m->n_instances; i++)
        if (strcmp(m->instances[i]->name, name) == 0) return m->instances[i];
    Granary__Instance *instance = ARENA_NEW(arena, Granary__Instance);
    granary__instance__init(instance);
    instance->name = (char *)name;
    m->instances[m->n_instances++] = instance;
    return instance;
}

// Those that it reported, and those of pools that it has not reported again.
static void instances_fill(const struct state *s, const struct provider_row *p, Granary__Provider *m,
                           struct arena *arena) {
    const struct id_list *pools = state_related(s, POOLS_OF_PROVIDER, p->id);
    size_t reported = p->facts ? p->facts->instances.count : 0;
    m->instances = arena_zero(arena, reported + pools->count + 1, sizeof *m->instances);
    for (size_t i = 0; i < reported; i++) {
        const struct instance_facts *f = &p->facts->instances.at[i];
        Granary__Instance *instance = instance_add(m, f->name, arena);
        instance->tags = tag_messages(&s->symbols, &f->tags, arena);
        instance->n_tags = f->tags.count;
    }
    VEC_EACH (id, pools) instance_add(m, state_pool(s, *id)->instance, arena);
}

Granary__Provider *provider_message(const struct state *s, const struct provider_row *row, struct arena *arena,
                                    enum detail detail) {
    Granary__Provider *m = fields_message(s, &provider_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    m->has_connected = true;
    m->connected = row->session != 0;
    m->has_stale_since = !row->session && row->stale_since.ms;
    m->stale_since = row->stale_since.ms;
    m->has_foreign_objects = true;
    m->foreign_objects = row->foreign_objects;
    if (row->facts) tier_fill(s, row->facts, m, arena);
    instances_fill(s, row, m, arena);
    return m;
}

Granary__Provider *provider_inventory_message(const struct state *s, const struct provider_row *p,
                                              struct arena *arena) {
    Granary__Provider *m = provider_message(s, p, arena, DETAIL_API);
    const struct id_list *pools = state_related(s, POOLS_OF_PROVIDER, p->id);
    VEC_EACH (id, pools) {
        const struct pool_row *pool = state_pool(s, *id);
        Granary__Instance *instance = instance_add(m, pool->instance, arena);
        if (!instance->pools) instance->pools = arena_zero(arena, pools->count, sizeof *instance->pools);
        instance->pools[instance->n_pools++] = pool_message(s, pool, arena, DETAIL_API);
    }
    return m;
}

struct err *provider_row_from(struct intake *in, const Granary__Provider *m, struct provider_row *ret_row) {
    return fields_read(in, &provider_map, m, ret_row);
}
