// SPDX-License-Identifier: Apache-2.0
// Quantities as people write and read them.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "base/quantity.h"

static void expect_bytes(const char *text, uint64_t n) {
    struct bytes b = {0};
    AUTO_ERR struct err *e = bytes_parse(text, &b);
    if (e) fail_msg("%s", err_text(e));
    if (b.n != n) fail_msg("'%s' gave %llu", text, (unsigned long long)b.n);
}

static void sizes_are_read_exactly(void **state) {
    (void)state;
    expect_bytes("4096", 4096);
    expect_bytes("0", 0);
    expect_bytes("50GiB", 50 * GIB);
    expect_bytes("50 GiB", 50 * GIB);
    expect_bytes("50G", 50000000000);
    expect_bytes("1.5TiB", 3 * TIB / 2);
    expect_bytes("0.5KiB", 512);
    expect_bytes("1kB", 1000);
    expect_bytes("9223372036854775807", INT64_MAX);
}

static void bad_sizes_are_refused(void **state) {
    (void)state;
    const char *bad[] = {"",
                         "GiB",
                         "-1",
                         "1.5",
                         "0.3KiB",
                         "1XiB",
                         "1 GiB x",
                         "9223372036854775808",
                         "9000PiB",
                         "1e3",
                         "99999999999999999999999",
                         "..",
                         "1..5GiB"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct bytes b = {7};
        AUTO_ERR struct err *e = bytes_parse(bad[i], &b);
        if (!e) fail_msg("'%s' was accepted", bad[i]);
        assert_int_equal(err_kind(e), ERR_INVALID);
        assert_true(b.n == 7);
    }
}

static void rates_are_bits_or_bytes_as_written(void **state) {
    (void)state;
    struct bandwidth r;
    assert_null(bandwidth_parse("10Gbps", &r));
    assert_true(r.n == 1250000000);
    assert_null(bandwidth_parse("10Gbit/s", &r));
    assert_true(r.n == 1250000000);
    assert_null(bandwidth_parse("200MiB/s", &r));
    assert_true(r.n == 200 * MIB);
    assert_null(bandwidth_parse("2.5Gbps", &r));
    assert_true(r.n == 312500000);
    AUTO_ERR struct err *e = bandwidth_parse("200MiB", &r);
    assert_non_null(e);
}

static void durations_are_milliseconds(void **state) {
    (void)state;
    const struct {
        const char *text;
        int64_t ms;
    } rows[] = {{"250ms", 250},   {"2s", 2000},    {"1.5s", 1500},  {"5m", 300000},
                {"5min", 300000}, {"1h", 3600000}, {"1d", 86400000}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int64_t ms;
        assert_null(duration_parse(rows[i].text, &ms));
        assert_true(ms == rows[i].ms);
    }
    int64_t ms;
    AUTO_ERR struct err *bare = duration_parse("5", &ms);
    assert_non_null(bare);
}

static void people_see_short_forms(void **state) {
    (void)state;
    char text[QUANTITY_TEXT];
    assert_string_equal(bytes_text((struct bytes){0}, text), "0 B");
    assert_string_equal(bytes_text((struct bytes){50 * GIB}, text), "50 GiB");
    assert_string_equal(bytes_text((struct bytes){3 * TIB / 2}, text), "1.5 TiB");
    assert_string_equal(bytes_text((struct bytes){1023 * GIB + 512 * MIB}, text), "1024 GiB");
    assert_string_equal(bytes_text((struct bytes){UINT64_MAX}, text), "16 EiB");
    assert_string_equal(duration_text(250, text), "250ms");
    assert_string_equal(duration_text(2500, text), "2.5s");
    assert_string_equal(duration_text(90000, text), "1m30s");
    assert_string_equal(duration_text(5400000, text), "1h30m");
    assert_string_equal(duration_text(3 * 86400000, text), "3d");
}

static void thousandths_add_up(void **state) {
    (void)state;
    struct milli a, b, c;
    assert_true(milli_from_double(0.1, &a) && milli_from_double(0.2, &b) && milli_from_double(0.3, &c));
    assert_true(a.n + b.n == c.n);
    assert_true(milli_to_double(c) == 0.3);
    assert_true(milli_from_double(-1.5, &a) && a.n == -1500);
    assert_false(milli_from_double(NAN, &a));
    assert_false(milli_from_double(INFINITY, &a));
    assert_false(milli_from_double(1e13, &a));
}

static void rounding_up_never_wraps(void **state) {
    (void)state;
    struct bytes r;
    assert_true(bytes_round_up((struct bytes){1}, (struct bytes){8 * GIB}, &r) && r.n == 8 * GIB);
    assert_true(bytes_round_up((struct bytes){8 * GIB}, (struct bytes){8 * GIB}, &r) && r.n == 8 * GIB);
    assert_true(bytes_round_up((struct bytes){5}, (struct bytes){0}, &r) && r.n == 5);
    assert_false(bytes_round_up((struct bytes){UINT64_MAX}, (struct bytes){1024}, &r));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_exactly),
        cmocka_unit_test(bad_sizes_are_refused),
        cmocka_unit_test(rates_are_bits_or_bytes_as_written),
        cmocka_unit_test(durations_are_milliseconds),
        cmocka_unit_test(people_see_short_forms),
        cmocka_unit_test(thousandths_add_up),
        cmocka_unit_test(rounding_up_never_wraps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
