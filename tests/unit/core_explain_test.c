// SPDX-License-Identifier: Apache-2.0
// Explaining: the funnel, the refusals by page, and suggestions that hold what they promise.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/explain.h"
#include "core_world.h"

static const struct explain_page whole = {.limit = 1000};

static int setup(void **state) {
    struct world *w = world_new();
    world_provider(w, "file");
    world_agent(w, (struct agent_made){.name = "n1", .tags = "fs/ext4, rack=r1"});
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static struct explanation explained(struct world *w, struct want request, struct explain_page page) {
    struct explanation e;
    expect_ok(explain_want(world_draft(w), &request, page, &w->arena, &e));
    return e;
}

static const struct suggestion *suggested(const struct explanation *e, const char *change) {
    AUTO_TEXT struct text all = {0};
    for (size_t i = 0; i < e->suggestion_count; i++) {
        if (strcmp(e->suggestions[i].change, change) == 0) return &e->suggestions[i];
        text_addf(&all, "'%s' (%u) ", e->suggestions[i].change, e->suggestions[i].pools);
    }
    fail_msg("'%s' is not among %s", change, text_string(&all));
    return NULL;
}

// Six pools, each refused by another rule of class gold for 500 GiB, and two that fit.
static struct want eight_pools(struct world *w) {
    uint64_t class = world_class(
        w, (struct class_document){.name = "gold", .pool = "media = ssd", .agent = "!old", .iops_per_gib = 1});
    const char *ssd = "provider:media=ssd";
    world_pool(w, (struct pool_made){
                      .provider = "file", .name = "hdd", .tags = "instance:media=hdd", .bytes = TIB, .iops = 9000});
    world_pool(
        w, (struct pool_made){
               .provider = "file", .name = "far", .tags = ssd, .bytes = TIB, .iops = 9000, .constraint = "rack = r9"});
    world_pool(w,
               (struct pool_made){.provider = "file", .name = "small", .tags = ssd, .bytes = 100 * GIB, .iops = 9000});
    world_pool(w, (struct pool_made){.provider = "file", .name = "lazy", .tags = ssd, .bytes = TIB, .iops = 400});
    world_pool(w,
               (struct pool_made){
                   .provider = "file", .name = "short", .tags = ssd, .bytes = TIB, .iops = 9000, .largest = 200 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "gone", .tags = ssd, .bytes = TIB, .iops = 9000});
    world_pool_stale(w, "file/main/gone");
    world_pool(w, (struct pool_made){.provider = "file", .name = "fit1", .tags = ssd, .bytes = TIB, .iops = 9000});
    world_pool(w, (struct pool_made){.provider = "file", .name = "fit2", .tags = ssd, .bytes = 2 * TIB, .iops = 9000});
    return (struct want){.class = class, .size = {500 * GIB}};
}

static void the_funnel_counts_what_each_rule_left_over(void **state) {
    struct world *w = *state;
    struct explanation e = explained(w, eight_pools(w), whole);
    const struct funnel_step expected[] = {
        {"pools", 8},
        {"satisfy the class's pool selector", 7},
        {"make volumes this large", 6},
        {"have an agent that satisfies their constraints", 5},
        {"have the bytes free", 4},
        {"have the iops free", 3},
        {"have their provider connected", 2},
    };
    assert_int_equal(e.funnel_count, ARRAY_LEN(expected));
    for (size_t i = 0; i < e.funnel_count; i++) {
        assert_string_equal(e.funnel[i].text, expected[i].text);
        assert_int_equal(e.funnel[i].left, expected[i].left);
    }
}

static void what_fits_is_named_with_the_best_first(void **state) {
    struct world *w = *state;
    struct explanation e = explained(w, eight_pools(w), whole);
    assert_true(e.places);
    assert_int_equal(e.fit_count, 2);
    assert_true(e.fits[0].pool == world_pool_id(w, "file/main/fit2"));
    assert_string_equal(e.sentence, "class 'gold', 500 GiB: goes to file/main/fit2, which has 2 TiB free; 2 pools fit");
    assert_int_equal(e.suggestion_count, 0);
}

static void each_refused_pool_says_its_first_rule_who_said_it_and_how_old_it_is(void **state) {
    struct world *w = *state;
    struct want request = eight_pools(w);
    struct explanation e = explained(w, request, whole);
    assert_int_equal(e.refused, 6);
    assert_int_equal(e.refusal_count, 6);
    const enum rule order[] = {RULE_PROVIDER_AWAY, RULE_IOPS,    RULE_BYTES,
                               RULE_CONSTRAINT,    RULE_LARGEST, RULE_POOL_SELECTOR};
    for (size_t i = 0; i < 6; i++) assert_int_equal(e.refusals[i].rule, order[i]);
    const struct refusal *hdd = &e.refusals[5], *far = &e.refusals[3], *lazy = &e.refusals[1];
    assert_string_equal(hdd->asked, "media = ssd");
    assert_string_equal(hdd->found, "media=hdd");
    assert_string_equal(hdd->said_by, "instance, configured");
    assert_int_equal(hdd->age_ms, 50000);
    assert_string_equal(far->found, "rack=r1");
    assert_true(far->agent == world_agent_id(w, "n1"));
    assert_string_equal(lazy->asked, "500 iops");
    assert_string_equal(lazy->found, "400 iops left");
}

// One agent satisfies the pool, another the class: what the nearest lacks of either is said.
static void agents_that_each_lack_one_half_are_told_of(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold", .agent = "rack = r1"}),
                           .size = {GIB}};
    world_agent(w, (struct agent_made){.name = "n2", .tags = "hw/infiniband, rack=r2"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .constraint = "hw/infiniband", .bytes = TIB});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(e.refusals[0].rule, RULE_AGENT_SELECTOR);
    assert_true(e.refusals[0].agent == world_agent_id(w, "n1"));
    assert_string_equal(e.refusals[0].asked, "hw/infiniband");
    assert_string_equal(e.refusals[0].found, "no hw/infiniband");
    world_agent_state(w, "n1", AGENT_IS_AWAY, 0); // as near, but not here
    e = explained(w, request, whole);
    assert_true(e.refusals[0].agent == world_agent_id(w, "n2"));
    assert_string_equal(e.refusals[0].asked, "rack = r1");
    assert_string_equal(e.refusals[0].found, "rack=r2");
}

static void agents_that_have_not_reported_do_not_hide_one_that_has(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .constraint = "rack = r2", .bytes = TIB});
    world_agent_removed(w, "n1");
    for (int i = 0; i < 300; i++) {
        struct agent_row *a = draft_add(world_draft(w), NOUN_AGENT, EV_agent_added);
        a->name = a->hostname = arena_format(&w->arena, "silent%d", i);
        a->state = AGENT_IS_AWAY;
        world_apply(w);
    }
    world_agent(w, (struct agent_made){.name = "n2", .tags = "rack=r1"});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(e.refusals[0].rule, RULE_CONSTRAINT);
    assert_true(e.refusals[0].agent == world_agent_id(w, "n2"));
    assert_string_equal(e.refusals[0].found, "rack=r1");
}

static void refusals_come_in_pages(void **state) {
    struct world *w = *state;
    struct want request = eight_pools(w);
    struct explanation all = explained(w, request, whole),
                       page = explained(w, request, (struct explain_page){.offset = 4, .limit = 3});
    assert_int_equal(page.refused, 6);
    assert_int_equal(page.refusal_count, 2);
    assert_true(page.refusals[0].pool == all.refusals[4].pool && page.refusals[1].pool == all.refusals[5].pool);
    assert_int_equal(explained(w, request, (struct explain_page){.offset = 6, .limit = 3}).refusal_count, 0);
}

static void a_wrong_request_is_an_error_and_not_an_explanation(void **state) {
    struct world *w = *state;
    struct want request = eight_pools(w);
    struct explanation e;
    request.size.n = 0;
    expect_err(explain_want(world_draft(w), &request, whole, &w->arena, &e), ERR_INVALID, "the size is 0");
    request.class = 12345;
    expect_err(explain_want(world_draft(w), &request, whole, &w->arena, &e), ERR_NOT_FOUND, "not there any more");
}

static void no_pool_at_all_says_what_to_start(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    struct explanation e = explained(w, request, whole);
    assert_false(e.places);
    assert_string_equal(e.sentence, "class 'gold', 1 GiB: there is no pool yet; start a provider");
}

// ---- suggestions ----

static void too_large_a_request_is_told_what_would_fit(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold", .pool = "media = ssd"}),
                           .size = {500 * GIB}};
    world_class(w, (struct class_document){.name = "bulk"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .tags = "media=ssd", .bytes = 460 * GIB + 12345});
    world_pool(w, (struct pool_made){.provider = "file", .name = "b", .tags = "media=hdd", .bytes = TIB});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "a size of 460 GiB or less")->pools, 1);
    assert_int_equal(suggested(&e, "class 'bulk' instead")->pools, 1);
    assert_int_equal(suggested(&e, "class 'gold' without media = ssd")->pools, 1);
    assert_string_equal(e.sentence,
                        "class 'gold', 500 GiB: no pool fits: file/main/a has 460 GiB free of 500 GiB asked; "
                        "file/main/b: asked media = ssd, found media=hdd (pool, configured, 50s ago)");
}

static void an_agent_that_lacks_one_fact_is_named(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold", .agent = "same(rack)"}),
                           .size = {GIB}};
    world_agent(w, (struct agent_made){.name = "n7", .tags = "rack=r7"});
    world_pool(
        w, (struct pool_made){
               .provider = "file", .name = "a", .tags = "rack=r7", .constraint = "driver/rexray >= 0.9", .bytes = TIB});
    world_pool(
        w, (struct pool_made){
               .provider = "file", .name = "b", .tags = "rack=r7", .constraint = "driver/rexray >= 0.9", .bytes = TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "c", .tags = "rack=r2", .bytes = TIB});
    struct explanation e = explained(w, request, whole);
    const struct suggestion *s = suggested(&e, "agent 'n7' with driver/rexray >= 0.9");
    assert_int_equal(s->pools, 2);
    assert_true(s->agent == world_agent_id(w, "n7") && !s->by_asker);
    assert_int_equal(suggested(&e, "without same(rack)")->pools, 1);
    world_agent(w, (struct agent_made){.name = "n7", .tags = "rack=r7, driver/rexray=0.9"});
    assert_int_equal(explained(w, request, whole).refused, 1);
}

static void an_absent_provider_or_agent_is_named(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_provider_session(w, "file", 0);
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "provider 'file' connected")->pools, 1);
    world_provider_session(w, "file", 2);
    world_agent_state(w, "n1", AGENT_IS_AWAY, 0);
    e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "agent 'n1' connected and active")->pools, 1);
}

static void no_more_than_three_absent_agents_are_named(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_agent_state(w, "n1", AGENT_IS_AWAY, 0);
    for (int i = 2; i < 9; i++) {
        const char *name = arena_format(&w->arena, "n%d", i);
        world_agent(w, (struct agent_made){.name = name});
        world_agent_state(w, name, AGENT_IS_AWAY, 0);
    }
    struct explanation e = explained(w, request, whole);
    size_t absent = 0;
    for (size_t i = 0; i < e.suggestion_count; i++)
        absent += strstr(e.suggestions[i].change, "connected and active") != NULL;
    assert_int_equal(absent, 3);
}

static void a_pool_that_its_provider_no_longer_reports_is_not_promised(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "b", .bytes = TIB});
    world_pool_stale(w, "file/main/b");
    world_provider_session(w, "file", 0);
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "provider 'file' connected")->pools, 1);
}

// The first agents take what may be tried; the one that is asked for is tried all the same, and the last kind of pools too.
static void the_agent_asked_for_is_tried_among_many(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold", .agent = "hw/infiniband"}),
                           .size = {GIB}};
    for (int i = 0; i < 12000; i++)
        world_agent(w, (struct agent_made){.name = arena_format(&w->arena, "m%d", i), .tags = "rack=r1"});
    for (int i = 0; i < 3; i++)
        world_pool(w, (struct pool_made){.provider = "file",
                                         .name = arena_format(&w->arena, "p%d", i),
                                         .constraint = i ? "rack = r1" : "rack = r9",
                                         .bytes = TIB});
    world_agent(w, (struct agent_made){.name = "last", .tags = "rack=r1"});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "without hw/infiniband")->pools, 2);
    request.agent = world_agent_id(w, "last");
    e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "agent 'last' with hw/infiniband")->pools, 2);
}

// Of one kind of pools, as many agents are tried as there are tries; those that are not here take none.
static void the_last_agent_is_tried_behind_many_that_are_away(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    world_pool(
        w, (struct pool_made){.provider = "file", .name = "a", .constraint = "rack = r2, hw/infiniband", .bytes = TIB});
    for (int i = 0; i < 15000; i++) {
        const char *name = arena_format(&w->arena, "m%d", i);
        world_agent(w, (struct agent_made){.name = name, .tags = "rack=r1"});
        if (i % 2) world_agent_state(w, name, AGENT_IS_AWAY, 0);
    }
    world_agent(w, (struct agent_made){.name = "last", .tags = "rack=r2"});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "agent 'last' with hw/infiniband")->pools, 1);
}

static void an_agent_that_lacks_the_filesystem_is_named(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold", .fs = "xfs"}),
                           .size = {GIB}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(e.suggestion_count, 1);
    assert_int_equal(suggested(&e, "agent 'n1' with fs/xfs")->pools, 1);
}

// One agent is away, another here lacks a fact: pools that wait for the one are counted for the other too.
static void a_fact_is_counted_for_pools_that_wait_for_somebody_else(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}};
    world_agent(w, (struct agent_made){.name = "n2", .tags = "hw/infiniband"});
    world_agent_state(w, "n2", AGENT_IS_AWAY, 0);
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .constraint = "hw/infiniband", .bytes = TIB});
    world_pool(
        w, (struct pool_made){.provider = "file", .name = "b", .constraint = "hw/infiniband, rack = r1", .bytes = TIB});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "agent 'n1' with hw/infiniband")->pools, 2);
    assert_int_equal(suggested(&e, "agent 'n2' connected and active")->pools, 1);
}

// What would help one rule breaks another: nothing is promised.
static void a_fact_that_would_break_another_rule_is_not_suggested(void **state) {
    struct world *w = *state;
    struct want request = {.class = world_class(w, (struct class_document){.name = "gold", .agent = "rack != r2"}),
                           .size = {GIB}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .constraint = "rack = r2", .bytes = TIB});
    struct explanation e = explained(w, request, whole);
    for (size_t i = 0; i < e.suggestion_count; i++) assert_true(e.suggestions[i].agent == 0);
    assert_int_equal(suggested(&e, "without rack = r2")->pools, 1);
}

static void fewer_iops_are_suggested_when_they_would_do(void **state) {
    struct world *w = *state;
    struct want request = {
        .class = world_class(w, (struct class_document){.name = "gold"}), .size = {GIB}, .iops = {900}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB, .iops = 400});
    world_pool(w, (struct pool_made){.provider = "file", .name = "b", .bytes = TIB, .iops = 100});
    struct explanation e = explained(w, request, whole);
    assert_int_equal(suggested(&e, "400 iops")->pools, 1);
}

// ---- volumes ----

static void a_volume_says_where_it_can_be_used(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "gold", .agent = "rack"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    uint64_t id = world_volume(w, "db", "gold", "file/main/a", GIB);
    world_agent(w, (struct agent_made){.name = "n2"});
    struct explanation e;
    expect_ok(explain_volume(world_draft(w), id, whole, &w->arena, &e));
    assert_true(e.places && e.agent_count == 1 && e.refused == 1);
    assert_true(e.refusals[0].agent == world_agent_id(w, "n2") && e.refusals[0].rule == RULE_AGENT_SELECTOR);
    assert_string_equal(e.sentence,
                        "volume 'db' is ready, content formatted; 1 of 2 agents can use it, the best is 'n1'");
    expect_err(explain_volume(world_draft(w), 4711, whole, &w->arena, &e), ERR_NOT_FOUND, "no such volume");
}

static void an_agent_without_storage_bandwidth_is_counted_by_its_rule(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "gold", .bandwidth = {60 * MIB}});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB, .bandwidth = GIB});
    uint64_t id = world_volume(w, "db", "gold", "file/main/a", GIB);
    struct volume_row *v = edit_volume(world_draft(w), id, EV_volume_changed);
    v->charge.bandwidth.n = 60 * MIB;
    world_apply(w);
    world_agent(w, (struct agent_made){.name = "n1", .bandwidth = 10 * MIB});
    struct explanation e;
    expect_ok(explain_volume(world_draft(w), id, whole, &w->arena, &e));
    assert_int_equal(e.refusals[0].rule, RULE_AGENT_BANDWIDTH);
    assert_int_equal(e.funnel_count, 2);
    assert_string_equal(e.funnel[1].text, "have the storage bandwidth free");
    assert_int_equal(e.funnel[1].left, 0);
}

static void a_stranded_volume_says_what_it_waits_for(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "gold"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    uint64_t id = world_volume(w, "db", "gold", "file/main/a", GIB);
    world_attachment(w, id, "n1", ATTACHMENT_STRANDED);
    world_agent_state(w, "n1", AGENT_IS_LOST, 0);
    struct explanation e;
    expect_ok(explain_volume(world_draft(w), id, whole, &w->arena, &e));
    assert_false(e.places);
    assert_string_equal(e.sentence,
                        "volume 'db' is ready, content formatted; it is stranded on agent 'n1' and waits for a proof "
                        "that this host cannot write any more; 0 of 1 agent can use it; nearest: file/main/a, agent "
                        "'n1': needs the agent connected and active: lost (0ms ago)");
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_funnel_counts_what_each_rule_left_over),
        T(what_fits_is_named_with_the_best_first),
        T(each_refused_pool_says_its_first_rule_who_said_it_and_how_old_it_is),
        T(agents_that_each_lack_one_half_are_told_of),
        T(agents_that_have_not_reported_do_not_hide_one_that_has),
        T(refusals_come_in_pages),
        T(a_wrong_request_is_an_error_and_not_an_explanation),
        T(no_pool_at_all_says_what_to_start),
        T(too_large_a_request_is_told_what_would_fit),
        T(an_agent_that_lacks_one_fact_is_named),
        T(an_absent_provider_or_agent_is_named),
        T(no_more_than_three_absent_agents_are_named),
        T(a_pool_that_its_provider_no_longer_reports_is_not_promised),
        T(the_agent_asked_for_is_tried_among_many),
        T(the_last_agent_is_tried_behind_many_that_are_away),
        T(an_agent_that_lacks_the_filesystem_is_named),
        T(a_fact_is_counted_for_pools_that_wait_for_somebody_else),
        T(a_fact_that_would_break_another_rule_is_not_suggested),
        T(fewer_iops_are_suggested_when_they_would_do),
        T(a_volume_says_where_it_can_be_used),
        T(an_agent_without_storage_bandwidth_is_counted_by_its_rule),
        T(a_stranded_volume_says_what_it_waits_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
