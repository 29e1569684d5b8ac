// SPDX-License-Identifier: Apache-2.0
// A volume's life from its wish to its release: what is promised, what is charged, what is given back.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/volume.h"
#include "core_play.h"

// ---- made ----

static void a_volume_is_charged_from_the_moment_it_is_wanted(void **state) {
    struct play *p = *state;
    expect_ok(play_create(p, "db", 50));
    assert_int_equal(play_volume(p, "db")->state, VOLUME_MAKING);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
    assert_int_not_equal(play_asked(p, OP_CREATE), 0);
}

static void what_is_charged_is_what_is_granted_not_what_was_asked(void **state) {
    struct play *p = *state;
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){
        .owner = {.role = world_symbol(p->w, "web")}, .name = "db", .class = "gold", .size = {5 * GIB + 1}, .count = 1};
    play_ok(p, &c);
    assert_int_equal(play_volume(p, "db")->charge.bytes.n, 6 * GIB);
    assert_int_equal(play_volume(p, "db")->asked.n, 5 * GIB + 1);
}

static void what_was_really_made_is_what_is_charged(void **state) {
    struct play *p = *state;
    expect_ok(play_create(p, "db", 50));
    struct command c = play_command(CMD_provider_result);
    c.provider_result = (struct cmd_provider_result){.provider = p->provider,
                                                     .operation = play_asked(p, OP_CREATE),
                                                     .done = true,
                                                     .handle = "image",
                                                     .size = {52 * GIB}};
    play_ok(p, &c);
    assert_int_equal(play_volume(p, "db")->state, VOLUME_READY);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 52);
}

static void an_answer_that_comes_twice_changes_nothing(void **state) {
    struct play *p = *state;
    expect_ok(play_create(p, "db", 50));
    struct command c = play_command(CMD_provider_result);
    c.provider_result = (struct cmd_provider_result){
        .provider = p->provider, .operation = play_asked(p, OP_CREATE), .done = true, .handle = "image"};
    play_ok(p, &c);
    play_ok(p, &c);
    assert_int_equal(p->happened.count, 0);
    assert_int_equal(play_volume(p, "db")->state, VOLUME_READY);
}

static void an_unknown_outcome_leaves_the_operation_open(void **state) {
    struct play *p = *state;
    expect_ok(play_create(p, "db", 50));
    uint64_t create = play_asked(p, OP_CREATE);
    play_failed(p, OP_CREATE, ERR_UNKNOWN, "the connection broke");
    assert_int_equal(play_asked(p, OP_CREATE), create);
    assert_int_equal(play_volume(p, "db")->state, VOLUME_MAKING);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
}

static void a_create_that_failed_gives_its_capacity_back(void **state) {
    struct play *p = *state;
    expect_ok(play_create(p, "db", 50));
    play_failed(p, OP_CREATE, ERR_FULL, "no space left in /srv/ssd");
    assert_int_equal(play_volume(p, "db")->state, VOLUME_FAILED);
    assert_string_equal(play_volume(p, "db")->message, "no space left in /srv/ssd");
    assert_int_equal(play_free_gib(p), PLAY_POOL);
}

static void a_name_is_taken_once_for_each_role(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_err(play_create(p, "db", 50), ERR_CONFLICT, "role 'web' has one of that name already (ready)");
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){
        .owner = {.role = world_symbol(p->w, "shop")}, .name = "db", .class = "gold", .size = {GIB}, .count = 1};
    play_ok(p, &c);
}

static void many_volumes_are_made_all_or_none(void **state) {
    struct play *p = *state;
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){
        .owner = {.role = world_symbol(p->w, "web")}, .name = "db", .class = "gold", .size = {400 * GIB}, .count = 3};
    expect_err(play_do(p, &c), ERR_NO_FIT, "volume 'db-3'");
    assert_null(play_volume(p, "db-1"));
    assert_int_equal(play_free_gib(p), PLAY_POOL);
    c.volume_create.count = 2;
    play_ok(p, &c);
    assert_non_null(play_volume(p, "db-2"));
    assert_int_equal(play_free_gib(p), PLAY_POOL - 800);
}

static void a_volume_too_large_is_refused_with_the_figures(void **state) {
    struct play *p = *state;
    play_make(p, "db", 900);
    expect_err(play_create(p, "more", 200), ERR_NO_FIT, "100 GiB");
    assert_null(play_volume(p, "more"));
}

static void a_provider_that_is_away_is_waited_for_only_when_asked(void **state) {
    struct play *p = *state;
    world_provider_session(p->w, "file", 0);
    expect_err(play_create(p, "db", 50), ERR_UNAVAILABLE, "");
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){.owner = {.role = world_symbol(p->w, "web")},
                                                 .name = "db",
                                                 .class = "gold",
                                                 .size = {GIB},
                                                 .count = 1,
                                                 .wait = true};
    play_ok(p, &c);
    assert_int_equal(play_volume(p, "db")->state, VOLUME_WANTED);
    struct command hello = play_command(CMD_provider_hello);
    hello.provider_hello = (struct cmd_provider_hello){.name = "file", .driver = "memory", .session = 7};
    play_ok(p, &hello);
    assert_int_equal(play_volume(p, "db")->state, VOLUME_MAKING);
}

static void a_class_with_volumes_is_not_removed(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    struct command c = play_command(CMD_class_remove);
    c.class_remove.name = "gold";
    expect_err(play_do(p, &c), ERR_CONFLICT, "volume 'db' of role 'web' is of it");
}

// ---- released ----

static void a_volume_in_use_cannot_be_deleted(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    uint64_t framework = play_framework(p, "runner", "web");
    play_wait(p, 20, NULL);
    play_launch(p, framework, "n1", "t1", "db", 0);
    expect_err(play_delete(p, "db"), ERR_CONFLICT, "in use on agent 'n1' by task 't1'; end the task first");
}

static void a_published_volume_cannot_be_deleted(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    expect_err(play_delete(p, "db"), ERR_CONFLICT, "published on agent 'n1'; unpublish it first");
}

static void a_released_volume_is_charged_until_the_storage_has_let_it_go(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_delete(p, "db"));
    assert_int_equal(play_volume(p, "db")->state, VOLUME_RELEASING);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
    expect_err(play_delete(p, "db"), ERR_CONFLICT, "being released already");
    play_done(p, OP_DELETE);
    assert_null(play_volume(p, "db"));
    assert_int_equal(play_free_gib(p), PLAY_POOL);
}

static void a_release_waits_until_no_agent_has_the_volume(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    expect_ok(play_unpublish(p, "db"));
    expect_ok(play_delete(p, "db"));
    assert_int_equal(play_asked(p, OP_DELETE), 0);
    play_says(p, "db", IS_UNPUBLISHED);
    assert_int_equal(play_asked(p, OP_DELETE), 0);
    play_done(p, OP_DETACH);
    play_done(p, OP_DELETE);
    assert_null(play_volume(p, "db"));
}

static void a_release_asked_for_while_a_volume_is_carved_again_ends_with_it(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISH_FAILED);
    play_done(p, OP_DETACH);
    expect_ok(play_delete(p, "db"));
    play_failed(p, OP_DELETE, ERR_INTERNAL, "the image is held");
    assert_int_equal(play_volume(p, "db")->state, VOLUME_FAILED);
    assert_int_equal(state_related(p->w->state, OPEN_OPERATIONS_OF_VOLUME, play_volume(p, "db")->id)->count, 0);
    expect_ok(play_delete(p, "db"));
    play_done(p, OP_DELETE);
    assert_null(play_volume(p, "db"));
}

static void a_delete_that_failed_stays_charged_and_can_be_tried_again(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_delete(p, "db"));
    play_failed(p, OP_DELETE, ERR_INTERNAL, "unlink: input/output error");
    assert_int_equal(play_volume(p, "db")->state, VOLUME_FAILED);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
    expect_ok(play_delete(p, "db"));
    play_done(p, OP_DELETE);
    assert_int_equal(play_free_gib(p), PLAY_POOL);
}

static void keep_leaves_the_device_and_ends_the_promise(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.on_release = ON_RELEASE_KEEP});
    play_make(p, "db", 50);
    expect_ok(play_delete(p, "db"));
    assert_int_equal(play_asked(p, OP_DELETE), 0);
    assert_null(play_volume(p, "db"));
}

static void wipe_overwrites_before_it_deletes(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.on_release = ON_RELEASE_WIPE});
    play_make(p, "db", 50);
    expect_ok(play_delete(p, "db"));
    assert_true(state_operation(p->w->state, play_asked(p, OP_DELETE))->wipe);
}

// ---- grown ----

static void a_volume_grows_and_is_charged_before_it_has_grown(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_grow(p, "db", 80));
    assert_int_equal(play_free_gib(p), PLAY_POOL - 80);
    assert_int_equal(play_volume(p, "db")->charge.bytes.n, 50 * GIB);
    expect_err(play_grow(p, "db", 90), ERR_CONFLICT, "growing already");
    play_done(p, OP_GROW);
    assert_int_equal(play_volume(p, "db")->charge.bytes.n, 80 * GIB);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 80);
}

static void a_volume_never_shrinks(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_err(play_grow(p, "db", 40), ERR_INVALID, "it has 50 GiB already and 40 GiB was asked; volumes never shrink");
    expect_err(play_grow(p, "db", 50), ERR_INVALID, "never shrink");
}

static void a_grow_that_fails_leaves_the_old_size_valid(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_grow(p, "db", 80));
    play_failed(p, OP_GROW, ERR_FULL, "no space left in /srv/ssd");
    assert_int_equal(play_volume(p, "db")->state, VOLUME_READY);
    assert_int_equal(play_volume(p, "db")->charge.bytes.n, 50 * GIB);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
    expect_ok(play_grow(p, "db", 60));
}

static void growing_beyond_the_pool_is_refused_with_the_figures(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_make(p, "log", 900);
    expect_err(play_grow(p, "db", 150), ERR_NO_FIT,
               "150 GiB (50 GiB of it held already): file/main/ssd has 50 GiB free of 100 GiB asked");
}

static void a_volume_grows_within_what_its_class_and_its_pool_make(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_class(p, (struct class_document){.largest = {60 * GIB}});
    expect_err(play_grow(p, "db", 61), ERR_INVALID, "61 GiB is above its largest volume, 60 GiB");
    play_class(p, (struct class_document){0});
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .largest = 55 * GIB});
    expect_err(play_grow(p, "db", 60), ERR_NO_FIT, "makes volumes of 55 GiB at most, asked 60 GiB");
    expect_ok(play_grow(p, "db", 55));
}

static void growing_takes_the_iops_that_the_class_promises(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.iops_per_gib = 2});
    play_pool(p, (struct pool_made){.bytes = PLAY_POOL * GIB, .iops = 150});
    play_make(p, "db", 50);
    expect_err(play_grow(p, "db", 80), ERR_NO_FIT, "has 50 iops left, asked 60 iops");
    expect_ok(play_grow(p, "db", 75));
    expect_err(play_create(p, "log", 1), ERR_NO_FIT, "has 0 iops left");
    play_failed(p, OP_GROW, ERR_FULL, "no space left");
    assert_int_equal(play_volume(p, "db")->charge.iops.n, 100);
    expect_ok(play_grow(p, "db", 75));
    play_done(p, OP_GROW);
    assert_int_equal(play_volume(p, "db")->charge.iops.n, 150);
}

// ---- listed ----

static void listed(struct play *p, const struct uuid *volumes, size_t count, size_t foreign) {
    struct command c = play_command(CMD_provider_objects);
    c.provider_objects = (struct cmd_provider_objects){.provider = p->provider,
                                                       .session = state_provider(p->w->state, p->provider)->session,
                                                       .volumes = volumes,
                                                       .volume_count = count,
                                                       .foreign = foreign};
    play_ok(p, &c);
}

static void a_volume_that_the_storage_does_not_list_is_pointed_out(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    const struct uuid known[] = {play_volume(p, "db")->uuid, {{7}}};
    listed(p, known, 2, 3);
    assert_null(play_volume(p, "db")->message);
    assert_int_equal(state_provider(p->w->state, p->provider)->foreign_objects, 4);
    listed(p, known + 1, 1, 0);
    expect_words(play_volume(p, "db")->message, "the storage does not list it any more");
    assert_int_equal(state_provider(p->w->state, p->provider)->foreign_objects, 1);
    uint64_t before = p->w->seq;
    listed(p, known + 1, 1, 0);
    assert_int_equal(p->w->seq, before + 1); // of the volume it was said already
    listed(p, known, 2, 0);
    assert_null(play_volume(p, "db")->message);
}

static void a_volume_of_a_pool_that_is_not_reported_is_not_missed_in_the_list(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    const struct uuid known = play_volume(p, "db")->uuid;
    world_pool_stale(p->w, "file/main/ssd");
    listed(p, NULL, 0, 0);
    assert_null(play_volume(p, "db")->message);
    listed(p, &known, 1, 0);
    assert_int_equal(state_provider(p->w->state, p->provider)->foreign_objects, 0);
}

static void a_listed_volume_keeps_what_else_is_said_of_it(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    const struct uuid known = play_volume(p, "db")->uuid;
    expect_ok(play_grow(p, "db", 60));
    play_failed(p, OP_GROW, ERR_FULL, "no space left");
    expect_words(play_volume(p, "db")->message, "no space left");
    listed(p, &known, 1, 0);
    expect_words(play_volume(p, "db")->message, "no space left");
}

#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_volume_is_charged_from_the_moment_it_is_wanted),
        T(what_is_charged_is_what_is_granted_not_what_was_asked),
        T(what_was_really_made_is_what_is_charged),
        T(an_answer_that_comes_twice_changes_nothing),
        T(an_unknown_outcome_leaves_the_operation_open),
        T(a_create_that_failed_gives_its_capacity_back),
        T(a_name_is_taken_once_for_each_role),
        T(many_volumes_are_made_all_or_none),
        T(a_volume_too_large_is_refused_with_the_figures),
        T(a_provider_that_is_away_is_waited_for_only_when_asked),
        T(a_class_with_volumes_is_not_removed),
        T(a_volume_in_use_cannot_be_deleted),
        T(a_published_volume_cannot_be_deleted),
        T(a_released_volume_is_charged_until_the_storage_has_let_it_go),
        T(a_release_waits_until_no_agent_has_the_volume),
        T(a_release_asked_for_while_a_volume_is_carved_again_ends_with_it),
        T(a_delete_that_failed_stays_charged_and_can_be_tried_again),
        T(keep_leaves_the_device_and_ends_the_promise),
        T(wipe_overwrites_before_it_deletes),
        T(a_volume_grows_and_is_charged_before_it_has_grown),
        T(a_volume_never_shrinks),
        T(a_grow_that_fails_leaves_the_old_size_valid),
        T(growing_beyond_the_pool_is_refused_with_the_figures),
        T(a_volume_grows_within_what_its_class_and_its_pool_make),
        T(growing_takes_the_iops_that_the_class_promises),
        T(a_volume_that_the_storage_does_not_list_is_pointed_out),
        T(a_volume_of_a_pool_that_is_not_reported_is_not_missed_in_the_list),
        T(a_listed_volume_keeps_what_else_is_said_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
