// SPDX-License-Identifier: Apache-2.0
// Port sets, against a plain array of ports.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/map.h"
#include "core/ports.h"

enum { PORTS = 64 };

static uint64_t roll(uint64_t *seed, uint64_t below) {
    *seed = hash_u64(*seed + 0x9e3779b97f4a7c15u);
    return *seed % below;
}

static struct port_range any_range(uint64_t *seed) {
    uint32_t begin = (uint32_t)roll(seed, PORTS);
    return (struct port_range){begin, begin + (uint32_t)roll(seed, PORTS - begin)};
}

static void expect_ports(const struct port_set *set, const bool model[PORTS]) {
    bool found[PORTS] = {false};
    for (size_t i = 0; i < set->count; i++) {
        assert_true(set->at[i].begin <= set->at[i].end);
        if (i) assert_true(set->at[i].begin > set->at[i - 1].end);
        for (uint32_t p = set->at[i].begin; p <= set->at[i].end; p++) found[p] = true;
    }
    assert_memory_equal(found, model, sizeof found);
}

static void ranges_that_touch_or_overlap_become_one(void **state) {
    (void)state;
    struct port_set set = {0};
    ports_assign(&set, (struct port_range[]){{30, 40}, {10, 20}, {21, 25}, {35, 50}, {9, 8}}, 5);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.at[0].begin, 10);
    assert_int_equal(set.at[0].end, 25);
    assert_int_equal(set.at[1].end, 50);
    vec_done(&set);
}

static void a_port_taken_from_the_middle_leaves_both_sides(void **state) {
    (void)state;
    struct port_set set = {0};
    ports_assign(&set, (struct port_range[]){{0, UINT32_MAX}}, 1);
    ports_take(&set, (struct port_range){80, 80});
    ports_take(&set, (struct port_range){0, 0});
    ports_take(&set, (struct port_range){UINT32_MAX, UINT32_MAX});
    assert_int_equal(set.count, 2);
    assert_int_equal(set.at[0].begin, 1);
    assert_int_equal(set.at[0].end, 79);
    assert_int_equal(set.at[1].begin, 81);
    assert_int_equal(set.at[1].end, UINT32_MAX - 1);
    vec_done(&set);
}

static void sets_agree_with_an_array_of_ports(void **state) {
    (void)state;
    uint64_t seed = 1;
    for (int round = 0; round < 2000; round++) {
        struct port_set a = {0}, b = {0};
        bool in_a[PORTS] = {false}, in_b[PORTS] = {false}, within = true;
        struct port_range given[3] = {any_range(&seed), any_range(&seed), any_range(&seed)};
        ports_assign(&a, given, 3);
        ports_assign(&b, given, 2);
        for (size_t i = 0; i < 3; i++)
            for (uint32_t p = given[i].begin; p <= given[i].end; p++) in_a[p] = true, in_b[p] |= i < 2;
        for (int k = 0; k < 3; k++) {
            struct port_range from_a = any_range(&seed), from_b = any_range(&seed);
            ports_take(&a, from_a);
            if (roll(&seed, 2)) from_b = from_a;
            ports_take(&b, from_b);
            for (uint32_t p = from_a.begin; p <= from_a.end; p++) in_a[p] = false;
            for (uint32_t p = from_b.begin; p <= from_b.end; p++) in_b[p] = false;
        }
        for (int p = 0; p < PORTS; p++) within &= !in_b[p] || in_a[p];
        expect_ports(&a, in_a);
        expect_ports(&b, in_b);
        assert_int_equal(ports_within(&b, &a), within);
        ports_intersect(&a, &b);
        for (int p = 0; p < PORTS; p++) in_a[p] &= in_b[p];
        expect_ports(&a, in_a);
        vec_done(&a);
        vec_done(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_that_touch_or_overlap_become_one),
        cmocka_unit_test(a_port_taken_from_the_middle_leaves_both_sides),
        cmocka_unit_test(sets_agree_with_an_array_of_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
