// SPDX-License-Identifier: Apache-2.0
// Offers to messages.
#include "wire/offer.h"

#include "wire/resources.h"

static Granary__ClassAmount *amount_message(const struct state *s, const struct class_amount *amount,
                                            struct arena *arena) {
    const struct class_row *class = state_class(s, amount->class);
    Granary__ClassAmount *m = ARENA_NEW(arena, Granary__ClassAmount);
    granary__class_amount__init(m);
    m->class_ = class ? (char *)class->name : "?";
    m->has_largest = true;
    m->largest = amount->largest.n;
    return m;
}

static void storage_fill(const struct state *s, const struct offer_row *o, Granary__Offer *m, struct arena *arena) {
    size_t volumes = blob_count(o->volumes, uint64_t), classes = blob_count(o->classes, struct class_amount);
    m->volumes = arena_zero(arena, volumes + 1, sizeof *m->volumes);
    for (size_t i = 0; i < volumes; i++) {
        const struct volume_row *v = state_volume(s, blob_items(o->volumes, uint64_t)[i]);
        if (v) m->volumes[m->n_volumes++] = (char *)v->name;
    }
    m->classes = arena_zero(arena, classes + 1, sizeof *m->classes);
    for (size_t i = 0; i < classes; i++)
        m->classes[m->n_classes++] = amount_message(s, &blob_items(o->classes, struct class_amount)[i], arena);
}

Granary__Offer *offer_message(const struct state *s, const struct offer_row *row, struct arena *arena, struct now now) {
    const struct framework_row *framework = state_framework(s, row->framework);
    const struct agent_row *agent = state_agent(s, row->agent);
    Granary__Offer *m = ARENA_NEW(arena, Granary__Offer);
    granary__offer__init(m);
    m->id = arena_format(arena, "%llu", (unsigned long long)row->id);
    m->framework = framework ? (char *)framework->text_id : NULL;
    m->role = (char *)state_text(s, row->role);
    m->agent = !row->agent ? "granary" : agent ? (char *)agent->name : NULL;
    m->resources = resources_message(&row->resources, blob_items(row->ports, struct port_range),
                                     blob_count(row->ports, struct port_range), arena);
    storage_fill(s, row, m, arena);
    m->has_made = true;
    m->made = now.wall.ms - (now.mono.ms - row->made.ms);
    return m;
}
