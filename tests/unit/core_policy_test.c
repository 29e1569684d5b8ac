// SPDX-License-Identifier: Apache-2.0
// Versions of the policy: applied, kept as drafts, switched, rolled back, forgotten; and what a scratch registry shows.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/broker.h"
#include "core/policy.h"
#include "core/scratch.h"
#include "core_play.h"

static void class_free(struct shared *shared) {
    struct class_shared *c = (struct class_shared *)(void *)shared;
    class_spec_done(&c->spec);
    free(c);
}

// Held by the caller.
static struct class_shared *compiled(struct play *p, const char *name, const char *pool) {
    struct class_shared *c = NEW(struct class_shared);
    c->shared.drop = class_free;
    shared_hold(&c->shared);
    expect_ok(class_spec_make(&p->w->state->symbols, &(struct class_document){.name = name, .pool = pool}, &c->spec));
    return c;
}

static struct policy_shared *policy_of(struct play *p, const char *const *names, const char *pool) {
    struct policy_shared *doc = policy_new();
    shared_hold(&doc->shared);
    for (; *names; names++) {
        struct class_shared *c = compiled(p, *names, pool);
        expect_ok(policy_add(doc, c));
        shared_leave(&c->shared);
    }
    return doc;
}

static struct err *apply(struct play *p, const char *const *names, const char *pool, bool draft) {
    struct policy_shared *doc = policy_of(p, names, pool);
    struct command c = play_command(CMD_policy_apply);
    c.policy_apply = (struct cmd_policy_apply){.doc = doc, .draft = draft};
    struct err *e = play_do(p, &c);
    shared_leave(&doc->shared);
    return e;
}

static struct err *class_apply(struct play *p, const char *name, const char *pool) {
    struct command c = play_command(CMD_class_apply);
    c.class_apply.name = name;
    c.class_apply.doc = compiled(p, name, pool);
    struct err *e = play_do(p, &c);
    shared_leave(&c.class_apply.doc->shared);
    return e;
}

static struct err *move(struct play *p, enum command_kind kind, uint64_t number) {
    struct command c = play_command(kind);
    c.policy_switch.number = number;
    return play_do(p, &c);
}

static uint64_t active(const struct play *p) {
    const struct policy_row *row = policy_active(p->w->state);
    return row ? row->number : 0;
}

static bool has_class(const struct play *p, const char *name) {
    return state_class_named(p->w->state, name) != NULL;
}

#define CLASSES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void a_policy_replaces_all_classes_in_one_step(void **state) {
    struct play *p = *state;
    expect_ok(apply(p, CLASSES("silver", "bronze"), NULL, false));
    assert_true(has_class(p, "silver") && has_class(p, "bronze"));
    assert_false(has_class(p, "gold"));
    assert_int_equal(active(p), 2); // the classes from before are version 1
    assert_int_equal(policy_active(p->w->state)->before, 1);
}

static void a_draft_changes_no_class(void **state) {
    struct play *p = *state;
    expect_ok(apply(p, CLASSES("silver"), NULL, true));
    assert_true(has_class(p, "gold"));
    assert_false(has_class(p, "silver"));
    assert_int_equal(active(p), 1);
    expect_ok(move(p, CMD_policy_switch, 2));
    assert_false(has_class(p, "gold"));
    assert_true(has_class(p, "silver"));
    assert_int_equal(active(p), 2);
}

static void what_equals_the_active_version_is_no_new_one(void **state) {
    struct play *p = *state;
    expect_ok(apply(p, CLASSES("silver"), NULL, false));
    expect_ok(apply(p, CLASSES("silver"), NULL, false));
    assert_int_equal(p->happened.count, 0);
    assert_int_equal(active(p), 2);
}

static void a_rollback_walks_back_step_by_step(void **state) {
    struct play *p = *state;
    expect_ok(apply(p, CLASSES("silver"), NULL, false));
    expect_ok(apply(p, CLASSES("bronze"), NULL, false));
    expect_ok(move(p, CMD_policy_rollback, 3));
    assert_int_equal(active(p), 2);
    assert_true(has_class(p, "silver"));
    expect_err(move(p, CMD_policy_rollback, 3), ERR_CONFLICT, "policy 3: it is not on");
    expect_ok(move(p, CMD_policy_rollback, 2));
    assert_int_equal(active(p), 1);
    assert_true(has_class(p, "gold"));
    expect_err(move(p, CMD_policy_rollback, 1), ERR_CONFLICT, "no version was on before it");
    expect_err(move(p, CMD_policy_switch, 9), ERR_NOT_FOUND, "the versions go from 1 to 3");
}

static void a_class_that_is_needed_keeps_a_policy_from_being_switched_on(void **state) {
    struct play *p = *state;
    expect_ok(play_create(p, "db", 1));
    expect_err(apply(p, CLASSES("silver"), NULL, false), ERR_CONFLICT, "class 'gold': volume 'db' of role 'web'");
    assert_int_equal(active(p), 0);
    assert_true(has_class(p, "gold"));
    assert_false(has_class(p, "silver"));
}

static void each_change_of_a_class_is_a_version(void **state) {
    struct play *p = *state;
    expect_ok(class_apply(p, "silver", NULL));
    assert_int_equal(active(p), 2);
    assert_int_equal(policy_active(p->w->state)->doc->classes.count, 2);
    expect_ok(class_apply(p, "silver", "media = ssd"));
    assert_int_equal(active(p), 3);
    struct command c = play_command(CMD_class_remove);
    c.class_remove.name = "silver";
    play_ok(p, &c);
    assert_int_equal(active(p), 4);
    expect_ok(move(p, CMD_policy_rollback, 4));
    assert_int_equal(state_class_named(p->w->state, "silver")->doc->spec.pool.term_count, 1);
}

static void only_the_last_versions_are_kept_and_never_without_the_active_one(void **state) {
    struct play *p = *state;
    expect_ok(apply(p, CLASSES("silver"), NULL, false));
    for (int i = 0; i < POLICIES_KEPT + 20; i++) {
        char pool[32];
        snprintf(pool, sizeof pool, "n = %d", i);
        expect_ok(apply(p, CLASSES("bronze"), pool, true));
    }
    assert_int_equal(table_count(&p->w->state->tables[NOUN_POLICY]), POLICIES_KEPT);
    assert_int_equal(active(p), 2);
    expect_ok(move(p, CMD_policy_rollback, 2));
    assert_true(has_class(p, "gold"));
}

static void a_class_that_is_there_twice_is_refused(void **state) {
    struct play *p = *state;
    struct policy_shared *doc = policy_of(p, CLASSES("gold"), NULL);
    struct class_shared *again = compiled(p, "gold", "media = ssd");
    expect_err(policy_add(doc, again), ERR_CONFLICT, "class 'gold' is there twice");
    shared_leave(&again->shared);
    shared_leave(&doc->shared);
}

static void a_registry_has_so_many_classes_and_no_more(void **state) {
    struct play *p = *state;
    for (int i = 1; i < CLASSES_MOST; i++)
        world_class(p->w, (struct class_document){.name = arena_format(&p->w->arena, "c%d", i)});
    expect_err(class_apply(p, "silver", NULL), ERR_TOO_LARGE, "class 'silver': there are 1000 classes already");
    expect_ok(class_apply(p, "c7", "media = ssd"));
    assert_int_equal(policy_active(p->w->state)->doc->classes.count, CLASSES_MOST);
}

// ---- scratch ----

static void see(const struct state *s, struct text *to) {
    AUTO_ARENA struct arena arena = {0};
    struct draft d;
    draft_init(&d, s, &arena, (struct now){{1}, {1}}, (symbol){0}, (const unsigned char[16]){0});
    STATE_EACH(POOL, pool_row, pool, s) {
        struct quantities free = draft_pool_free(&d, pool);
        text_addf(to, "%s %llu %llu\n", pool_path(s, pool, &arena), (unsigned long long)free.bytes,
                  (unsigned long long)free.volumes);
    }
    STATE_EACH(CLASS, class_row, class, s)
    text_addf(to, "%s %llu\n", class->name, (unsigned long long)broker_largest(&d, class->id, (symbol){0}).n);
    STATE_EACH(VOLUME, volume_row, v, s) {
        const struct ranked_agent *agents;
        size_t n = broker_rank_agents(&d, v, (struct scalars){0}, 0, &arena, &agents);
        text_addf(to, "%s %zu %llu\n", v->name, n, n ? (unsigned long long)agents[0].agent : 0);
    }
    text_addf(to, "seq %llu last %llu symbols %u\n", (unsigned long long)s->seq, (unsigned long long)s->last_id,
              s->symbols.count);
    draft_done(&d);
}

static void a_scratch_registry_shows_the_same_and_leaves_the_first_alone(void **state) {
    struct play *p = *state;
    AUTO_TEXT struct text before = {0}, copy = {0}, after = {0};
    play_make(p, "db", 10);
    play_use(p, "db", "n1");
    play_make(p, "log", 20);
    see(p->w->state, &before);
    struct state *scratch = scratch_new(p->w->state);
    see(scratch, &copy);
    assert_string_equal(copy.data, before.data);
    struct command c = play_command(CMD_volume_create);
    c.volume_create = (struct cmd_volume_create){.name = "more",
                                                 .class = "gold",
                                                 .size = {GIB},
                                                 .count = 1,
                                                 .owner = {.role = symbol_make(&scratch->symbols, "a-new-role")}};
    struct answer answer = {0};
    expect_ok(scratch_do(scratch, p->w->now, &c, &answer));
    answer_done(&answer);
    assert_int_equal(table_count(&scratch->tables[NOUN_VOLUME]), 3);
    state_free(scratch);
    see(p->w->state, &after);
    assert_string_equal(after.data, before.data);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_policy_replaces_all_classes_in_one_step),
        TEST(a_draft_changes_no_class),
        TEST(what_equals_the_active_version_is_no_new_one),
        TEST(a_rollback_walks_back_step_by_step),
        TEST(a_class_that_is_needed_keeps_a_policy_from_being_switched_on),
        TEST(each_change_of_a_class_is_a_version),
        TEST(only_the_last_versions_are_kept_and_never_without_the_active_one),
        TEST(a_class_that_is_there_twice_is_refused),
        TEST(a_registry_has_so_many_classes_and_no_more),
        TEST(a_scratch_registry_shows_the_same_and_leaves_the_first_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
