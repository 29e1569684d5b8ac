// SPDX-License-Identifier: Apache-2.0
// Reading ahead: everything arrives once and in order, the maker waits for a slow taker, and either side may fail.
#include "sys/ahead.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { MANY = 1000 };

struct world {
    uint32_t most;       // how many numbers the maker has
    uint32_t maker_ends; // it fails after that many; 0: never
    uint32_t taker_ends;
    uint32_t taken;
    atomic_uint made;
    uint32_t furthest; // how far the maker was ahead, at most
    pthread_t maker;
    size_t left_over; // in blocks that were given
    bool refused;     // the maker was told that nothing more is wanted
};

static struct err *numbers_make(void *arg, struct ahead *to) {
    struct world *w = arg;
    AUTO_TEXT struct text block = {0};
    w->maker = pthread_self();
    for (uint32_t i = 1; i <= w->most; i++) {
        if (w->maker_ends && i > w->maker_ends) return err_new(ERR_IO, "the maker broke");
        text_add_n(&block, &i, sizeof i);
        atomic_store(&w->made, i);
        struct err *e = ahead_give(to, &block);
        w->refused = e != NULL;
        TRY(e);
        w->left_over += block.size;
    }
    return NULL;
}

static struct err *numbers_take(void *arg, const struct text *block) {
    struct world *w = arg;
    uint32_t number;
    assert_int_equal(block->size, sizeof number);
    memcpy(&number, block->data, sizeof number);
    assert_int_equal(number, w->taken + 1);
    assert_false(pthread_equal(pthread_self(), w->maker));
    w->taken = number;
    uint32_t ahead = atomic_load(&w->made) - number;
    if (ahead > w->furthest) w->furthest = ahead;
    if (w->taker_ends && number == w->taker_ends) return err_new(ERR_CORRUPT, "the taker broke");
    return NULL;
}

static struct err *world_run(struct world *w) {
    return ahead_run(&(struct ahead_work){numbers_make, w, numbers_take, w});
}

static void all_arrives_in_order(void **state) {
    (void)state;
    struct world w = {.most = MANY};
    assert_null(world_run(&w));
    assert_int_equal(w.taken, MANY);
    assert_int_equal(w.left_over, 0);
    assert_in_range(w.furthest, 0, 5); // the ring and the one in hand
}

static void nothing_is_fine(void **state) {
    (void)state;
    struct world w = {0};
    assert_null(world_run(&w));
    assert_int_equal(w.taken, 0);
}

static void what_was_made_before_an_error_is_taken(void **state) {
    (void)state;
    struct world w = {.most = MANY, .maker_ends = 7};
    AUTO_ERR struct err *e = world_run(&w);
    assert_int_equal(err_kind(e), ERR_IO);
    assert_int_equal(w.taken, 7);
}

static void a_taker_that_fails_ends_the_maker(void **state) {
    (void)state;
    struct world w = {.most = MANY, .taker_ends = 7};
    AUTO_ERR struct err *e = world_run(&w);
    assert_int_equal(err_kind(e), ERR_CORRUPT);
    assert_int_equal(w.taken, 7);
    assert_true(w.refused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_arrives_in_order),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(what_was_made_before_an_error_is_taken),
        cmocka_unit_test(a_taker_that_fails_ends_the_maker),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
