// SPDX-License-Identifier: Apache-2.0
// One vector: bytes, iops, bandwidth and count of a pool are all charged, on what is granted, and given back.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <malloc.h>

#include "core_play.h"

static struct err *create(struct play *p, const char *name, uint64_t gib, uint64_t iops, uint32_t count) {
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){.owner = {.role = world_symbol(p->w, "web")},
                                                 .name = name,
                                                 .class = "gold",
                                                 .size = {gib * GIB},
                                                 .iops = {iops},
                                                 .count = count};
    return play_do(p, &c);
}

// The pool of play, with figures of its own.
static void pool(struct play *p, struct pool_made made) {
    made.provider = "file";
    made.name = "ssd";
    made.capabilities = 1u << CAN_CARVE | 1u << CAN_GROW | 1u << CAN_RAW_BLOCK | 1u << IS_ZEROED;
    world_pool(p->w, made);
}

static void expect_free(struct play *p, uint64_t gib, uint64_t iops, uint64_t mib_per_second, uint64_t volumes) {
    struct quantities free = draft_pool_free(world_draft(p->w), state_pool(p->w->state, p->pool));
    assert_int_equal(free.bytes, gib * GIB);
    assert_int_equal(free.iops, iops);
    assert_int_equal(free.bandwidth, mib_per_second * MIB);
    assert_int_equal(free.volumes, volumes);
}

// ---- each quantity ----

static void every_quantity_is_charged_on_what_is_granted(void **state) {
    struct play *p = *state;
    pool(p, (struct pool_made){
                .bytes = 100 * GIB, .iops = 100, .bandwidth = 50 * MIB, .volumes = 4, .granularity = 8 * GIB});
    play_class(p, (struct class_document){.iops_per_gib = 2, .bandwidth = {20 * MIB}});
    expect_ok(create(p, "a", 9, 0, 1)); // 9 GiB asked, 16 granted
    expect_free(p, 84, 68, 30, 3);
    assert_int_equal(play_volume(p, "a")->charge.iops.n, 32);
    expect_ok(create(p, "b", 1, 50, 1)); // 50 iops asked, more than the class gives
    expect_free(p, 76, 18, 10, 2);
    play_done(p, OP_CREATE);
    play_done(p, OP_CREATE);
    expect_ok(play_delete(p, "a"));
    play_done(p, OP_DELETE);
    expect_free(p, 92, 50, 30, 3);
}

static void each_quantity_alone_refuses_with_its_figures(void **state) {
    struct play *p = *state;
    pool(p, (struct pool_made){.bytes = 10 * GIB, .iops = 100, .bandwidth = 50 * MIB, .volumes = 2});
    play_class(p, (struct class_document){.bandwidth = {30 * MIB}});
    expect_err(create(p, "a", 11, 0, 1), ERR_NO_FIT, "file/main/ssd has 10 GiB free of 11 GiB asked");
    expect_err(create(p, "a", 1, 101, 1), ERR_NO_FIT, "file/main/ssd has 100 iops left, asked 101 iops");
    expect_ok(create(p, "a", 1, 0, 1));
    expect_err(create(p, "b", 1, 0, 1), ERR_NO_FIT, "file/main/ssd has 20 MiB/s left, asked 30 MiB/s");
    play_class(p, (struct class_document){0});
    expect_ok(create(p, "b", 1, 0, 1));
    expect_err(create(p, "c", 1, 0, 1), ERR_NO_FIT, "file/main/ssd holds as many volumes as it can");
}

static void a_reservation_is_charged_in_every_quantity_but_the_count(void **state) {
    struct play *p = *state;
    pool(p, (struct pool_made){.bytes = 100 * GIB, .iops = 100, .bandwidth = 50 * MIB, .volumes = 4});
    play_class(p, (struct class_document){.bandwidth = {20 * MIB}});
    struct command c = play_command(CMD_reservation_create);
    c.reservation_create = (struct cmd_reservation_create){
        .owner = {.role = world_symbol(p->w, "web")}, .class = "gold", .size = {10 * GIB}, .iops = {60}};
    play_ok(p, &c);
    expect_free(p, 90, 40, 30, 4);
    uint64_t reservation = p->answer.ids.at[0];
    c = play_command(CMD_reservation_remove);
    c.reservation_remove.id = reservation;
    play_ok(p, &c);
    expect_free(p, 100, 100, 50, 4);
}

// ---- views of one store ----

static uint64_t offered_gib(struct play *p, uint64_t framework, const char *class) {
    const struct offer_row *o = play_offer(p, framework, "");
    assert_non_null(o);
    const struct class_amount *amounts = blob_items(o->classes, struct class_amount);
    for (size_t i = 0; i < blob_count(o->classes, struct class_amount); i++)
        if (amounts[i].class == world_class_id(p->w, class)) return amounts[i].largest.n / GIB;
    return 0;
}

static void views_of_one_store_shrink_together_in_offers(void **state) {
    struct play *p = *state;
    struct world *w = p->w;
    world_pool_removed(w, "file/main/ssd");
    world_pool(
        w, (struct pool_made){.provider = "file", .name = "r0", .store = "s", .tags = "raid=0", .bytes = 1000 * GIB});
    world_pool(
        w, (struct pool_made){
               .provider = "file", .name = "r1", .store = "s", .tags = "raid=1", .bytes = 1000 * GIB, .numerator = 2});
    world_class(w, (struct class_document){.name = "gold", .pool = "raid = 1"});
    world_class(w, (struct class_document){.name = "bulk", .pool = "raid = 0"});
    uint64_t first = play_framework(p, "first", "batch");
    play_wait(p, 20, NULL);
    assert_int_equal(offered_gib(p, first, "bulk"), 1000);
    assert_int_equal(offered_gib(p, first, "gold"), 500);
    expect_ok(create(p, "mirrored", 300, 0, 1));
    uint64_t second = play_framework(p, "second", "batch");
    play_wait(p, 20, NULL);
    assert_int_equal(offered_gib(p, second, "bulk"), 400);
    assert_int_equal(offered_gib(p, second, "gold"), 200);
}

// ---- the worked example ----

static void iops_decline_a_pool_that_has_the_bytes(void **state) {
    struct play *p = *state;
    struct world *w = p->w;
    world_pool_removed(w, "file/main/ssd");
    world_pool(w, (struct pool_made){.provider = "file", .name = "A", .bytes = 800 * TIB, .iops = 400});
    uint64_t b = world_pool(w, (struct pool_made){.provider = "file", .name = "B", .bytes = 800 * TIB, .iops = 1000});
    expect_ok(create(p, "big", 500 * 1024, 900, 1));
    assert_true(play_volume(p, "big")->charge.pool == b);
    expect_err(create(p, "small", 100 * 1024, 900, 1), ERR_NO_FIT,
               "file/main/A has 400 iops left, asked 900 iops; file/main/B has 100 iops left, asked 900 iops");
}

// ---- all or none ----

static void of_many_volumes_all_are_taken_or_none(void **state) {
    struct play *p = *state;
    pool(p, (struct pool_made){.bytes = 100 * GIB, .iops = 100, .bandwidth = 50 * MIB, .volumes = 4});
    expect_err(create(p, "log", 30, 0, 4), ERR_NO_FIT,
               "volume 'log-4': class 'gold', 30 GiB: no pool fits: file/main/ssd has 10 GiB free of 30 GiB asked");
    expect_free(p, 100, 100, 50, 4);
    assert_null(play_volume(p, "log-1"));
    expect_ok(create(p, "log", 25, 0, 4));
    expect_free(p, 0, 100, 50, 0);
}

// ---- what goes ----

static void come_and_go(struct world *w) {
    uint64_t provider = world_provider(w, "ebs");
    world_pool(w, (struct pool_made){.provider = "ebs", .name = "ssd", .bytes = TIB});
    world_agent(w, (struct agent_made){.name = "n1"});
    uint64_t volume = world_volume(w, "db", "gold", "ebs/main/ssd", GIB);
    uint64_t attachment = world_attachment(w, volume, "n1", ATTACHMENT_IN_USE);
    draft_remove(world_draft(w), NOUN_ATTACHMENT, attachment, EV_attachment_gone);
    world_apply(w);
    draft_remove(world_draft(w), NOUN_VOLUME, volume, EV_volume_gone);
    world_apply(w);
    world_agent_removed(w, "n1");
    world_pool_removed(w, "ebs/main/ssd");
    draft_remove(world_draft(w), NOUN_PROVIDER, provider, EV_provider_removed);
    world_apply(w);
    state_timers_passed(w->state, (struct mono){INT64_MAX}, (struct wall){INT64_MAX});
    arena_clear(&w->arena);
}

// The sanitizers' allocator counts nothing: there it passes.
static void what_goes_leaves_nothing_behind(void **state) {
    (void)state;
    enum { TIMES = 2000 };
    struct world *w = world_new();
    size_t in_use[2];
    world_class(w, (struct class_document){.name = "gold"});
    for (size_t round = 0; round < ARRAY_LEN(in_use); round++) {
        for (int i = 0; i < TIMES; i++) come_and_go(w);
        in_use[round] = mallinfo2().uordblks;
    }
    world_free(w);
    assert_int_equal(in_use[1], in_use[0]);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        T(every_quantity_is_charged_on_what_is_granted),
        T(each_quantity_alone_refuses_with_its_figures),
        T(a_reservation_is_charged_in_every_quantity_but_the_count),
        T(views_of_one_store_shrink_together_in_offers),
        T(iops_decline_a_pool_that_has_the_bytes),
        T(of_many_volumes_all_are_taken_or_none),
        cmocka_unit_test(what_goes_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
