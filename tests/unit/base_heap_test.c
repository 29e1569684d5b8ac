// SPDX-License-Identifier: Apache-2.0
// The heap against a naive model: the smallest of an array.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/heap.h"
#include "base/must.h"
#include "base/vec.h"

static uint64_t seed = 42;
static unsigned chance(unsigned below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

static size_t smallest(const struct heap_item *items, size_t count) {
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        if (items[i].when < items[best].when || (items[i].when == items[best].when && items[i].id < items[best].id))
            best = i;
    return best;
}

static void it_always_gives_the_smallest_and_ties_go_by_id(void **state) {
    (void)state;
    struct heap h = {0};
    VEC(struct heap_item) model = {0};
    for (int step = 0; step < 20000; step++) {
        if (chance(100) < 52) {
            struct heap_item item = {(int64_t)chance(50) - 25, chance(1000)};
            heap_push(&h, item.when, item.id);
            vec_push(&model, item);
        } else if (model.count) {
            size_t i = smallest(model.at, model.count);
            assert_true(heap_first(&h)->when == model.at[i].when && heap_first(&h)->id == model.at[i].id);
            struct heap_item got = heap_pop(&h);
            assert_true(got.when == model.at[i].when && got.id == model.at[i].id);
            vec_swap_out(&model, i);
        }
        assert_int_equal(h.count, model.count);
    }
    heap_done(&h);
    vec_done(&model);
}

static void an_empty_heap_has_no_first(void **state) {
    (void)state;
    struct heap h = {0};
    assert_null(heap_first(&h));
    heap_push(&h, 1, 1);
    heap_pop(&h);
    assert_null(heap_first(&h));
    heap_done(&h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_always_gives_the_smallest_and_ties_go_by_id),
        cmocka_unit_test(an_empty_heap_has_no_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
