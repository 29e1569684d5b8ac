// SPDX-License-Identifier: Apache-2.0
// Remembering what was asked.
#include "core/asked.h"

#include <stdlib.h>

#include "core/index.h"
#include "core/script.h"

struct asked_note {
    struct want want;
    uint64_t pool;
    uint8_t error, rule;
};

// ---- the ring ----

void asked_done(struct asked_ring *ring) {
    for (size_t i = 0; ring->at && i < ASKED_KEPT; i++) free((char *)ring->at[i].labels);
    free(ring->at);
    *ring = (struct asked_ring){0};
}

void asked_put(struct asked_ring *ring, const struct asked *asked) {
    must(asked->number);
    if (!ring->at) ring->at = mem_zero(ASKED_KEPT, sizeof *ring->at);
    struct asked *place = &ring->at[asked->number % ASKED_KEPT];
    if (place->number < asked->number) {
        free((char *)place->labels);
        *place = *asked;
        place->labels = mem_text(asked->labels);
    }
    if (ring->last < asked->number) ring->last = asked->number;
}

const struct asked *asked_get(const struct asked_ring *ring, uint64_t number) {
    if (!ring->at || !number) return NULL;
    const struct asked *place = &ring->at[number % ASKED_KEPT];
    return place->number == number ? place : NULL;
}

uint64_t asked_first(const struct asked_ring *ring) {
    uint64_t number = ring->last > ASKED_KEPT ? ring->last - ASKED_KEPT + 1 : 1;
    while (number <= ring->last && !asked_get(ring, number)) number++;
    return number;
}

// ---- asking ----

// Those who wait take a pool whose provider is away only when no other fits.
static bool place(const struct draft *d, const struct want *w, bool wait, struct fit *ret_fit) {
    struct want patient = *w;
    struct fit fit;
    patient.wait = true;
    if (!broker_fits(d, w, &fit, 1) && !(wait && broker_fits(d, &patient, &fit, 1))) return false;
    *ret_fit = fit;
    return true;
}

static struct asked_note *note_add(struct draft *d, const struct want *w, uint64_t pool, const struct err *refused) {
    struct asked_note *note = ARENA_NEW(d->arena, struct asked_note);
    *note = (struct asked_note){*w, refused ? 0 : pool, refused ? (uint8_t)err_kind(refused) : 0, 0};
    vec_push(&d->asked, note);
    return note;
}

void asked_answered(struct draft *d, const struct want *w, uint64_t pool, const struct err *refused) {
    note_add(d, w, pool, refused);
}

struct err *asked_place(struct draft *d, const struct want *w, bool wait, struct fit *ret_fit) {
    uint8_t rule = 0;
    struct script *script = index_script(d->state, w->class);
    script_deciding(script);
    bool placed = place(d, w, wait, ret_fit);
    script_decided(script);
    struct err *e = placed ? NULL : broker_refuse(d, w, &rule);
    struct asked_note *note = note_add(d, w, e ? 0 : ret_fit->pool, e);
    note->want.wait = wait;
    if (e) note->rule = rule;
    return e;
}

static symbol name_of(struct state *s, const char *name) {
    return symbol_make(&s->symbols, name);
}

// {0} when it is the class's: another policy may give the class another one.
static symbol fs_asked(struct state *s, const struct want *w, const struct class_row *class) {
    symbol fs = w->raw && !w->fs.n ? name_of(s, "raw") : w->fs;
    return class && text_equal(state_text(s, fs), class->doc->spec.fs->name) ? (symbol){0} : fs;
}

void asked_take(struct asked_ring *ring, struct state *s, const struct draft *d) {
    AUTO_ARENA struct arena arena = {0};
    VEC_EACH (at, &d->asked) {
        const struct asked_note *n = *at;
        const struct class_row *class = state_class(s, n->want.class);
        const struct agent_row *agent = state_agent(s, n->want.agent);
        const struct pool_row *pool = state_pool(s, n->pool);
        struct asked a = {.number = ring->last + 1, .when = d->now.wall, .size = n->want.size, .iops = n->want.iops};
        a.class = name_of(s, class ? class->name : "");
        a.agent = name_of(s, agent ? agent->name : "");
        a.pool = name_of(s, pool ? pool_path(s, pool, &arena) : "");
        a.role = n->want.role;
        a.framework = n->want.framework;
        a.fs = fs_asked(s, &n->want, class);
        a.error = n->error;
        a.rule = n->rule;
        a.wait = n->want.wait;
        a.labels = n->want.labels;
        asked_put(ring, &a);
    }
}
