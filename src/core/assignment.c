// SPDX-License-Identifier: Apache-2.0
// Backtracking over a draft: volumes largest first, agents best first, classes narrowed from all to the best that go together.
#include "core/assignment.h"

#include <stdlib.h>

#include "core/agent_reservation.h"
#include "core/attach_room.h"
#include "core/explain.h"
#include "core/index.h"
#include "core/pair.h"
#include "core/script.h"

struct found { // what was found
    uint64_t agent;
    uint8_t class[ASSIGNMENT_VOLUMES_MOST];
    struct fit fits[ASSIGNMENT_VOLUMES_MOST];
};

struct search {
    struct draft *d;
    const struct assignment_want *w;
    uint8_t order[ASSIGNMENT_VOLUMES_MOST];                                // largest first
    uint8_t first[ASSIGNMENT_VOLUMES_MOST], last[ASSIGNMENT_VOLUMES_MOST]; // of its wants: which may be taken
    uint64_t *agents; // that are here and have what is needed, best first
    size_t agent_count;
    const struct agent_row *agent; // at hand; NULL: any
    struct attach_room room;
    size_t steps, limit; // limit: of this run
    struct found now;
    // the volume that got furthest and failed
    size_t depth; // + 1; 0: none failed
    struct err *why;
    struct failed {
        const struct agent_row *agent;
        struct attach_room room;
        struct found before; // of the volumes placed before it
        size_t class;        // the best that was tried
    } failed;
};

// ---- one agent ----

static struct volume_row *volume_of(struct draft *d, const struct wish *wish, size_t class, const struct fit *fit) {
    struct volume_plan plan = wish->plan;
    plan.class = draft_class(d, wish->wants[class].class);
    plan.fs = wish->wants[class].fs;
    plan.fit = *fit;
    return volume_make(d, &plan);
}

static struct want want_here(const struct search *x, size_t volume, size_t class) {
    struct want want = x->w->wishes[volume].wants[class];
    want.agent = x->agent ? x->agent->id : 0;
    want.room = x->agent ? &x->room : NULL;
    return want;
}

// Keeps why the volume has no place, when no volume got as far before.
static void search_failed(struct search *x, size_t depth, size_t volume) {
    if (depth < x->depth) return;
    AUTO_TEXT struct text text = {0};
    const struct wish *wish = &x->w->wishes[volume];
    enum err_kind kind = ERR_NO_FIT;
    for (size_t class = x->first[volume]; class <= x->last[volume]; class ++) {
        struct want want = want_here(x, volume, class);
        struct fit fit;
        AUTO_ERR struct err *e = broker_place(x->d, &want, &fit);
        if (!e) return;
        kind = err_kind(e);
        text_addf(&text, "%s%s", text.size ? "; or " : "", err_text(e));
    }
    err_free(x->why);
    x->depth = depth + 1;
    x->failed = (struct failed){x->agent, x->room, x->now, x->first[volume]};
    x->why = err_new(kind, "volume '%s': %s", wish->plan.name, text_string(&text));
}

static bool search_place(struct search *x, size_t depth);

static bool search_try(struct search *x, size_t depth, size_t volume, size_t class, const struct fit *fit) {
    struct draft_mark mark = draft_mark(x->d);
    struct attach_room room = x->room;
    x->steps++;
    const struct volume_row *v = volume_of(x->d, &x->w->wishes[volume], class, fit);
    if (x->agent) attach_room_take(&x->room, x->d->state, v->charge.pool, v->charge.bandwidth);
    x->now.class[volume] = (uint8_t) class;
    x->now.fits[volume] = *fit;
    bool found = search_place(x, depth + 1);
    draft_undo(x->d, mark);
    x->room = room;
    return found;
}

// Tries the pools of one class, best first. Mostly the best will do, so more are asked for only when it did not.
static bool search_class(struct search *x, size_t depth, size_t volume, size_t class, bool *ret_any) {
    struct want want = want_here(x, volume, class);
    size_t pools = table_count(&x->d->state->tables[NOUN_POOL]), tried = 0;
    for (size_t most = 1;; most = most * 8 < pools ? most * 8 : pools) {
        if (x->steps++ >= x->limit) return false;
        struct fit *fits = arena_zero(x->d->arena, most, sizeof *fits);
        size_t count = broker_fits(x->d, &want, fits, most);
        *ret_any |= count > 0;
        for (; tried < count; tried++)
            if (search_try(x, depth, volume, class, &fits[tried])) return true;
        if (count < most || most >= pools) return false;
    }
}

static bool search_place(struct search *x, size_t depth) {
    if (depth == x->w->count) return true;
    size_t volume = x->order[depth];
    bool any = false;
    for (size_t class = x->first[volume]; class <= x->last[volume]; class ++)
        if (search_class(x, depth, volume, class, &any)) return true;
    if (!any && x->steps < x->limit) search_failed(x, depth, volume);
    return false;
}

// ---- the agents ----

static bool search_on(struct search *x, uint64_t agent) {
    x->agent = agent ? draft_agent(x->d, agent) : NULL;
    if (x->agent) x->room = attach_room(x->d, x->agent);
    x->now.agent = agent;
    return search_place(x, 0);
}

struct ranked { // an agent beside the pools that would do without one
    uint64_t id;
    size_t reached;
    int64_t score;
};

static int ranked_compare(const void *left, const void *right) {
    const struct ranked *a = left, *b = right;
    if (a->reached != b->reached) return a->reached > b->reached ? -1 : 1;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static struct ranked agent_rank(const struct search *x, uint64_t id) {
    struct ranked r = {.id = id};
    const struct agent_row *agent = draft_agent(x->d, id);
    for (size_t i = 0; i < x->w->count; i++) {
        struct reach_want reach = {.pool = x->now.fits[i].pool, .class = x->w->wishes[i].wants[x->now.class[i]].class};
        if (!index_agent_fits(x->d->state, &reach, agent)) continue;
        r.reached++;
        r.score += index_affinity(x->d->state, &reach, agent);
    }
    return r;
}

// By the pools that were found without asking for an agent.
static void agents_order(struct search *x) {
    struct ranked *ranked = arena_zero(x->d->arena, x->agent_count + 1, sizeof *ranked);
    for (size_t i = 0; i < x->agent_count; i++) ranked[i] = agent_rank(x, x->agents[i]);
    if (x->agent_count) qsort(ranked, x->agent_count, sizeof *ranked, ranked_compare);
    for (size_t i = 0; i < x->agent_count; i++) x->agents[i] = ranked[i].id;
}

// With the classes that may be taken now. What no agent at all could change is found first. While other classes may do, a
// run has half of the steps that are left.
static bool search_run(struct search *x, bool others) {
    err_free(mem_take(x->why));
    x->depth = 0;
    x->limit = others ? x->steps + (ASSIGNMENT_STEPS_MOST - x->steps) / 2 : ASSIGNMENT_STEPS_MOST;
    if (!search_on(x, 0)) return false;
    agents_order(x);
    for (size_t i = 0; i < x->agent_count && x->steps < x->limit; i++)
        if (search_on(x, x->agents[i])) return true;
    return false;
}

// ---- which agents ----

static const char *scalars_say(struct arena *arena, struct scalars s) {
    char mem[QUANTITY_TEXT];
    bytes_text((struct bytes){(uint64_t)s.mem.n / 1000 * MIB}, mem);
    return arena_format(arena, "%g cpus and %s", milli_to_double(s.cpus), mem);
}

static struct scalars agent_room(const struct search *x, const struct agent_row *agent) {
    return agent_free_for(x->d->state, agent, (symbol){0}, true);
}

static struct err *agents_none(struct search *x, const struct agent_row *nearest) {
    const struct agent_row *only = x->w->agent ? draft_agent(x->d, x->w->agent) : NULL;
    if (only && !index_agent_live(x->d->state, only))
        return err_new(ERR_UNAVAILABLE, "agent '%s' is not connected and active", only->name);
    if (!nearest) return err_new(ERR_UNAVAILABLE, "no agent is connected and active");
    return err_new(ERR_NO_FIT, "no agent has %s beside its tasks and reservations: agent '%s' has %s",
                   scalars_say(x->d->arena, x->w->need), nearest->name,
                   scalars_say(x->d->arena, agent_room(x, nearest)));
}

static struct err *agents_find(struct search *x) {
    const struct agent_row *nearest = NULL;
    int64_t most = -1;
    x->agents = arena_zero(x->d->arena, table_count(&x->d->state->tables[NOUN_AGENT]) + 1, sizeof *x->agents);
    STATE_EACH(AGENT, agent_row, agent, x->d->state) {
        if ((x->w->agent && x->w->agent != agent->id) || !index_agent_live(x->d->state, agent)) continue;
        struct scalars room = agent_room(x, agent);
        if (scalars_within(&x->w->need, &room)) x->agents[x->agent_count++] = agent->id;
        if (room.cpus.n <= most) continue;
        most = room.cpus.n;
        nearest = agent;
    }
    return x->agent_count ? NULL : agents_none(x, nearest);
}

// ---- the classes ----

// Every class of each wish, or the best alone. Whether there are others than the best.
static bool classes_all(struct search *x, bool best_only) {
    bool others = false;
    for (size_t i = 0; i < x->w->count; i++) {
        x->first[i] = 0;
        x->last[i] = best_only ? 0 : (uint8_t)(x->w->wishes[i].want_count - 1);
        others |= x->w->wishes[i].want_count > 1;
    }
    return others;
}

// `tried`: the latest run was of that class.
static const char *passed_over(struct search *x, size_t volume, size_t class, bool tried) {
    const struct class_row *row = draft_class(x->d, x->w->wishes[volume].wants[class].class);
    const char *ended = !tried                 ? "the search ended before it was tried"
                        : x->steps >= x->limit ? "the search ended before its end"
                                               : "";
    const char *why = tried && x->why ? err_text(x->why) : "";
    return arena_format(x->d->arena, "class '%s' was passed over: %s%s%s", row ? row->name : "?", ended,
                        *ended && *why ? ": " : "", why);
}

// Volume by volume: the best class with which the whole still goes.
static void classes_narrow(struct search *x, struct found *best, struct assignment *a) {
    for (size_t i = 0; i < x->w->count; i++) {
        for (uint8_t class = 0; class < best->class[i]; class ++) {
            x->first[i] = x->last[i] = class;
            bool tried = x->steps < ASSIGNMENT_STEPS_MOST;
            if (tried && search_run(x, true)) {
                *best = x->now;
                break;
            }
            if (!a->instead_of[i]) a->instead_of[i] = passed_over(x, i, class, tried);
        }
        x->first[i] = x->last[i] = best->class[i];
    }
}

// Beside other things on an agent, a volume is not told to go to another one alone: `room` says that there are others.
static void search_explain(struct search *x, struct answer *ret_answer) {
    const struct failed *f = &x->failed;
    if (!x->depth) return;
    struct draft_mark mark = draft_mark(x->d);
    for (size_t i = 0; i + 1 < x->depth; i++) {
        size_t before = x->order[i], class = f->before.class[before];
        volume_of(x->d, &x->w->wishes[before], class, &f->before.fits[before]);
    }
    size_t volume = x->order[x->depth - 1];
    x->agent = f->agent;
    x->room = f->room;
    struct want want = want_here(x, volume, f->class);
    if (x->w->agent && x->w->count == 1 && scalars_none(&x->w->need)) want.room = NULL;
    explain_refusal(x->d, &want, NULL, x->w->count > 1 ? x->w->wishes[volume].plan.name : NULL, ret_answer);
    draft_undo(x->d, mark);
}

static struct err *search_refuse(struct search *x) {
    if (x->steps >= x->limit)
        return err_new(
            ERR_NO_FIT,
            "the search ended after %d steps without a place for all %zu volumes; fewer volumes, or an agent "
            "by name, may fit%s%s",
            (int)x->limit, x->w->count, x->why ? ": " : "", x->why ? err_text(x->why) : "");
    must(x->why);
    return mem_take(x->why);
}

static int by_size(const void *left, const void *right, void *wishes) {
    const uint8_t *a = left, *b = right;
    const struct wish *w = wishes;
    uint64_t x = w[*a].plan.asked.n, y = w[*b].plan.asked.n;
    if (x != y) return x > y ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

// One volume alone mostly gets its best class without a search.
static bool pair_alone(const struct search *x, struct assignment *a) {
    struct pair pair;
    if (x->w->count > 1 || x->w->agent) return false;
    if (!pair_find(x->d, &x->w->wishes[0].wants[0], x->w->need, &pair)) return false;
    a->agent = pair.agent;
    a->fits[0] = pair.fit;
    return true;
}

static struct err *search_all(struct search *x, struct assignment *a) {
    if (pair_alone(x, a)) return NULL;
    TRY(agents_find(x));
    bool others = classes_all(x, true);
    bool found = search_run(x, others);
    if (!found && others) classes_all(x, false);
    if (!found && (!others || !search_run(x, true))) return search_refuse(x);
    struct found best = x->now;
    if (!found) classes_narrow(x, &best, a);
    a->agent = best.agent;
    memcpy(a->class, best.class, sizeof a->class);
    memcpy(a->fits, best.fits, sizeof a->fits);
    return NULL;
}

// The scripts of all classes asked for decide together.
static void scripts_each(const struct draft *d, const struct assignment_want *w, void (*each)(struct script *s)) {
    for (size_t i = 0; i < w->count; i++)
        for (size_t class = 0; class < w->wishes[i].want_count; class ++)
            each(index_script(d->state, w->wishes[i].wants[class].class));
}

struct err *assignment_find(struct draft *d, const struct assignment_want *w, struct assignment *ret_assignment,
                            struct answer *ret_answer) {
    must(w->count && w->count <= ASSIGNMENT_VOLUMES_MOST);
    struct search *x = ARENA_NEW(d->arena, struct search);
    struct assignment a = {0};
    x->d = d;
    x->w = w;
    for (size_t i = 0; i < w->count; i++) x->order[i] = (uint8_t)i;
    qsort_r(x->order, w->count, sizeof *x->order, by_size, (void *)(uintptr_t)w->wishes);
    scripts_each(d, w, script_deciding);
    struct err *e = search_all(x, &a);
    scripts_each(d, w, script_decided);
    if (e) search_explain(x, ret_answer);
    err_free(x->why);
    if (!e) *ret_assignment = a;
    return e;
}

struct volume_row *assignment_make(struct draft *d, const struct assignment_want *w, const struct assignment *a,
                                   size_t i) {
    return volume_of(d, &w->wishes[i], a->class[i], &a -> fits[i]);
}
