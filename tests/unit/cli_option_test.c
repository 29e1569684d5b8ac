// SPDX-License-Identifier: Apache-2.0
// Flags and names on one command line; the tables of all nouns.
#include "cli/option.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "cli/verbs.h"

static const struct option table[] = {
    {"size", OPTION_SIZE, "SIZE", "how large"},
    {"count", OPTION_NUMBER, "N", "how many"},
    {"weight", OPTION_REAL, "W", "how much"},
    {"for", OPTION_DURATION, "TIME", "how long"},
    {"role", OPTION_TEXT, "ROLE", "for whom"},
    {"no-wait", OPTION_FLAG, NULL, "do not wait"},
    {0},
};

static struct err *read_line(const char *const *arguments, struct options *ret, struct settings **ret_settings) {
    struct settings *s = settings_new(PROCESS_CLI);
    struct err *e = options_read(table, arguments, s, ret);
    if (e || !ret_settings)
        settings_free(s);
    else
        *ret_settings = s;
    return e;
}

#define LINE(...) ((const char *const[]){__VA_ARGS__, NULL})

static void flags_and_names_may_be_mixed(void **state) {
    (void)state;
    struct options o = {0};
    struct settings *s = NULL;
    assert_null(read_line(
        LINE("db", "--size", "2GiB", "-o", "json", "--count=3", "--no-wait", "--for", "5m", "--", "--odd"), &o, &s));
    assert_int_equal(o.names.count, 2);
    assert_string_equal(o.names.at[0], "db");
    assert_string_equal(o.names.at[1], "--odd");
    assert_int_equal(options_find(&o, "size")->number, 2ull << 30);
    assert_int_equal(options_find(&o, "count")->number, 3);
    assert_int_equal(options_find(&o, "for")->number, 300000);
    assert_true(options_has(&o, "no-wait"));
    assert_null(options_text(&o, "role"));
    assert_string_equal(settings_text(s, "output"), "json");
    settings_free(s);
    options_done(&o);
}

static void the_last_of_equal_flags_wins(void **state) {
    (void)state;
    struct options o = {0};
    assert_null(read_line(LINE("--role", "a", "--role=b", "--weight", "1.5"), &o, NULL));
    assert_string_equal(options_text(&o, "role"), "b");
    assert_true(options_find(&o, "weight")->real > 1.49 && options_find(&o, "weight")->real < 1.51);
    options_done(&o);
}

static void expect_refused(const char *const *arguments, const char *part) {
    struct options o = {0};
    AUTO_ERR struct err *e = read_line(arguments, &o, NULL);
    assert_non_null(e);
    assert_int_equal(err_kind(e), ERR_INVALID);
    if (!strstr(err_text(e), part)) fail_msg("'%s' does not say '%s'", err_text(e), part);
}

static void a_bad_flag_is_named_with_the_nearest_known_one(void **state) {
    (void)state;
    expect_refused(LINE("--sise", "1GiB"), "unknown flag '--sise'; did you mean '--size'?");
    expect_refused(LINE("--mastr=x"), "did you mean '--master'?");
    expect_refused(LINE("-x"), "unknown flag '-x'");
    expect_refused(LINE("--size"), "--size needs a value: SIZE");
    expect_refused(LINE("--size", "many"), "--size:");
    expect_refused(LINE("--count", "-1"), "--count: '-1' is not a whole number");
    expect_refused(LINE("--weight", "nan"), "--weight:");
    expect_refused(LINE("--no-wait=1"), "takes no value");
    expect_refused(LINE("--role", ""), "--role: must not be empty");
    expect_refused(LINE(""), "an argument is empty");
    expect_refused(LINE("-o", "xml"), "xml");
}

static const struct noun *const nouns[] = {
#define X(name, usage, line) &noun_##name,
    CLI_NOUNS(X)
#undef X
        & noun_agent,
    &noun_provider,
};

static void every_action_has_help_with_an_example_that_names_it(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(nouns); i++)
        for (size_t j = 0; j < nouns[i]->count; j++) {
            const struct action *a = &nouns[i]->actions[j];
            AUTO_FREE char *command = mem_format("granary %s%s%s", nouns[i]->name, *a->name ? " " : "", a->name);
            const char *arguments[] = {*a->name ? a->name : NULL, NULL};
            AUTO_TEXT struct text help = {0};
            noun_help(nouns[i], arguments, &help);
            assert_non_null(a->run);
            if (!strstr(text_string(&help), "--master"))
                fail_msg("%s: help does not end with the global flags", command);
            bool alone = strcmp(nouns[i]->name, "agent") == 0; // its example is that of 'granary agents'
            if (!a->more || (!alone && !strstr(a->more, command))) fail_msg("%s: has no example", command);
            for (const struct option *o = a->options; o && o->name; o++)
                if (setting_find(PROCESS_CLI, o->name) || (o->kind == OPTION_FLAG) != !o->word)
                    fail_msg("%s: --%s hides a global flag, or its kind and value word differ", command, o->name);
        }
}

static void an_action_is_found_by_its_name_or_by_the_noun_alone(void **state) {
    (void)state;
    size_t used;
    assert_string_equal(noun_action(&noun_volume, LINE("list"), &used)->name, "list");
    assert_int_equal(used, 1);
    assert_string_equal(noun_action(&noun_agents, LINE("--watch"), &used)->name, "");
    assert_int_equal(used, 0);
    assert_null(noun_action(&noun_volume, LINE("lst"), &used));
    assert_null(noun_action(&noun_agents, LINE("n1"), &used));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flags_and_names_may_be_mixed),
        cmocka_unit_test(the_last_of_equal_flags_wins),
        cmocka_unit_test(a_bad_flag_is_named_with_the_nearest_known_one),
        cmocka_unit_test(every_action_has_help_with_an_example_that_names_it),
        cmocka_unit_test(an_action_is_found_by_its_name_or_by_the_noun_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
