// SPDX-License-Identifier: Apache-2.0
// One request from body to answer: what a handler is given besides the command. For src/master only.
#ifndef MASTER_TURN_H
#define MASTER_TURN_H

#include "core/explain.h"
#include "master/rest.h"

struct turn {
    struct master *m;
    const struct request *r;
    const struct instant *at;
    struct outputs *out;
    struct arena arena;
    struct intake in;
    struct answer answer;
    struct explain_wish refusal;
};

struct turn turn_begin(struct master *m, const struct request *r, const struct instant *at, struct outputs *out);
void turn_end(struct turn *t, struct err *e); // given; an error is answered, with what was told of it
// The page of refusals that the query asks for; `usual` as in page_read.
MUST_USE struct err *turn_page(const struct turn *t, size_t usual, struct explain_page *ret_page);
// A refusal for want of a pool is to be explained, with that page.
MUST_USE struct err *turn_wish_explained(struct turn *t);
// Opens the intake, and names who asks.
struct command turn_command(struct turn *t, enum command_kind kind);
MUST_USE struct err *turn_run(struct turn *t, const struct command *c);

// The body on a scratch registry, which takes the names that only the body has and is thrown away.
typedef struct err *turn_trial(struct turn *t, struct state *scratch, const void *body);
MUST_USE struct err *turn_on_scratch(struct turn *t, const ProtobufCMessageDescriptor *type, turn_trial *run);

#endif
