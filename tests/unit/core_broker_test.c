// SPDX-License-Identifier: Apache-2.0
// The broker: the best pool, the largest volume, the agents of a volume, and refusals that say why.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/broker.h"
#include "core_world.h"

static int setup(void **state) {
    struct world *w = world_new();
    world_provider(w, "file");
    world_agent(w, (struct agent_made){.name = "n1", .tags = "fs/ext4, driver/rexray=0.11"});
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static struct want want(struct world *w, const char *class, uint64_t size) {
    return (struct want){.class = world_class_id(w, class), .size = {size}};
}

static const char *placed(struct world *w, struct want request) {
    struct fit fit;
    expect_ok(broker_place(world_draft(w), &request, &fit));
    return pool_path(w->state, state_pool(w->state, fit.pool), &w->arena);
}

static void refused(struct world *w, struct want request, enum err_kind kind, const char *words) {
    struct fit fit = {.pool = 77};
    expect_err(broker_place(world_draft(w), &request, &fit), kind, words);
    assert_int_equal(fit.pool, 77);
}

// ---- choosing ----

static void the_class_chooses_by_its_selector_then_by_its_weights(void **state) {
    struct world *w = *state;
    const struct class_wish near[] = {{"site = west", 10}};
    world_pool(w, (struct pool_made){.provider = "file", .name = "slow", .tags = "media=hdd", .bytes = 9 * TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "east", .tags = "media=ssd", .bytes = 2 * TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "west", .tags = "media=ssd, site=west", .bytes = TIB});
    world_class(
        w, (struct class_document){.name = "gold", .pool = "media = ssd", .prefer_pool = near, .prefer_pool_count = 1});
    assert_string_equal(placed(w, want(w, "gold", GIB)), "file/main/west");
    assert_string_equal(placed(w, want(w, "gold", 3 * TIB / 2)), "file/main/east");
}

static void among_equals_the_emptiest_then_the_oldest_is_taken(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = 10 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "b", .bytes = 12 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "c", .bytes = 10 * GIB});
    assert_string_equal(placed(w, want(w, "any", GIB)), "file/main/b");
    world_volume(w, "v", "any", "file/main/b", 2 * GIB);
    assert_string_equal(placed(w, want(w, "any", GIB)), "file/main/a");
}

static void an_agent_asked_for_turns_the_choice_to_what_it_is_near(void **state) {
    struct world *w = *state;
    const struct class_wish near[] = {{"same(rack)", 5}};
    world_agent(w, (struct agent_made){.name = "n2", .tags = "rack=r2"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .tags = "rack=r1", .bytes = 90 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "b", .tags = "rack=r2", .bytes = 10 * GIB});
    world_class(w, (struct class_document){.name = "any", .prefer_agent = near, .prefer_agent_count = 1});
    struct want request = want(w, "any", GIB);
    assert_string_equal(placed(w, request), "file/main/a");
    request.agent = world_agent_id(w, "n2");
    assert_string_equal(placed(w, request), "file/main/b");
}

static void what_is_granted_is_rounded_up_and_charged(void **state) {
    struct world *w = *state;
    struct fit fit;
    world_class(w, (struct class_document){.name = "any", .iops_per_gib = 2.5});
    world_pool(w, (struct pool_made){.provider = "file",
                                     .name = "a",
                                     .bytes = 100 * GIB,
                                     .iops = 1000,
                                     .granularity = 8 * GIB,
                                     .smallest = 8 * GIB});
    struct want request = want(w, "any", 9 * GIB);
    expect_ok(broker_place(world_draft(w), &request, &fit));
    assert_true(fit.charge.bytes.n == 16 * GIB && fit.charge.iops.n == 40);
    request.iops.n = 41;
    expect_ok(broker_place(world_draft(w), &request, &fit));
    assert_true(fit.charge.iops.n == 41);
}

static void a_draft_sees_its_own_grants(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    uint64_t pool = world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = 10 * GIB});
    struct draft *d = world_draft(w);
    struct want request = want(w, "any", 6 * GIB);
    struct fit fit;
    expect_ok(broker_place(d, &request, &fit));
    assert_true(broker_largest(d, request.class, (symbol){0}).n == 10 * GIB);
    struct volume_row *v = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    v->state = VOLUME_WANTED;
    v->charge = fit.charge;
    assert_true(fit.charge.pool == pool);
    assert_true(broker_largest(d, request.class, (symbol){0}).n == 4 * GIB);
    expect_err(broker_place(d, &request, &fit), ERR_NO_FIT, "file/main/a has 4 GiB free of 6 GiB asked");
}

// ---- refusing ----

static void a_refusal_names_the_three_nearest_with_what_failed(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "slow", .tags = "media=hdd", .bytes = TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "bare", .bytes = TIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "small", .tags = "media=ssd", .bytes = 100 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "fast", .tags = "media=ssd", .bytes = 240 * GIB});
    refused(w, want(w, "gold", 500 * GIB), ERR_NO_FIT,
            "class 'gold', 500 GiB: no pool fits: file/main/fast has 240 GiB free of 500 GiB asked; "
            "file/main/small has 100 GiB free of 500 GiB asked; file/main/slow: asked media = ssd, found media=hdd "
            "(pool, configured, 50s ago); and 1 more pool");
}

static void a_class_may_be_closed_to_a_role(void **state) {
    struct world *w = *state;
    const char *const roles[] = {"db", "web/prod"};
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_class(w, (struct class_document){.name = "gold", .roles = roles, .role_count = 2});
    struct want request = want(w, "gold", GIB);
    request.role = world_symbol(w, "web");
    refused(w, request, ERR_DENIED, "class 'gold': role 'web' may not ask for it; it is for 'db', 'web/prod'");
    assert_int_equal(broker_largest(world_draft(w), request.class, request.role).n, 0);
    request.role = world_symbol(w, "web/prod/eu");
    assert_string_equal(placed(w, request), "file/main/a");
}

static void sizes_below_a_minimum_are_wrong_requests(void **state) {
    struct world *w = *state;
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB, .smallest = 8 * GIB});
    world_pool(w, (struct pool_made){.provider = "file", .name = "b", .bytes = TIB, .smallest = 4 * GIB});
    world_class(w, (struct class_document){.name = "gold", .smallest = {GIB}, .largest = {100 * GIB}});
    refused(w, want(w, "gold", GIB - 1), ERR_INVALID, "below its smallest volume, 1 GiB");
    refused(w, want(w, "gold", 0), ERR_INVALID, "the size is 0");
    refused(w, want(w, "gold", 101 * GIB), ERR_INVALID, "above its largest volume");
    refused(w, want(w, "gold", GIB), ERR_INVALID, "file/main/b makes volumes of 4 GiB at least, asked 1 GiB");
    refused(w, want(w, "gold", GIB), ERR_INVALID, "ask for 4 GiB or more");
}

static void an_unknown_filesystem_is_a_wrong_request(void **state) {
    struct world *w = *state;
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_class(w, (struct class_document){.name = "gold"});
    struct want request = want(w, "gold", GIB);
    request.fs = world_symbol(w, "ext5");
    refused(w, request, ERR_INVALID, "unknown filesystem 'ext5'");
    request.fs = world_symbol(w, "xfs");
    refused(w, request, ERR_NO_FIT, "asked fs/xfs");
}

static void iops_that_are_not_known_are_not_promised(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    struct want request = want(w, "any", GIB);
    request.iops.n = 1;
    refused(w, request, ERR_NO_FIT, "file/main/a has no iops reported, asked 1 iops");
}

static void the_worked_example_of_iops(void **state) {
    struct world *w = *state;
    struct fit fit;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "A", .bytes = 800 * TIB, .iops = 400});
    uint64_t b = world_pool(w, (struct pool_made){.provider = "file", .name = "B", .bytes = 800 * TIB, .iops = 1000});
    struct want request = want(w, "any", 500 * TIB);
    request.iops.n = 900;
    struct draft *d = world_draft(w);
    expect_ok(broker_place(d, &request, &fit));
    assert_true(fit.pool == b);
    struct volume_row *v = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    v->state = VOLUME_WANTED;
    v->charge = fit.charge;
    request.size.n = 100 * TIB;
    expect_err(broker_place(d, &request, &fit), ERR_NO_FIT,
               "file/main/A has 400 iops left, asked 900 iops; file/main/B has 100 iops left, asked 900 iops");
}

static void views_of_one_store_shrink_together(void **state) {
    struct world *w = *state;
    uint64_t r0 = world_class(w, (struct class_document){.name = "raid0", .pool = "raid = 0"});
    uint64_t r1 = world_class(w, (struct class_document){.name = "raid1", .pool = "raid = 1"});
    world_pool(
        w, (struct pool_made){.provider = "file", .name = "r0", .store = "s", .tags = "raid=0", .bytes = 1000 * GIB});
    world_pool(
        w, (struct pool_made){
               .provider = "file", .name = "r1", .store = "s", .tags = "raid=1", .bytes = 1000 * GIB, .numerator = 2});
    world_volume(w, "v", "raid1", "file/main/r1", 300 * GIB);
    assert_true(broker_largest(world_draft(w), r0, (symbol){0}).n == 400 * GIB);
    assert_true(broker_largest(world_draft(w), r1, (symbol){0}).n == 200 * GIB);
}

static void volume_charged(struct world *w, const char *pool, struct charge charge) {
    struct draft *d = world_draft(w);
    struct volume_row *v = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    v->name = arena_format(&w->arena, "c%llu", (unsigned long long)v->id);
    v->state = VOLUME_WANTED;
    v->charge = charge;
    v->charge.pool = world_pool_id(w, pool);
    world_apply(w);
}

static void a_view_with_a_capacity_grants_no_more_than_that(void **state) {
    struct world *w = *state;
    uint64_t cap = world_class(w, (struct class_document){.name = "cap", .pool = "capped"});
    uint64_t any = world_class(w, (struct class_document){.name = "any", .pool = "!capped"});
    world_pool(w, (struct pool_made){.provider = "file",
                                     .name = "small",
                                     .store = "s",
                                     .tags = "capped",
                                     .bytes = 1000 * GIB,
                                     .capacity = 64 * GIB,
                                     .numerator = 2});
    world_pool(w, (struct pool_made){.provider = "file", .name = "rest", .store = "s", .bytes = 1000 * GIB});
    assert_true(broker_largest(world_draft(w), cap, (symbol){0}).n == 32 * GIB); // 2 store bytes for each
    refused(w, want(w, "cap", 33 * GIB), ERR_NO_FIT, "has 32 GiB free of 33 GiB asked");
    world_volume(w, "v", "any", "file/main/rest", 500 * GIB); // of the store, not of this pool
    assert_true(broker_largest(world_draft(w), cap, (symbol){0}).n == 32 * GIB);
    world_volume(w, "u", "cap", "file/main/small", 20 * GIB);
    assert_true(broker_largest(world_draft(w), cap, (symbol){0}).n == 12 * GIB);
    assert_true(broker_largest(world_draft(w), any, (symbol){0}).n == 460 * GIB);
    struct draft *d = world_draft(w);
    struct volume_row *more = draft_add(d, NOUN_VOLUME, EV_volume_wanted);
    more->state = VOLUME_WANTED;
    more->charge = (struct charge){.pool = world_pool_id(w, "file/main/small"), .bytes = {10 * GIB}};
    assert_true(broker_largest(d, cap, (symbol){0}).n == 2 * GIB);
    world_apply(w);
    assert_true(broker_largest(world_draft(w), cap, (symbol){0}).n == 2 * GIB);
    world_volume(w, "x", "any", "file/main/rest", 438 * GIB); // 2 GiB of the store are left
    assert_true(broker_largest(world_draft(w), cap, (symbol){0}).n == GIB);
}

// As with bytes: what one view is given is its own, and of what the store has both take.
static void other_figures_of_a_view_are_its_own_too(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "cap", .pool = "capped", .bandwidth = {100}});
    world_class(w, (struct class_document){.name = "any", .pool = "!capped", .bandwidth = {100}});
    struct pool_made small = {.provider = "file",
                              .name = "small",
                              .store = "s",
                              .tags = "capped",
                              .bytes = TIB,
                              .iops = 1000,
                              .most = {.iops = 300, .bandwidth = 300, .volumes = 2}};
    small.most.known = KNOWS_IOPS | KNOWS_BANDWIDTH | KNOWS_VOLUMES;
    world_pool(w, small);
    world_pool(w, (struct pool_made){.provider = "file", .name = "rest", .store = "s", .bytes = TIB, .iops = 1000});
    // The store does not say its bandwidth: the view that is given some has it, the other has none.
    refused(w, want(w, "any", GIB), ERR_NO_FIT, "has no bandwidth reported");
    world_class(w, (struct class_document){.name = "any", .pool = "!capped"});
    struct want some = want(w, "any", GIB), few = want(w, "cap", GIB);
    some.iops.n = 800;
    few.iops.n = 300;
    assert_string_equal(placed(w, some), "file/main/rest");
    assert_string_equal(placed(w, few), "file/main/small");
    few.iops.n = 301;
    refused(w, few, ERR_NO_FIT, "has 300 iops left, asked 301 iops");
    volume_charged(w, "file/main/rest", (struct charge){.iops = {800}}); // 200 of the store are left
    few.iops.n = 201;
    refused(w, few, ERR_NO_FIT, "has 200 iops left, asked 201 iops");
    volume_charged(w, "file/main/small", (struct charge){.iops = {50}, .bandwidth = {250}}); // the latter its own alone
    few.iops.n = 150;
    refused(w, few, ERR_NO_FIT, "has 50 B/s left, asked 100 B/s");
    world_class(w, (struct class_document){.name = "cap", .pool = "capped"});
    assert_string_equal(placed(w, few), "file/main/small");
    volume_charged(w, "file/main/rest", (struct charge){.iops = {0}});
    assert_string_equal(placed(w, few), "file/main/small");
    volume_charged(w, "file/main/small", (struct charge){.iops = {0}}); // the second of its two
    refused(w, few, ERR_NO_FIT, "volume");
    some.iops.n = 150;
    assert_string_equal(placed(w, some), "file/main/rest");
}

static void bandwidth_and_volumes_run_out_too(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "fast", .bandwidth = {100}});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    refused(w, want(w, "fast", GIB), ERR_NO_FIT, "has no bandwidth reported");
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB, .bandwidth = 99});
    refused(w, want(w, "fast", GIB), ERR_NO_FIT, "has 99 B/s left, asked 100 B/s");
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB, .bandwidth = 100, .volumes = 1});
    assert_string_equal(placed(w, want(w, "fast", GIB)), "file/main/a");
    world_class(w, (struct class_document){.name = "any"});
    world_volume(w, "v", "any", "file/main/a", GIB);
    refused(w, want(w, "any", GIB), ERR_NO_FIT, "volume");
}

static void grants_stop_at_the_physical_headroom(void **state) {
    struct world *w = *state;
    struct pool_made thin = {.provider = "file",
                             .name = "thin",
                             .bytes = TIB,
                             .numerator = 1,
                             .denominator = 3,
                             .headroom = 10 * GIB,
                             .physical_free = 10 * GIB + 1};
    world_class(w, (struct class_document){.name = "any"});
    world_pool(w, thin);
    assert_string_equal(placed(w, want(w, "any", GIB)), "file/main/thin");
    thin.physical_free = 10 * GIB;
    world_pool(w, thin);
    refused(w, want(w, "any", GIB), ERR_NO_FIT, "has 0 B free of 1 GiB asked");
}

static void an_absent_provider_is_named_as_the_only_reason(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_provider_session(w, "file", 0);
    refused(w, want(w, "any", GIB), ERR_UNAVAILABLE, "needs provider 'file' connected: away");
    refused(w, want(w, "any", 2 * TIB), ERR_NO_FIT, "has 1 TiB free of 2 TiB asked");
    world_provider_session(w, "file", 2);
    assert_string_equal(placed(w, want(w, "any", GIB)), "file/main/a");
    world_pool_stale(w, "file/main/a");
    refused(w, want(w, "any", GIB), ERR_UNAVAILABLE, "it no longer reports this pool");
}

static void nothing_is_placed_where_no_live_agent_reaches_it(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(
        w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB, .constraint = "driver/rexray >= 0.12"});
    refused(w, want(w, "any", GIB), ERR_NO_FIT,
            "file/main/a, agent 'n1': asked driver/rexray >= 0.12, found driver/rexray=0.11 (agent, probed, 50s ago)");
    world_agent(w, (struct agent_made){.name = "n2", .tags = "driver/rexray=0.12"});
    assert_string_equal(placed(w, want(w, "any", GIB)), "file/main/a");
    world_agent_state(w, "n2", AGENT_IS_LOST, 0);
    refused(w, want(w, "any", GIB), ERR_UNAVAILABLE, "those that fit are away");
    struct want request = want(w, "any", GIB);
    request.agent = world_agent_id(w, "n2");
    refused(w, request, ERR_UNAVAILABLE,
            "class 'any', 1 GiB on agent 'n2': what would fit is away: file/main/a, agent 'n2'");
}

static void raw_blocks_need_a_pool_of_blocks(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(
        w, (struct pool_made){
               .provider = "file", .name = "dir", .bytes = TIB, .capabilities = 1u << CAN_CARVE | 1u << IS_DIRECTORY});
    struct want request = want(w, "any", GIB);
    assert_string_equal(placed(w, request), "file/main/dir");
    request.raw = true;
    refused(w, request, ERR_NO_FIT, "asked raw blocks, found directories");
}

static void a_full_agent_has_no_slot_for_one_more(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any"});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    world_agent(w, (struct agent_made){.name = "n2", .slots = 1});
    uint64_t first = world_volume(w, "v1", "any", "file/main/a", GIB),
             second = world_volume(w, "v2", "any", "file/main/a", GIB);
    world_attachment(w, first, "n2", ATTACHMENT_IN_USE);
    struct want request = want(w, "any", GIB);
    request.agent = world_agent_id(w, "n2");
    refused(w, request, ERR_NO_FIT, "asked an attach slot, found all 1 taken");
    struct draft *d = world_draft(w);
    assert_true(broker_agent_can_use(d, request.agent, state_volume(w->state, first)));
    assert_false(broker_agent_can_use(d, request.agent, state_volume(w->state, second)));
    expect_err(broker_agent_check(d, request.agent, state_volume(w->state, second)), ERR_NO_FIT,
               "volume 'v2' cannot be used there: file/main/a, agent 'n2': asked an attach slot");
}

static void a_class_is_found_by_name_and_never_by_tag(void **state) {
    struct world *w = *state;
    const struct class_row *c;
    expect_err(broker_class(w->state, "gold", &c), ERR_NOT_FOUND, "none at all yet");
    world_class(w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    world_class(w, (struct class_document){.name = "bulk"});
    expect_ok(broker_class(w->state, "gold", &c));
    assert_string_equal(c->name, "gold");
    expect_err(broker_class(w->state, NULL, &c), ERR_INVALID, "no class was named; the classes are 'gold', 'bulk'");
    expect_err(broker_class(w->state, "glod", &c), ERR_NOT_FOUND, "did you mean 'gold'?");
    expect_err(broker_class(w->state, "platinum", &c), ERR_NOT_FOUND, "the classes are 'gold', 'bulk'");
    expect_err(broker_class(w->state, "media=ssd", &c), ERR_INVALID, "ask for a class that asks for it: 'gold'");
    expect_err(broker_class(w->state, "topology/rack=r1", &c), ERR_INVALID, "ask for a class: 'gold', 'bulk'");
    world_class(w, (struct class_document){.name = "bulk", .pool = "media = hdd, net/speed >= 10Gbps"});
    expect_err(broker_class(w->state, "media=ssd", &c), ERR_INVALID, "ask for a class that asks for it: 'gold'");
    expect_err(broker_class(w->state, "media=hdd", &c), ERR_INVALID, "ask for a class that asks for it: 'bulk'");
    expect_err(broker_class(w->state, "media = hdd", &c), ERR_INVALID, "ask for a class that asks for it: 'bulk'");
    expect_err(broker_class(w->state, "media", &c), ERR_NOT_FOUND, "there is no class 'media'");
    expect_err(broker_class(w->state, "media=tape", &c), ERR_INVALID, "ask for a class: 'gold', 'bulk'");
    expect_err(broker_class(w->state, "net/speed>=1Gbps", &c), ERR_INVALID, "that asks for it: 'bulk'");
}

// ---- the largest volume ----

static void the_largest_volume_is_just_what_can_be_placed(void **state) {
    struct world *w = *state;
    srand(11);
    size_t some = 0;
    for (int round = 0; round < 300; round++) {
        const char *class = arena_format(&w->arena, "c%d", round % 5);
        struct class_document doc = {
            .name = class, .iops_per_gib = round % 3 ? 0 : 3.7, .largest = {round % 7 ? 0 : 50 * GIB + 5}};
        uint64_t id = world_class(w, doc);
        struct pool_made made = {.provider = "file", .name = arena_format(&w->arena, "p%d", round % 4)};
        made.bytes = GIB + (uint64_t)(rand() % 100) * GIB / 3;
        made.iops = rand() % 3 ? (uint64_t)(rand() % 500) : 0;
        made.granularity = (uint64_t)(rand() % 3) * GIB;
        made.smallest = (uint64_t)(rand() % 4) * 5 * GIB;
        made.largest = rand() % 2 ? 0 : 40 * GIB + 77;
        world_pool(w, made);
        struct want request = {.class = id, .size = broker_largest(world_draft(w), id, (symbol){0})};
        struct fit fit;
        if (request.size.n) {
            expect_ok(broker_place(world_draft(w), &request, &fit));
            some++;
        }
        request.size.n = request.size.n ? request.size.n + 1 : 4 * MIB;
        for (int more = 0; more < 4; more++, request.size.n += 7 * GIB)
            assert_int_equal(broker_fits(world_draft(w), &request, &fit, 1), 0);
    }
    assert_true(some > 200);
}

// ---- agents of a volume ----

static void agents_are_ranked_by_room_preference_and_habit(void **state) {
    struct world *w = *state;
    const struct class_wish wishes[] = {{"hw/infiniband", 5}};
    const struct ranked_agent *ranked;
    uint64_t class = world_class(
        w, (struct class_document){.name = "any", .prefer_agent = wishes, .prefer_agent_count = 1, .agent = "!old"});
    (void)class;
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    uint64_t tiny = world_agent(w, (struct agent_made){.name = "tiny", .tags = "hw/infiniband", .cpus = 1});
    uint64_t near = world_agent(w, (struct agent_made){.name = "near", .tags = "hw/infiniband"});
    uint64_t last = world_agent(w, (struct agent_made){.name = "last"});
    world_agent(w, (struct agent_made){.name = "old", .tags = "old"});
    uint64_t id = world_volume(w, "v", "any", "file/main/a", GIB);
    struct draft *d = world_draft(w);
    edit_volume(d, id, EV_volume_changed)->last_agent = last;
    struct scalars need = {.cpus = {2000}};
    size_t count = broker_rank_agents(d, draft_volume(d, id), need, 0, &w->arena, &ranked);
    assert_int_equal(count, 4);
    assert_true(ranked[0].agent == near && ranked[0].covers && ranked[0].score == 5);
    assert_true(ranked[1].agent == last && ranked[2].agent == world_agent_id(w, "n1"));
    assert_true(ranked[3].agent == tiny && !ranked[3].covers);
    assert_int_equal(broker_rank_agents(d, draft_volume(d, id), need, 1, &w->arena, &ranked), 1);
    assert_true(ranked[0].agent == near);
}

static void the_best_few_agents_are_the_first_of_all(void **state) {
    struct world *w = *state;
    const struct class_wish wishes[] = {{"hw/infiniband", 5}, {"slow", -2}};
    static const char *const tags[] = {"", "slow", "hw/infiniband", "hw/infiniband, slow"};
    srand(3);
    world_class(
        w, (struct class_document){.name = "any", .prefer_agent = wishes, .prefer_agent_count = ARRAY_LEN(wishes)});
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .bytes = TIB});
    for (int i = 0; i < 60; i++)
        world_agent(w, (struct agent_made){.name = arena_format(&w->arena, "m%d", i),
                                           .tags = tags[rand() % 4],
                                           .cpus = 1 + rand() % 3});
    uint64_t id = world_volume(w, "v", "any", "file/main/a", GIB);
    struct draft *d = world_draft(w);
    edit_volume(d, id, EV_volume_changed)->last_agent = world_agent_id(w, "m33");
    const struct ranked_agent *all, *few;
    struct scalars need = {.cpus = {2000}};
    assert_int_equal(broker_rank_agents(d, draft_volume(d, id), need, 0, &w->arena, &all), 61);
    for (size_t i = 1; i < 61; i++) {
        assert_true(all[i - 1].covers >= all[i].covers);
        if (all[i - 1].covers == all[i].covers) assert_true(all[i - 1].score >= all[i].score);
    }
    for (size_t most = 1; most < 61; most++) {
        assert_int_equal(broker_rank_agents(d, draft_volume(d, id), need, most, &w->arena, &few), most);
        for (size_t i = 0; i < most; i++) assert_true(few[i].agent == all[i].agent && few[i].covers == all[i].covers);
    }
}

static void a_volume_can_be_used_where_the_facts_allow_it(void **state) {
    struct world *w = *state;
    world_class(w, (struct class_document){.name = "any", .pool = "media = ssd", .agent = "zone = a"});
    world_pool(w,
               (struct pool_made){
                   .provider = "file", .name = "a", .tags = "media=ssd", .bytes = TIB, .constraint = "!maintenance"});
    world_agent(w, (struct agent_made){.name = "good", .tags = "zone=a"});
    world_agent(w, (struct agent_made){.name = "down", .tags = "zone=a, maintenance"});
    world_agent(w, (struct agent_made){.name = "far", .tags = "zone=b"});
    uint64_t id = world_volume(w, "v", "any", "file/main/a", GIB);
    const struct volume_row *v = state_volume(w->state, id);
    assert_true(broker_agent_can_use(world_draft(w), world_agent_id(w, "good"), v));
    expect_err(broker_agent_check(world_draft(w), world_agent_id(w, "down"), v), ERR_NO_FIT,
               "asked !maintenance, found maintenance");
    expect_err(broker_agent_check(world_draft(w), world_agent_id(w, "far"), v), ERR_NO_FIT,
               "asked zone = a, found zone=b");
    // The class's pool selector chose the pool; what it says later moves no volume.
    world_pool(w, (struct pool_made){.provider = "file", .name = "a", .tags = "media=hdd", .bytes = TIB});
    assert_true(broker_agent_can_use(world_draft(w), world_agent_id(w, "good"), state_volume(w->state, id)));
    world_agent_state(w, "good", AGENT_IS_AWAY, 0);
    expect_err(broker_agent_check(world_draft(w), world_agent_id(w, "good"), state_volume(w->state, id)),
               ERR_UNAVAILABLE, "needs the agent connected and active: away");
}

static void an_agent_shows_the_classes_it_can_use(void **state) {
    struct world *w = *state;
    const uint64_t *classes;
    uint64_t gold = world_class(w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    uint64_t bulk = world_class(w, (struct class_document){.name = "bulk", .pool = "media = hdd"});
    uint64_t n1 = world_agent_id(w, "n1");
    world_pool(w, (struct pool_made){.provider = "file", .name = "s", .tags = "media=ssd", .bytes = TIB});
    assert_int_equal(broker_agent_classes(w->state, n1, &w->arena, &classes), 1);
    assert_true(classes[0] == gold);
    world_pool(w, (struct pool_made){.provider = "file", .name = "h", .tags = "media=hdd", .bytes = TIB});
    assert_int_equal(broker_agent_classes(w->state, n1, &w->arena, &classes), 2);
    assert_true(classes[0] == gold && classes[1] == bulk);
    world_pool(w, (struct pool_made){
                      .provider = "file", .name = "s", .tags = "media=ssd", .bytes = TIB, .constraint = "nvme"});
    assert_int_equal(broker_agent_classes(w->state, n1, &w->arena, &classes), 1);
    world_provider_session(w, "file", 0);
    assert_int_equal(broker_agent_classes(w->state, n1, &w->arena, &classes), 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(the_class_chooses_by_its_selector_then_by_its_weights),
        T(among_equals_the_emptiest_then_the_oldest_is_taken),
        T(an_agent_asked_for_turns_the_choice_to_what_it_is_near),
        T(what_is_granted_is_rounded_up_and_charged),
        T(a_draft_sees_its_own_grants),
        T(a_refusal_names_the_three_nearest_with_what_failed),
        T(a_class_may_be_closed_to_a_role),
        T(sizes_below_a_minimum_are_wrong_requests),
        T(an_unknown_filesystem_is_a_wrong_request),
        T(iops_that_are_not_known_are_not_promised),
        T(the_worked_example_of_iops),
        T(views_of_one_store_shrink_together),
        T(a_view_with_a_capacity_grants_no_more_than_that),
        T(other_figures_of_a_view_are_its_own_too),
        T(bandwidth_and_volumes_run_out_too),
        T(grants_stop_at_the_physical_headroom),
        T(an_absent_provider_is_named_as_the_only_reason),
        T(nothing_is_placed_where_no_live_agent_reaches_it),
        T(raw_blocks_need_a_pool_of_blocks),
        T(a_full_agent_has_no_slot_for_one_more),
        T(a_class_is_found_by_name_and_never_by_tag),
        T(the_largest_volume_is_just_what_can_be_placed),
        T(agents_are_ranked_by_room_preference_and_habit),
        T(the_best_few_agents_are_the_first_of_all),
        T(a_volume_can_be_used_where_the_facts_allow_it),
        T(an_agent_shows_the_classes_it_can_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
