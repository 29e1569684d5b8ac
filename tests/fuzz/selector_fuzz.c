// SPDX-License-Identifier: Apache-2.0
// Any text as a selector: it is refused or compiled; what was compiled prints to a text that compiles to the same, and each
// term that fails can be explained. The first line is the selector, further ones are tags for the two sides in turn.
#include "fuzz.h"
#include "model/selector.h"

static void lines_read(struct symbols *s, char *rest, struct tag_set sides[2]) {
    size_t side = 0;
    for (char *line; (line = strsep(&rest, "\n")); side ^= 1) {
        struct tag tag;
        AUTO_ERR struct err *e = tag_parse(s, line, &tag);
        if (!e) e = tag_set_add(&sides[side], tag, (struct tag_said){0});
    }
}

static void expect_same_when_printed(struct symbols *s, const struct selector *sel) {
    AUTO_TEXT struct text printed = {0};
    struct selector again = {0};
    selector_add_text(s, sel, &printed);
    if (printed.size > SELECTOR_TEXT_LONGEST) return; // spaces and quotes made it longer than what is read
    AUTO_ERR struct err *e = selector_parse(s, text_string(&printed), &again);
    must(!e && selector_equal(sel, &again));
    selector_done(&again);
}

static void expect_explained(struct symbols *s, const struct selector *sel, const struct tag_set sides[2]) {
    struct term_reason reason;
    int failed = selector_first_failure(s, sel, &sides[0], &sides[1]);
    must(selector_holds(s, sel, &sides[0], &sides[1]) == (failed == SELECTOR_HOLDS));
    if (failed == SELECTOR_HOLDS) return;
    must(!term_holds(s, sel, &sel->terms[failed], &sides[0], &sides[1]));
    term_explain(s, sel, (size_t)failed, &sides[0], &sides[1], &reason);
    must(reason.asked.size && reason.found.size);
    term_reason_done(&reason);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    AUTO_TEXT struct text input = {0};
    struct symbols symbols = {0};
    struct tag_set sides[2] = {{0}};
    struct selector sel = {0};
    text_add_n(&input, bytes, size);
    AUTO_ERR struct err *number = symbols_declare(&symbols, "n", VALUE_NUMBER);
    AUTO_ERR struct err *network = symbols_declare(&symbols, "net/*", VALUE_NETWORK);
    must(!number && !network);
    char *rest = input.data, *line = strsep(&rest, "\n");
    AUTO_ERR struct err *e = selector_parse(&symbols, line, &sel);
    must(!e || err_kind(e) == ERR_INVALID || err_kind(e) == ERR_TOO_LARGE);
    lines_read(&symbols, rest, sides);
    if (!e) expect_same_when_printed(&symbols, &sel);
    if (!e) expect_explained(&symbols, &sel, sides);
    selector_done(&sel);
    tag_set_done(&sides[0]);
    tag_set_done(&sides[1]);
    symbols_done(&symbols);
    return 0;
}
