// SPDX-License-Identifier: Apache-2.0
// Availability and affinity: what a class demands, what consumers see, and that the index says what each pair says.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/explain.h"
#include "core/figure.h"
#include "core_world.h"

static int setup(void **state) {
    struct world *w = world_new();
    world_domain(w, "power", "99.9");
    world_domain(w, "topology/rack", "99.95");
    world_provider(w, "file");
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static void agent(struct world *w, const char *name, const char *tags) {
    world_agent(w, (struct agent_made){.name = name, .tags = tags});
}

static void pool(struct world *w, const char *name, const char *tags) {
    world_pool(w, (struct pool_made){.provider = "file", .name = name, .tags = tags, .bytes = TIB});
}

static struct want gold(struct world *w) {
    return (struct want){.class = world_class_id(w, "gold"), .size = {GIB}};
}

static const char *placed(struct world *w, struct want request) {
    struct fit fit;
    expect_ok(broker_place(world_draft(w), &request, &fit));
    return state_pool(w->state, fit.pool)->name;
}

static const char *percent(struct world *w, struct availability a) {
    char text[AVAILABILITY_TEXT];
    return arena_text(&w->arena, availability_text(a, text));
}

// ---- what a class demands ----

static void a_class_takes_pools_that_are_available_enough_with_some_agent(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a, topology/rack=r1");
    pool(w, "far", "power=b, topology/rack=r2"); // 0.999^2 * 0.9995^2
    world_class(w, (struct class_document){.name = "gold", .availability = 99.8});
    struct fit fit;
    struct want request = gold(w);
    expect_err(broker_place(world_draft(w), &request, &fit), ERR_NO_FIT,
               "file/main/far, agent 'n1': asked availability 99.8 or more, found 99.70032485 of power=a 99.9, power=b "
               "99.9, topology/rack=r1 99.95, topology/rack=r2 99.95 (failure domains, configured)");
    pool(w, "near", "power=a, topology/rack=r1"); // 0.999 * 0.9995
    assert_string_equal(placed(w, request), "near");
    agent(w, "n2", "power=b, topology/rack=r2");
    assert_string_equal(placed(w, (request.agent = world_agent_id(w, "n2"), request)), "far");
}

static void dual_feeds_are_worth_what_they_are_worth(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a, power=b");
    pool(w, "one", "power=a");
    pool(w, "two", "power=a, power=b");
    world_class(w, (struct class_document){.name = "gold", .availability = 99.9999});
    assert_string_equal(placed(w, gold(w)), "two");
    pool(w, "two", "power=a"); // a feed is gone
    struct fit fit;
    struct want request = gold(w);
    expect_err(broker_place(world_draft(w), &request, &fit), ERR_NO_FIT, "found 99.9 of power=a 99.9 or power=b 99.9");
}

static void an_agent_that_loses_its_feed_loses_the_class(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a, power=b");
    pool(w, "p", "power=a, power=b");
    world_class(w, (struct class_document){.name = "gold", .availability = 99.95});
    uint64_t volume = world_volume(w, "v", "gold", "file/main/p", GIB), n1 = world_agent_id(w, "n1");
    assert_true(broker_agent_can_use(world_draft(w), n1, state_volume(w->state, volume)));
    agent(w, "n1", "power=a");
    assert_false(broker_agent_can_use(world_draft(w), n1, state_volume(w->state, volume)));
    expect_err(broker_agent_check(world_draft(w), n1, state_volume(w->state, volume)), ERR_NO_FIT,
               "asked availability 99.95 or more, found 99.9 of power=a 99.9");
    struct explanation e;
    expect_ok(explain_volume(world_draft(w), volume, (struct explain_page){.limit = 10}, &w->arena, &e));
    assert_string_equal(e.funnel[1].text, "are available enough with the pool");
}

static struct explanation explained(struct world *w, struct want request) {
    struct explanation e;
    expect_ok(explain_want(world_draft(w), &request, (struct explain_page){.limit = 10}, &w->arena, &e));
    return e;
}

static const struct suggestion *availability_suggested(const struct explanation *e) {
    for (size_t i = 0; i < e->suggestion_count; i++)
        if (strstr(e->suggestions[i].change, "with availability")) return &e->suggestions[i];
    return NULL;
}

static void the_suggested_availability_places(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a, topology/rack=r1");
    agent(w, "n2", "power=b, topology/rack=r1");
    pool(w, "p1", "power=b, topology/rack=r2");
    pool(w, "p2", "power=c, topology/rack=r2");
    pool(w, "p3", "power=d, power=b, topology/rack=r1");
    world_class(w, (struct class_document){.name = "gold", .availability = 99.99});
    struct explanation e = explained(w, gold(w));
    assert_string_equal(e.funnel[e.funnel_count - 1].text, "have one with which they are available enough");
    const struct suggestion *s = availability_suggested(&e);
    assert_non_null(s);
    assert_string_equal(s->change, "class 'gold' with availability 99.85005 or less");
    assert_int_equal(s->pools, 1); // p3 with n2
    world_class(w, (struct class_document){.name = "gold", .availability = 99.85005});
    assert_string_equal(placed(w, gold(w)), "p3");
    world_class(w, (struct class_document){.name = "gold", .availability = 99.8500500001});
    struct fit fit;
    struct want request = gold(w);
    expect_err(broker_place(world_draft(w), &request, &fit), ERR_NO_FIT, "no pool fits");
}

// Pools of ever so many feeds are ever so many kinds, and none is left out of the count.
static void the_suggested_availability_counts_pools_of_every_kind(void **state) {
    enum { FEEDS = 100 };
    struct world *w = *state;
    agent(w, "n1", "power=a");
    for (int i = 0; i < FEEDS; i++)
        pool(w, arena_format(&w->arena, "p%d", i), arena_format(&w->arena, "power=feed-%d", i));
    world_class(w, (struct class_document){.name = "gold", .availability = 99.99});
    struct explanation e = explained(w, gold(w));
    const struct suggestion *s = availability_suggested(&e);
    assert_non_null(s);
    assert_string_equal(s->change, "class 'gold' with availability 99.8001 or less");
    assert_int_equal(s->pools, FEEDS);
}

// Of ever so many agents some are looked at, the same number for each kind; what they would give is said, and it places.
static void the_suggested_availability_is_of_agents_that_were_looked_at(void **state) {
    enum { AGENTS = 6000 };
    struct world *w = *state;
    for (int i = 0; i < AGENTS; i++) agent(w, arena_format(&w->arena, "n%d", i), "power=b");
    agent(w, "last", "power=a");
    pool(w, "p1", "power=a");
    world_class(w, (struct class_document){.name = "gold", .availability = 99.99});
    struct explanation e = explained(w, gold(w));
    assert_non_null(availability_suggested(&e));
    assert_string_equal(availability_suggested(&e)->change, "class 'gold' with availability 99.9 or less");
    pool(w, "p2", "power=c"); // another kind: for each, half as many
    e = explained(w, gold(w));
    assert_non_null(availability_suggested(&e));
    assert_string_equal(availability_suggested(&e)->change, "class 'gold' with availability 99.8001 or less");
    assert_int_equal(availability_suggested(&e)->pools, 2);
    world_class(w, (struct class_document){.name = "gold", .availability = 99.8001});
    e = explained(w, gold(w));
    assert_true(e.places && e.fit_count == 2);
}

// A pool that formats by itself asks no agent for mkfs: beside one that does, it is of another kind.
static void a_pool_that_formats_by_itself_is_a_kind_of_its_own(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a, fs/xfs");
    pool(w, "block", "power=b");
    world_pool(w, (struct pool_made){.provider = "file",
                                     .name = "directory",
                                     .tags = "power=b",
                                     .bytes = TIB,
                                     .capabilities = 1u << CAN_CARVE | 1u << IS_DIRECTORY});
    world_class(w, (struct class_document){.name = "gold", .availability = 99.99});
    struct explanation e = explained(w, gold(w));
    const struct suggestion *s = availability_suggested(&e);
    assert_non_null(s);
    assert_int_equal(s->pools, 1);
}

static void a_demand_is_a_part_of_the_class(void **state) {
    (void)state;
    struct symbols symbols = {0};
    struct class_spec a = {0}, b = {0};
    expect_ok(class_spec_make(&symbols, &(struct class_document){.name = "gold", .availability = 99.9}, &a));
    expect_ok(class_spec_make(&symbols, &(struct class_document){.name = "gold"}, &b));
    assert_false(class_spec_equal(&a, &b));
    class_spec_done(&a);
    class_spec_done(&b);
    expect_err(class_spec_make(&symbols, &(struct class_document){.name = "gold", .availability = 101}, &a),
               ERR_INVALID, "class 'gold': availability '101': give percent above 0 and at most 100");
    expect_err(class_spec_make(&symbols, &(struct class_document){.name = "gold", .availability = -1}, &a), ERR_INVALID,
               "availability '-1'");
    symbols_done(&symbols);
}

// ---- what consumers see ----

static void affinity_says_how_much_of_the_preferences_holds(void **state) {
    struct world *w = *state;
    const struct class_wish near[] = {{"same(topology/rack)", 30}, {"gpu", 10}, {"old", -10}};
    agent(w, "n1", "topology/rack=r1, gpu");
    agent(w, "n2", "topology/rack=r1");
    agent(w, "n3", "topology/rack=r2, old");
    pool(w, "p", "topology/rack=r1");
    world_class(w, (struct class_document){.name = "gold", .prefer_agent = near, .prefer_agent_count = 3});
    struct figures f;
    const struct state *s = w->state;
    uint64_t class = world_class_id(w, "gold");
    assert_true(figures_of_class(s, class, state_agent_named(s, "n1"), &f));
    assert_int_equal(f.affinity, 100);
    assert_true(figures_of_class(s, class, state_agent_named(s, "n2"), &f));
    assert_int_equal(f.affinity, 80); // 40 of -10 to 40, one ten less
    assert_true(figures_of_class(s, class, state_agent_named(s, "n3"), &f));
    assert_int_equal(f.affinity, 0);
    assert_string_equal(percent(w, f.availability), "99.900025");
    struct class_figures all = figures_class(s, class);
    assert_int_equal(all.count, 3);
    assert_string_equal(state_agent(s, all.agents[0].agent)->name, "n1");
    assert_string_equal(state_agent(s, all.agents[1].agent)->name, "n2");
    assert_string_equal(percent(w, all.availability), "99.95");
    world_agent_state(w, "n1", AGENT_IS_AWAY, 0);
    assert_false(figures_of_class(s, class, state_agent_named(s, "n1"), &f));
    assert_int_equal(figures_class(s, class).count, 2);
}

static void a_class_that_prefers_nothing_likes_all_agents(void **state) {
    struct world *w = *state;
    struct figures f;
    agent(w, "n1", "power=a");
    pool(w, "p", "power=a");
    world_class(w, (struct class_document){.name = "gold"});
    assert_true(figures_of_class(w->state, world_class_id(w, "gold"), state_agent_named(w->state, "n1"), &f));
    assert_int_equal(f.affinity, 100);
    world_pool_stale(w, "file/main/p");
    assert_false(figures_of_class(w->state, world_class_id(w, "gold"), state_agent_named(w->state, "n1"), &f));
    assert_int_equal(figures_class(w->state, world_class_id(w, "gold")).count, 0);
}

static void an_explanation_says_how_available_each_fit_is(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a");
    agent(w, "n2", "power=b");
    pool(w, "p", "power=b");
    world_class(w, (struct class_document){.name = "gold"});
    struct want request = gold(w);
    assert_string_equal(percent(w, explained(w, request).figures[0].availability), "99.9"); // with n2
    request.agent = world_agent_id(w, "n1");
    assert_string_equal(percent(w, explained(w, request).figures[0].availability), "99.8001");
}

static void a_volume_is_as_available_as_its_pool_and_who_has_it(void **state) {
    struct world *w = *state;
    agent(w, "n1", "power=a, topology/rack=r1");
    pool(w, "p", "power=b");
    world_class(w, (struct class_document){.name = "gold"});
    uint64_t v = world_volume(w, "v", "gold", "file/main/p", GIB);
    assert_string_equal(percent(w, figures_of_volume(w->state, state_volume(w->state, v))), "99.9");
    world_attachment(w, v, "n1", ATTACHMENT_IN_USE);
    assert_string_equal(percent(w, figures_of_volume(w->state, state_volume(w->state, v))), "99.75019995");
}

// ---- the index against each pair ----

static uint64_t chance(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static const char *chance_tags(struct world *w, uint64_t *seed) {
    static const char *const texts[] = {"power=a",          "power=b",          "power=c", "topology/rack=r1",
                                        "topology/rack=r2", "topology/rack=r3", "x=1",     "x=2"};
    AUTO_TEXT struct text all = {0};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (chance(seed) % 3 == 0) text_addf(&all, "%s%s", all.size ? ", " : "", texts[i]);
    return arena_text(&w->arena, text_string(&all));
}

static void chance_change(struct world *w, uint64_t *seed) {
    char *name = arena_format(&w->arena, "%c%d", "ap"[chance(seed) % 2], (int)(chance(seed) % 5));
    if (*name == 'a')
        agent(w, name, chance_tags(w, seed));
    else
        pool(w, name, chance_tags(w, seed));
    if (chance(seed) % 4 == 0 && state_agent_named(w->state, "a1"))
        world_agent_state(w, "a1", chance(seed) % 2 ? AGENT_IS_ACTIVE : AGENT_IS_AWAY, 1);
}

static void pairs_check(struct world *w, uint64_t class, struct availability least) {
    struct availability best_of_all = {0};
    STATE_EACH(POOL, pool_row, p, w->state) {
        struct availability best = {0};
        struct reach_want reach = {.pool = p->id, .class = class};
        STATE_EACH(AGENT, agent_row, a, w->state) {
            struct availability both = domains_availability(&w->state->domains, &a->facts->tags, &p->facts->tags);
            assert_int_equal(index_agent_fits(w->state, &reach, a), both.n >= least.n);
            if (both.n >= least.n && a->state == AGENT_IS_ACTIVE && both.n > best.n) best = both;
            assert_int_equal(figures_of(w->state, &reach, a).availability.n, both.n);
        }
        const struct agent_row *agent_of_best;
        assert_int_equal(figures_best(w->state, &reach, SIZE_MAX, &agent_of_best).n, best.n);
        if (best.n > best_of_all.n) best_of_all = best;
    }
    assert_int_equal(figures_class(w->state, class).availability.n, best_of_all.n);
}

static void after_any_change_the_index_equals_each_pair(void **state) {
    (void)state;
    uint64_t seed = 0x853c49e6748fea9b;
    for (int round = 0; round < 40; round++) {
        struct world *w = world_new();
        world_domain(w, "power=a", "98");
        world_domain(w, "power", "99.9");
        world_domain(w, "topology/rack", "99.5");
        world_provider(w, "file");
        struct class_document doc = {.name = "gold", .availability = 97.4 + (double)(chance(&seed) % 250) / 100};
        for (int step = 0; step < 30; step++) {
            chance_change(w, &seed);
            if (step == 10 || step == 20) world_class(w, doc);
            if (step < 10) continue;
            pairs_check(w, world_class_id(w, "gold"), state_class_named(w->state, "gold")->doc->spec.availability);
        }
        world_free(w);
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_class_takes_pools_that_are_available_enough_with_some_agent),
        T(dual_feeds_are_worth_what_they_are_worth),
        T(an_agent_that_loses_its_feed_loses_the_class),
        T(the_suggested_availability_places),
        T(the_suggested_availability_counts_pools_of_every_kind),
        T(the_suggested_availability_is_of_agents_that_were_looked_at),
        T(a_pool_that_formats_by_itself_is_a_kind_of_its_own),
        T(a_demand_is_a_part_of_the_class),
        T(affinity_says_how_much_of_the_preferences_holds),
        T(a_class_that_prefers_nothing_likes_all_agents),
        T(an_explanation_says_how_available_each_fit_is),
        T(a_volume_is_as_available_as_its_pool_and_who_has_it),
        T(after_any_change_the_index_equals_each_pair),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
