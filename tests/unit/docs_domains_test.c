// SPDX-License-Identifier: Apache-2.0
// The worked numbers of docs/failure-domains.md, worked out again from its own figures. Usage: docs_domains_test PAGE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/domain.h"

static const char *page_path;

static void expect_ok(struct err *e) {
    if (e) fail_msg("%s", err_text(e));
}

// "      power=feed-B: 99.5" below "    domains:".
static void figures_read(const char *page, struct domains *d, struct symbols *s) {
    const char *line = strstr(page, "\n    domains:\n");
    assert_non_null(line);
    for (line += strlen("\n    domains:\n"); text_starts(line, "      "); line += strcspn(line, "\n") + 1) {
        char name[64] = "", figure[64] = "";
        assert_true(sscanf(line, " %63[^:]: %63[0-9.]", name, figure) >= 1);
        expect_ok(domains_declare(d, s, name, figure));
    }
}

// What stands between the next two bars; backquotes are left out.
static const char *cell_read(const char *at, char *ret_cell, size_t size) {
    size_t n = 0;
    for (at++; *at && *at != '|' && *at != '\n'; at++)
        if (*at != '`' && n + 1 < size) ret_cell[n++] = *at;
    while (n && ret_cell[n - 1] == ' ') n--;
    ret_cell[n] = 0;
    return at;
}

static struct tag_set tags_read(const char *cell, struct symbols *s) {
    struct tag_set set = {0};
    AUTO_FREE char *copy = mem_text(cell);
    char *rest = copy, *part;
    while ((part = strsep(&rest, " "))) {
        struct tag tag;
        if (!*part) continue;
        expect_ok(tag_parse(s, part, &tag));
        expect_ok(tag_set_add(&set, tag, (struct tag_said){0}));
    }
    return set;
}

static void every_row_is_what_its_figures_give(void **state) {
    (void)state;
    static char page[65536];
    FILE *file = fopen(page_path, "r");
    assert_non_null(file);
    page[fread(page, 1, sizeof page - 1, file)] = 0;
    fclose(file);
    struct symbols s = {0};
    struct domains d = {.figures = 0};
    figures_read(page, &d, &s);
    size_t rows = 0;
    const char *line = strstr(page, "| agent | pool | percent |\n|---|---|---|\n");
    assert_non_null(line);
    line += strlen("| agent | pool | percent |\n|---|---|---|\n");
    for (; *line == '|'; line += strcspn(line, "\n") + 1, rows++) {
        char agent[256], pool[256], percent[64], found[AVAILABILITY_TEXT];
        cell_read(cell_read(cell_read(line, agent, sizeof agent), pool, sizeof pool), percent, sizeof percent);
        struct tag_set a = tags_read(agent, &s), p = tags_read(pool, &s);
        availability_text(domains_availability(&d, &a, &p), found);
        if (strcmp(percent + strspn(percent, " "), found) != 0)
            fail_msg("%.*s: it is %s", (int)strcspn(line, "\n"), line, found);
        tag_set_done(&a);
        tag_set_done(&p);
    }
    assert_true(rows >= 10);
    domains_done(&d);
    symbols_done(&s);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s docs/failure-domains.md\n", argv[0]);
        return 2;
    }
    page_path = argv[1];
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_is_what_its_figures_give)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
