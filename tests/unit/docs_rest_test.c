// SPDX-License-Identifier: Apache-2.0
// docs/rest.md has a row for each route of the master, with its body and answer, and for none besides. Usage: docs_rest_test docs/rest.md
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "granary_api.pb-c.h"
#include "master/rest.h"
#include "sys/file.h"

static const char *page_path;

static const struct route routes[] = {
#define X(method, path, query, body, answer, handler, help) {method, path, query, body, answer, NULL, help},
    ROUTES(X)
#undef X
};

// What the row of a route begins with: all but what is said in words.
static void row_begin(const struct route *r, struct text *out) {
    text_addf(out, "| `%s` | `/%s` | ", r->method, r->path);
    if (r->body) text_addf(out, "`%s` ", r->body->short_name);
    text_addf(out, "| %d", r->answer.status);
    if (r->answer.type) text_addf(out, " `%s`", r->answer.type->short_name);
}

static const struct route *route_of_row(const char *line) {
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        AUTO_TEXT struct text begin = {0};
        row_begin(&routes[i], &begin);
        if (text_starts(line, begin.data)) return &routes[i];
    }
    return NULL;
}

static void each_route_has_one_row_and_each_row_a_route(void **state) {
    (void)state;
    AUTO_TEXT struct text page = {0};
    assert_null(file_read(page_path, 1 << 20, &page));
    unsigned seen[ARRAY_LEN(routes)] = {0};
    for (const char *line = page.data; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        if (!text_starts(line, "| `GET`") && !text_starts(line, "| `P") && !text_starts(line, "| `DELETE`")) continue;
        const struct route *route = route_of_row(line);
        if (!route) fail_msg("the master has no such route, body or answer: %.*s", (int)strcspn(line, "\n"), line);
        seen[route - routes]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        AUTO_TEXT struct text begin = {0};
        row_begin(&routes[i], &begin);
        if (seen[i] != 1) fail_msg("%u rows in %s begin with: %s", seen[i], page_path, begin.data);
    }
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s docs/rest.md\n", argv[0]);
        return 2;
    }
    page_path = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_route_has_one_row_and_each_row_a_route)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
