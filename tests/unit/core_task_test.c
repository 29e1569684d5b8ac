// SPDX-License-Identifier: Apache-2.0
// A task from LAUNCH to its last acknowledged status: it waits for its volumes, runs, and lets them go.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/task.h"
#include "core_play.h"

// The latest word about an operation or task that was never made.
static const struct notice *told(const struct play *p, const char *text_id) {
    const struct notice *latest = NULL;
    VEC_EACH (n, &p->notices) {
        if (n->text_id && strcmp(n->text_id, text_id) == 0) latest = n;
    }
    if (!latest) fail_msg("nobody was told of '%s'", text_id);
    return latest;
}

static uint64_t subscribed(struct play *p, const char *name, const char *role) {
    uint64_t framework = play_framework(p, name, role);
    play_wait(p, 20, NULL);
    return framework;
}

static uint64_t waiting(struct play *p) {
    uint64_t framework = subscribed(p, "db", "web");
    play_launch(p, framework, "n1", "t1", "data", 50);
    assert_false(play_task(p, framework, "t1")->launched);
    return framework;
}

static void a_launch_makes_the_volume_that_it_describes(void **state) {
    struct play *p = *state;
    uint64_t framework = waiting(p);
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
    play_done(p, OP_CREATE);
    play_done(p, OP_ATTACH);
    play_says(p, "data", IS_PUBLISHED);
    assert_true(play_task(p, framework, "t1")->launched);
}

static void a_launch_that_names_a_volume_takes_it_out_of_the_offer_of_another(void **state) {
    struct play *p = *state;
    play_make(p, "data", 50);
    uint64_t first = play_framework(p, "one", "web"), second = subscribed(p, "two", "web");
    const struct offer_row *offer = state_offer(p->w->state, play_volume(p, "data")->offer);
    uint64_t id = offer->id, other = offer->framework == first ? second : first;
    const char *agent = offer->agent == p->n1 ? "n2" : "n1";
    play_launch(p, other, agent, "t1", "data", 0);
    assert_non_null(play_task(p, other, "t1"));
    assert_null(state_offer(p->w->state, id));
    assert_true(play_happened(p, EV_offer_rescinded));
}

static void the_same_name_with_other_options_is_refused(void **state) {
    struct play *p = *state;
    play_make(p, "data", 50);
    uint64_t framework = subscribed(p, "db", "web");
    play_launch(p, framework, "n1", "t1", "data", 60);
    assert_null(play_task(p, framework, "t1"));
    expect_words(told(p, "t1")->message, "volume 'data' exists with 50 GiB, and 60 GiB was asked");
}

static void a_launch_that_is_refused_makes_no_volume(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    const struct item items[] = {{.kind = ITEM_CPUS, .name = "cpus", .amount = {1000}}};
    const struct wanted_volume wanted[] = {
        {.name = "data", .container_path = "/data", .class = "gold", .size = {GIB}},
        {.name = "log", .container_path = "/data", .class = "gold", .size = {GIB}}}; // the same path
    struct task_launch launch = {.text_id = "t1",
                                 .items = items,
                                 .item_count = 1,
                                 .volumes = wanted,
                                 .volume_count = 2,
                                 .agent = arena_format(&p->w->arena, "%llu", (unsigned long long)p->n1)};
    struct accept_operation o = {.kind = ACCEPT_LAUNCH, .tasks = &launch, .task_count = 1};
    play_accept(p, framework, "n1", &o, 1);
    expect_words(told(p, "t1")->message, "two volumes have the container_path '/data'");
    assert_null(play_volume(p, "data"));
    assert_int_equal(play_asked(p, OP_CREATE), 0);
    assert_int_equal(play_free_gib(p), PLAY_POOL);
}

static void a_launch_whose_volume_cannot_come_fails_after_launch_wait_with_the_reason(void **state) {
    struct play *p = *state;
    uint64_t framework = waiting(p);
    for (int ms = 0; ms < PLAY_WAIT - 4000; ms += 4000) play_wait(p, 4000, NULL);
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_STAGING);
    play_wait(p, 4000, NULL);
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_FAILED);
    expect_words(play_task(p, framework, "t1")->message, "volume 'data' was not there in time: it is making");
}

static void a_launch_whose_volume_failed_hears_so_at_once(void **state) {
    struct play *p = *state;
    uint64_t framework = waiting(p);
    play_failed(p, OP_CREATE, ERR_FULL, "no space left in /srv/ssd");
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_FAILED);
    expect_words(play_task(p, framework, "t1")->message, "no space left in /srv/ssd");
}

static void kill_ends_the_wait_at_once(void **state) {
    struct play *p = *state;
    uint64_t framework = waiting(p);
    struct command c = play_command(CMD_kill);
    c.kill = (struct cmd_kill){.framework = framework, .task = "t1", .grace_ms = UINT64_MAX};
    play_ok(p, &c);
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_KILLED);
    assert_int_equal(play_volume(p, "data")->state, VOLUME_MAKING); // it was granted, and stays its owner's
}

static void an_ended_task_lets_its_volume_go(void **state) {
    struct play *p = *state;
    uint64_t framework = waiting(p);
    play_done(p, OP_CREATE);
    play_done(p, OP_ATTACH);
    play_says(p, "data", IS_PUBLISHED);
    play_task_says(p, framework, "t1", TASK_RUNNING);
    assert_int_equal(play_attachment(p, "data")->state, ATTACHMENT_IN_USE);
    play_task_says(p, framework, "t1", TASK_FINISHED);
    assert_int_equal(play_attachment(p, "data")->state, ATTACHMENT_DETACHING);
    play_says(p, "data", IS_UNPUBLISHED);
    play_done(p, OP_DETACH);
    play_wait(p, 6000, NULL); // retained for its owner, and offered again
    assert_int_not_equal(play_volume(p, "data")->offer, 0);
}

static void a_guess_that_a_task_is_gone_is_taken_back_when_its_agent_says_otherwise(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    struct framework_row *f = edit_framework(world_draft(p->w), framework, EV_framework_changed);
    f->capabilities |= 1u << FW_PARTITION_AWARE;
    world_apply(p->w);
    play_launch(p, framework, "n1", "t1", NULL, 0);
    play_task_says(p, framework, "t1", TASK_RUNNING);
    play_wait(p, 5000, "n1");
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_UNREACHABLE);
    play_task_says(p, framework, "t1", TASK_RUNNING);
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_RUNNING);
}

static void a_status_is_told_until_it_is_acknowledged(void **state) {
    struct play *p = *state;
    uint64_t framework = subscribed(p, "db", "web");
    play_launch(p, framework, "n1", "t1", NULL, 0);
    play_task_says(p, framework, "t1", TASK_RUNNING);
    play_task_says(p, framework, "t1", TASK_FINISHED);
    for (uint32_t told = 1; told < 4; told++) {
        play_wait(p, 4000, NULL);
        assert_int_equal(play_task(p, framework, "t1")->resends, told);
    }
    struct command c = play_command(CMD_acknowledge);
    c.acknowledge = (struct cmd_acknowledge){
        .framework = framework,
        .task = "t1",
        .uuid = arena_copy(&p->w->arena, play_task(p, framework, "t1")->update_uuid->bytes, 16)};
    play_ok(p, &c);
    assert_null(play_task(p, framework, "t1")); // it has ended, and everybody knows
}

#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_launch_makes_the_volume_that_it_describes),
        T(a_launch_that_names_a_volume_takes_it_out_of_the_offer_of_another),
        T(the_same_name_with_other_options_is_refused),
        T(a_launch_that_is_refused_makes_no_volume),
        T(a_launch_whose_volume_cannot_come_fails_after_launch_wait_with_the_reason),
        T(a_launch_whose_volume_failed_hears_so_at_once),
        T(kill_ends_the_wait_at_once),
        T(an_ended_task_lets_its_volume_go),
        T(a_guess_that_a_task_is_gone_is_taken_back_when_its_agent_says_otherwise),
        T(a_status_is_told_until_it_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
