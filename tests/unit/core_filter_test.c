// SPDX-License-Identifier: Apache-2.0
// What refuse filters withhold, and when they end.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "core/filter.h"

struct bed {
    struct shares shares;
    struct contender *c;
    struct filters filters;
    struct port_set ports;
    struct arena arena;
    struct state *state;
};

static int setup(void **state) {
    struct bed *b = NEW(struct bed);
    b->state = state_new((struct uuid){{1}}, 1, (struct timing){0});
    b->c = share_contender(&b->shares, 1, (symbol){1});
    b->c->subscribed = true;
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct bed *b = *state;
    filters_done(&b->filters);
    shares_done(&b->shares);
    vec_done(&b->ports);
    state_free(b->state);
    arena_done(&b->arena);
    free(b);
    return 0;
}

static const struct blob *blob(struct bed *b, const void *items, size_t size) {
    struct blob *made = arena_zero(&b->arena, 1, sizeof *made + size);
    made->size = (uint32_t)size;
    memcpy(made->bytes, items, size);
    return made;
}

static void refuse(struct bed *b, int64_t cpus, struct port_range ports, uint64_t volume, int64_t until,
                   bool leftover) {
    struct offer_row o = {.resources = {.cpus = {cpus}}, .refuse_until = {until}};
    o.ports = blob(b, &ports, sizeof ports);
    if (volume) o.volumes = blob(b, &volume, sizeof volume);
    filters_add(&b->filters, b->c, &o, leftover);
}

static bool withheld(struct bed *b, int64_t cpus, struct port_range ports) {
    ports_assign(&b->ports, &ports, 1);
    struct available free = {.scalars = {.cpus = {cpus}}, .ports = &b->ports};
    filters_mark(&b->filters, &b->shares, &free, 77);
    bool marked = b->c->withheld == 77;
    b->c->withheld = 0;
    assert_int_equal(filters_withhold(&b->filters, b->c, &free), marked);
    return marked;
}

static const struct port_range ten = {10, 20}, five = {12, 16}, none = {1, 0};

static void a_part_of_what_was_refused_is_withheld_and_more_is_not(void **state) {
    struct bed *b = *state;
    refuse(b, 1000, ten, 0, 500, false);
    assert_true(withheld(b, 1000, ten));
    assert_true(withheld(b, 900, five));
    assert_true(withheld(b, 0, none));
    assert_false(withheld(b, 1001, five));
    assert_false(withheld(b, 900, (struct port_range){12, 21}));
}

static void a_refused_volume_is_withheld_whatever_comes_with_it(void **state) {
    struct bed *b = *state;
    refuse(b, 1000, ten, 99, 500, false);
    assert_true(filters_withhold_volume(&b->filters, b->c, 99));
    assert_false(filters_withhold_volume(&b->filters, b->c, 98));
    struct contender *other = share_contender(&b->shares, 2, (symbol){1});
    assert_false(filters_withhold_volume(&b->filters, other, 99));
}

static void filters_end_in_time_when_revived_and_with_their_framework(void **state) {
    struct bed *b = *state;
    refuse(b, 1000, ten, 0, 500, false);
    assert_int_equal(filters_sweep(&b->filters, &b->shares, (struct mono){499}), 1);
    assert_int_equal(filters_sweep(&b->filters, &b->shares, (struct mono){500}), 0);
    refuse(b, 1000, ten, 0, 500, false);
    b->c->cleared++;
    assert_false(withheld(b, 1000, ten));
    assert_int_equal(filters_sweep(&b->filters, &b->shares, (struct mono){0}), 0);
    refuse(b, 1000, ten, 0, 500, false);
    b->c->subscribed = false;
    share_drop_unused(&b->shares, b->c);
    assert_int_equal(filters_sweep(&b->filters, &b->shares, (struct mono){0}), 0);
}

static void of_an_accepted_offer_only_what_is_left_is_refused(void **state) {
    struct bed *b = *state;
    refuse(b, 4000, ten, 0, 500, true);
    ports_assign(&b->ports, &five, 1);
    struct available free = {.scalars = {.cpus = {3000}}, .ports = &b->ports};
    filters_settle(&b->filters, b->state, &free);
    assert_true(withheld(b, 3000, five));
    assert_false(withheld(b, 4000, five));
    assert_false(withheld(b, 3000, ten));
}

static void a_filter_that_says_more_replaces_those_that_say_less(void **state) {
    struct bed *b = *state;
    for (int i = 0; i < 100; i++) refuse(b, 1000 + i, ten, 0, 500 + i, false);
    assert_int_equal(b->filters.count, 1);
    refuse(b, 10, five, 5, 5000, false); // less, but longer
    assert_int_equal(b->filters.count, 2);
    assert_true(withheld(b, 1099, ten));
}

static void one_framework_cannot_pile_up_filters(void **state) {
    struct bed *b = *state;
    for (int i = 0; i < 1000; i++) refuse(b, 1000 - i, ten, 0, 500 + i, false);
    assert_true(b->filters.count <= 16);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_part_of_what_was_refused_is_withheld_and_more_is_not),
        TEST(a_refused_volume_is_withheld_whatever_comes_with_it),
        TEST(filters_end_in_time_when_revived_and_with_their_framework),
        TEST(of_an_accepted_offer_only_what_is_left_is_refused),
        TEST(a_filter_that_says_more_replaces_those_that_say_less),
        TEST(one_framework_cannot_pile_up_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
