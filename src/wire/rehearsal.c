// SPDX-License-Identifier: Apache-2.0
// What a rehearsal found, row by row.
#include "wire/rehearsal.h"

#include "wire/asked.h"

static Granary__Rehearsed *rehearsed_message(const struct state *s, const struct state *scratch,
                                             const struct rehearsed *r, struct arena *arena) {
    const struct pool_row *before = state_pool(s, r->before), *after = state_pool(scratch, r->after);
    Granary__Rehearsed *m = ARENA_NEW(arena, Granary__Rehearsed);
    granary__rehearsed__init(m);
    m->request = asked_message(s, r->asked, arena);
    m->ends = (char *)rehearsal_name(r->kind);
    m->before = before ? (char *)pool_path(s, before, arena) : NULL;
    m->after = after ? (char *)pool_path(scratch, after, arena) : NULL;
    m->why = (char *)r->why;
    return m;
}

static void counts_fill(const struct rehearsal *r, Granary__Rehearsal *m) {
    m->has_requests = m->has_same = m->has_elsewhere = m->has_fails = m->has_places = m->has_both_refused = true;
    m->same = r->counts[REHEARSAL_SAME];
    m->elsewhere = r->counts[REHEARSAL_ELSEWHERE];
    m->fails = r->counts[REHEARSAL_FAILS];
    m->places = r->counts[REHEARSAL_PLACES];
    m->both_refused = r->counts[REHEARSAL_REFUSED];
    for (size_t i = 0; i < REHEARSAL_KINDS; i++) m->requests += r->counts[i];
}

Granary__Rehearsal *rehearsal_message(const struct state *s, const struct state *scratch, const struct rehearsal *r,
                                      struct arena *arena) {
    Granary__Rehearsal *m = ARENA_NEW(arena, Granary__Rehearsal);
    granary__rehearsal__init(m);
    m->has_seq = true;
    m->seq = s->seq;
    m->refused = (char *)r->refused;
    if (!r->refused) counts_fill(r, m);
    m->rows = arena_zero(arena, r->count + 1, sizeof *m->rows);
    for (size_t i = 0; i < r->count; i++) m->rows[m->n_rows++] = rehearsed_message(s, scratch, &r->rows[i], arena);
    return m;
}
