// SPDX-License-Identifier: Apache-2.0
// Percentages are exact: read, said again, and kept by numbers.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "model/availability.h"

static struct availability read(const char *text) {
    struct availability a = {0};
    AUTO_ERR struct err *e = availability_parse(text, &a);
    if (e) fail_msg("%s", err_text(e));
    return a;
}

static void percent_is_read_and_said_again(void **state) {
    (void)state;
    static const char *const texts[] = {"99.9", "100", "99.95", "0.0000000001", "50", "99.9999999999", "7.5"};
    char said[AVAILABILITY_TEXT];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_string_equal(availability_text(read(texts[i]), said), texts[i]);
    assert_int_equal(read("99.9").n, 999000000000);
    assert_string_equal(availability_text(read("099.500"), said), "99.5");
}

static void what_is_no_percentage_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",      "0",   "0.0", "100.1", "-1",   "99,9",
                                        "99.9%", "99.", ".5",  "1e2",   "1000", "99.12345678901"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct availability a;
        AUTO_ERR struct err *e = availability_parse(texts[i], &a);
        if (!e) fail_msg("'%s' was accepted", texts[i]);
        assert_non_null(strstr(err_text(e), "such as 99.95"));
    }
}

static void numbers_give_what_their_text_gives(void **state) {
    (void)state;
    static const struct {
        double percent;
        const char *text;
    } rows[] = {{99.9, "99.9"},     {99.95, "99.95"}, {100, "100"},
                {99.999, "99.999"}, {0.1, "0.1"},     {99.8500249975, "99.8500249975"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct availability a = {0};
        AUTO_ERR struct err *e = availability_from_percent(rows[i].percent, &a);
        assert_null(e);
        assert_int_equal(a.n, read(rows[i].text).n);
        assert_true(availability_percent(a) == rows[i].percent);
    }
    static const double wrong[] = {0, -1, 100.1, 1e300, -1e300, 0.0 / 1e-300};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct availability a;
        AUTO_ERR struct err *e = availability_from_percent(wrong[i], &a);
        assert_non_null(e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_is_read_and_said_again),
        cmocka_unit_test(what_is_no_percentage_is_refused),
        cmocka_unit_test(numbers_give_what_their_text_gives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
