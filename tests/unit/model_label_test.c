// SPDX-License-Identifier: Apache-2.0
// Labels as one canonical text.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "model/label.h"

static void they_are_sorted_and_found_by_key(void **state) {
    (void)state;
    const struct label given[] = {{"tier", "db"}, {"app", "x=1"}, {"app.kind", NULL}};
    AUTO_TEXT struct text lines = {0}, said = {0};
    assert_null(labels_make(given, 3, &lines));
    assert_string_equal(lines.data, "app=x=1\napp.kind=\ntier=db");
    size_t size;
    assert_int_equal(strncmp(labels_find(lines.data, "app", &size), "app=x=1\n", 8), 0);
    assert_int_equal(size, 7);
    assert_string_equal(labels_find(lines.data, "tier", &size), "tier=db");
    assert_null(labels_find(lines.data, "ap", &size));
    assert_null(labels_find(NULL, "app", &size));
    assert_true(labels_has(lines.data, "tier=db", 7));
    assert_false(labels_has(lines.data, "tier=d", 6));
    assert_false(labels_has(NULL, "tier=db", 7));
    labels_add_text(lines.data, &said);
    assert_string_equal(said.data, "app=x=1, app.kind=, tier=db");
}

static void expect_refused(const struct label *at, size_t count, const char *words) {
    AUTO_TEXT struct text lines = {0};
    AUTO_ERR struct err *e = labels_make(at, count, &lines);
    assert_non_null(e);
    if (!strstr(err_text(e), words)) fail_msg("'%s' does not say '%s'", err_text(e), words);
}

static void what_is_no_label_is_refused(void **state) {
    (void)state;
    struct label many[LABELS_MOST + 1];
    for (size_t i = 0; i < ARRAY_LEN(many); i++) many[i] = (struct label){"a", "b"};
    expect_refused(many, ARRAY_LEN(many), "at most 16");
    expect_refused(many, 2, "label 'a' is given twice");
    expect_refused(&(struct label){"", "x"}, 1, "the key is empty");
    expect_refused(&(struct label){"a b", "x"}, 1, "label 'a b'");
    expect_refused(&(struct label){"a", "two\nlines"}, 1, "byte 4 is not printable");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_sorted_and_found_by_key),
        cmocka_unit_test(what_is_no_label_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
