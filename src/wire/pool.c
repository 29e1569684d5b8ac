// SPDX-License-Identifier: Apache-2.0
// Pools to messages and back.
#include "wire/pool.h"

#include "wire/tags.h"

static const struct field_map fields[] = {
    FIELD(pool_row, 1, U64, id),
    FIELD(pool_row, 2, TEXT, name),
    FIELD(pool_row, 3, TEXT, instance),
    FIELD(pool_row, 8, TEXT, store),
    FIELD(pool_row, 9, U32, charge_numerator),
    FIELD(pool_row, 10, U32, charge_denominator),
    FIELD(pool_row, 1000, U64, provider),
    FIELD(pool_row, 1001, U64, first_total),
};
const struct noun_map pool_map = {&granary__pool__descriptor,     fields, ARRAY_LEN(fields), NULL, NULL,
                                  offsetof(struct pool_row, name)};

static Granary__Quantities *quantities_message(const struct quantities *q, uint8_t known, struct arena *arena) {
    Granary__Quantities *m = ARENA_NEW(arena, Granary__Quantities);
    granary__quantities__init(m);
    m->has_bytes = true;
    m->bytes = q->bytes;
    m->has_iops = (known & KNOWS_IOPS) != 0;
    m->iops = q->iops;
    m->has_bandwidth = (known & KNOWS_BANDWIDTH) != 0;
    m->bandwidth = q->bandwidth;
    m->has_volumes = (known & KNOWS_VOLUMES) != 0;
    m->volumes = q->volumes;
    return m;
}

static void tier_fill(const struct state *s, const struct pool_facts *f, Granary__Pool *m, struct arena *arena) {
    m->tags = tag_messages(&s->symbols, &f->tags, arena);
    m->n_tags = f->tags.count;
    m->constraints = constraint_messages(&s->symbols, f->constraints.at, f->constraints.count, arena);
    m->n_constraints = f->constraints.count;
    m->preferences = preference_messages(&s->symbols, f->preferences.at, f->preferences.count, arena);
    m->n_preferences = f->preferences.count;
    m->capabilities = arena_zero(arena, 32, sizeof *m->capabilities);
    for (unsigned i = CAN_CARVE; i <= IS_DIRECTORY; i++)
        if (capability_has(f->capabilities, (enum pool_capability)i))
            m->capabilities[m->n_capabilities++] = (Granary__Capability)i;
}

static void sizes_fill(const struct pool_row *p, Granary__Pool *m) {
    const struct pool_facts *f = p->facts;
    m->has_headroom = f->headroom.n > 0;
    m->headroom = f->headroom.n;
    m->has_physical_free = f->physical_free.n > 0;
    m->physical_free = f->physical_free.n;
    m->has_smallest_volume = f->smallest.n > 0;
    m->smallest_volume = f->smallest.n;
    m->has_largest_volume = f->largest.n > 0;
    m->largest_volume = f->largest.n;
    m->has_granularity = f->granularity.n > 0;
    m->granularity = f->granularity.n;
    m->has_others = p->first_total.n > f->total.bytes; // what became less since, nobody of ours took
    m->others = m->has_others ? p->first_total.n - f->total.bytes : 0;
    m->has_reported_at = f->reported.ms != 0;
    m->reported_at = f->reported.ms;
    m->data_address = f->data_address;
}

static void capacities_fill(const struct pool_facts *f, Granary__Pool *m, struct arena *arena) {
    const struct quantities *most = f->capacity;
    if (!most) return;
    m->has_capacity = most->bytes > 0;
    m->capacity = most->bytes;
    if (!most->known) return;
    m->capacities = quantities_message(most, most->known, arena);
    m->capacities->has_bytes = false;
}

static void figures_fill(const struct state *s, const struct pool_row *p, Granary__Pool *m, struct arena *arena) {
    struct draft view; // sees the state as it is
    draft_view(&view, s, arena, (struct now){0});
    struct granted granted = draft_granted(&view, p);
    const struct pool_facts *f = p->facts;
    struct quantities left = draft_pool_free(&view, p);
    m->granted = quantities_message(&granted.store, f ? left.known : 0, arena);
    if (f) {
        m->total = quantities_message(&f->total, f->total.known, arena);
        m->free = quantities_message(&left, left.known, arena);
        capacities_fill(f, m, arena);
    }
    draft_done(&view);
}

Granary__Pool *pool_message(const struct state *s, const struct pool_row *row, struct arena *arena,
                            enum detail detail) {
    Granary__Pool *m = fields_message(s, &pool_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    const struct provider_row *provider = state_provider(s, row->provider);
    m->provider = provider ? (char *)provider->name : NULL;
    m->has_stale = true;
    m->stale = row->stale || !row->facts || !provider || !provider->session;
    // A pool that was just removed has no account any more.
    if (state_pool(s, row->id)) figures_fill(s, row, m, arena);
    if (!row->facts) return m;
    tier_fill(s, row->facts, m, arena);
    sizes_fill(row, m);
    return m;
}

struct err *pool_row_from(struct intake *in, const Granary__Pool *m, struct pool_row *ret_row) {
    return fields_read(in, &pool_map, m, ret_row);
}
