// SPDX-License-Identifier: Apache-2.0
// REST: one request for several volumes and part of an agent.
#include "core/state.h"
#include "granary_api.pb-c.h"
#include "master/rest.h"
#include "wire/fields.h"
#include "wire/request.h"
#include "wire/volume.h"

static Granary__ClassPassedOver *passed_over(const struct volume_row *v, const char *note, struct arena *arena) {
    Granary__ClassPassedOver *m = ARENA_NEW(arena, Granary__ClassPassedOver);
    granary__class_passed_over__init(m);
    m->volume = (char *)v->name;
    m->sentence = arena_text(arena, note);
    return m;
}

// ids and notes as request_apply.h says.
static void answer_applied(struct master *m, const struct request *r, const struct answer *answer, struct arena *arena,
                           struct outputs *out) {
    const struct state *s = m->state;
    size_t n = answer->notes.count;
    const uint64_t *ids = answer->ids.at;
    Granary__RequestApplied applied = GRANARY__REQUEST_APPLIED__INIT;
    const struct reservation_row *reservation = state_reservation(s, ids[1]);
    applied.agent = (char *)state_agent(s, ids[0])->name;
    if (reservation) applied.reservation = row_message(s, NOUN_RESERVATION, reservation, arena, DETAIL_API);
    applied.volumes = arena_zero(arena, n, sizeof *applied.volumes);
    applied.operations = arena_zero(arena, n, sizeof *applied.operations);
    applied.passed_over = arena_zero(arena, n, sizeof *applied.passed_over);
    for (size_t i = 0; i < n; i++) {
        const struct volume_row *v = state_volume(s, ids[2 + 2 * i]);
        const struct operation_row *o = state_operation(s, ids[3 + 2 * i]);
        applied.volumes[applied.n_volumes++] = volume_message(s, v, arena, DETAIL_API);
        applied.operations[applied.n_operations++] = row_message(s, NOUN_OPERATION, o, arena, DETAIL_API);
        if (answer->notes.at[i])
            applied.passed_over[applied.n_passed_over++] = passed_over(v, answer->notes.at[i], arena);
    }
    applied.has_seq = 1;
    applied.seq = s->seq;
    rest_answer(m, out, r->exchange, 202, (const ProtobufCMessage *)&applied.base);
}

static struct err *request_apply(struct master *m, const struct request *r, const struct instant *at, struct intake *in,
                                 struct answer *answer, struct outputs *out) {
    void *body;
    TRY(rest_body(r, &granary__request_apply__descriptor, in->arena, &body));
    struct command c = master_command(CMD_request_apply, at, master_symbol(m, r->principal));
    TRY(request_apply_read(in, body, &c.request_apply));
    TRY(master_run(m, &c, at, out, answer));
    answer_applied(m, r, answer, in->arena, out);
    return NULL;
}

HANDLER(rest_request_apply) {
    (void)parts;
    AUTO_ARENA struct arena arena = {0};
    struct intake in = rest_intake(m, &arena, at);
    struct answer answer = {0};
    rest_finish(m, r, request_apply(m, r, at, &in, &answer, out), out);
    answer_done(&answer);
    intake_done(&in);
}
