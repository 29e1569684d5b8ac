// SPDX-License-Identifier: Apache-2.0
// The beginning and the end of a request.
#include "master/turn.h"

struct turn turn_begin(struct master *m, const struct request *r, const struct instant *at, struct outputs *out) {
    return (struct turn){.m = m, .r = r, .at = at, .out = out};
}

void turn_end(struct turn *t, struct err *e) {
    rest_finish(t->m, t->r, e, t->out);
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
