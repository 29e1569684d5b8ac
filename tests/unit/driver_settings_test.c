// SPDX-License-Identifier: Apache-2.0
// What operators write for drivers: checked against the table, with sentences that help.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "driver/drivers.h"
#include "driver/settings.h"

static const struct driver_setting table[] = {
    {"address", DRIVER_TEXT, .required = true, .help = "where the gateway is"},
    {"directory", DRIVER_PATH},
    {"granularity", DRIVER_SIZE, .fallback = "8GiB"},
    {"tries", DRIVER_NUMBER, .fallback = "3"},
    {"wait", DRIVER_DURATION, .fallback = "2s"},
    {"thin", DRIVER_BOOL, .fallback = "false"},
    {"kind", DRIVER_CHOICE, .fallback = "auto", .choices = "auto image directory"},
    {.name = NULL},
};

static void expect_err(struct err *e, const char *words) {
    assert_non_null(e);
    if (!strstr(err_text(e), words)) print_error("%s\n", err_text(e));
    assert_non_null(strstr(err_text(e), words));
    err_free(e);
}

static struct err *check(struct arena *arena, const char *key, const char *value, struct driver_pairs *ret) {
    struct driver_pair *pairs = arena_zero(arena, 2, sizeof *pairs);
    pairs[0] = (struct driver_pair){"address", "10.0.0.1"};
    pairs[1] = (struct driver_pair){key, value};
    return settings_check("provider 'x'", table, &(struct driver_pairs){pairs, key ? 2 : 1}, arena, ret);
}

static void what_is_not_given_gets_its_default(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct driver_pairs s;
    assert_null(check(&arena, NULL, NULL, &s));
    assert_string_equal(driver_text(&s, "address"), "10.0.0.1");
    assert_null(driver_text(&s, "directory"));
    assert_int_equal(driver_size(&s, "granularity").n, 8 * GIB);
    assert_int_equal(driver_number(&s, "tries"), 3);
    assert_int_equal(driver_duration_ms(&s, "wait"), 2000);
    assert_false(driver_bool(&s, "thin"));
    assert_string_equal(driver_text(&s, "kind"), "auto");
}

static void what_is_wrong_is_named(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct driver_pairs s;
    expect_err(check(&arena, "adress", "x", &s), "provider 'x': unknown key 'adress'; did you mean 'address'?");
    expect_err(check(&arena, "colour", "x", &s), "unknown key 'colour'");
    expect_err(check(&arena, "address", "x", &s), "key 'address' is given twice");
    expect_err(check(&arena, "directory", "tmp", &s), "not an absolute path");
    expect_err(check(&arena, "granularity", "much", &s), "key 'granularity'");
    expect_err(check(&arena, "tries", "-1", &s), "key 'tries': '-1' is not a whole number");
    expect_err(check(&arena, "wait", "soon", &s), "key 'wait'");
    expect_err(check(&arena, "thin", "yes", &s), "neither true nor false");
    expect_err(check(&arena, "kind", "imag", &s), "not one of: auto image directory");
    expect_err(check(&arena, "kind", "auto image", &s), "not one of");
    expect_err(settings_check("provider 'x'", table, &(struct driver_pairs){0}, &arena, &s),
               "key 'address' is missing (where the gateway is)");
    expect_err(
        settings_check("provider 'x'", NULL, &(struct driver_pairs){&(struct driver_pair){"a", "b"}, 1}, &arena, &s),
        "unknown key 'a'");
}

static struct err *config(struct arena *arena, struct driver_pool_config a, struct driver_pool_config b) {
    struct driver_pool_config pools[] = {a, b};
    struct driver_config checked;
    return config_check(&driver_memory, &(struct driver_config){.provider = "p", .pools = pools, .pool_count = 2},
                        arena, &checked);
}

static void pools_are_checked_too(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct driver_pool_config a = {.instance = "main", .name = "a"}, b = {.instance = "main", .name = "b"};
    assert_null(config(&arena, a, b));
    expect_err(config(&arena, a, a), "provider 'p': pool 'main/a' is given twice");
    b.name = "../b";
    expect_err(config(&arena, a, b), "../b");
    b.name = "b";
    b.charge_numerator = 1;
    b.charge_denominator = 3;
    expect_err(config(&arena, a, b), "headroom");
    b.headroom.n = GIB;
    assert_null(config(&arena, a, b));
    b.charge_numerator = 0;
    expect_err(config(&arena, a, b), "not a positive fraction");
}

static void a_factor_is_a_number_or_a_fraction(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint32_t numerator, denominator;
    } good[] = {{"1", 1, 1}, {"2", 2, 1}, {"1/3", 1, 3}, {"0.25", 25, 100}, {"1.5", 15, 10}, {".5", 5, 10}};
    static const char *const bad[] = {"",   "0", "1/0",   "0/3",       "-1",      "1.",  ".",
                                      "1/", "x", "1/2/3", "1.0000001", "2000000", "1 /3"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        uint32_t n = 0, d = 0;
        assert_null(factor_parse(good[i].text, &n, &d));
        assert_int_equal(n, good[i].numerator);
        assert_int_equal(d, good[i].denominator);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        uint32_t n, d;
        expect_err(factor_parse(bad[i], &n, &d), "is no factor");
    }
}

static void a_driver_is_found_by_name(void **state) {
    (void)state;
    const struct driver *d = NULL;
    assert_null(driver_find("file", &d));
    assert_ptr_equal(d, &driver_file);
    expect_err(driver_find("fil", &d), "did you mean 'file'?");
    expect_err(driver_find("punchcards", &d), "there are: file, memory, flaky, null");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_given_gets_its_default),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(pools_are_checked_too),
        cmocka_unit_test(a_factor_is_a_number_or_a_fraction),
        cmocka_unit_test(a_driver_is_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
