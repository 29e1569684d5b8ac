// SPDX-License-Identifier: Apache-2.0
// REST: where a request would go, and why it goes nowhere. Takes nothing.
#include "core/explain.h"
#include "granary_api.pb-c.h"
#include "master/turn.h"
#include "wire/explain.h"
#include "wire/request.h"

// What is asked: by a query or by a body.
static struct err *asked_read(struct turn *t, struct want *ret_want, uint64_t *ret_volume) {
    void *message;
    bool query = strcmp(t->r->method, "GET") == 0 || strcmp(t->r->method, "HEAD") == 0;
    TRY(query ? rest_query(t->r, &granary__explain_request__descriptor, &t->arena, &message)
              : rest_consumer_body(t->m, t->r, &granary__explain_request__descriptor, &t->arena, &message));
    t->in = rest_intake(t->m, &t->arena, t->at);
    return explain_read(&t->in, t->m->state, message, ret_want, ret_volume);
}

static struct err *explain(struct turn *t) {
    struct want want;
    uint64_t volume = 0;
    TRY(asked_read(t, &want, &volume));
    struct explain_page of;
    TRY(turn_page(t, PAGE_USUAL, &of));
    struct draft d;
    draft_view(&d, t->m->state, &t->arena, t->at->now);
    struct explanation explanation;
    struct err *e = volume ? explain_volume(&d, volume, of, &t->arena, &explanation)
                           : explain_want(&d, &want, of, &t->arena, &explanation);
    draft_done(&d);
    TRY(e);
    rest_answer(t->m, t->out, t->r->exchange, 200, &explanation_message(t->m->state, &explanation, &t->arena)->base);
    return NULL;
}

HANDLER(rest_explain) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, explain(&t));
}

static void answer_fits(struct turn *t, const struct want *w, const struct fit *fits, size_t count) {
    const struct state *s = t->m->state;
    const struct agent_row *agent = w->agent ? state_agent(s, w->agent) : NULL;
    Granary__FitList list = GRANARY__FIT_LIST__INIT;
    list.fits = arena_zero(&t->arena, count, sizeof *list.fits);
    for (size_t i = 0; i < count; i++) {
        struct figures f = {0};
        struct reach_want reach = {.pool = fits[i].pool, .class = w->class};
        if (agent) f = figures_of(s, &reach, agent);
        list.fits[list.n_fits++] = fit_message(s, &fits[i], &f, &t->arena);
    }
    list.has_seq = 1;
    list.seq = s->seq;
    rest_answer(t->m, t->out, t->r->exchange, 200, &list.base);
}

static struct err *fits_tell(struct turn *t, const struct draft *d, const struct want *w, size_t most) {
    struct fit *fits = arena_zero(&t->arena, most, sizeof *fits);
    size_t count = broker_fits(d, w, fits, most);
    if (!count) {
        uint8_t rule;
        struct err *e = broker_refuse(d, w, &rule);
        explain_refusal(d, w, e, NULL, &t->answer);
        return e;
    }
    answer_fits(t, w, fits, count);
    return NULL;
}

static struct err *fits(struct turn *t) {
    struct want want;
    uint64_t volume = 0;
    struct page page; // of fits
    TRY(asked_read(t, &want, &volume));
    if (volume)
        return err_new(ERR_INVALID, "fits: a volume that is there has its pool; explain says where it can be used");
    TRY(page_read(t->r, 1, &page));
    TRY(turn_wish_explained(t));
    t->refusal.page = (struct explain_page){.limit = EXPLAIN_REFUSALS};
    struct draft d;
    draft_view(&d, t->m->state, &t->arena, t->at->now);
    struct err *e = fits_tell(t, &d, &want, page.limit);
    draft_done(&d);
    return e;
}

HANDLER(rest_fits) {
    (void)parts;
    struct turn t = turn_begin(m, r, at, out);
    turn_end(&t, fits(&t));
}
