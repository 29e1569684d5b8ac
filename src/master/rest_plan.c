// SPDX-License-Identifier: Apache-2.0
// REST: what if. Everything is decided on a scratch registry, which is thrown away.
#include "granary_api.pb-c.h"
#include "master/turn.h"
#include "wire/plan.h"

static struct err *plan(struct turn *t, struct state *scratch, const void *body) {
    struct plan plan;
    TRY(plan_read(&t->in, t->m->state, body, &plan));
    struct planned planned = plan_run(t->m->state, scratch, t->at->now, &plan, &t->arena);
    Granary__PlanAnswer *answer = plan_message(scratch, &plan, &planned, &t->arena);
    answer->has_seq = true;
    answer->seq = t->m->state->seq;
    rest_answer(t->m, t->out, t->r->exchange, 200, &answer->base);
    return NULL;
}

HANDLER(rest_plan) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, turn_on_scratch(&t, &granary__plan__descriptor, plan));
}
