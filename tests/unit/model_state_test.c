// SPDX-License-Identifier: Apache-2.0
// The state tables: names, and the moves that safety hangs on.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/state.h"

static void every_name_is_read_back(void **state) {
    (void)state;
    enum volume_state v;
    enum content_state c;
    enum attachment_state a;
    enum task_state t;
#define X(row, name, next)                                                                                             \
    assert_true(volume_state_parse(name, &v) && v == row && !strcmp(volume_state_name(row), name));
    VOLUME_STATES(X)
#undef X
#define X(row, name, next)                                                                                             \
    assert_true(content_state_parse(name, &c) && c == row && !strcmp(content_state_name(row), name));
    CONTENT_STATES(X)
#undef X
#define X(row, name, next)                                                                                             \
    assert_true(attachment_state_parse(name, &a) && a == row && !strcmp(attachment_state_name(row), name));
    ATTACHMENT_STATES(X)
#undef X
#define X(row, number, ended)                                                                                          \
    assert_true(task_state_parse(#row, &t) && t == number && !strcmp(task_state_name(row), #row));                     \
    assert_int_equal(task_state_ended(row), ended);
    TASK_STATES(X)
#undef X
    assert_false(volume_state_parse("", &v));
    assert_false(content_state_parse("", &c));
    assert_false(attachment_state_parse("lost", &a));
    assert_false(task_state_parse("TASK_DONE", &t));
}

static void a_volume_goes_its_way_and_never_returns_from_gone(void **state) {
    (void)state;
    assert_true(volume_state_may(VOLUME_WANTED, VOLUME_MAKING));
    assert_true(volume_state_may(VOLUME_MAKING, VOLUME_READY));
    assert_true(volume_state_may(VOLUME_READY, VOLUME_RELEASING));
    assert_true(volume_state_may(VOLUME_RELEASING, VOLUME_GONE));
    assert_false(volume_state_may(VOLUME_READY, VOLUME_GONE));
    assert_false(volume_state_may(VOLUME_READY, VOLUME_WANTED));
    assert_false(volume_state_may(VOLUME_RELEASING, VOLUME_READY));
    for (int to = VOLUME_WANTED; to <= VOLUME_GONE; to++) {
        assert_false(volume_state_may(VOLUME_GONE, (enum volume_state)to));
        assert_false(volume_state_may((enum volume_state)to, (enum volume_state)to));
    }
}

// Whether any row of moves leads from one content to another.
static bool content_reaches(enum content_state from, enum content_state to, unsigned seen) {
    if (content_state_may(from, to)) return true;
    for (int next = CONTENT_NEW; next <= CONTENT_SUSPECT; next++)
        if (!(seen >> next & 1) && content_state_may(from, (enum content_state)next) &&
            content_reaches((enum content_state)next, to, seen | 1u << next))
            return true;
    return false;
}

static void content_that_a_task_has_seen_never_becomes_new(void **state) {
    (void)state;
    assert_true(content_state_may(CONTENT_NEW, CONTENT_FORMATTING));
    assert_true(content_state_may(CONTENT_FORMATTING, CONTENT_FORMATTED));
    assert_false(content_reaches(CONTENT_FORMATTED, CONTENT_NEW, 0));
    assert_false(content_reaches(CONTENT_OWNERS, CONTENT_NEW, 0));
    assert_false(content_reaches(CONTENT_FORMATTED, CONTENT_FORMATTING, 0));
    assert_false(content_state_may(CONTENT_SUSPECT, CONTENT_FORMATTING));
    assert_true(content_reaches(CONTENT_SUSPECT, CONTENT_NEW, 0));
}

static void a_stranded_attachment_comes_back_or_ends(void **state) {
    (void)state;
    assert_true(attachment_state_may(ATTACHMENT_IN_USE, ATTACHMENT_STRANDED));
    assert_true(attachment_state_may(ATTACHMENT_STRANDED, ATTACHMENT_IN_USE));
    assert_true(attachment_state_may(ATTACHMENT_STRANDED, ATTACHMENT_GONE));
    assert_false(attachment_state_may(ATTACHMENT_DETACHING, ATTACHMENT_IN_USE));
    assert_false(attachment_state_may(ATTACHMENT_STRANDED, ATTACHMENT_ATTACHING));
    for (int to = ATTACHMENT_ATTACHING; to <= ATTACHMENT_GONE; to++)
        assert_false(attachment_state_may(ATTACHMENT_GONE, (enum attachment_state)to));
}

static void a_task_that_ended_stays_ended(void **state) {
    (void)state;
    assert_true(task_state_may(TASK_STAGING, TASK_RUNNING));
    assert_true(task_state_may(TASK_UNREACHABLE, TASK_RUNNING));
    assert_false(task_state_may(TASK_RUNNING, TASK_STAGING));
    assert_false(task_state_may(TASK_FINISHED, TASK_RUNNING));
    assert_false(task_state_may(TASK_LOST, TASK_FAILED));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_is_read_back),
        cmocka_unit_test(a_volume_goes_its_way_and_never_returns_from_gone),
        cmocka_unit_test(content_that_a_task_has_seen_never_becomes_new),
        cmocka_unit_test(a_stranded_attachment_comes_back_or_ends),
        cmocka_unit_test(a_task_that_ended_stays_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
