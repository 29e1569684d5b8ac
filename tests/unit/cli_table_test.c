// SPDX-License-Identifier: Apache-2.0
// Tables: columns line up, nothing is cut off, nothing from outside moves the cursor.
#include "cli/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void expect_table(const struct table *t, const char *wanted) {
    AUTO_TEXT struct text out = {0};
    table_write(t, &out);
    assert_string_equal(text_string(&out), wanted);
}

static void columns_are_as_wide_as_their_widest_cell(void **state) {
    (void)state;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "NAME", TABLE_LEFT);
    table_column(&t, "SIZE", TABLE_RIGHT);
    table_column(&t, "STATE", TABLE_LEFT);
    table_cell(&t, "a");
    table_cell_bytes(&t, 50ull << 30);
    table_cell(&t, "ready");
    table_cell(&t, "a-name-that-is-rather-long");
    table_cell_bytes(&t, 1);
    table_cell(&t, "making");
    expect_table(&t, "NAME                          SIZE  STATE\n"
                     "a                           50 GiB  ready\n"
                     "a-name-that-is-rather-long     1 B  making\n");
    assert_int_equal(table_rows(&t), 2);
}

static void a_cell_without_value_shows_a_dash_and_a_blank_one_nothing(void **state) {
    (void)state;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "A", TABLE_LEFT);
    table_column(&t, "B", TABLE_LEFT);
    table_column(&t, "C", TABLE_LEFT);
    table_cell(&t, NULL);
    table_cell(&t, "");
    table_blank(&t);
    table_blank(&t);
    table_cell(&t, "x");
    expect_table(&t, "A  B  C\n-  -\n   x\n");
}

static void characters_count_not_bytes(void **state) {
    (void)state;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "N", TABLE_LEFT);
    table_column(&t, "V", TABLE_LEFT);
    table_cell(&t, "\xc3\xbc\xc3\xbc");
    table_cell(&t, "1");
    table_cell(&t, "abc");
    table_cell(&t, "2");
    expect_table(&t, "N    V\n\xc3\xbc\xc3\xbc   1\nabc  2\n");
}

static void control_characters_and_broken_text_become_question_marks(void **state) {
    (void)state;
    AUTO_TEXT struct text out = {0};
    table_clean(&out, "a\033[2Jb\nc\x7f\xc2\x9b\xff\xe2\x82");
    assert_string_equal(out.data, "a?[2Jb?c?"
                                  "?"
                                  "?"
                                  "?"
                                  "?"
                                  "?");
}

static void a_table_without_rows_has_its_titles_alone(void **state) {
    (void)state;
    AUTO_TABLE struct table t = {0};
    table_column(&t, "A", TABLE_LEFT);
    table_column(&t, "B", TABLE_RIGHT);
    expect_table(&t, "A  B\n");
    assert_int_equal(table_rows(&t), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(a_cell_without_value_shows_a_dash_and_a_blank_one_nothing),
        cmocka_unit_test(characters_count_not_bytes),
        cmocka_unit_test(control_characters_and_broken_text_become_question_marks),
        cmocka_unit_test(a_table_without_rows_has_its_titles_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
