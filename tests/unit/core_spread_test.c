// SPDX-License-Identifier: Apache-2.0
// Rules of spread: what they refuse, what they prefer, and that no sequence of requests breaks one.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/explain.h"
#include "core/volume.h"
#include "core_play.h"

static const struct class_spread_wish apart = {.key = "rack", .label = "app", .over = 3, .required = true};

static const struct class_spread_wish alone = {.key = "rack", .label = "app", .required = true};

static void pool(struct play *p, const char *name, const char *tags) {
    world_pool(
        p->w,
        (struct pool_made){
            .provider = "file", .name = arena_text(&p->w->arena, name), .tags = tags, .bytes = TIB, .iops = 100000});
}

static void class_of(struct play *p, const char *name, struct class_spread_wish wish) {
    world_class(p->w, (struct class_document){.name = name, .spread = &wish, .spread_count = 1});
}

static int setup(void **state) {
    if (play_setup(state)) return 1;
    struct play *p = *state;
    pool(p, "r1", "rack=r1, big");
    pool(p, "r2", "rack=r2");
    pool(p, "r3", "rack=r3");
    class_of(p, "apart", apart);
    return 0;
}

struct asked {
    const char *name, *class, *labels, *role;
    uint32_t count;
};

static struct err *create(struct play *p, struct asked a) {
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){.owner = {.role = world_symbol(p->w, a.role ? a.role : "web")},
                                                 .name = a.name,
                                                 .class = a.class ? a.class : "apart",
                                                 .labels = a.labels,
                                                 .size = {GIB},
                                                 .count = a.count ? a.count : 1};
    return play_do(p, &c);
}

static const char *stands_on(struct play *p, const char *name) {
    return state_pool(p->w->state, play_volume(p, name)->charge.pool)->name;
}

// ---- required ----

static void volumes_of_one_label_stand_on_different_values(void **state) {
    struct play *p = *state;
    expect_ok(create(p, (struct asked){.name = "a", .labels = "app=x"}));
    expect_ok(create(p, (struct asked){.name = "b", .labels = "app=x"}));
    expect_ok(create(p, (struct asked){.name = "c", .labels = "app=x"}));
    assert_string_not_equal(stands_on(p, "a"), stands_on(p, "b"));
    assert_string_not_equal(stands_on(p, "b"), stands_on(p, "c"));
    assert_string_not_equal(stands_on(p, "a"), stands_on(p, "c"));
    // over three values the fourth is the second of one, and so is the fifth of another
    expect_ok(create(p, (struct asked){.name = "d", .labels = "app=x"}));
    expect_ok(create(p, (struct asked){.name = "e", .labels = "app=x"}));
    assert_string_not_equal(stands_on(p, "d"), stands_on(p, "e"));
    // another label, another role: groups of their own
    expect_ok(create(p, (struct asked){.name = "y", .labels = "app=y"}));
    expect_ok(create(p, (struct asked){.name = "z", .labels = "app=x", .role = "ops"}));
}

static void a_request_for_several_sees_its_own_earlier_ones(void **state) {
    struct play *p = *state;
    expect_ok(create(p, (struct asked){.name = "a", .labels = "app=x", .count = 3}));
    assert_string_not_equal(stands_on(p, "a-1"), stands_on(p, "a-2"));
    assert_string_not_equal(stands_on(p, "a-2"), stands_on(p, "a-3"));
    assert_string_not_equal(stands_on(p, "a-1"), stands_on(p, "a-3"));
    class_of(p, "alone", alone);
    size_t before = table_count(&p->w->state->tables[NOUN_VOLUME]);
    expect_err(create(p, (struct asked){.name = "b", .class = "alone", .labels = "app=x", .count = 4}), ERR_NO_FIT,
               "volume 'b-4': class 'alone', 1 GiB: no pool fits");
    assert_int_equal(table_count(&p->w->state->tables[NOUN_VOLUME]), before); // all or none
}

static void it_fails_closed(void **state) {
    struct play *p = *state;
    expect_err(create(p, (struct asked){.name = "a"}), ERR_INVALID,
               "class 'apart' spreads volumes of one label 'app'; give the volume that label");
    class_of(p, "aisles", (struct class_spread_wish){.key = "aisle", .label = "app", .required = true});
    expect_err(create(p, (struct asked){.name = "a", .class = "aisles", .labels = "app=x"}), ERR_NO_FIT,
               "asked at most 1 of the volumes with label app=x on one aisle, found no aisle");
    // a member whose pool does not say where it stands
    expect_ok(create(p, (struct asked){.name = "a", .labels = "app=x"}));
    char *name = arena_text(&p->w->arena, stands_on(p, "a"));
    pool(p, name, "media=ssd");
    expect_err(create(p, (struct asked){.name = "b", .labels = "app=x"}), ERR_NO_FIT,
               "found volume 'a' of them on a pool that does not say its rack");
    expect_ok(create(p, (struct asked){.name = "c", .labels = "app=y"}));
}

static void what_is_released_makes_room(void **state) {
    struct play *p = *state;
    class_of(p, "alone", alone);
    expect_ok(create(p, (struct asked){.name = "a", .class = "alone", .labels = "app=x", .count = 3}));
    expect_err(create(p, (struct asked){.name = "b", .class = "alone", .labels = "app=x"}), ERR_NO_FIT,
               "asked at most 1 of the volumes with label app=x on one rack, found 1 on rack=r");
    char *freed = arena_text(&p->w->arena, stands_on(p, "a-2"));
    while (play_asked(p, OP_CREATE)) play_done(p, OP_CREATE);
    expect_ok(play_delete(p, "a-2"));
    expect_ok(create(p, (struct asked){.name = "b", .class = "alone", .labels = "app=x"}));
    assert_string_equal(stands_on(p, "b"), freed);
}

static void a_pool_of_several_values_counts_on_each(void **state) {
    struct play *p = *state;
    pool(p, "dual", "rack=r1, rack=r2");
    pool(p, "r1", "rack=r9");
    pool(p, "r3", "media=hdd");
    class_of(p, "alone", alone);
    expect_ok(create(p, (struct asked){.name = "a", .class = "alone", .labels = "app=x", .count = 2}));
    expect_err(create(p, (struct asked){.name = "b", .class = "alone", .labels = "app=x"}), ERR_NO_FIT, "on rack=r2");
}

// A full group, and a volume from before the rule, which has no label.
static void a_volume_grows_where_it_is(void **state) {
    struct play *p = *state;
    static const char *const racks[] = {"r1", "r2", "r3"};
    for (size_t i = 0; i < ARRAY_LEN(racks); i++)
        world_pool(p->w, (struct pool_made){.provider = "file",
                                            .name = racks[i],
                                            .tags = arena_format(&p->w->arena, "rack=%s", racks[i]),
                                            .bytes = TIB,
                                            .iops = 100000,
                                            .capabilities = 1u << CAN_CARVE | 1u << CAN_GROW});
    world_class(p->w, (struct class_document){.name = "alone", .pool = "rack"});
    expect_ok(create(p, (struct asked){.name = "old", .class = "alone"}));
    world_class(p->w, (struct class_document){.name = "alone", .pool = "rack", .spread = &alone, .spread_count = 1});
    expect_ok(create(p, (struct asked){.name = "a", .class = "alone", .labels = "app=x", .count = 3}));
    while (play_asked(p, OP_CREATE)) play_done(p, OP_CREATE);
    expect_ok(play_grow(p, "a-1", 2));
    expect_ok(play_grow(p, "old", 2));
    while (play_asked(p, OP_GROW)) play_done(p, OP_GROW);
    assert_int_equal(play_volume(p, "a-1")->charge.bytes.n, 2 * GIB);
    expect_err(create(p, (struct asked){.name = "b", .class = "alone", .labels = "app=x"}), ERR_NO_FIT, "on one rack");
}

// ---- reservations ----

static struct err *reserve(struct play *p, const char *labels) {
    struct command c = play_command(CMD_reservation_create);
    c.reservation_create = (struct cmd_reservation_create){
        .owner = {.role = world_symbol(p->w, "web")}, .class = "alone", .labels = labels, .size = {4 * GIB}};
    return play_do(p, &c);
}

static const struct reservation_row *the_reservation(const struct play *p) {
    return table_next(&p->w->state->tables[NOUN_RESERVATION], 0);
}

// A disk of 1 GiB from the reservation; NULL, or what the framework was told.
static const char *disk(struct play *p, uint64_t framework, const char *name) {
    const struct item item = {.kind = ITEM_STORAGE,
                              .name = "disk",
                              .amount = {1024 * 1000},
                              .disk = DISK_RAW,
                              .profile = "alone",
                              .reserved_for = "web",
                              .persistence = name,
                              .source_id =
                                  arena_format(&p->w->arena, "%llu", (unsigned long long)the_reservation(p)->id)};
    const struct accept_operation o = {
        .kind = ACCEPT_CREATE_DISK, .id = name, .items = &item, .item_count = 1, .target = DISK_MOUNT};
    play_wait(p, 20, NULL);
    size_t before = p->notices.count;
    play_accept(p, framework, NULL, &o, 1);
    return p->notices.count > before ? vec_last(&p->notices)->message : NULL;
}

static void a_reservation_holds_the_place_of_a_volume(void **state) {
    struct play *p = *state;
    class_of(p, "alone", alone);
    expect_err(reserve(p, NULL), ERR_INVALID, "class 'alone' spreads volumes of one label 'app'");
    expect_ok(reserve(p, "app=x"));
    const char *rack = state_pool(p->w->state, the_reservation(p)->charge.pool)->name;
    expect_ok(create(p, (struct asked){.name = "a", .class = "alone", .labels = "app=x", .count = 2}));
    assert_string_not_equal(stands_on(p, "a-1"), rack);
    assert_string_not_equal(stands_on(p, "a-2"), rack);
    expect_err(reserve(p, "app=x"), ERR_NO_FIT, "at most 1 of the volumes with label app=x on one rack, found 1 on");

    // the first volume made of it takes the place, with the labels; another one finds none
    uint64_t framework = play_framework(p, "db", "web");
    assert_null(disk(p, framework, "first"));
    assert_string_equal(stands_on(p, "first"), rack);
    assert_string_equal(play_volume(p, "first")->labels, "app=x");
    assert_non_null(strstr(disk(p, framework, "second"), "CREATE_DISK: class 'alone'"));
    assert_null(play_volume(p, "second"));

    // when it is released the reservation holds its place again, until it ends
    struct asked again = {.name = "b", .class = "alone", .labels = "app=x"};
    while (play_asked(p, OP_CREATE)) play_done(p, OP_CREATE);
    expect_ok(play_delete(p, "first"));
    expect_err(create(p, again), ERR_NO_FIT, "found 1 on");
    play_done(p, OP_DELETE);
    expect_err(create(p, again), ERR_NO_FIT, "found 1 on");
    assert_null(disk(p, framework, "third"));
    while (play_asked(p, OP_CREATE)) play_done(p, OP_CREATE);
    expect_ok(play_delete(p, "third"));
    play_done(p, OP_DELETE);
    struct command c = play_command(CMD_reservation_remove);
    c.reservation_remove.id = the_reservation(p)->id;
    play_ok(p, &c);
    expect_ok(create(p, again));
    assert_string_equal(stands_on(p, "b"), rack);
}

static void a_reservation_that_stands_nobody_knows_where_refuses(void **state) {
    struct play *p = *state;
    class_of(p, "alone", alone);
    expect_ok(reserve(p, "app=x"));
    const struct reservation_row *r = the_reservation(p);
    char *words = arena_format(&p->w->arena, "found reservation %llu of them on a pool that does not say its rack",
                               (unsigned long long)r->id);
    pool(p, arena_text(&p->w->arena, state_pool(p->w->state, r->charge.pool)->name), "media=ssd");
    expect_err(reserve(p, "app=x"), ERR_NO_FIT, words);
    expect_ok(reserve(p, "app=y"));
}

static void a_reservation_from_before_the_rule_fails_closed(void **state) {
    struct play *p = *state;
    world_class(p->w, (struct class_document){.name = "alone"});
    expect_ok(reserve(p, NULL));
    class_of(p, "alone", alone);
    assert_non_null(strstr(disk(p, play_framework(p, "db", "web"), "first"), "give the volume that label"));
    assert_null(play_volume(p, "first"));
}

// ---- preferred ----

static void a_preferred_rule_only_costs_score(void **state) {
    struct play *p = *state;
    const struct class_wish big[] = {{"big", 15}};
    const struct class_spread_wish wish = {.key = "rack", .label = "app", .weight = 10};
    world_class(p->w,
                (struct class_document){
                    .name = "soft", .prefer_pool = big, .prefer_pool_count = 1, .spread = &wish, .spread_count = 1});
    static const char *const expected[] = {"r1", "r1"}; // 15, then 5 is still more than 0
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        char *name = arena_format(&p->w->arena, "s%zu", i);
        expect_ok(create(p, (struct asked){.name = name, .class = "soft", .labels = "app=x"}));
        assert_string_equal(stands_on(p, name), expected[i]);
    }
    expect_ok(create(p, (struct asked){.name = "third", .class = "soft", .labels = "app=x"})); // -5 is less than 0
    assert_string_not_equal(stands_on(p, "third"), "r1");
    assert_string_not_equal(stands_on(p, "third"), "ssd"); // without the key it costs as if it shared with all
    expect_ok(create(p, (struct asked){.name = "bare", .class = "soft"})); // no label, nothing to spread
    assert_string_equal(stands_on(p, "bare"), "r1");
}

// ---- said ----

static void the_explanation_says_what_less_spread_would_do(void **state) {
    struct play *p = *state;
    class_of(p, "alone", alone);
    expect_ok(create(p, (struct asked){.name = "a", .class = "alone", .labels = "app=x", .count = 3}));
    struct want want = {
        .class = world_class_id(p->w, "alone"), .size = {GIB}, .role = world_symbol(p->w, "web"), .labels = "app=x"};
    struct explanation e;
    expect_ok(explain_want(world_draft(p->w), &want, (struct explain_page){.limit = 10}, &p->w->arena, &e));
    assert_false(e.places);
    assert_string_equal(e.funnel[e.funnel_count - 1].text, "keep the volumes of the label apart");
    assert_int_equal(e.funnel[e.funnel_count - 1].left, 0);
    const struct suggestion *s = NULL;
    for (size_t i = 0; i < e.suggestion_count; i++)
        if (strstr(e.suggestions[i].change, "spread")) s = &e.suggestions[i];
    assert_non_null(s);
    assert_string_equal(s->change, "class 'alone' without spread over rack");
    assert_int_equal(s->pools, 4);
    world_class(p->w, (struct class_document){.name = "alone"});
    struct fit fits[8];
    assert_int_equal(broker_fits(world_draft(p->w), &want, fits, 8), 4);
}

static void rules_are_checked_when_the_class_is_made(void **state) {
    (void)state;
    struct symbols symbols = {0};
    struct class_spec spec;
    const struct {
        struct class_spread_wish wish;
        const char *words;
    } rows[] = {
        {{.key = "", .label = "app"}, "spread 1: key: tag: the key is empty"},
        {{.key = "rack", .label = "a b"}, "spread 1: label: tag 'a b'"},
        {{.key = "rack", .label = "app", .over = 1}, "over 1: give from 2"},
        {{.key = "rack", .label = "app", .weight = -1}, "weight -1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        expect_err(class_spec_make(&symbols,
                                   &(struct class_document){.name = "c", .spread = &rows[i].wish, .spread_count = 1},
                                   &spec),
                   ERR_INVALID, rows[i].words);
    symbols_done(&symbols);
}

// ---- any sequence ----

static uint64_t chance(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

// How many volumes of that label stand on that rack, by looking at all; SIZE_MAX for all racks.
static uint32_t standing(struct play *p, const char *label, const char *rack) {
    uint32_t count = 0;
    STATE_EACH(VOLUME, volume_row, v, p->w->state) {
        if (v->released || v->state > VOLUME_READY || strcmp(v->labels, label) != 0) continue;
        const struct tag_set *tags = &state_pool(p->w->state, v->charge.pool)->facts->tags;
        count += !rack || tag_set_has(tags, world_symbol(p->w, "rack"), world_symbol(p->w, rack));
    }
    return count;
}

static void no_sequence_of_requests_breaks_a_rule(void **state) {
    struct play *p = *state;
    static const char *const labels[] = {"app=x", "app=y"}, *const racks[] = {"r1", "r2", "r3"};
    uint64_t seed = 0xda3e39cb94b95bdb;
    unsigned refused = 0;
    for (unsigned i = 0; i < 300; i++) {
        char *name = arena_format(&p->w->arena, "v%u", i);
        const char *label = labels[chance(&seed) % 2];
        if (chance(&seed) % 3 == 0 && i) {
            char *old = arena_format(&p->w->arena, "v%u", (unsigned)(chance(&seed) % i));
            while (play_asked(p, OP_CREATE)) play_done(p, OP_CREATE);
            if (play_volume(p, old)) err_free(play_delete(p, old)); // it may be on its way already
            if (chance(&seed) % 2 && play_asked(p, OP_DELETE)) play_done(p, OP_DELETE);
            continue;
        }
        uint32_t members = standing(p, label, NULL), share = (members + 1 + 2) / 3;
        struct err *e = create(p, (struct asked){.name = name, .labels = label});
        bool room = false;
        for (size_t r = 0; r < ARRAY_LEN(racks); r++) {
            uint32_t there = standing(p, label, racks[r]);
            bool chosen = !e && strcmp(stands_on(p, name), racks[r]) == 0;
            if (chosen && there > share) fail_msg("step %u: %u of %s on %s, %u may", i, there, label, racks[r], share);
            room |= there - chosen < share;
        }
        if (e && room) fail_msg("step %u: %s", i, err_text(e)); // it is refused only when no rack has room
        refused += e != NULL;
        err_free(e);
    }
    assert_int_equal(refused, 0); // a third of all and one more always has room on one of three
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, play_teardown)
    const struct CMUnitTest tests[] = {
        T(volumes_of_one_label_stand_on_different_values),
        T(a_request_for_several_sees_its_own_earlier_ones),
        T(it_fails_closed),
        T(what_is_released_makes_room),
        T(a_pool_of_several_values_counts_on_each),
        T(a_volume_grows_where_it_is),
        T(a_reservation_holds_the_place_of_a_volume),
        T(a_reservation_that_stands_nobody_knows_where_refuses),
        T(a_reservation_from_before_the_rule_fails_closed),
        T(a_preferred_rule_only_costs_score),
        T(the_explanation_says_what_less_spread_would_do),
        cmocka_unit_test(rules_are_checked_when_the_class_is_made),
        T(no_sequence_of_requests_breaks_a_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
