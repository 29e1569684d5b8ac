// SPDX-License-Identifier: Apache-2.0
// Asking again.
#include "core/rehearse.h"

#include "core/scratch.h"
#include "core/volume.h"

static const char *const names[] = {
#define X(kind, name) name,
    REHEARSALS(X)
#undef X
};
const char *rehearsal_name(enum rehearsal_kind kind) {
    return names[kind];
}

static const struct now timeless; // so that no sentence has an age

// The request in the words of that registry. An error says what of it is not there.
static struct err *want_again(const struct state *s, const struct asked *a, struct want *ret_want) {
    const struct class_row *class = state_class_named(s, state_text(s, a->class));
    const struct agent_row *agent = a->agent.n ? state_agent_named(s, state_text(s, a->agent)) : NULL;
    if (!class) return err_new(ERR_NOT_FOUND, "there is no class '%s'", state_text(s, a->class));
    if (a->agent.n && !agent) return err_new(ERR_NOT_FOUND, "there is no agent '%s'", state_text(s, a->agent));
    *ret_want = (struct want){.class = class->id,
                              .size = a->size,
                              .iops = a->iops,
                              .role = a->role,
                              .framework = a->framework,
                              .labels = a->labels,
                              .fs = a->fs,
                              .agent = agent ? agent->id : 0};
    return NULL;
}

static bool fit_again(const struct draft *d, const struct asked *a, struct want w, struct fit *ret_fit) {
    if (broker_fits(d, &w, ret_fit, 1)) return true;
    w.wait = a->wait;
    return a->wait && broker_fits(d, &w, ret_fit, 1);
}

// The volume is made, as it would be.
static void fit_consume(struct draft *d, struct state *s, const struct asked *a, const struct want *w,
                        const struct fit *fit) {
    struct volume_plan plan = {.owner = {w->role, w->framework},
                               .name = arena_format(d->arena, "rehearsed-%llu", (unsigned long long)a->number),
                               .class = state_class(s, w->class),
                               .fit = *fit,
                               .asked = w->size,
                               .labels = w->labels};
    plan.fs = a->fs.n ? a->fs : symbol_make(&s->symbols, plan.class->doc->spec.fs->name);
    volume_make(d, &plan);
    for (size_t i = 0; i < draft_event_count(d); i++) {
        struct event e = draft_event(d, i);
        state_apply(s, s->seq, &e);
    }
}

// Where it lands; 0: nowhere. `own` is the registry when it may be taken from, else NULL.
static uint64_t ask_again(const struct state *s, struct state *own, const struct asked *a) {
    AUTO_ARENA struct arena arena = {0};
    struct draft d;
    struct want w;
    struct fit fit = {0};
    AUTO_ERR struct err *e = want_again(s, a, &w);
    if (e) return 0;
    draft_view(&d, s, &arena, timeless);
    bool fits = fit_again(&d, a, w, &fit);
    if (fits && own) fit_consume(&d, own, a, &w, &fit);
    draft_done(&d);
    return fits ? fit.pool : 0;
}

static const char *why_not(const struct state *s, const struct asked *a, struct arena *arena) {
    struct draft d;
    struct want w;
    struct fit fit;
    AUTO_ERR struct err *e = want_again(s, a, &w);
    if (e) return arena_text(arena, err_text(e));
    draft_view(&d, s, arena, timeless);
    e = broker_place(&d, &w, &fit);
    draft_done(&d);
    return e ? arena_text(arena, err_text(e)) : "";
}

static enum rehearsal_kind compare(uint64_t before, uint64_t after) {
    if (before == after) return before ? REHEARSAL_SAME : REHEARSAL_REFUSED;
    return !after ? REHEARSAL_FAILS : !before ? REHEARSAL_PLACES : REHEARSAL_ELSEWHERE;
}

static uint64_t *ask_all(const struct state *s, struct state *own, const struct asked_ring *ring, struct arena *arena) {
    uint64_t first = asked_first(ring), *pools = arena_zero(arena, ring->last - first + 2, sizeof *pools);
    for (uint64_t number = first; number <= ring->last; number++) {
        const struct asked *a = asked_get(ring, number);
        if (a) pools[number - first] = ask_again(s, own, a);
    }
    return pools;
}

// What is on now: of a registry of its own when requests consume.
static uint64_t *ask_now(const struct state *s, const struct asked_ring *ring, bool consume, struct arena *arena) {
    struct state *own = consume ? scratch_new(s) : NULL;
    uint64_t *pools = ask_all(own ? own : s, own, ring, arena);
    state_free(own);
    return pools;
}

struct rehearsal rehearse(const struct state *s, struct state *scratch, const struct asked_ring *ring,
                          struct policy_shared *doc, bool consume, struct arena *arena) {
    struct rehearsal r = {0};
    const struct command put = {.kind = CMD_policy_apply, .policy_apply = {.doc = doc}};
    AUTO_ERR struct err *cannot = scratch_try(scratch, timeless, &put);
    if (cannot) {
        r.refused = arena_text(arena, err_text(cannot));
        return r;
    }
    struct rehearsed *rows = arena_zero(arena, REHEARSED_MOST, sizeof *rows);
    const uint64_t *before = ask_now(s, ring, consume, arena);
    uint64_t first = asked_first(ring);
    for (uint64_t number = first; number <= ring->last; number++) {
        const struct asked *a = asked_get(ring, number);
        if (!a) continue;
        uint64_t was = before[number - first], is = ask_again(scratch, consume ? scratch : NULL, a);
        enum rehearsal_kind kind = compare(was, is);
        r.counts[kind]++;
        if (kind == REHEARSAL_SAME || kind == REHEARSAL_REFUSED || r.count == REHEARSED_MOST) continue;
        rows[r.count++] = (struct rehearsed){a, kind, was, is, is ? NULL : why_not(scratch, a, arena)};
    }
    r.rows = rows;
    return r;
}
