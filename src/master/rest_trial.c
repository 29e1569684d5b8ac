// SPDX-License-Identifier: Apache-2.0
// REST: policies tried on a scratch registry, whose symbols take the names that only the trial has; and the requests that are
// asked again.

#include "granary_api.pb-c.h"
#include "master/turn.h"
#include "wire/asked.h"
#include "wire/lint.h"
#include "wire/policy.h"
#include "wire/rehearsal.h"

// ---- recorded requests ----

static struct err *requests_list(struct turn *t) {
    struct page page;
    TRY(page_read(t->r, PAGE_USUAL, &page));
    const struct asked_ring *ring = &t->m->asked;
    Granary__RequestList list = GRANARY__REQUEST_LIST__INIT;
    list.requests = arena_zero(&t->arena, page.limit, sizeof *list.requests);
    uint64_t number = asked_first(ring) > page.after ? asked_first(ring) : page.after + 1;
    for (; number <= ring->last && list.n_requests < page.limit; number++) {
        const struct asked *a = asked_get(ring, number);
        if (a) list.requests[list.n_requests++] = asked_message(t->m->state, a, &t->arena);
    }
    if (number <= ring->last) list.next_page = arena_format(&t->arena, "%llu", (unsigned long long)number - 1);
    list.has_seq = true;
    list.seq = t->m->state->seq;
    rest_answer(t->m, t->out, t->r->exchange, 200, &list.base);
    return NULL;
}

HANDLER(rest_requests) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, requests_list(&t));
}

// ---- trials ----

static struct err *policy_rehearse(struct turn *t, struct state *scratch, const void *body) {
    const Granary__PolicyTrial *asked = body;
    struct policy_shared *doc;
    TRY(err_wrap(policy_trial_read(&t->in, t->m->state, asked, &doc), "rehearse"));
    struct rehearsal r = rehearse(t->m->state, scratch, &t->m->asked, doc, asked->consume, &t->arena);
    rest_answer(t->m, t->out, t->r->exchange, 200, &rehearsal_message(t->m->state, scratch, &r, &t->arena)->base);
    return NULL;
}

HANDLER(rest_policy_rehearse) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, turn_on_scratch(&t, &granary__policy_trial__descriptor, policy_rehearse));
}

static struct err *policy_lint(struct turn *t, struct state *scratch, const void *body) {
    const Granary__PolicyTrial *asked = body;
    struct policy_shared *doc;
    TRY(err_wrap(policy_trial_read(&t->in, t->m->state, asked, &doc), "lint"));
    struct findings found = {0};
    lint_policy(scratch, doc, &t->arena, &found);
    Granary__LintAnswer *answer = lint_message(scratch, &found, &t->arena);
    answer->has_seq = true;
    answer->seq = t->m->state->seq;
    rest_answer(t->m, t->out, t->r->exchange, 200, &answer->base);
    vec_done(&found);
    return NULL;
}

HANDLER(rest_policy_lint) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, turn_on_scratch(&t, &granary__policy_trial__descriptor, policy_lint));
}
