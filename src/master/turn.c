// SPDX-License-Identifier: Apache-2.0
// The beginning and the end of a request.
#include "master/turn.h"

#include "core/scratch.h"
#include "wire/explain.h"

struct turn turn_begin(struct master *m, const struct request *r, const struct instant *at, struct outputs *out) {
    return (struct turn){.m = m, .r = r, .at = at, .out = out};
}

static void answer_error(struct turn *t, const struct err *e) {
    const struct explanation *told = t->refusal.told;
    rest_error(t->m, t->out, t->r->exchange, e, told ? explanation_message(t->m->state, told, &t->arena) : NULL);
}

struct err *turn_page(const struct turn *t, size_t usual, struct explain_page *ret_page) {
    struct page page;
    TRY(page_read(t->r, usual, &page));
    *ret_page =
        (struct explain_page){page.after < UINT32_MAX ? (uint32_t)page.after : UINT32_MAX, (uint32_t)page.limit, true};
    return NULL;
}

struct err *turn_wish_explained(struct turn *t) {
    TRY(turn_page(t, EXPLAIN_REFUSALS, &t->refusal.page));
    t->refusal.arena = &t->arena;
    t->answer.refusal = &t->refusal;
    return NULL;
}

void turn_end(struct turn *t, struct err *e) {
    if (e) answer_error(t, e);
    err_free(e);
    answer_done(&t->answer);
    intake_done(&t->in);
    arena_done(&t->arena);
}

struct command turn_command(struct turn *t, enum command_kind kind) {
    t->in = rest_intake(t->m, &t->arena, t->at);
    return master_command(kind, t->at, master_symbol(t->m, t->r->principal));
}

struct err *turn_run(struct turn *t, const struct command *c) {
    return master_run(t->m, c, t->at, t->out, &t->answer);
}

struct err *turn_on_scratch(struct turn *t, const ProtobufCMessageDescriptor *type, turn_trial *run) {
    void *body;
    TRY(rest_body(t->r, type, &t->arena, &body));
    struct state *scratch = scratch_new(t->m->state);
    t->in = rest_intake(t->m, &t->arena, t->at);
    t->in.symbols = &scratch->symbols;
    struct err *e = run(t, scratch, body);
    intake_done(&t->in);
    state_free(scratch);
    return e;
}
