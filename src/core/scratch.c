// SPDX-License-Identifier: Apache-2.0
// Copying a registry row by row through apply, and deciding on the copy.
#include "core/scratch.h"

#include <string.h>

// Apply asks a row that is put for its noun alone: any kind of event of that noun will do.
static enum event_kind kind_of(enum noun noun) {
    enum event_kind kind;
    for (uint32_t number = 1;; number++)
        if (event_kind_parse(number, &kind) && event_noun(kind) == noun) return kind;
}

static void rows_copy(const struct state *from, enum noun noun, struct state *to) {
    struct event e = {.kind = kind_of(noun), .noun = noun};
    TABLE_EACH(const struct provider_row, row, &from->tables[noun]) { // any row begins with its id
        e.row = row;
        state_apply(to, from->seq, &e);
    }
}

struct state *scratch_new(const struct state *s) {
    struct state *scratch = state_new(s->cluster.id, s->cluster.generation, s->timing);
    scratch->symbols = symbols_copy(&s->symbols);
    scratch->domains = domains_copy(&s->domains);
    for (enum noun noun = 0; noun < NOUN_COUNT; noun++)
        if (noun != NOUN_OFFER) rows_copy(s, noun, scratch);
    scratch->last_id = s->last_id;
    scratch->seq = s->seq;
    return scratch;
}

struct err *scratch_do(struct state *scratch, struct now now, const struct command *c, struct answer *ret_answer) {
    AUTO_ARENA struct arena arena = {0};
    struct draft d;
    unsigned char entropy[16] = {0};
    memcpy(entropy, &scratch->last_id, sizeof scratch->last_id);
    draft_init(&d, scratch, &arena, now, c->principal, entropy);
    struct err *e = core_decide(&d, c, ret_answer);
    for (size_t i = 0; !e && i < draft_event_count(&d); i++) {
        struct event event = draft_event(&d, i);
        state_apply(scratch, scratch->seq, &event);
    }
    draft_done(&d);
    return e;
}

struct err *scratch_try(struct state *scratch, struct now now, const struct command *c) {
    struct answer answer = {0};
    struct err *e = scratch_do(scratch, now, c, &answer);
    answer_done(&answer);
    return e;
}
