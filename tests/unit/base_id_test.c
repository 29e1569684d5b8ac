// SPDX-License-Identifier: Apache-2.0
// Ids, UUIDs and the rules for names.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>
#include <cmocka.h>

#include "base/id.h"

static void a_uuid_is_version_4_and_survives_its_text(void **state) {
    (void)state;
    unsigned char entropy[16];
    char text[UUID_TEXT], upper[UUID_TEXT];
    for (size_t round = 0; round < 256; round++) {
        for (size_t i = 0; i < 16; i++) entropy[i] = (unsigned char)(round * 31 + i * 17);
        struct uuid u = uuid_from_entropy(entropy), back;
        uuid_text(u, text);
        assert_int_equal(strlen(text), 36);
        assert_int_equal(text[14], '4');
        assert_non_null(strchr("89ab", text[19]));
        assert_true(uuid_parse(text, &back) && uuid_equal(u, back));
        for (size_t i = 0; i < UUID_TEXT; i++)
            upper[i] = text[i] >= 'a' && text[i] <= 'f' ? (char)(text[i] - 32) : text[i];
        assert_true(uuid_parse(upper, &back) && uuid_equal(u, back));
    }
    assert_true(uuid_is_zero((struct uuid){{0}}));
}

static void a_broken_uuid_is_refused(void **state) {
    (void)state;
    struct uuid u;
    const char *bad[] = {"", "123e4567-e89b-42d3-a456-42661417400", "123e4567-e89b-42d3-a456-4266141740000",
                         "123e4567ee89b-42d3-a456-426614174000", "123e4567-e89b-42d3-a456-42661417400g"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) assert_false(uuid_parse(bad[i], &u));
    assert_true(uuid_parse("123e4567-e89b-42d3-a456-426614174000", &u));
}

static void expect(struct err *(*check)(const char *), const char *text, bool good) {
    AUTO_ERR struct err *e = check(text);
    if (!e != good) fail_msg("'%s': %s", text ? text : "(none)", e ? err_text(e) : "was accepted");
}

static struct err *plain_name(const char *name) {
    return name_check("volume", name);
}
static struct err *chosen_id(const char *id) {
    return chosen_id_check("task", id);
}

static void names_are_letters_digits_and_three_signs(void **state) {
    (void)state;
    char longest[NAME_LONGEST + 2];
    memset(longest, 'n', sizeof longest);
    longest[NAME_LONGEST + 1] = 0;
    expect(plain_name, longest, false);
    longest[NAME_LONGEST] = 0;
    expect(plain_name, longest, true);
    const char *good[] = {"db-3", "_x", "A.b_c-9", "0"}, *bad[] = {"", ".x", "-x", "a/b", "a b", "\xc3\xa9", "a\n"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) expect(plain_name, good[i], true);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) expect(plain_name, bad[i], false);
    expect(plain_name, NULL, false);
}

static void roles_are_paths_or_the_star(void **state) {
    (void)state;
    const char *good[] = {"*", "web", "eng/web", "a/b/c", "x*y"};
    const char *bad[] = {"", "/a", "a/", "a//b", ".", "..", "a/..", "a/*", "-a", "a/-b", "a b", "a\tb", "*/a"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) expect(role_check, good[i], true);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) expect(role_check, bad[i], false);
}

static void chosen_ids_have_no_slash_and_no_control_characters(void **state) {
    (void)state;
    const char *good[] = {"task 1", "task.1", "\xc3\xa9", "-x", "..."},
               *bad[] = {"", ".", "..", "a/b", "a\\b", "a\n", "a\x7f"};
    for (size_t i = 0; i < ARRAY_LEN(good); i++) expect(chosen_id, good[i], true);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) expect(chosen_id, bad[i], false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_uuid_is_version_4_and_survives_its_text),
        cmocka_unit_test(a_broken_uuid_is_refused),
        cmocka_unit_test(names_are_letters_digits_and_three_signs),
        cmocka_unit_test(roles_are_paths_or_the_star),
        cmocka_unit_test(chosen_ids_have_no_slash_and_no_control_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
