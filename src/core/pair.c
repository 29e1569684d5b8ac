// SPDX-License-Identifier: Apache-2.0
// Shapes are tried from the best that they could give down; in each the best agent, then the best pool for it.
#include "core/pair.h"

#include <stdlib.h>

#include "core/agent_reservation.h"
#include "core/attach_room.h"
#include "core/fits.h"

struct lead { // a shape, and more than which it cannot give
    const struct shape_entry *entry;
    int64_t score;
    uint64_t bytes;
};

static int lead_compare(const void *a, const void *b) {
    const struct lead *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes > y->bytes ? -1 : 1;
    return x->entry->pool < y->entry->pool ? -1 : 1;
}

static bool lead_may_win(const struct lead *l, const struct pair *best) {
    if (!best->agent) return true;
    if (l->score != best->fit.score) return l->score > best->fit.score;
    return l->bytes >= best->fit.free.n;
}

static bool pair_before(const struct pair *a, const struct pair *b) {
    if (!b->agent) return true;
    if (a->fit.score != b->fit.score) return a->fit.score > b->fit.score;
    if (a->fit.free.n != b->fit.free.n) return a->fit.free.n > b->fit.free.n;
    return a->fit.pool != b->fit.pool ? a->fit.pool < b->fit.pool : a->agent < b->agent;
}

// ---- the best agent of a shape ----

static bool agent_can(const struct draft *d, const struct terms *t, uint64_t pool, uint64_t id, struct scalars need) {
    const struct agent_row *agent = draft_agent(d, id);
    if (!agent || !agent->facts) return false;
    struct scalars free = agent_free_for(d->state, agent, (symbol){0}, true);
    return scalars_within(&need, &free) && attach_room_for(d, agent, pool, t->class->doc->spec.bandwidth);
}

// 0: none has so much free.
static uint64_t shape_agent(const struct draft *d, const struct terms *t, const struct shape_entry *entry,
                            struct scalars need) {
    struct reach_view view = shape_view(d->state, entry->shape, t->fs_place);
    uint64_t best = 0;
    int64_t liked = 0;
    for (size_t i = 0; i < reach_view_words(&view); i++)
        for (uint64_t word = reach_view_word(&view, i); word; word &= word - 1) {
            uint32_t n = (uint32_t)i * 64 + (uint32_t)__builtin_ctzll(word);
            int64_t mine = reach_view_affinity(&view, n);
            if (best && mine < liked) continue;
            uint64_t id = index_agent_at(d->state, n);
            if (best && mine == liked && id > best) continue;
            if (!agent_can(d, t, entry->pool, id, need)) continue;
            best = id;
            liked = mine;
        }
    return best;
}

// ---- the pair ----

static size_t leads_of(const struct draft *d, const struct terms *t, struct lead **ret_leads) {
    struct shapes shapes = index_shapes(d->state, t->class->id);
    struct lead *leads = mem_zero(shapes.count + 1, sizeof *leads);
    int64_t common = shapes.common ? reach_most(shapes.common) : 0;
    for (size_t i = 0; i < shapes.count; i++) {
        const struct shape_entry *entry = &shapes.at[i];
        // What the command itself gives back may make more of a pool than the state knows.
        uint64_t bytes = d->touched.count ? UINT64_MAX : shapes.bounds[i].bytes;
        leads[i] = (struct lead){entry, shapes.bounds[i].score + common, bytes};
    }
    qsort(leads, shapes.count, sizeof *leads, lead_compare);
    *ret_leads = leads;
    return shapes.count;
}

static void pair_try(const struct draft *d, const struct terms *asked, const struct shape_entry *entry,
                     struct scalars need, struct pair *best) {
    struct terms t = *asked;
    struct pair mine = {.agent = shape_agent(d, asked, entry, need)};
    t.agent = mine.agent ? draft_agent(d, mine.agent) : NULL;
    if (t.agent && fits_of_shape(d, &t, entry->shape, &mine.fit) && pair_before(&mine, best)) *best = mine;
}

// The script says which pool is best; of the agents that may use it, the one that is liked most is taken.
static bool pair_by_script(const struct draft *d, const struct terms *t, struct scalars need, struct pair *ret_pair) {
    AUTO_ARENA struct arena arena = {0};
    size_t members = index_members(d->state, t->class->id).count;
    struct fit *fits = arena_zero(&arena, members + 1, sizeof *fits);
    size_t count = fits_find(d, t, fits, members);
    for (size_t i = 0; i < count; i++) {
        const struct standing *pool = index_standing(d->state, fits[i].pool);
        struct shape_entry entry = {.pool = fits[i].pool, .shape = standing_membership(pool, t->class->id)->shape};
        uint64_t agent = shape_agent(d, t, &entry, need);
        if (!agent) continue;
        *ret_pair = (struct pair){.fit = fits[i], .agent = agent};
        return true;
    }
    return false;
}

static bool pair_by_shapes(const struct draft *d, const struct terms *t, struct scalars need, struct pair *ret_pair) {
    struct lead *leads;
    struct pair best = {0};
    size_t count = leads_of(d, t, &leads);
    for (size_t i = 0; i < count && lead_may_win(&leads[i], &best); i++) pair_try(d, t, leads[i].entry, need, &best);
    free(leads);
    *ret_pair = best;
    return best.agent;
}

bool pair_find(const struct draft *d, const struct want *w, struct scalars need, struct pair *ret_pair) {
    struct terms t;
    struct pair best;
    AUTO_ERR struct err *e = terms_of(d, w, &t);
    if (e) return false;
    bool scripted = t.class->doc->spec.script;
    if (!(scripted ? pair_by_script(d, &t, need, &best) : pair_by_shapes(d, &t, need, &best))) return false;
    *ret_pair = best;
    return true;
}
