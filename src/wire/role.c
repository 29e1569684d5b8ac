// SPDX-License-Identifier: Apache-2.0
// Roles to messages and back, and the sums over all of them.
#include "wire/role.h"

#include <stdlib.h>

#include "core/share.h"
#include "wire/resources.h"

static const struct field_map fields[] = {
    FIELD(role_row, 1, SYMBOL, name),
    FIELD(role_row, 2, REAL, weight),
    FIELD(role_row, 1000, U64, id),
};
const struct noun_map role_map = {&granary__role__descriptor, fields, ARRAY_LEN(fields), NULL, NULL};

Granary__Role *role_message(const struct state *s, const struct role_row *row, struct arena *arena,
                            enum detail detail UNUSED) {
    return fields_message(s, &role_map, row, arena);
}

struct err *role_row_from(struct intake *in, const Granary__Role *m, struct role_row *ret_row) {
    return fields_read(in, &role_map, m, ret_row);
}

// ---- what roles hold ----

struct role_sum {
    symbol name;
    double weight; // 0: nobody set it
    struct scalars allocated;
    uint64_t bytes;
    uint32_t volumes;
    size_t framework_count;
    VEC(const char *) frameworks;
};

static struct role_sum *sum_of(struct map *sums, symbol name) {
    union map_value *place = map_put(sums, name.n, NULL);
    if (!place->p) {
        struct role_sum *sum = place->p = NEW(struct role_sum);
        sum->name = name;
    }
    return place->p;
}

static void storage_count(const struct state *s, struct map *sums) {
    STATE_EACH(VOLUME, volume_row, v, s) {
        if (!volume_is_charged(v)) continue;
        struct role_sum *sum = sum_of(sums, v->owner.role);
        sum->bytes += v->charge.bytes.n;
        sum->volumes++;
    }
    STATE_EACH(RESERVATION, reservation_row, r, s) sum_of(sums, r->owner.role)->bytes += r->charge.bytes.n;
}

static void users_count(const struct state *s, struct map *sums) {
    STATE_EACH(ROLE, role_row, r, s) sum_of(sums, r->name)->weight = r->weight;
    STATE_EACH(TASK, task_row, t, s)
    if (!task_state_ended(t->state)) scalars_add(&sum_of(sums, t->role)->allocated, &t->resources);
    STATE_EACH(FRAMEWORK, framework_row, f, s) {
        for (size_t i = 0; !f->completed && i < blob_count(f->roles, symbol); i++)
            vec_push(&sum_of(sums, blob_items(f->roles, symbol)[i])->frameworks, f->name);
    }
}

static Granary__Role *sum_message(const struct state *s, const struct role_sum *sum, struct arena *arena) {
    Granary__Role *m = ARENA_NEW(arena, Granary__Role);
    granary__role__init(m);
    m->name = (char *)state_text(s, sum->name);
    m->has_weight = true;
    m->weight = sum->weight > 0 ? sum->weight : 1;
    m->allocated = resources_message(&sum->allocated, NULL, 0, arena);
    m->has_storage = m->has_volumes = true;
    m->storage = sum->bytes;
    m->volumes = sum->volumes;
    m->n_frameworks = sum->frameworks.count;
    if (m->n_frameworks) m->frameworks = arena_copy(arena, sum->frameworks.at, m->n_frameworks * sizeof *m->frameworks);
    return m;
}

static int by_name(const void *a, const void *b) {
    Granary__Role *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

size_t role_messages(const struct state *s, struct arena *arena, Granary__Role ***ret_roles) {
    struct map sums = {0};
    storage_count(s, &sums);
    users_count(s, &sums);
    Granary__Role **roles = arena_zero(arena, map_count(&sums) + 1, sizeof *roles);
    size_t count = 0;
    MAP_EACH (entry, &sums) {
        struct role_sum *sum = entry->value.p;
        roles[count++] = sum_message(s, sum, arena);
        vec_done(&sum->frameworks);
        free(sum);
    }
    map_done(&sums);
    qsort(roles, count, sizeof *roles, by_name);
    *ret_roles = roles;
    return count;
}
