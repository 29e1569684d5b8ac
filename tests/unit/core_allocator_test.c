// SPDX-License-Identifier: Apache-2.0
// Offers as frameworks see them: whose turn it is, what is withheld, where idle volumes ride.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <cmocka.h>

#include "core/offer_wish.h"
#include "offer_world.h"

static int setup(void **state) {
    struct offer_world *w = NEW(struct offer_world);
    world_open(w, 0);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_close(*state);
    free(*state);
    return 0;
}

static void expect_sound(const struct offer_world *w) {
    AUTO_ERR struct err *e = allocator_check(w->s);
    if (e) fail_msg("%s", err_text(e));
}

// Runs until nothing is wanted any more at this moment.
static void settle(struct offer_world *w) {
    for (int i = 0; i < 50; i++) {
        struct mono next = allocator_next(w->s, w->now.mono);
        if (next.ms > w->now.mono.ms + 10) return;
        assert_true(world_settle(w, 10));
        expect_sound(w);
    }
    fail_msg("the allocator never rests");
}

static void expect_offer(const struct offer_world *w, uint64_t agent, uint64_t framework, int64_t cpus) {
    const struct offer_row *o = world_offer_on(w, agent);
    assert_non_null(o);
    assert_int_equal(o->framework, framework);
    assert_int_equal(o->resources.cpus.n, cpus * 1000);
}

static size_t volumes_in(const struct offer_row *o) {
    return o ? blob_count(o->volumes, uint64_t) : 0;
}

static uint64_t offer_of(const struct offer_world *w, uint64_t volume) {
    return state_volume(w->s, volume)->offer;
}

// The framework subscribes again with those wishes, all of role "*".
static void wish(struct offer_world *w, uint64_t framework, const struct offer_constraint *constraints, size_t count,
                 const struct offer_least *least, size_t least_count) {
    world_begin(w);
    drop_offers_of_framework(&w->d, framework);
    struct framework_row *f = edit_framework(&w->d, framework, EV_framework_subscribed);
    f->constraints = draft_blob(&w->d, constraints, count * sizeof *constraints);
    f->least = draft_blob(&w->d, least, least_count * sizeof *least);
    f->revived++;
    world_commit(w);
}

static void wish_host(struct offer_world *w, uint64_t framework, enum wish_test test, uint64_t agent) {
    const struct offer_constraint c = {.role = world_symbol(w, "*"),
                                       .value = world_symbol(w, state_agent(w->s, agent)->name),
                                       .group = 1,
                                       .subject = WISH_HOSTNAME,
                                       .test = (uint8_t)test};
    wish(w, framework, &c, 1, NULL, 0);
}

static void tag_agent(struct offer_world *w, uint64_t agent, const char *text, enum tag_origin origin) {
    struct tag tag;
    struct err *e = tag_parse(&w->s->symbols, text, &tag);
    must(!e);
    world_begin(w);
    struct agent_row *a = edit_agent(&w->d, agent, EV_agent_reported);
    struct agent_facts *f = world_facts(a->facts->total, 31000, 32000);
    f->tags = tag_set_copy(&a->facts->tags);
    e = tag_set_add(&f->tags, tag, (struct tag_said){.tier = TIER_AGENT, .origin = origin & 0xff});
    must(!e);
    a->facts = f;
    draft_keep(&w->d, &f->shared);
    world_commit(w);
}

// ---- agents ----

static void all_of_an_agent_goes_to_one_framework(void **state) {
    struct offer_world *w = *state;
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "*", false);
    settle(w);
    expect_offer(w, agent, f, 4);
    assert_int_equal(world_offers(w), 1);
    const struct port_range *ports = blob_items(world_offer_on(w, agent)->ports, struct port_range);
    assert_int_equal(ports->begin, 31000);
    assert_int_equal(ports->end, 32000);
}

static void a_change_waits_at_most_ten_milliseconds(void **state) {
    struct offer_world *w = *state;
    assert_int_equal(allocator_next(w->s, w->now.mono).ms, INT64_MAX);
    world_agent(w, world_scalars(4, 8192));
    int64_t first = allocator_next(w->s, w->now.mono).ms;
    assert_int_equal(first, w->now.mono.ms + 10);
    w->now.mono.ms += 6;
    world_framework(w, "*", false);
    assert_int_equal(allocator_next(w->s, w->now.mono).ms, first);
    world_allocate(w);
    assert_int_equal(allocator_next(w->s, w->now.mono).ms, INT64_MAX);
}

static void an_idle_cycle_makes_no_event(void **state) {
    struct offer_world *w = *state;
    world_agent(w, world_scalars(4, 8192));
    world_framework(w, "*", false);
    settle(w);
    world_begin(w);
    decide_allocate(&w->d);
    assert_int_equal(draft_event_count(&w->d), 0);
    world_commit(w);
}

static void frameworks_of_equal_share_take_turns(void **state) {
    struct offer_world *w = *state;
    uint64_t f[3] = {world_framework(w, "a", false), world_framework(w, "b", false), world_framework(w, "c", false)};
    for (int i = 0; i < 9; i++) world_agent(w, world_scalars(4, 8192));
    settle(w);
    for (int i = 0; i < 3; i++) assert_int_equal(state_related(w->s, OFFERS_OF_FRAMEWORK, f[i])->count, 3);
}

static void who_holds_less_of_its_dominant_resource_comes_first(void **state) {
    struct offer_world *w = *state;
    uint64_t a = world_framework(w, "a", false), b = world_framework(w, "b", false);
    uint64_t used = world_agent(w, world_scalars(8, 8192));
    world_task(w, a, "a", used, world_scalars(1, 6144), 0, 0); // 6/16 of the memory
    world_task(w, b, "b", used, world_scalars(5, 1024), 0, 0); // 5/16 of the cpus
    uint64_t agent = world_agent(w, world_scalars(8, 8192));
    world_allocate(w);
    expect_offer(w, used, b, 2);  // 7/16 of the cpus from here on
    expect_offer(w, agent, a, 8); // 6/16
}

static void a_role_of_twice_the_weight_gets_twice_as_much(void **state) {
    struct offer_world *w = *state;
    world_begin(w);
    symbol y = symbol_make(&w->s->symbols, "heavy");
    struct role_row *role = draft_add(&w->d, NOUN_ROLE, EV_role_set);
    role->name = y;
    role->weight = 2;
    world_commit(w);
    uint64_t heavy = world_framework(w, "heavy", false), light = world_framework(w, "light", false);
    for (int i = 0; i < 12; i++) world_agent(w, world_scalars(4, 8192));
    settle(w);
    assert_int_equal(state_related(w->s, OFFERS_OF_FRAMEWORK, heavy)->count, 8);
    assert_int_equal(state_related(w->s, OFFERS_OF_FRAMEWORK, light)->count, 4);
}

static void crumbs_are_not_offered(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false);
    uint64_t agent = world_agent(w, (struct scalars){.cpus = {9}, .mem = {31999}, .disk = {1000000}});
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_agent_facts(w, agent, (struct scalars){.cpus = {9}, .mem = {32000}, .disk = {0}});
    settle(w);
    assert_int_equal(world_offer_on(w, agent)->framework, f);
}

static void an_agent_that_a_framework_wishes_not_goes_to_the_next(void **state) {
    struct offer_world *w = *state;
    uint64_t one = world_agent(w, world_scalars(4, 8192)), two = world_agent(w, world_scalars(4, 8192));
    uint64_t choosy = world_framework(w, "*", false);
    wish_host(w, choosy, WISH_EQUALS, two);
    settle(w);
    assert_null(world_offer_on(w, one));
    expect_offer(w, two, choosy, 4);
    uint64_t easy = world_framework(w, "*", false);
    settle(w);
    expect_offer(w, one, easy, 4);
    wish_host(w, choosy, WISH_DIFFERS, two); // its own offer went: only the other framework's is left
    settle(w);
    expect_offer(w, two, easy, 4);
}

static void one_group_must_hold_whole(void **state) {
    struct offer_world *w = *state;
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "*", false);
    symbol role = world_symbol(w, "*"), rack = world_symbol(w, "topology/rack"), r1 = world_symbol(w, "r1");
    symbol gpu = world_symbol(w, "hw/gpu"), yes = world_symbol(w, "true");
    const struct offer_constraint c[] = {
        {role, rack, r1, 1, WISH_TAG, WISH_EQUALS},                    // on rack r1
        {role, gpu, {0}, 1, WISH_TAG, WISH_ABSENT},                    // and without a gpu
        {role, gpu, yes, 2, WISH_TAG, WISH_EQUALS},                    // or with one
        {role, {0}, {0}, 2, WISH_DOMAIN, WISH_ABSENT},                 // which is in no region
        {world_symbol(w, "eng"), rack, r1, 3, WISH_TAG, WISH_DIFFERS}, // another role's
    };
    wish(w, f, c, ARRAY_LEN(c), NULL, 0);
    settle(w);
    assert_null(world_offer_on(w, agent));
    tag_agent(w, agent, "topology/rack=r1", TAG_CONFIGURED); // nothing that frameworks see
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_agent_facts(w, agent, world_scalars(4, 8192)); // without tags
    tag_agent(w, agent, "topology/rack=r1", TAG_ATTRIBUTE);
    settle(w);
    expect_offer(w, agent, f, 4);
    world_decline(w, world_offer_on(w, agent)->id, 0);
    tag_agent(w, agent, "topology/rack=r2", TAG_ATTRIBUTE); // one of its values is r1 still
    settle(w);
    expect_offer(w, agent, f, 4);
    world_decline(w, world_offer_on(w, agent)->id, 0);
    tag_agent(w, agent, "hw/gpu", TAG_ATTRIBUTE);
    settle(w);
    expect_offer(w, agent, f, 4); // by the second group
}

static void a_framework_may_wish_for_a_class_of_storage(void **state) {
    struct offer_world *w = *state;
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "*", false);
    const struct offer_constraint c = {world_symbol(w, "*"), {0},        world_symbol(w, "gold"), 1,
                                       WISH_CLASSES,         WISH_EQUALS};
    wish(w, f, &c, 1, NULL, 0);
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_storage(w, 1 << 30);
    settle(w);
    expect_offer(w, agent, f, 4);
}

static void a_volume_does_not_ride_to_who_wishes_another_agent(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t one = world_agent(w, world_scalars(4, 8192)), two = world_agent(w, world_scalars(2, 4096));
    uint64_t f = world_framework(w, "*", true);
    wish_host(w, f, WISH_EQUALS, two);
    uint64_t volume = world_volume(w, "*", f);
    settle(w);
    assert_null(world_offer_on(w, one));
    assert_int_equal(volumes_in(world_offer_on(w, two)), 1);
    assert_int_equal(offer_of(w, volume), world_offer_on(w, two)->id);
}

static void who_says_the_least_that_is_enough_gets_that_and_no_less(void **state) {
    struct offer_world *w = *state;
    uint64_t agent = world_agent(w, (struct scalars){.cpus = {0}, .mem = {0}, .disk = {100000}});
    uint64_t usual = world_framework(w, "*", false), modest = world_framework(w, "*", false);
    symbol role = world_symbol(w, "*");
    settle(w);
    assert_null(world_offer_on(w, agent)); // disk alone is Mesos' crumb
    const struct offer_least sets[] = {{role, {.disk = {200000}}}, {role, {.disk = {100000}}}};
    wish(w, modest, NULL, 0, sets, 1);
    settle(w);
    assert_null(world_offer_on(w, agent));
    wish(w, modest, NULL, 0, sets, 2);
    settle(w);
    assert_int_equal(world_offer_on(w, agent)->framework, modest);
    uint64_t large = world_agent(w, world_scalars(4, 8192));
    settle(w);
    expect_offer(w, large, usual, 4); // without disk it is not enough for the other
}

static void what_a_task_frees_is_offered_again(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    uint64_t task = world_task(w, f, "*", agent, world_scalars(3, 8000), 31500, 0);
    settle(w);
    expect_offer(w, agent, f, 1);
    assert_int_equal(blob_count(world_offer_on(w, agent)->ports, struct port_range), 2); // around the task's
    world_task_ends(w, task);
    settle(w);
    expect_offer(w, agent, f, 3);
    const struct port_range *ports = blob_items(world_offer_on(w, agent)->ports, struct port_range);
    assert_int_equal(ports->begin, 31500);
    assert_int_equal(ports->end, 31500);
}

static void an_agent_that_shrinks_takes_its_offers_back(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    world_agent_facts(w, agent, world_scalars(2, 8192));
    world_allocate(w);
    assert_int_equal(w->rescinded, 1);
    settle(w);
    expect_offer(w, agent, f, 2);
}

static void an_agent_that_goes_away_is_not_offered(void **state) {
    struct offer_world *w = *state;
    uint64_t agent = world_agent(w, world_scalars(4, 8192));
    world_begin(w);
    struct agent_row *row = edit_agent(&w->d, agent, EV_agent_away);
    row->session = 0;
    row->state = AGENT_IS_AWAY;
    world_commit(w);
    world_framework(w, "*", false);
    settle(w);
    assert_int_equal(world_offers(w), 0);
}

static void an_offer_that_nobody_answers_is_rescinded_in_time(void **state) {
    struct offer_world *w = *state;
    w->s->timing.offer_timeout_ms = 3000;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    uint64_t first = world_offer_on(w, agent)->id;
    assert_int_equal(allocator_next(w->s, w->now.mono).ms, w->now.mono.ms + 3000);
    w->now.mono.ms += 3000;
    world_allocate(w);
    assert_int_equal(w->rescinded, 1);
    settle(w);
    expect_offer(w, agent, f, 4);
    assert_true(world_offer_on(w, agent)->id != first);
}

// ---- filters ----

static void what_was_refused_goes_to_the_next_and_comes_back_in_time(void **state) {
    struct offer_world *w = *state;
    uint64_t a = world_framework(w, "*", false), b = world_framework(w, "*", false);
    uint64_t agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    expect_offer(w, agent, a, 4);
    world_decline(w, world_offer_on(w, agent)->id, 30);
    int64_t ends = w->now.mono.ms + 30000;
    settle(w);
    expect_offer(w, agent, b, 4);
    world_decline(w, world_offer_on(w, agent)->id, 60);
    settle(w);
    assert_null(world_offer_on(w, agent));
    assert_int_equal(allocator_next(w->s, w->now.mono).ms, ends);
    w->now.mono.ms = ends;
    world_allocate(w);
    expect_offer(w, agent, a, 4);
}

static void more_than_was_refused_is_offered_at_once(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    uint64_t task = world_task(w, f, "*", agent, world_scalars(1, 512), 0, 0);
    settle(w);
    world_decline(w, world_offer_on(w, agent)->id, 3600);
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_task_ends(w, task);
    settle(w);
    expect_offer(w, agent, f, 4);
}

static void what_is_left_of_an_accepted_offer_is_withheld_and_what_its_task_frees_is_not(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    world_accept(w, world_offer_on(w, agent)->id, world_scalars(3, 8000), 3600);
    uint64_t task = world_task(w, f, "*", agent, world_scalars(1, 192), 31000, 0);
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_task_ends(w, task);
    settle(w);
    expect_offer(w, agent, f, 4);
}

static void reviving_clears_what_was_refused(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    world_decline(w, world_offer_on(w, agent)->id, 3600);
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_begin(w);
    decide_revive(&w->d, f, NULL, 0);
    world_commit(w);
    settle(w);
    expect_offer(w, agent, f, 4);
}

static void a_suppressed_role_gets_no_offer_until_it_is_revived(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false);
    symbol role = world_symbol(w, "*"), other = world_symbol(w, "other");
    world_begin(w);
    decide_suppress(&w->d, f, &other, 1); // not subscribed to it: nothing happens
    assert_int_equal(draft_event_count(&w->d), 0);
    decide_suppress(&w->d, f, &role, 1);
    world_commit(w);
    uint64_t agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    assert_null(world_offer_on(w, agent));
    world_begin(w);
    decide_revive(&w->d, f, &role, 1);
    world_commit(w);
    settle(w);
    expect_offer(w, agent, f, 4);
}

static void refusing_for_no_time_is_no_filter(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    uint64_t first = world_offer_on(w, agent)->id;
    world_decline(w, first, 0);
    settle(w);
    expect_offer(w, agent, f, 4);
    assert_true(world_offer_on(w, agent)->id != first);
}

static void odd_refusal_times_mean_what_mesos_says(void **state) {
    (void)state;
    struct mono now = {5000};
    assert_int_equal(refuse_until(now, 0).ms, 0);
    assert_int_equal(refuse_until(now, -1).ms, 10000);
    assert_int_equal(refuse_until(now, (double)NAN).ms, 10000);
    assert_int_equal(refuse_until(now, (double)INFINITY).ms, 5000 + 31536000000);
    assert_int_equal(refuse_until(now, 0.25).ms, 5250);
    assert_int_equal(refuse_until(now, 1e-9).ms, 5001);
}

static void nobody_declines_the_offers_of_others(void **state) {
    struct offer_world *w = *state;
    uint64_t a = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    uint64_t offers[] = {world_offer_on(w, agent)->id, 12345};
    world_begin(w);
    decide_decline(&w->d, a + 1000, offers, 2, 5);
    assert_int_equal(draft_event_count(&w->d), 0);
    world_commit(w);
    expect_offer(w, agent, a, 4);
}

// ---- idle volumes ----

static void an_idle_volume_rides_with_its_best_agent_to_a_labelled_framework(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t plain = world_framework(w, "db", false), labelled = world_framework(w, "db", true);
    uint64_t volume = world_volume(w, "db", 0), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    (void)plain;
    expect_offer(w, agent, labelled, 4);
    assert_int_equal(volumes_in(world_offer_on(w, agent)), 1);
    assert_int_equal(offer_of(w, volume), world_offer_on(w, agent)->id);
}

static void a_volume_of_the_star_role_is_offered_to_its_own_framework_only(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    world_framework(w, "*", true);
    uint64_t own = world_framework(w, "*", true), volume = world_volume(w, "*", own);
    uint64_t agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    expect_offer(w, agent, own, 4);
    assert_int_equal(offer_of(w, volume), world_offer_on(w, agent)->id);
}

static void a_declined_volume_moves_on_and_waits_when_all_agents_are_refused(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t one = world_agent(w, world_scalars(4, 8192)), two = world_agent(w, world_scalars(4, 8192));
    world_framework(w, "db", true);
    uint64_t volume = world_volume(w, "db", 0);
    settle(w);
    assert_int_equal(state_offer(w->s, offer_of(w, volume))->agent, one);
    world_decline(w, offer_of(w, volume), 30);
    settle(w);
    assert_int_equal(state_offer(w->s, offer_of(w, volume))->agent, two);
    world_decline(w, offer_of(w, volume), 60);
    settle(w);
    assert_int_equal(offer_of(w, volume), 0);
    while (allocator_next(w->s, w->now.mono).ms < 31200) world_settle(w, 40000);
    assert_int_equal(state_offer(w->s, offer_of(w, volume))->agent, one);
    expect_sound(w);
}

static void a_volume_joins_what_its_framework_already_holds_of_the_agent(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "db", true);
    settle(w);
    uint64_t before = world_offer_on(w, agent)->id;
    uint64_t volume = world_volume(w, "db", 0);
    world_settle(w, 10);
    assert_int_equal(w->rescinded, 1);
    expect_offer(w, agent, f, 4);
    assert_true(offer_of(w, volume) != before && offer_of(w, volume) == world_offer_on(w, agent)->id);
    assert_int_equal(blob_count(world_offer_on(w, agent)->ports, struct port_range), 1);
    uint64_t second = world_volume(w, "db", 0);
    settle(w);
    assert_int_equal(volumes_in(world_offer_on(w, agent)), 2);
    assert_int_equal(offer_of(w, volume), offer_of(w, second));
    assert_int_equal(state_related(w->s, OFFERS_OF_AGENT, agent)->count, 1);
}

static void a_volume_rides_alone_when_others_hold_every_agent(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t agent = world_agent(w, world_scalars(4, 8192));
    world_framework(w, "web", false);
    settle(w);
    uint64_t f = world_framework(w, "db", true), volume = world_volume(w, "db", 0);
    settle(w);
    assert_int_equal(state_related(w->s, OFFERS_OF_AGENT, agent)->count, 2);
    const struct offer_row *o = state_offer(w->s, offer_of(w, volume));
    assert_int_equal(o->framework, f);
    assert_int_equal(o->resources.cpus.n, 0);
}

static void volumes_spread_over_agents_that_have_room_for_their_tasks(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t volumes[3], agents[2];
    for (int i = 0; i < 2; i++) agents[i] = world_agent(w, world_scalars(4, 8192));
    for (int i = 0; i < 3; i++) {
        volumes[i] = world_volume(w, "db", 0);
        world_begin(w);
        edit_volume(&w->d, volumes[i], EV_volume_changed)->last_cpus.n = 2000;
        world_commit(w);
    }
    world_framework(w, "db", true);
    settle(w);
    assert_int_equal(state_offer(w->s, offer_of(w, volumes[0]))->agent, agents[0]);
    assert_int_equal(state_offer(w->s, offer_of(w, volumes[1]))->agent, agents[0]);
    assert_int_equal(state_offer(w->s, offer_of(w, volumes[2]))->agent, agents[1]);
}

static void a_volume_that_its_task_used_comes_back_although_the_rest_was_refused(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "db", true);
    uint64_t used = world_volume(w, "db", 0), left = world_volume(w, "db", 0);
    settle(w);
    assert_int_equal(offer_of(w, used), offer_of(w, left));
    world_accept(w, offer_of(w, used), world_scalars(3, 8000), 3600);
    uint64_t task = world_task(w, f, "db", agent, world_scalars(1, 192), 0, used);
    settle(w);
    world_task_ends(w, task);
    settle(w);
    assert_true(offer_of(w, used) != 0);
    assert_int_equal(offer_of(w, left), 0);
}

static void a_framework_that_comes_back_has_refused_nothing(void **state) {
    struct offer_world *w = *state;
    uint64_t f = world_framework(w, "*", false), agent = world_agent(w, world_scalars(4, 8192));
    settle(w);
    world_decline(w, world_offer_on(w, agent)->id, 3600);
    settle(w);
    world_begin(w);
    edit_framework(&w->d, f, EV_framework_subscribed)->session = 2;
    world_commit(w);
    settle(w);
    expect_offer(w, agent, f, 4);
}

static void at_most_sixty_four_volumes_of_an_owner_stand_in_offers(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    world_agent(w, world_scalars(4, 8192));
    uint64_t first = world_volume(w, "db", 0), last = 0;
    for (int i = 0; i < 150; i++) last = world_volume(w, "db", 0);
    world_framework(w, "db", true);
    settle(w);
    size_t offered = 0;
    STATE_EACH(VOLUME, volume_row, v, w->s) offered += v->offer != 0;
    assert_int_equal(offered, IDLE_VOLUMES_OFFERED);
    assert_true(offer_of(w, first) != 0);
    // Nobody takes them: they go to the end, the others come.
    world_decline(w, offer_of(w, first), 0);
    settle(w);
    assert_int_equal(offer_of(w, first), 0);
    world_decline(w, state_volume(w->s, first + 64)->offer, 0);
    settle(w);
    assert_true(offer_of(w, last) != 0 && offer_of(w, first) != 0);
}

static void a_volume_that_a_task_wants_is_not_offered_until_it_ends(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "db", true);
    uint64_t volume = world_volume(w, "db", 0);
    uint64_t task = world_task(w, f, "db", agent, world_scalars(1, 64), 0, volume);
    settle(w);
    assert_int_equal(offer_of(w, volume), 0);
    world_task_ends(w, task);
    settle(w);
    assert_true(offer_of(w, volume) != 0);
}

static void a_volume_that_fits_no_agent_waits_for_one(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    world_framework(w, "db", true);
    uint64_t volume = world_volume(w, "db", 0);
    settle(w);
    assert_int_equal(offer_of(w, volume), 0);
    world_agent(w, world_scalars(4, 8192));
    settle(w);
    assert_true(offer_of(w, volume) != 0);
}

static void a_volume_released_or_busy_is_not_offered(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t released = world_volume(w, "db", 0), unformatted = world_volume(w, "db", 0);
    world_begin(w);
    edit_volume(&w->d, released, EV_volume_changed)->released = true;
    struct volume_row *v = edit_volume(&w->d, unformatted, EV_volume_changed);
    v->content = CONTENT_NEW;
    v->format_eager = true;
    world_commit(w);
    world_framework(w, "db", true);
    world_agent(w, world_scalars(4, 8192));
    settle(w);
    assert_int_equal(offer_of(w, released), 0);
    assert_int_equal(offer_of(w, unformatted), 0);
    world_begin(w);
    edit_volume(&w->d, unformatted, EV_volume_formatted)->content = CONTENT_FORMATTED;
    world_commit(w);
    settle(w);
    assert_true(offer_of(w, unformatted) != 0);
}

// ---- storage-only offers ----

static void a_labelled_framework_sees_the_largest_volume_of_each_class(void **state) {
    struct offer_world *w = *state;
    world_storage(w, UINT64_C(1) << 40);
    uint64_t plain = world_framework(w, "db", false), f = world_framework(w, "db", true);
    world_agent(w, world_scalars(4, 8192));
    settle(w);
    assert_null(world_storage_offer(w, plain));
    const struct offer_row *o = world_storage_offer(w, f);
    assert_non_null(o);
    assert_int_equal(blob_count(o->classes, struct class_amount), 1);
    assert_int_equal(blob_items(o->classes, struct class_amount)->class, w->class);
    assert_int_equal(blob_items(o->classes, struct class_amount)->largest.n, UINT64_C(1) << 40);
}

static void refused_storage_comes_back_when_it_grew_or_in_time(void **state) {
    struct offer_world *w = *state;
    world_storage(w, UINT64_C(1) << 40);
    uint64_t f = world_framework(w, "db", true);
    world_agent(w, world_scalars(4, 8192));
    settle(w);
    world_decline(w, world_storage_offer(w, f)->id, 30);
    settle(w);
    assert_null(world_storage_offer(w, f));
    world_pool_grows(w, UINT64_C(1) << 39);
    settle(w);
    assert_null(world_storage_offer(w, f));
    world_pool_grows(w, UINT64_C(1) << 41);
    settle(w);
    assert_non_null(world_storage_offer(w, f));
    world_decline(w, world_storage_offer(w, f)->id, 30);
    settle(w);
    assert_int_equal(allocator_next(w->s, w->now.mono).ms / 1000, 31);
    w->now.mono.ms += 30000;
    world_allocate(w);
    assert_non_null(world_storage_offer(w, f));
}

static void storage_stands_in_many_offers_and_is_made_anew_after_an_accept(void **state) {
    struct offer_world *w = *state;
    world_storage(w, UINT64_C(1) << 40);
    uint64_t a = world_framework(w, "db", true), b = world_framework(w, "web", true);
    world_agent(w, world_scalars(4, 8192));
    settle(w);
    assert_true(world_storage_offer(w, a) && world_storage_offer(w, b));
    world_accept(w, world_storage_offer(w, a)->id, (struct scalars){{0}, {0}, {0}}, 0);
    settle(w);
    assert_non_null(world_storage_offer(w, a));
}

// ---- chance ----

static uint64_t roll(uint64_t *seed, uint64_t below) {
    *seed = hash_u64(*seed + 0x9e3779b97f4a7c15u);
    return *seed % below;
}

static uint64_t any_offer(const struct offer_world *w, uint64_t *seed) {
    uint64_t skip = world_offers(w) ? roll(seed, world_offers(w)) : 0;
    STATE_EACH(OFFER, offer_row, o, w->s)
    if (!skip--) return o->id;
    return 0;
}

static void churn(struct offer_world *w, uint64_t *seed, uint64_t agents[6], uint64_t frameworks[4]) {
    static const char *roles[] = {"a", "b", "a", "*"};
    uint64_t i = roll(seed, 6), f = roll(seed, 4), offer = any_offer(w, seed);
    switch (roll(seed, 7)) {
    case 0: world_agent_facts(w, agents[i], world_scalars((int64_t)roll(seed, 8), 4096)); break;
    case 1: world_volume(w, roles[f], f == 3 ? frameworks[3] : 0); break;
    case 2:
        if (offer && state_offer(w->s, offer)->agent) {
            const struct offer_row o = *state_offer(w->s, offer);
            const char *role = state_text(w->s, o.role);
            world_accept(w, offer, (struct scalars){{0}, {0}, {0}}, (double)roll(seed, 3));
            world_task(w, o.framework, role, o.agent, o.resources, 0, 0);
        }
        break;
    case 3: {
        struct task_row *t = table_next(&w->s->tables[NOUN_TASK], 0);
        while (t && task_state_ended(t->state)) t = table_next(&w->s->tables[NOUN_TASK], t->id);
        if (t) world_task_ends(w, t->id);
        break;
    }
    case 4:
        world_begin(w);
        (roll(seed, 2) ? decide_revive : decide_suppress)(&w->d, frameworks[f], NULL, 0);
        world_commit(w);
        break;
    default:
        if (offer) world_decline(w, offer, (double)roll(seed, 4));
        break;
    }
}

static void offers_stay_sound_whatever_happens(void **state) {
    struct offer_world *w = *state;
    w->s->timing.offer_timeout_ms = 700;
    world_storage(w, UINT64_C(1) << 40);
    static const char *roles[] = {"a", "b", "a", "*"};
    uint64_t seed = 42, agents[6], frameworks[4];
    for (int i = 0; i < 6; i++) agents[i] = world_agent(w, world_scalars(4, 4096));
    for (int i = 0; i < 4; i++) frameworks[i] = world_framework(w, roles[i], i > 0);
    for (int i = 0; i < 4000; i++) {
        churn(w, &seed, agents, frameworks);
        expect_sound(w);
        world_settle(w, (int64_t)roll(&seed, 200));
        expect_sound(w);
    }
}

// ---- start ----

static enum event_kind kind_of_noun(enum noun noun) {
    for (uint32_t number = 1; number < 256; number++) {
        enum event_kind kind;
        if (event_kind_parse(number, &kind) && event_noun(kind) == noun) return kind;
    }
    fail_msg("%s has no event", noun_name(noun));
    return 0;
}

// All rows but offers, as their images, in the order of ids: what a start reads.
static void rows_copy(const struct state *from, struct state *to) {
    for (uint32_t n = 1; n < from->symbols.count; n++) (void)symbol_make(&to->symbols, state_text(from, (symbol){n}));
    for (uint64_t after = 0, next;; after = next) {
        struct event e = {0};
        next = UINT64_MAX;
        for (enum noun noun = 0; noun < NOUN_OFFER; noun++) {
            const uint64_t *row = table_next(&from->tables[noun], after);
            if (!row || *row >= next) continue;
            next = *row;
            e = (struct event){.kind = kind_of_noun(noun), .noun = noun, .row = row};
        }
        if (next == UINT64_MAX) return;
        state_apply(to, to->seq + 1, &e);
    }
}

static void what_is_kept_can_be_worked_out_from_rows_alone(void **state) {
    struct offer_world *w = *state;
    world_storage(w, 1 << 30);
    uint64_t agent = world_agent(w, world_scalars(4, 8192)), f = world_framework(w, "db", true);
    uint64_t volume = world_volume(w, "db", 0), busy = world_volume(w, "db", 0);
    world_task(w, f, "db", agent, world_scalars(1, 192), 31000, busy);
    settle(w);
    struct offer_world again;
    world_open(&again, 0);
    rows_copy(w->s, again.s);
    assert_int_equal(world_offers(&again), 0);
    settle(&again);
    expect_offer(&again, agent, f, 3);
    assert_int_equal(offer_of(&again, volume), world_offer_on(&again, agent)->id);
    assert_int_equal(offer_of(&again, busy), 0);
    assert_int_equal(world_offers(&again), world_offers(w));
    assert_int_equal(blob_items(world_offer_on(&again, agent)->ports, struct port_range)->begin, 31001);
    world_close(&again);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(all_of_an_agent_goes_to_one_framework),
        TEST(a_change_waits_at_most_ten_milliseconds),
        TEST(an_idle_cycle_makes_no_event),
        TEST(frameworks_of_equal_share_take_turns),
        TEST(who_holds_less_of_its_dominant_resource_comes_first),
        TEST(a_role_of_twice_the_weight_gets_twice_as_much),
        TEST(crumbs_are_not_offered),
        TEST(an_agent_that_a_framework_wishes_not_goes_to_the_next),
        TEST(one_group_must_hold_whole),
        TEST(a_framework_may_wish_for_a_class_of_storage),
        TEST(a_volume_does_not_ride_to_who_wishes_another_agent),
        TEST(who_says_the_least_that_is_enough_gets_that_and_no_less),
        TEST(what_a_task_frees_is_offered_again),
        TEST(an_agent_that_shrinks_takes_its_offers_back),
        TEST(an_agent_that_goes_away_is_not_offered),
        TEST(an_offer_that_nobody_answers_is_rescinded_in_time),
        TEST(what_was_refused_goes_to_the_next_and_comes_back_in_time),
        TEST(more_than_was_refused_is_offered_at_once),
        TEST(what_is_left_of_an_accepted_offer_is_withheld_and_what_its_task_frees_is_not),
        TEST(reviving_clears_what_was_refused),
        TEST(a_suppressed_role_gets_no_offer_until_it_is_revived),
        TEST(refusing_for_no_time_is_no_filter),
        TEST(odd_refusal_times_mean_what_mesos_says),
        TEST(nobody_declines_the_offers_of_others),
        TEST(an_idle_volume_rides_with_its_best_agent_to_a_labelled_framework),
        TEST(a_volume_of_the_star_role_is_offered_to_its_own_framework_only),
        TEST(a_declined_volume_moves_on_and_waits_when_all_agents_are_refused),
        TEST(a_volume_joins_what_its_framework_already_holds_of_the_agent),
        TEST(a_volume_rides_alone_when_others_hold_every_agent),
        TEST(volumes_spread_over_agents_that_have_room_for_their_tasks),
        TEST(a_volume_that_its_task_used_comes_back_although_the_rest_was_refused),
        TEST(a_framework_that_comes_back_has_refused_nothing),
        TEST(at_most_sixty_four_volumes_of_an_owner_stand_in_offers),
        TEST(a_volume_that_a_task_wants_is_not_offered_until_it_ends),
        TEST(a_volume_that_fits_no_agent_waits_for_one),
        TEST(a_volume_released_or_busy_is_not_offered),
        TEST(a_labelled_framework_sees_the_largest_volume_of_each_class),
        TEST(refused_storage_comes_back_when_it_grew_or_in_time),
        TEST(storage_stands_in_many_offers_and_is_made_anew_after_an_accept),
        TEST(what_is_kept_can_be_worked_out_from_rows_alone),
        TEST(offers_stay_sound_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
