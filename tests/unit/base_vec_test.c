// SPDX-License-Identifier: Apache-2.0
// Typed arrays.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/must.h"
#include "base/vec.h"

static void items_stay_in_order_while_it_grows(void **state) {
    (void)state;
    VEC(int) v = {0};
    for (int i = 0; i < 1000; i++) vec_push(&v, i);
    int expected = 0;
    VEC_EACH (item, &v) assert_int_equal(*item, expected++);
    assert_int_equal(expected, 1000);
    assert_int_equal(*vec_last(&v), 999);
    assert_int_equal(vec_pop(&v), 999);
    vec_remove(&v, 0);
    assert_int_equal(v.at[0], 1);
    assert_int_equal(v.count, 998);
    vec_swap_out(&v, 0);
    assert_int_equal(v.at[0], 998);
    assert_int_equal(v.at[1], 2);
    vec_clear(&v);
    assert_int_equal(v.count, 0);
    vec_done(&v);
    assert_null(v.at);
}

static void a_new_item_is_zeroed_also_over_old_ones(void **state) {
    (void)state;
    VEC(struct {
        int a;
        void *b;
    })
    v = {0};
    for (int i = 0; i < 20; i++) {
        vec_add(&v)->a = 7;
        if (i % 3 == 0) vec_clear(&v);
    }
    vec_clear(&v);
    assert_int_equal(vec_add(&v)->a, 0);
    assert_null(v.at[0].b);
    vec_done(&v);
}

static void an_empty_one_has_nothing_to_visit(void **state) {
    (void)state;
    VEC(int) v = {0};
    VEC_EACH (item, &v) fail_msg("visited %p", (void *)item);
    vec_done(&v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_stay_in_order_while_it_grows),
        cmocka_unit_test(a_new_item_is_zeroed_also_over_old_ones),
        cmocka_unit_test(an_empty_one_has_nothing_to_visit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
