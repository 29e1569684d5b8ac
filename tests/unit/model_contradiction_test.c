// SPDX-License-Identifier: Apache-2.0
// Terms that cannot both hold: what is said of them is held to what selectors really do with random tags.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "model/contradiction.h"

static enum contradiction_kind kind_of(const char *text) {
    struct symbols symbols = {0};
    struct selector sel;
    struct contradiction found[4];
    assert_null(selector_parse(&symbols, text, &sel));
    size_t count = selector_contradictions(&symbols, &sel, found, 4);
    selector_done(&sel);
    symbols_done(&symbols);
    return count ? found[0].kind : 0;
}

static void what_one_term_asks_and_the_other_forbids_never_holds(void **state) {
    (void)state;
    const char *const never[] = {"k, !k",
                                 "!k, k = 1",
                                 "!k, k > 5",
                                 "same(k), !k",
                                 "different(k), !k",
                                 "k = a, k != a",
                                 "k in (a, b), k notin (a, b, c)",
                                 "k notin (a), k = a"};
    for (size_t i = 0; i < ARRAY_LEN(never); i++)
        if (kind_of(never[i]) != CONTRADICTION_NEVER) fail_msg("%s", never[i]);
}

static void ranges_without_a_value_in_common_hold_for_several_values_only(void **state) {
    (void)state;
    const char *const apart[] = {"a >= 10, a < 5", "a > 5, a < 5",          "a > 5, a <= 5",
                                 "a = 5, a >= 6",  "a >= 10GiB, a < 5Gbps", "driver/x >= 1.10, driver/x < 1.9"};
    for (size_t i = 0; i < ARRAY_LEN(apart); i++)
        if (kind_of(apart[i]) != CONTRADICTION_APART) fail_msg("%s", apart[i]);
}

static void what_can_hold_is_let_be(void **state) {
    (void)state;
    const char *const fine[] = {"a >= 5, a <= 5", "a >= 5, a < 10", "x = 1, x = 2", "k in (a, b), k != a",
                                "k != a, !k",     "a >= 10, b < 5", "a > 4, a < 5", "driver/x >= 1.9, driver/x < 1.10"};
    for (size_t i = 0; i < ARRAY_LEN(fine); i++)
        if (kind_of(fine[i])) fail_msg("%s", fine[i]);
    assert_int_equal(kind_of("k = a, b, k = a"), CONTRADICTION_TWICE);
}

static void it_is_said_in_words(void **state) {
    (void)state;
    struct symbols symbols = {0};
    struct selector sel;
    struct contradiction found;
    AUTO_TEXT struct text said = {0};
    assert_null(selector_parse(&symbols, "m = ssd, !m", &sel));
    assert_int_equal(selector_contradictions(&symbols, &sel, &found, 1), 1);
    contradiction_add_text(&symbols, &sel, &found, &said);
    assert_string_equal(said.data, "m = ssd and !m can never both hold");
    selector_done(&sel);
    symbols_done(&symbols);
}

// ---- against what selectors do ----

static const char *const terms[] = {"k",      "!k",    "k = 3", "k != 3", "k in (3, 5)", "k notin (3, 5)",
                                    "k >= 4", "k < 4", "k > 5", "k <= 3", "k = 5",       "k notin (5)"};
static const char *const values[] = {"1", "3", "4", "5", "6"};

static bool holds_somewhere(struct symbols *symbols, const struct selector *sel, size_t most) {
    for (unsigned set = 0; set < 1u << ARRAY_LEN(values); set++) {
        struct tag_set tags = {0};
        if ((size_t)__builtin_popcount(set) > most) continue;
        for (size_t i = 0; i < ARRAY_LEN(values); i++) {
            struct tag tag;
            assert_null(tag_make(symbols, "k", values[i], &tag));
            if (set >> i & 1) assert_null(tag_set_add(&tags, tag, (struct tag_said){0}));
        }
        bool holds = selector_holds(symbols, sel, &tags, NULL);
        tag_set_done(&tags);
        if (holds) return true;
    }
    return false;
}

static void no_pair_that_is_called_contradictory_holds(void **state) {
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(terms); i++)
        for (size_t k = 0; k < ARRAY_LEN(terms); k++) {
            struct symbols symbols = {0};
            struct selector sel;
            AUTO_FREE char *text = mem_format("%s, %s", terms[i], terms[k]);
            assert_null(selector_parse(&symbols, text, &sel));
            enum contradiction_kind kind = kind_of(text);
            if (kind == CONTRADICTION_NEVER && holds_somewhere(&symbols, &sel, ARRAY_LEN(values))) fail_msg("%s", text);
            if (kind == CONTRADICTION_APART && holds_somewhere(&symbols, &sel, 1)) fail_msg("%s, one value", text);
            selector_done(&sel);
            symbols_done(&symbols);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_term_asks_and_the_other_forbids_never_holds),
        cmocka_unit_test(ranges_without_a_value_in_common_hold_for_several_values_only),
        cmocka_unit_test(what_can_hold_is_let_be),
        cmocka_unit_test(it_is_said_in_words),
        cmocka_unit_test(no_pair_that_is_called_contradictory_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
