// SPDX-License-Identifier: Apache-2.0
// Field by field.
#include "wire/class_document.h"

static struct class_wish *wishes_from(struct arena *arena, Granary__Preference *const *at, size_t count) {
    struct class_wish *list = arena_zero(arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++) list[i] = (struct class_wish){at[i]->selector, at[i]->weight};
    return list;
}

static struct class_spread_wish *spreads_from(struct arena *arena, Granary__Spread *const *at, size_t count) {
    struct class_spread_wish *list = arena_zero(arena, count + 1, sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = (struct class_spread_wish){at[i]->key, at[i]->label, at[i]->over, at[i]->required,
                                             at[i]->has_weight ? at[i]->weight : 0};
    return list;
}

struct class_document class_document_from(const Granary__Class *m, struct arena *arena) {
    struct class_document doc = {
        .name = m->name,
        .description = m->description,
        .pool = m->pool,
        .agent = m->agent,
        .fs = m->fs,
        .access = (enum class_access)m->access,
        .iops_per_gib = m->iops_per_gib,
        .bandwidth = {m->bandwidth},
        .format = (enum class_format)m->format,
        .launch_wait_set = m->has_launch_wait_ms,
        .launch_wait_ms = m->launch_wait_ms,
        .on_agent_lost = (enum class_loss)m->on_agent_lost,
        .on_release = (enum class_release)m->on_release,
        .zero_at_create = m->zero_at_create,
        .smallest = {m->smallest},
        .largest = {m->largest},
        .availability = m->availability,
        .roles = (const char *const *)m->roles,
        .role_count = m->n_roles,
        .script = m->script,
        .on_script_error = (enum class_script_error)m->on_script_error,
        .prefer_pool_count = m->n_prefer_pool,
        .prefer_agent_count = m->n_prefer_agent,
    };
    doc.prefer_pool = wishes_from(arena, m->prefer_pool, m->n_prefer_pool);
    doc.prefer_agent = wishes_from(arena, m->prefer_agent, m->n_prefer_agent);
    doc.spread = spreads_from(arena, m->spread, m->n_spread);
    doc.spread_count = m->n_spread;
    return doc;
}
