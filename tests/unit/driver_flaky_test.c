// SPDX-License-Identifier: Apache-2.0
// The schedule of the driver that misbehaves: which calls, which fault, and that a lost answer is only the answer.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/door.h"
#include "driver/flaky.h"
#include "driver/memory.h"

struct world {
    struct door *door;
    struct arena arena;
    uint32_t paused_ms;
    bool given_up;
};

static void pause_noted(void *arg, uint32_t ms) {
    ((struct world *)arg)->paused_ms += ms;
}

static bool given_up_at_200_ms(void *arg) {
    return ((struct world *)arg)->paused_ms >= 200;
}

static void open_with(struct world *w, const char *schedule) {
    const struct driver_pair settings[] = {{"schedule", schedule}};
    const struct driver_pool_config pool = {.instance = "main", .name = "p1", .capacity = {GIB}};
    const struct driver_config config = {.provider = "p", .settings = {settings, 1}, .pools = &pool, .pool_count = 1};
    *w = (struct world){0};
    struct err *e = door_open(&driver_flaky, &config, &w->door);
    if (e) print_error("%s\n", err_text(e));
    assert_null(e);
}

static void done(struct world *w) {
    door_close(w->door);
    arena_done(&w->arena);
}

// The kind of error, or -1.
static int create(struct world *w) {
    struct driver_call call = {
        .arena = &w->arena, .timeout_ms = 1000, .pause = pause_noted, .given_up = given_up_at_200_ms, .arg = w};
    struct driver_request r = {.act = DRIVER_ACT_CREATE,
                               .create = {.volume = {.cluster = "c1",
                                                     .uuid = "00000000-0000-4000-8000-000000000001",
                                                     .name = "g-1",
                                                     .instance = "main",
                                                     .pool = "p1"},
                                          .size = {MIB}}};
    struct driver_answer a;
    struct err *e = door_run(w->door, &call, &r, &a);
    int kind = e ? (int)err_kind(e) : -1;
    err_free(e);
    return kind;
}

static void faults_come_when_the_schedule_says(void **state) {
    (void)state;
    struct world w;
    open_with(&w, "create:fail-full@1, create:unknown@2-3, list:hang, create:fail-io%5");
    void *inner = flaky_inner(door_self(w.door));
    assert_int_equal(create(&w), ERR_FULL);
    assert_int_equal(create(&w), ERR_UNKNOWN);
    assert_int_equal(create(&w), ERR_UNKNOWN);
    assert_int_equal(memory_count(inner), 0);
    assert_int_equal(create(&w), -1);
    assert_int_equal(memory_count(inner), 1);
    assert_int_equal(create(&w), ERR_IO);
    assert_int_equal(door_count(w.door, DRIVER_ACT_CREATE).calls, 5);
    assert_int_equal(door_count(w.door, DRIVER_ACT_CREATE).failures, 4);
    done(&w);
}

static void a_lost_answer_is_of_a_call_that_happened(void **state) {
    (void)state;
    struct world w;
    open_with(&w, "create:lose@1");
    assert_int_equal(create(&w), ERR_UNKNOWN);
    assert_int_equal(memory_count(flaky_inner(door_self(w.door))), 1);
    assert_int_equal(create(&w), -1);
    assert_int_equal(memory_count(flaky_inner(door_self(w.door))), 1);
    done(&w);
}

static void delays_and_hangs_take_the_time_of_the_caller(void **state) {
    (void)state;
    struct world w;
    open_with(&w, "create:delay-70ms@1, create:hang@2");
    assert_int_equal(create(&w), -1);
    assert_int_equal(w.paused_ms, 70);
    assert_int_equal(create(&w), ERR_TIMEOUT);
    assert_in_range(w.paused_ms, 200, 300);
    done(&w);
}

static void a_schedule_that_cannot_be_read_is_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"create",          "crate:lose",    "create:loose",        "create:lose@0",
                                      "create:lose@3-2", "create:lose%x", "create:fail-nothing", "create:delay-soon"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        void *self;
        struct err *e = flaky_wrap(&driver_null, NULL, bad[i], &self);
        if (!e) fail_msg("let pass: %s", bad[i]);
        assert_non_null(strstr(err_text(e), bad[i]));
        err_free(e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(faults_come_when_the_schedule_says),
        cmocka_unit_test(a_lost_answer_is_of_a_call_that_happened),
        cmocka_unit_test(delays_and_hangs_take_the_time_of_the_caller),
        cmocka_unit_test(a_schedule_that_cannot_be_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
