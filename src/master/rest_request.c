// SPDX-License-Identifier: Apache-2.0
// REST: one request for several volumes and part of an agent.
#include "core/state.h"
#include "granary_api.pb-c.h"
#include "master/turn.h"
#include "wire/fields.h"
#include "wire/request.h"
#include "wire/volume.h"

// ids and notes as request_apply.h says.
static void answer_applied(struct turn *t) {
    const struct state *s = t->m->state;
    size_t n = t->answer.notes.count;
    const uint64_t *ids = t->answer.ids.at;
    Granary__RequestApplied applied = GRANARY__REQUEST_APPLIED__INIT;
    const struct reservation_row *reservation = state_reservation(s, ids[1]);
    applied.agent = (char *)state_agent(s, ids[0])->name;
    if (reservation) applied.reservation = row_message(s, NOUN_RESERVATION, reservation, &t->arena, DETAIL_API);
    applied.volumes = arena_zero(&t->arena, n, sizeof *applied.volumes);
    applied.operations = arena_zero(&t->arena, n, sizeof *applied.operations);
    applied.passed_over = arena_zero(&t->arena, n, sizeof *applied.passed_over);
    for (size_t i = 0; i < n; i++) {
        const struct volume_row *v = state_volume(s, ids[2 + 2 * i]);
        const struct operation_row *o = state_operation(s, ids[3 + 2 * i]);
        const char *note = t->answer.notes.at[i];
        applied.volumes[applied.n_volumes++] = volume_message(s, v, &t->arena, DETAIL_API);
        applied.operations[applied.n_operations++] = row_message(s, NOUN_OPERATION, o, &t->arena, DETAIL_API);
        if (note) applied.passed_over[applied.n_passed_over++] = passed_over_message(v->name, note, &t->arena);
    }
    applied.has_seq = 1;
    applied.seq = s->seq;
    rest_answer(t->m, t->out, t->r->exchange, 202, &applied.base);
}

static struct err *request_apply(struct turn *t) {
    struct command c = turn_command(t, CMD_request_apply);
    void *body;
    TRY(rest_consumer_body(t->m, t->r, &granary__request_apply__descriptor, &t->arena, &body));
    TRY(request_apply_read(&t->in, body, &c.request_apply));
    TRY(turn_wish_explained(t));
    TRY(turn_run(t, &c));
    answer_applied(t);
    return NULL;
}

HANDLER(rest_request_apply) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, request_apply(&t));
}
