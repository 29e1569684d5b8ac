// SPDX-License-Identifier: Apache-2.0
// Errors of the master: kind, sentence, and what the explanation adds; paths with names in them.
#include "cli/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect_error(int status, const char *body, enum err_kind kind, const char *sentence) {
    AUTO_ERR struct err *e = client_error(status, body, strlen(body));
    assert_non_null(e);
    assert_string_equal(err_text(e), sentence);
    assert_int_equal(err_kind(e), kind);
}

static void the_kind_in_the_body_decides_not_the_status(void **state) {
    (void)state;
    expect_error(409, "{\"kind\":\"no-fit\",\"message\":\"nothing fits\"}", ERR_NO_FIT, "nothing fits");
    expect_error(409, "{\"kind\":\"conflict\",\"message\":\"in use on agent 'n1'\"}", ERR_CONFLICT,
                 "in use on agent 'n1'");
    assert_int_equal(err_kind_exit(ERR_NO_FIT), 6);
    assert_int_equal(err_kind_exit(ERR_CONFLICT), 5);
}

static void a_kind_that_is_not_known_falls_back_to_the_status(void **state) {
    (void)state;
    expect_error(404, "{\"kind\":\"from-the-future\",\"message\":\"gone\",\"other\":[1,{}]}", ERR_NOT_FOUND, "gone");
}

static void a_body_that_is_not_ours_is_quoted_by_its_first_line(void **state) {
    (void)state;
    expect_error(503, "starting\nsecond line", ERR_UNAVAILABLE, "the answer was status 503: starting");
    expect_error(500, "", ERR_IO, "the answer was status 500");
    expect_error(418, "\033[2Jteapot", ERR_INVALID, "the answer was status 418: ?[2Jteapot");
    expect_error(401, "who?", ERR_DENIED, "the answer was status 401: who?");
}

static void an_explanation_adds_what_the_sentence_has_not_said(void **state) {
    (void)state;
    expect_error(
        409,
        "{\"kind\":\"no-fit\",\"message\":\"no pool fits: a has 1 GiB free\",\"explanation\":{\"refusals\":["
        "{\"sentence\":\"a has 1 GiB free\"},{\"sentence\":\"b is away\"}],"
        "\"suggestions\":[{\"change\":\"1 GiB smaller\",\"pools\":1},{\"change\":\"class 'bulk'\",\"pools\":2}]}}",
        ERR_NO_FIT,
        "no pool fits: a has 1 GiB free\n"
        "  b is away\n"
        "  what would pass: 1 GiB smaller (then 1 pool fits)\n"
        "  what would pass: class 'bulk' (then 2 pools fit)");
}

#define FOUR "\"refusals\":[{\"sentence\":\"a\"},{\"sentence\":\"b\"},{\"sentence\":\"c\"},{\"sentence\":\"d\"}]"
#define FUNNEL ",\"funnel\":[{\"step\":\"pools\",\"left\":90},{\"step\":\"x\",\"left\":40},{\"step\":\"y\",\"left\":0}]"

static void all_refusals_are_counted_not_those_of_the_page(void **state) {
    (void)state;
    expect_error(409, "{\"kind\":\"no-fit\",\"message\":\"no\",\"explanation\":{" FOUR "}}", ERR_NO_FIT,
                 "no\n  a\n  b\n  c\n  ... 4 refusals in all; 'granary explain --all' shows them");
    expect_error(409, "{\"kind\":\"no-fit\",\"message\":\"no\",\"explanation\":{" FOUR FUNNEL ",\"next_page\":\"4\"}}",
                 ERR_NO_FIT, "no\n  a\n  b\n  c\n  ... 90 refusals in all; 'granary explain --all' shows them");
}

static void of_several_volumes_nothing_else_can_explain_one(void **state) {
    (void)state;
    expect_error(409, "{\"kind\":\"no-fit\",\"message\":\"no\",\"explanation\":{\"volume\":\"db-3\"," FOUR FUNNEL "}}",
                 ERR_NO_FIT, "no\n  a\n  b\n  c\n  ... 90 refusals in all");
}

static void names_in_paths_are_encoded(void **state) {
    (void)state;
    AUTO_TEXT struct text path = {0};
    text_add(&path, "/v1/roles");
    path_add(&path, "eng/web team?");
    path_query(&path, "role", NULL);
    path_query(&path, "role", "*");
    path_query(&path, "after", "a&b");
    assert_string_equal(path.data, "/v1/roles/eng%2Fweb%20team%3F?role=%2A&after=a%26b");
}

static struct err *client_of(const char *master, struct client **ret_client) {
    struct settings *s = settings_new(PROCESS_CLI);
    struct setting_given given = {.name = "master", .value = master, .source = FROM_FLAG};
    struct err *e = settings_give(s, &given);
    if (!e) e = client_new(s, ret_client);
    settings_free(s);
    return e;
}

static void a_master_that_is_not_there_is_said_with_what_to_do(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    AUTO_CLIENT struct client *c = NULL;
    assert_null(client_of("http://127.0.0.1:1", &c));
    AUTO_ERR struct err *e = client_ask(c, "GET", "/health", NULL, NULL, &arena, NULL);
    assert_non_null(e);
    assert_int_equal(err_kind(e), ERR_UNAVAILABLE);
    assert_non_null(strstr(err_text(e), "no master answers at 127.0.0.1:1"));
    assert_non_null(strstr(err_text(e), "GRANARY_MASTER"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_kind_in_the_body_decides_not_the_status),
        cmocka_unit_test(a_kind_that_is_not_known_falls_back_to_the_status),
        cmocka_unit_test(a_body_that_is_not_ours_is_quoted_by_its_first_line),
        cmocka_unit_test(an_explanation_adds_what_the_sentence_has_not_said),
        cmocka_unit_test(all_refusals_are_counted_not_those_of_the_page),
        cmocka_unit_test(of_several_volumes_nothing_else_can_explain_one),
        cmocka_unit_test(names_in_paths_are_encoded),
        cmocka_unit_test(a_master_that_is_not_there_is_said_with_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
