// SPDX-License-Identifier: Apache-2.0
// The index: it always says what evaluating every selector would say.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "core/index.h"
#include "core_world.h"

static int setup(void **state) {
    *state = world_new();
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static bool fits(struct world *w, const char *pool, const char *class, const char *agent) {
    struct reach_want want = {.pool = world_pool_id(w, pool), .class = class ? world_class_id(w, class) : 0};
    return index_agent_fits(w->state, &want, state_agent(w->state, world_agent_id(w, agent)));
}

static bool reached(struct world *w, const char *pool, const char *class) {
    struct reach_want want = {.pool = world_pool_id(w, pool), .class = class ? world_class_id(w, class) : 0};
    return index_reached(w->state, &want);
}

static void a_pool_is_for_agents_that_satisfy_its_constraints(void **state) {
    struct world *w = *state;
    world_provider(w, "p");
    world_agent(w, (struct agent_made){.name = "n1", .tags = "driver/rexray=0.11"});
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .constraint = "driver/rexray >= 0.9", .bytes = GIB});
    world_agent(w, (struct agent_made){.name = "n2", .tags = "driver/rexray=0.8"});
    assert_true(fits(w, "p/main/a", NULL, "n1"));
    assert_false(fits(w, "p/main/a", NULL, "n2"));
}

static void a_changed_fact_counts_at_once(void **state) {
    struct world *w = *state;
    world_provider(w, "p");
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .constraint = "!maintenance", .bytes = GIB});
    world_agent(w, (struct agent_made){.name = "n1"});
    assert_true(reached(w, "p/main/a", NULL));
    world_agent(w, (struct agent_made){.name = "n1", .tags = "maintenance"});
    assert_false(reached(w, "p/main/a", NULL));
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .constraint = "maintenance", .bytes = GIB});
    assert_true(reached(w, "p/main/a", NULL));
}

static void only_active_agents_with_a_session_reach_a_pool(void **state) {
    struct world *w = *state;
    world_provider(w, "p");
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .bytes = GIB});
    assert_false(reached(w, "p/main/a", NULL));
    world_agent(w, (struct agent_made){.name = "n1"});
    assert_true(reached(w, "p/main/a", NULL));
    world_agent_state(w, "n1", AGENT_IS_AWAY, 0);
    assert_false(reached(w, "p/main/a", NULL));
    assert_true(fits(w, "p/main/a", NULL, "n1"));
    world_agent_state(w, "n1", AGENT_IS_DRAINING, 2);
    assert_false(reached(w, "p/main/a", NULL));
    world_agent_state(w, "n1", AGENT_IS_ACTIVE, 2);
    assert_true(reached(w, "p/main/a", NULL));
}

static void same_joins_agent_and_pool_from_either_selector(void **state) {
    struct world *w = *state;
    world_provider(w, "p");
    world_agent(w, (struct agent_made){.name = "n1", .tags = "topology/rack=r1"});
    world_agent(w, (struct agent_made){.name = "n2", .tags = "topology/rack=r2"});
    world_class(w, (struct class_document){.name = "by-agent", .agent = "same(topology/rack)"});
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .tags = "topology/rack=r1", .bytes = GIB});
    world_pool(w, (struct pool_made){.provider = "p", .name = "b", .tags = "topology/rack=r2", .bytes = GIB});
    world_class(w, (struct class_document){.name = "by-pool", .pool = "same(topology/rack)"});
    const char *const classes[] = {"by-agent", "by-pool"};
    for (size_t i = 0; i < 2; i++) {
        assert_true(fits(w, "p/main/a", classes[i], "n1"));
        assert_false(fits(w, "p/main/a", classes[i], "n2"));
        assert_true(fits(w, "p/main/b", classes[i], "n2"));
    }
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .tags = "topology/rack=r2", .bytes = GIB});
    assert_true(fits(w, "p/main/a", "by-agent", "n2"));
    assert_false(fits(w, "p/main/a", "by-pool", "n1"));
}

static void pools_of_a_class_stand_in_order_of_its_preferences(void **state) {
    struct world *w = *state;
    const struct class_wish wishes[] = {{"media = ssd", 10}, {"site = west", 5}};
    world_provider(w, "p");
    uint64_t c = world_class(
        w, (struct class_document){.name = "gold", .pool = "!old", .prefer_pool = wishes, .prefer_pool_count = 2});
    world_pool(w, (struct pool_made){.provider = "p", .name = "hdd", .tags = "media=hdd", .bytes = GIB});
    uint64_t ssd = world_pool(w, (struct pool_made){.provider = "p", .name = "ssd", .tags = "media=ssd", .bytes = GIB});
    uint64_t both = world_pool(
        w, (struct pool_made){.provider = "p", .name = "both", .tags = "media=ssd, site=west", .bytes = GIB});
    world_pool(w, (struct pool_made){.provider = "p", .name = "old", .tags = "media=ssd, old", .bytes = GIB});
    struct shapes shapes = index_shapes(w->state, c);
    assert_int_equal(shapes.count, 3);
    assert_true(shapes.at[0].pool == both && shapes.at[0].key.score == 15);
    assert_true(shapes.at[1].pool == ssd && shapes.at[1].key.score == 10);
    world_pool_removed(w, "p/main/both");
    shapes = index_shapes(w->state, c);
    assert_true(shapes.count == 2 && shapes.at[0].pool == ssd);
}

static void an_agent_that_lists_filesystems_must_list_the_one_asked(void **state) {
    struct world *w = *state;
    world_provider(w, "p");
    uint64_t pool = world_pool(w, (struct pool_made){.provider = "p", .name = "a", .bytes = GIB});
    world_agent(w, (struct agent_made){.name = "lists", .tags = "fs/ext4"});
    world_agent(w, (struct agent_made){.name = "silent"});
    struct reach_want ext4 = {pool, 0, index_fs(w->state, "ext4")}, xfs = {pool, 0, index_fs(w->state, "xfs")};
    const struct agent_row *lists = state_agent_named(w->state, "lists"),
                           *silent = state_agent_named(w->state, "silent");
    assert_true(index_agent_fits(w->state, &ext4, lists) && index_agent_fits(w->state, &ext4, silent));
    assert_true(!index_agent_fits(w->state, &xfs, lists) && index_agent_fits(w->state, &xfs, silent));
}

static void numbers_of_agents_are_used_again(void **state) {
    struct world *w = *state;
    world_provider(w, "p");
    world_pool(w, (struct pool_made){.provider = "p", .name = "a", .constraint = "x", .bytes = GIB});
    world_agent(w, (struct agent_made){.name = "n1", .tags = "x"});
    uint32_t number = state_agent_named(w->state, "n1")->number;
    world_agent_removed(w, "n1");
    assert_false(reached(w, "p/main/a", NULL));
    world_agent(w, (struct agent_made){.name = "n2"});
    assert_int_equal(state_agent_named(w->state, "n2")->number, number);
    assert_false(fits(w, "p/main/a", NULL, "n2"));
}

static void preferences_of_pool_and_class_add_up(void **state) {
    struct world *w = *state;
    const struct class_wish near[] = {{"same(topology/rack)", 7}, {"slow", -3}};
    world_provider(w, "p");
    uint64_t pool = world_pool(w, (struct pool_made){.provider = "p",
                                                     .name = "a",
                                                     .tags = "topology/rack=r1",
                                                     .preference = "hw/infiniband",
                                                     .weight = 20,
                                                     .bytes = GIB});
    uint64_t class =
        world_class(w, (struct class_document){.name = "gold", .prefer_agent = near, .prefer_agent_count = 2});
    world_agent(w, (struct agent_made){.name = "n1", .tags = "topology/rack=r1, hw/infiniband, slow"});
    struct reach_want want = {pool, class, 0}, pool_only = {pool, 0, 0};
    assert_true(index_affinity(w->state, &want, state_agent_named(w->state, "n1")) == 24);
    assert_true(index_affinity(w->state, &pool_only, state_agent_named(w->state, "n1")) == 20);
}

// ---- against a naive model ----

static const char *const agent_tags[] = {"", "a=1", "a=2, b", "b", "a=1, b, c=x", "c=y", "a=3, c=x"};
static const char *const pool_tags[] = {"", "c=x", "c=y, m=ssd", "m=ssd", "m=hdd, c=x"};
static const char *const constraints[] = {NULL, "b", "a >= 2", "same(c)", "!b, a in (1, 3)"};
static const char *const class_agents[] = {NULL, "a", "same(c)", "b"};
static const char *const class_pools[] = {NULL, "m = ssd", "same(c)", "!c"};
static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7"};

static void random_change(struct world *w) {
    const char *name = names[rand() % 8];
    switch (rand() % 7) {
    case 0:
    case 1: world_agent(w, (struct agent_made){.name = name, .tags = agent_tags[rand() % 7]}); break;
    case 2:
    case 3:
        world_pool(w, (struct pool_made){.provider = "p",
                                         .name = name,
                                         .tags = pool_tags[rand() % 5],
                                         .constraint = constraints[rand() % 5],
                                         .store = rand() % 2 ? "shared" : name,
                                         .capacity = rand() % 2 ? GIB / 2 : 0,
                                         .bytes = GIB});
        break;
    case 4:
        world_class(w, (struct class_document){
                           .name = name, .agent = class_agents[rand() % 4], .pool = class_pools[rand() % 4]});
        break;
    case 5:
        if (state_agent_named(w->state, name)) world_agent_removed(w, name);
        break;
    default:
        if (state_class_named(w->state, name)) world_class_removed(w, name);
        break;
    }
}

static bool naive_fits(struct world *w, const struct pool_row *p, const struct class_row *c,
                       const struct agent_row *a) {
    const struct symbols *s = &w->state->symbols;
    const struct tag_set *agent = &a->facts->tags, *pool = &p->facts->tags;
    VEC_EACH (rule, &p->facts->constraints)
        if (!selector_holds(s, &rule->selector, agent, pool)) return false;
    return selector_holds(s, &c->doc->spec.agent, agent, pool) && selector_holds(s, &c->doc->spec.pool, pool, agent);
}

static bool index_says(struct world *w, const struct pool_row *p, const struct class_row *c,
                       const struct agent_row *a) {
    const struct membership *m = standing_membership(index_standing(w->state, p->id), c->id);
    if (!m) return false;
    struct reach_view view = shape_view(w->state, m->shape, 0);
    bool fits = index_agent_fits(w->state, &(struct reach_want){p->id, c->id, 0}, a);
    assert_int_equal(reach_view_has(&view, a->number), fits && index_agent_live(w->state, a));
    return fits;
}

// Heaps in order, places right, figures as the ledger has them.
static void shapes_check(struct world *w, const struct class_row *c) {
    struct shapes shapes = index_shapes(w->state, c->id);
    for (size_t i = 0; i < shapes.count; i++) {
        const struct shape *shape = shapes.at[i].shape;
        assert_int_equal(shape->place, i);
        assert_int_equal(shapes.at[i].pool, shape->heap.at[0].pool->pool);
        assert_int_equal(shapes.bounds[i].bytes, shape->heap.at[0].pool->free.bytes);
        for (size_t n = 0; n < shape->heap.count; n++) {
            const struct standing *p = shape->heap.at[n].pool, *above = shape->heap.at[n ? (n - 1) / 2 : 0].pool;
            const struct pool_row *row = state_pool(w->state, p->pool);
            struct granted granted = ledger_granted(&w->state->ledger, row);
            struct quantities free = pool_grantable(row, &granted);
            assert_memory_equal(&free.bytes, &p->free.bytes, 4 * sizeof free.bytes);
            assert_int_equal(p->usable, index_pool_usable(w->state, row));
            assert_int_equal(standing_membership(p, c->id)->place, n);
            assert_true(above->free.bytes > p->free.bytes || above->pool <= p->pool);
        }
    }
}

static void after_any_change_the_index_equals_evaluating_everything(void **state) {
    struct world *w = *state;
    srand(7);
    world_provider(w, "p");
    size_t yes = 0, no = 0;
    for (int round = 0; round < 400; round++) {
        random_change(w);
        STATE_EACH(CLASS, class_row, c, w->state) shapes_check(w, c);
        STATE_EACH(CLASS, class_row, c, w->state)
        STATE_EACH(POOL, pool_row, p, w->state)
        STATE_EACH(AGENT, agent_row, a, w->state) {
            bool said = index_says(w, p, c, a);
            assert_int_equal(said, naive_fits(w, p, c, a));
            *(said ? &yes : &no) += 1;
        }
    }
    assert_true(yes > 1000 && no > 1000);
}

static void many_agents_load_fast(void **state) {
    struct world *w = *state;
    enum { AGENTS = 10000, POOLS = 20 };
    world_provider(w, "p");
    world_class(w, (struct class_document){.name = "gold", .agent = "hw/infiniband"});
    for (int i = 0; i < POOLS; i++)
        world_pool(w, (struct pool_made){.provider = "p",
                                         .name = arena_format(&w->arena, "p%d", i),
                                         .bytes = GIB,
                                         .tags = arena_format(&w->arena, "rack=r%d", i),
                                         .constraint = "kernel >= 5, same(rack)"});
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    for (int i = 0; i < AGENTS; i++)
        world_agent(
            w, (struct agent_made){.name = arena_format(&w->arena, "n%d", i),
                                   .tags = arena_format(&w->arena, "kernel=6, rack=r%d, hw/infiniband", i % POOLS)});
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
    struct reach_want want = {world_pool_id(w, "p/main/p3"), world_class_id(w, "gold"), 0};
    struct reach_view view;
    size_t count = 0;
    assert_true(reach_view_init(w->state, &want, &view));
    for (uint32_t n = reach_view_next(&view, 0); n; n = reach_view_next(&view, n)) count++;
    assert_int_equal(count, AGENTS / POOLS);
    if (seconds > 5) fail_msg("%d agents took %.2f s", AGENTS, seconds);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_pool_is_for_agents_that_satisfy_its_constraints),
        T(a_changed_fact_counts_at_once),
        T(only_active_agents_with_a_session_reach_a_pool),
        T(same_joins_agent_and_pool_from_either_selector),
        T(pools_of_a_class_stand_in_order_of_its_preferences),
        T(an_agent_that_lists_filesystems_must_list_the_one_asked),
        T(numbers_of_agents_are_used_again),
        T(preferences_of_pool_and_class_add_up),
        T(after_any_change_the_index_equals_evaluating_everything),
        T(many_agents_load_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
