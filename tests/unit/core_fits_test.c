// SPDX-License-Identifier: Apache-2.0
// The search for fits against asking every pool every rule: the same fits in the same order, the same number, the same largest
// size; also in the middle of a command that has taken and given back.
#include "core/pair.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/fits.h"
#include "core_world.h"

enum { POOLS = 12, AGENTS = 6, CLASSES = 4, ROUNDS = 300, MOST = 3 };
static const uint64_t GIB_ = UINT64_C(1) << 30;

static const char *const pool_tags[] = {"", "m=ssd", "m=hdd, c=x", "m=ssd, c=x", "c=y", "m=ssd, c=y, fast"};
static const char *const agent_tags[] = {"", "a=1", "a=2, b", "b, c=x", "a=1, b, c=x", "c=y, fs/ext4", "fs/xfs, a=3"};
static const char *const constraints[] = {NULL, NULL, NULL, "b", "a >= 2", "same(c)"};
static const char *const class_pools[] = {NULL, NULL, "m = ssd", "same(c)", "!c"};
static const char *const class_agents[] = {NULL, NULL, "a", "b"};

// A class that takes what fits, by the scores of the class, decides as if it had no script.
static const char takes_all[] = "function broker(request, pools) return pools.score end";

static const char *any(const char *const *texts, size_t count) {
    return texts[(size_t)rand() % count];
}
#define ANY(texts) any(texts, sizeof(texts) / sizeof *(texts))

static char *numbered(char *name, const char *prefix, int number) {
    snprintf(name, 16, "%s%d", prefix, number);
    return name;
}

static void pool_put(struct world *w) {
    char name[16], store[16], provider[16];
    int number = rand() % POOLS; // what a pool is charged by never changes
    world_pool(w, (struct pool_made){.provider = numbered(provider, "p", rand() % 2),
                                     .name = numbered(name, "pool", number),
                                     .store = numbered(store, "store", number % 4),
                                     .tags = ANY(pool_tags),
                                     .constraint = ANY(constraints),
                                     .preference = rand() % 3 ? NULL : "b",
                                     .weight = 1 + rand() % 9,
                                     .bytes = (uint64_t)(rand() % 8) * GIB_,
                                     .iops = (uint64_t)(rand() % 3) * 500,
                                     .volumes = (uint64_t)(rand() % 4) * 2,
                                     .granularity = rand() % 3 ? 0 : GIB_,
                                     .largest = rand() % 4 ? 0 : 2 * GIB_,
                                     .numerator = 1 + (uint32_t)number % 2,
                                     .denominator = 1});
}

static void class_put(struct world *w) {
    char name[16];
    const struct class_wish pools[] = {{"m = ssd", 10}, {"same(c)", 4}}, agents[] = {{"a", 3}};
    world_class(w, (struct class_document){.name = numbered(name, "c", rand() % CLASSES),
                                           .pool = ANY(class_pools),
                                           .agent = ANY(class_agents),
                                           .prefer_pool = pools,
                                           .prefer_pool_count = (size_t)rand() % 3,
                                           .prefer_agent = agents,
                                           .prefer_agent_count = (size_t)rand() % 2,
                                           .script = rand() % 3 ? NULL : takes_all,
                                           .iops_per_gib = rand() % 3 ? 0 : 100});
}

static void something_happens(struct world *w) {
    char name[16], class[16], path[32];
    switch (rand() % 10) {
    case 0:
        world_agent(w, (struct agent_made){.name = numbered(name, "n", rand() % AGENTS), .tags = ANY(agent_tags)});
        break;
    case 1: class_put(w); break;
    case 2: world_provider_session(w, numbered(name, "p", rand() % 2), (uint64_t)(rand() % 3)); break;
    case 3:
        if (state_agent_named(w->state, numbered(name, "n", rand() % AGENTS)))
            world_agent_state(w, name, rand() % 3 ? AGENT_IS_ACTIVE : AGENT_IS_AWAY, (uint64_t)(1 + rand() % 3));
        break;
    case 4:
    case 5:
    case 6: {
        snprintf(path, sizeof path, "p%d/main/pool%d", rand() % 2, rand() % POOLS);
        numbered(class, "c", rand() % CLASSES);
        const struct pool_row *pool = state_pool_named(w->state, path);
        static int volumes;
        if (pool && state_class_named(w->state, class))
            world_volume(w, numbered(name, "v", volumes++), class, path, GIB_ / 8 * (1 + (uint64_t)rand() % 4));
        break;
    }
    default: pool_put(w); break;
    }
}

static void world_fill(struct world *w) {
    char name[16];
    for (int i = 0; i < 2; i++) world_provider(w, numbered(name, "p", i));
    for (int i = 0; i < 3 * POOLS; i++) pool_put(w);
    for (int i = 0; i < 4 * CLASSES; i++) class_put(w);
    for (int i = 0; i < AGENTS; i++)
        world_agent(w, (struct agent_made){.name = numbered(name, "n", i), .tags = ANY(agent_tags)});
}

// ---- the plain reading of the rules ----

static bool before(const struct fit *a, const struct fit *b) {
    if (a->score != b->score) return a->score > b->score;
    return a->free.n != b->free.n ? a->free.n > b->free.n : a->pool < b->pool;
}

static size_t plain_fits(const struct draft *d, const struct terms *t, struct fit fits[2 * POOLS],
                         uint64_t *ret_largest) {
    size_t count = 0;
    *ret_largest = 0;
    STATE_EACH(POOL, pool_row, pool, d->state) {
        const struct membership *m = standing_membership(index_standing(d->state, pool->id), t->class->id);
        struct verdict v = verdict_of(d, t, pool, false);
        if (!v.rule) {
            struct reach_want reach = terms_reach(t, pool);
            assert_non_null(m);
            int64_t score = shape_key(m->shape)->score + (t->agent ? index_affinity(d->state, &reach, t->agent) : 0);
            struct fit fit = {pool->id, v.charge, score, {v.free.bytes}};
            size_t at = count++;
            for (; at && before(&fit, &fits[at - 1]); at--) fits[at] = fits[at - 1];
            fits[at] = fit;
        }
        if (!pool->facts) continue;
        struct terms largest = *t;
        largest.size.n = terms_largest(d, t, pool);
        if (largest.size.n > *ret_largest && !verdict_of(d, &largest, pool, false).rule) *ret_largest = largest.size.n;
    }
    return count;
}

static void fits_compare(const struct draft *d, const struct terms *t, size_t *seen) {
    struct fit found[MOST], plain[2 * POOLS];
    uint64_t largest;
    size_t fit = plain_fits(d, t, plain, &largest), count = fits_find(d, t, found, MOST);
    assert_int_equal(count, fit < MOST ? fit : MOST);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(found[i].pool, plain[i].pool);
        assert_int_equal(found[i].score, plain[i].score);
        assert_int_equal(found[i].free.n, plain[i].free.n);
    }
    assert_int_equal(fits_count(d, t), fit);
    assert_int_equal(fits_largest(d, t, (struct bytes){0}).n, largest);
    assert_int_equal(fits_largest(d, t, (struct bytes){largest + 1}).n, 0);
    *seen += fit;
}

// Every agent with every pool.
static bool plain_pair(const struct draft *d, const struct terms *asked, struct pair *ret_pair) {
    struct fit fits[2 * POOLS];
    uint64_t largest;
    bool found = false;
    STATE_EACH(AGENT, agent_row, agent, d->state) {
        struct terms t = *asked;
        t.agent = agent;
        if (!plain_fits(d, &t, fits, &largest) || (found && !before(&fits[0], &ret_pair->fit))) continue;
        *ret_pair = (struct pair){fits[0], agent->id};
        found = true;
    }
    return found;
}

static void pair_compare(const struct draft *d, const struct want *want, const struct terms *t) {
    struct pair plain, found;
    bool any = plain_pair(d, t, &plain);
    assert_int_equal(pair_find(d, want, (struct scalars){0}, &found), any);
    if (!any) return;
    assert_int_equal(found.fit.pool, plain.fit.pool);
    assert_int_equal(found.fit.score, plain.fit.score);
    assert_int_equal(found.agent, plain.agent);
}

static void ask(struct world *w, struct draft *d, size_t *seen) {
    char name[16];
    const struct class_row *class = state_class_named(w->state, numbered(name, "c", rand() % CLASSES));
    const struct agent_row *agent = state_agent_named(w->state, numbered(name, "n", rand() % AGENTS));
    if (!class) return;
    struct want want = {.class = class->id, .size = {(1 + (uint64_t)(rand() % 24)) * GIB_ / 8}, .wait = rand() % 2};
    if (rand() % 2 && agent) want.agent = agent->id;
    if (rand() % 4 == 0) want.iops.n = (uint64_t)(rand() % 600);
    if (rand() % 4 == 0) want.raw = true;
    struct terms t;
    struct err *e = terms_of(d, &want, &t);
    if (!e) fits_compare(d, &t, seen);
    // A script chooses the pool before there is an agent.
    if (!e && !want.agent && !class->doc->spec.script) pair_compare(d, &want, &t);
    err_free(e);
}

// Takes from a random pool, or gives a volume back, without asking anybody.
static void draft_changes(struct world *w, struct draft *d) {
    char path[32];
    snprintf(path, sizeof path, "p%d/main/pool%d", rand() % 2, rand() % POOLS);
    const struct pool_row *pool = state_pool_named(w->state, path);
    const struct volume_row *volume = table_next(&w->state->tables[NOUN_VOLUME], 0);
    if (rand() % 3 == 0 && volume && draft_volume(d, volume->id)) {
        draft_remove(d, NOUN_VOLUME, volume->id, EV_volume_gone);
    } else if (pool && pool->facts && draft_pool_free(d, pool).bytes > GIB_ / 8) {
        struct reservation_row *r = draft_add(d, NOUN_RESERVATION, EV_reservation_made);
        r->charge = (struct charge){.pool = pool->id, .bytes = {GIB_ / 8}};
    }
}

static void the_search_finds_what_asking_everybody_finds(void **state) {
    (void)state;
    size_t seen = 0;
    for (unsigned seed = 1; seed <= 8; seed++) {
        srand(seed);
        struct world *w = world_new();
        world_fill(w);
        for (int round = 0; round < ROUNDS; round++) {
            something_happens(w);
            struct draft *d = world_draft(w);
            ask(w, d, &seen);
            for (int i = rand() % 4; i > 0; i--) draft_changes(w, d);
            ask(w, d, &seen);
        }
        world_free(w);
    }
    assert_true(seen > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_search_finds_what_asking_everybody_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
