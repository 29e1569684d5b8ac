// SPDX-License-Identifier: Apache-2.0
// Text buffers and the small tests on text.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/text.h"

static void a_buffer_grows_and_is_always_terminated(void **state) {
    (void)state;
    AUTO_TEXT struct text t = {0};
    assert_string_equal(text_string(&t), "");
    for (unsigned i = 0; i < 3000; i++) {
        text_addf(&t, "%u,", i % 10);
        assert_int_equal(t.data[t.size], 0);
        assert_int_equal(t.size, (i + 1) * 2);
    }
    text_drop(&t, 5998);
    assert_string_equal(text_string(&t), "9,");
    text_clear(&t);
    assert_string_equal(text_string(&t), "");
    text_add(&t, "a");
    text_add_char(&t, 'b');
    text_add_n(&t, "cde", 1);
    text_add_n(&t, NULL, 0);
    text_add_u64(&t, 0);
    text_add_u64(&t, UINT64_MAX);
    assert_string_equal(text_string(&t), "abc018446744073709551615");
}

static void room_is_written_then_counted(void **state) {
    (void)state;
    AUTO_TEXT struct text t = {0};
    memcpy(text_room(&t, 100), "hello", 5);
    text_added(&t, 5);
    assert_string_equal(text_string(&t), "hello");
}

static void taken_bytes_belong_to_the_taker(void **state) {
    (void)state;
    struct text t = {0};
    char *empty = text_take(&t);
    assert_string_equal(empty, "");
    free(empty);
    text_add(&t, "mine");
    char *taken = text_take(&t);
    assert_string_equal(taken, "mine");
    assert_int_equal(t.size, 0);
    assert_string_equal(text_string(&t), "");
    free(taken);
    text_done(&t);
}

static void texts_are_compared(void **state) {
    (void)state;
    assert_true(text_equal(NULL, NULL));
    assert_false(text_equal(NULL, ""));
    assert_true(text_equal("a", "a"));
    assert_true(text_starts("granary", "gran") && text_starts("x", ""));
    assert_false(text_starts("gr", "gran"));
    assert_true(text_ends("a.yaml", ".yaml"));
    assert_false(text_ends("yaml", "a.yaml"));
}

static void whole_numbers_only(void **state) {
    (void)state;
    uint64_t n = 7;
    assert_true(text_to_u64("0", &n) && n == 0);
    assert_true(text_to_u64("18446744073709551615", &n) && n == UINT64_MAX);
    const char *bad[] = {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "18446744073709551616", "99999999999999999999"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (text_to_u64(bad[i], &n)) fail_msg("'%s' was accepted", bad[i]);
    assert_true(n == UINT64_MAX);
}

static void distance_counts_single_letter_edits(void **state) {
    (void)state;
    assert_int_equal(text_distance("", "abc"), 3);
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("same", "same"), 0);
    assert_int_equal(text_distance("heartbeat", "hartbeat"), 1);
}

static void the_nearest_name_is_found_if_it_is_near(void **state) {
    (void)state;
    static const char *const names[] = {"heartbeat", "listen", "data-dir", "cluster"};
    assert_string_equal(text_nearest("hearbeat", names, 4), "heartbeat");
    assert_string_equal(text_nearest("data_dir", names, 4), "data-dir");
    assert_string_equal(text_nearest("listen", names, 4), "listen");
    assert_null(text_nearest("quite-else", names, 4));
    assert_null(text_nearest("x", names, 0));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_buffer_grows_and_is_always_terminated),
        cmocka_unit_test(room_is_written_then_counted),
        cmocka_unit_test(taken_bytes_belong_to_the_taker),
        cmocka_unit_test(texts_are_compared),
        cmocka_unit_test(whole_numbers_only),
        cmocka_unit_test(distance_counts_single_letter_edits),
        cmocka_unit_test(the_nearest_name_is_found_if_it_is_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
