// SPDX-License-Identifier: Apache-2.0
// REST: what if. Everything is decided on a scratch registry, which is thrown away.
#include "granary_api.pb-c.h"
#include "master/turn.h"
#include "wire/plan.h"

static struct err *plan_on(struct turn *t, struct state *scratch, const Granary__Plan *asked) {
    struct plan plan;
    t->in = rest_intake(t->m, &t->arena, t->at);
    t->in.symbols = &scratch->symbols;
    TRY(plan_read(&t->in, t->m->state, asked, &plan));
    struct planned planned = plan_run(t->m->state, scratch, t->at->now, &plan, &t->arena);
    Granary__PlanAnswer *answer = plan_message(scratch, &plan, &planned, &t->arena);
    answer->has_seq = true;
    answer->seq = t->m->state->seq;
    rest_answer(t->m, t->out, t->r->exchange, 200, &answer->base);
    return NULL;
}

static struct err *plan(struct turn *t) {
    void *body;
    TRY(rest_body(t->r, &granary__plan__descriptor, &t->arena, &body));
    struct state *scratch = scratch_new(t->m->state);
    struct err *e = plan_on(t, scratch, body);
    intake_done(&t->in);
    state_free(scratch);
    return e;
}

HANDLER(rest_plan) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, plan(&t));
}
