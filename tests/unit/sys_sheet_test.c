// SPDX-License-Identifier: Apache-2.0
// Sheets as bytes and back, and bytes that are none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sys/sheet.h"

static void what_is_written_is_read(void **state) {
    (void)state;
    AUTO_SHEET struct sheet s = {0};
    AUTO_SHEET struct sheet back = {0};
    sheet_add(&s, "text", "a=b\nc\\n \\");
    sheet_add(&s, "none", NULL);
    sheet_add(&s, "empty", "");
    sheet_add(&s, "many", "1");
    sheet_add(&s, "many", "2");
    sheet_add_u64(&s, "number", UINT64_MAX);
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(&s, &size);
    assert_null(sheet_parse(bytes, size, &back));
    assert_int_equal(back.count, 5);
    assert_string_equal(sheet_get(&back, "text"), "a=b\nc\\n \\");
    assert_null(sheet_get(&back, "none"));
    assert_string_equal(sheet_get(&back, "empty"), "");
    assert_string_equal(sheet_nth(&back, "many", 1), "2");
    assert_null(sheet_nth(&back, "many", 2));
    assert_true(sheet_u64(&back, "number") == UINT64_MAX);
    sheet_set(&back, "many", sheet_nth(&back, "many", 1));
    assert_string_equal(sheet_get(&back, "many"), "2");
    assert_null(sheet_nth(&back, "many", 1));
}

static void what_makes_no_sense_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {{"a=b", 3}, {"=b\n", 3}, {"ab\n", 3}, {"a=\0\n", 4}, {"a=b\n\n", 5}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_SHEET struct sheet s = {0};
        AUTO_ERR struct err *failed = sheet_parse(bad[i].bytes, bad[i].size, &s);
        assert_non_null(failed);
        assert_int_equal(err_kind(failed), ERR_CORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read),
                                       cmocka_unit_test(what_makes_no_sense_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
