// SPDX-License-Identifier: Apache-2.0
// docs/rest.md has a row for each route of the master, and for none besides. Usage: docs_rest_test docs/rest.md
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "master/rest.h"
#include "sys/file.h"

static const char *page_path;

static const struct route {
    const char *method, *path;
} routes[] = {
#define X(method, path, query, handler, help) {method, path},
    ROUTES(X)
#undef X
};

// "v1/volumes/*" is "/v1/volumes/{name}" in the page.
static bool same_path(const char *route, const char *row, size_t size) {
    const char *end = row + size;
    if (row == end || *row++ != '/') return false;
    while (*route && row < end) {
        if (*route == '*') {
            const char *close = memchr(row, '}', (size_t)(end - row));
            if (*row != '{' || !close) return false;
            row = close + 1;
            route++;
        } else if (*route++ != *row++) {
            return false;
        }
    }
    return !*route && row == end;
}

// The route that a row of the page is about, NULL when there is none.
static const struct route *route_of_row(const char *line) {
    const char *method = line + strlen("| `"), *method_end = strchr(method, '`');
    const char *path = method_end ? strstr(method_end, "| `") : NULL;
    if (!path) return NULL;
    path += strlen("| `");
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        size_t size = strlen(routes[i].method);
        if ((size_t)(method_end - method) == size && strncmp(routes[i].method, method, size) == 0 &&
            same_path(routes[i].path, path, strcspn(path, "`")))
            return &routes[i];
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
        if (!route) fail_msg("the master has no such route: %.*s", (int)strcspn(line, "\n"), line);
        seen[route - routes]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        if (seen[i] != 1) fail_msg("%s /%s has %u rows in %s", routes[i].method, routes[i].path, seen[i], page_path);
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
