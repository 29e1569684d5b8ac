// SPDX-License-Identifier: Apache-2.0
// Blasts to messages.
#include "wire/blast.h"

static char *row_named(const struct state *s, const struct blast_row *row, struct arena *arena) {
    switch (row->noun) {
    case NOUN_AGENT: return (char *)state_agent(s, row->id)->name;
    case NOUN_POOL: return (char *)pool_path(s, state_pool(s, row->id), arena);
    case NOUN_VOLUME: return (char *)state_volume(s, row->id)->name;
    case NOUN_TASK: return (char *)state_task(s, row->id)->text_id;
    default: return NULL;
    }
}

static Granary__BlastRow *row_message_of(const struct state *s, const struct blast_row *row, struct arena *arena) {
    Granary__BlastRow *m = ARENA_NEW(arena, Granary__BlastRow);
    granary__blast_row__init(m);
    m->kind = (char *)noun_name(row->noun);
    m->name = row_named(s, row, arena);
    m->role = row->role.n ? (char *)state_text(s, row->role) : NULL;
    m->effect = row->end == DOMAIN_STOPS ? "stops" : "at-risk";
    m->because = (char *)row->because;
    return m;
}

static Granary__BlastCount *count_message(const struct blast_count *count, struct arena *arena) {
    Granary__BlastCount *m = ARENA_NEW(arena, Granary__BlastCount);
    granary__blast_count__init(m);
    m->has_stops = m->has_at_risk = true;
    m->stops = count->stops;
    m->at_risk = count->at_risk;
    return m;
}

static void roles_fill(const struct state *s, const struct blast *b, Granary__Blast *m, struct arena *arena) {
    m->roles = arena_zero(arena, b->role_count + 1, sizeof *m->roles);
    for (size_t i = 0; i < b->role_count; i++) {
        Granary__BlastRole *role = m->roles[m->n_roles++] = ARENA_NEW(arena, Granary__BlastRole);
        granary__blast_role__init(role);
        role->role = (char *)state_text(s, b->roles[i].role);
        role->volumes = count_message(&b->roles[i].volumes, arena);
        role->tasks = count_message(&b->roles[i].tasks, arena);
    }
}

Granary__Blast *blast_message(const struct state *s, const struct blast *b, const char *domain, struct blast_page page,
                              struct arena *arena) {
    Granary__Blast *m = ARENA_NEW(arena, Granary__Blast);
    granary__blast__init(m);
    m->domain = arena_text(arena, domain);
    m->has_availability = true;
    m->availability = availability_percent(b->availability);
    m->agents = count_message(&b->agents, arena);
    m->pools = count_message(&b->pools, arena);
    m->volumes = count_message(&b->volumes, arena);
    m->tasks = count_message(&b->tasks, arena);
    roles_fill(s, b, m, arena);
    m->rows = arena_zero(arena, b->count + 1, sizeof *m->rows);
    for (size_t i = 0; i < b->count; i++) m->rows[m->n_rows++] = row_message_of(s, &b->rows[i], arena);
    size_t next = page.offset + b->count;
    if (b->count && next < b->all) m->next_page = arena_format(arena, "%zu", next);
    m->has_seq = true;
    m->seq = s->seq;
    return m;
}
