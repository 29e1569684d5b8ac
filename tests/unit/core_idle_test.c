// SPDX-License-Identifier: Apache-2.0
// Queues of idle volumes keep their order, and forget volumes that are gone.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "offer_world.h"
#include "core/idle.h"

static void a_ring_gives_back_in_the_order_of_putting(void **state) {
    (void)state;
    struct id_ring r = {0};
    uint64_t put = 0, taken = 0, id, seed = 9;
    for (int i = 0; i < 20000; i++) {
        seed = hash_u64(seed + 1);
        if (seed % 5 < 3)
            ring_push(&r, ++put);
        else if (ring_pop(&r, &id))
            assert_int_equal(id, ++taken);
        assert_int_equal(r.count, put - taken);
    }
    ring_done(&r);
    assert_false(ring_pop(&r, &id));
}

static void those_that_rested_come_after_those_that_are_ready(void **state) {
    (void)state;
    struct idle_queue q = {0};
    for (uint64_t i = 1; i <= 3; i++) ring_push(&q.resting, i);
    idle_stir(&q);
    for (uint64_t i = 4; i <= 6; i++) ring_push(&q.resting, i);
    idle_stir(&q);
    assert_int_equal(q.resting.count, 0);
    for (uint64_t i = 1, id; i <= 6; i++) {
        assert_true(ring_pop(&q.ready, &id));
        assert_int_equal(id, i);
    }
    idle_done(&q);
}

static void a_queue_that_nobody_reads_does_not_grow_with_removed_volumes(void **state) {
    (void)state;
    struct offer_world w;
    world_open(&w, 0);
    world_storage(&w, 1 << 30);
    struct idle_queue q = {0};
    uint64_t stays = world_volume(&w, "db", 0);
    ring_push(&q.ready, stays);
    for (int i = 0; i < 3000; i++) {
        ring_push(i & 1 ? &q.ready : &q.resting, 1);
        idle_forget(&q, w.s, 1);
        assert_true(idle_count(&q) < 200);
    }
    uint64_t id = 0;
    while (ring_pop(&q.ready, &id) && id != stays) continue;
    assert_int_equal(id, stays);
    idle_done(&q);
    world_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_gives_back_in_the_order_of_putting),
        cmocka_unit_test(those_that_rested_come_after_those_that_are_ready),
        cmocka_unit_test(a_queue_that_nobody_reads_does_not_grow_with_removed_volumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
