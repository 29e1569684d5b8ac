// SPDX-License-Identifier: Apache-2.0
// Arenas: zeroed, aligned, apart from each other, within the budget.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"

static void memory_is_zeroed_aligned_and_never_shared(void **state) {
    (void)state;
    enum { MOST = 2000 };
    struct arena a = {0};
    static unsigned char *pieces[MOST];
    for (size_t i = 0; i < MOST; i++) {
        size_t size = i * 7 % 5000;
        pieces[i] = arena_zero(&a, 1, size);
        assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
        for (size_t b = 0; b < size; b++) assert_int_equal(pieces[i][b], 0);
        memset(pieces[i], (int)(i & 0xff), size);
    }
    for (size_t i = 0; i < MOST; i++)
        for (size_t b = 0; b < i * 7 % 5000; b++) assert_int_equal(pieces[i][b], i & 0xff);
    arena_done(&a);
    assert_int_equal(a.used, 0);
    assert_null(a.blocks);
}

static void texts_are_copied(void **state) {
    (void)state;
    AUTO_ARENA struct arena a = {0};
    char word[] = "granary";
    char *copy = arena_text(&a, word), *part = arena_text_n(&a, word, 4), *made = arena_format(&a, "%s-%d", word, 7);
    void *bytes = arena_copy(&a, word, sizeof word);
    memset(word, 'x', sizeof word);
    assert_string_equal(copy, "granary");
    assert_string_equal(part, "gran");
    assert_string_equal(made, "granary-7");
    assert_string_equal(bytes, "granary");
    assert_null(arena_text(&a, NULL));
}

static void the_budget_stops_trying_and_nothing_else(void **state) {
    (void)state;
    AUTO_ARENA struct arena a = {.budget = 1000};
    assert_non_null(arena_try(&a, 600));
    assert_null(arena_try(&a, 600));
    assert_null(arena_try(&a, SIZE_MAX / 2));
    assert_non_null(arena_try(&a, 300));
    assert_non_null(arena_zero(&a, 1, 5000));
    assert_null(arena_try(&a, 1));
}

static void a_cleared_arena_hands_out_zeroed_memory_again(void **state) {
    (void)state;
    AUTO_ARENA struct arena a = {.budget = 1000};
    arena_clear(&a);
    for (int i = 0; i < 100; i++) memset(arena_zero(&a, 1, 999), 'x', 999);
    arena_clear(&a);
    assert_int_equal(a.used, 0);
    unsigned char *again = arena_try(&a, 900);
    assert_non_null(again);
    for (size_t i = 0; i < 900; i++) assert_int_equal(again[i], 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_aligned_and_never_shared),
        cmocka_unit_test(texts_are_copied),
        cmocka_unit_test(a_cleared_arena_hands_out_zeroed_memory_again),
        cmocka_unit_test(the_budget_stops_trying_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
