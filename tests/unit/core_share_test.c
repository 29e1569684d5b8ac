// SPDX-License-Identifier: Apache-2.0
// Whose turn it is, against sorting everything anew after every offer.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/share.h"

static struct scalars some(int64_t cpus, int64_t mem) {
    return (struct scalars){.cpus = {cpus}, .mem = {mem}};
}

static struct contender *contender(struct shares *s, uint64_t framework, uint32_t role) {
    struct contender *c = share_contender(s, framework, (symbol){role});
    c->subscribed = c->available = true;
    return c;
}

static struct contender *first(const struct shares *s) {
    return s->order.at[0]->order.at[0];
}

static void roles_come_before_the_frameworks_inside(void **state) {
    (void)state;
    struct shares s = {.total = some(100, 100)};
    struct contender *a = contender(&s, 1, 10), *b = contender(&s, 2, 10), *c = contender(&s, 3, 20);
    struct scalars ten = some(10, 0), fifteen = some(15, 0);
    share_take(a, &ten);
    share_take(c, &fifteen);
    share_take(b, &ten);
    shares_order(&s);
    assert_ptr_equal(first(&s), c); // its role holds 15, the other 20
    share_give_back(&s, b, &ten);
    shares_order(&s);
    assert_ptr_equal(first(&s), b); // 10 against 15, and b holds nothing of it
    shares_done(&s);
}

static void a_share_is_the_most_of_any_resource(void **state) {
    (void)state;
    struct shares s = {.total = some(100, 1000)};
    struct contender *a = contender(&s, 1, 10), *b = contender(&s, 2, 20);
    struct scalars cpus = some(30, 0), mem = some(0, 290);
    share_take(a, &cpus);
    share_take(b, &mem);
    shares_order(&s);
    assert_ptr_equal(first(&s), b);
    shares_done(&s);
}

static void who_is_not_available_is_passed_over(void **state) {
    (void)state;
    struct shares s = {.total = some(100, 100)};
    contender(&s, 1, 10)->available = false;
    struct contender *b = contender(&s, 2, 10);
    shares_order(&s);
    assert_ptr_equal(first(&s), b);
    b->available = false;
    shares_order(&s);
    assert_int_equal(s.order.count, 0);
    shares_done(&s);
}

static void a_contender_lives_as_long_as_somebody_counts_it(void **state) {
    (void)state;
    struct shares s = {.total = some(100, 100)};
    struct contender *a = contender(&s, 1, 10);
    struct scalars one = some(1, 1);
    uint32_t slot = a->slot;
    uint64_t serial = a->serial;
    share_take(a, &one);
    a->subscribed = false;
    share_drop_unused(&s, a);
    assert_ptr_equal(share_by_slot(&s, slot, serial), a);
    share_give_back(&s, a, &one);
    assert_null(share_by_slot(&s, slot, serial));
    struct contender *b = contender(&s, 2, 10);
    assert_int_equal(b->slot, slot); // given again, but
    assert_null(share_by_slot(&s, slot, serial));
    assert_ptr_equal(share_find(&s, 2, (symbol){10}), b);
    assert_null(share_find(&s, 1, (symbol){10}));
    shares_done(&s);
}

enum { MANY = 40 };

static void turns_after_offers_are_those_of_sorting_anew(void **state) {
    (void)state;
    struct shares moved = {.total = some(100000, 100000)}, sorted = {.total = some(100000, 100000)};
    struct contender *a[MANY], *b[MANY];
    for (uint32_t i = 0; i < MANY; i++) {
        a[i] = contender(&moved, 100 + i, 1 + i % 7);
        b[i] = contender(&sorted, 100 + i, 1 + i % 7);
        a[i]->in->weight = b[i]->in->weight = 1 + i % 7 % 3;
    }
    shares_order(&moved);
    uint64_t seed = 3;
    for (int round = 0; round < 3000; round++) {
        seed = hash_u64(seed + 1);
        size_t i = seed % 3 ? first(&moved)->framework - 100 : seed % MANY;
        struct scalars what = some((int64_t)(seed >> 8 & 63), (int64_t)(seed >> 16 & 63));
        share_plan(&moved, a[i], &what);
        share_take(b[i], &what);
        shares_order(&sorted);
        assert_int_equal(moved.order.count, sorted.order.count);
        for (size_t r = 0; r < moved.order.count; r++) {
            assert_int_equal(moved.order.at[r]->name.n, sorted.order.at[r]->name.n);
            for (size_t k = 0; k < moved.order.at[r]->order.count; k++)
                assert_int_equal(moved.order.at[r]->order.at[k]->framework, sorted.order.at[r]->order.at[k]->framework);
        }
    }
    shares_done(&moved);
    shares_done(&sorted);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_come_before_the_frameworks_inside),
        cmocka_unit_test(a_share_is_the_most_of_any_resource),
        cmocka_unit_test(who_is_not_available_is_passed_over),
        cmocka_unit_test(a_contender_lives_as_long_as_somebody_counts_it),
        cmocka_unit_test(turns_after_offers_are_those_of_sorting_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
