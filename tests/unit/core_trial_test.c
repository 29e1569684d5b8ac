// SPDX-License-Identifier: Apache-2.0
// Policies tried before they are switched on: what lint finds, what a rehearsal says, and the requests that it is made of.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/lint.h"
#include "core/rehearse.h"
#include "core/scratch.h"
#include "core/verdict.h"
#include "core_world.h"

// ---- a small cluster: a fast pool, a slow one, an agent ----

struct trial {
    struct world *w;
    struct state *scratch;
    struct policy_shared *doc; // compiled with the scratch registry's symbols
    struct asked_ring ring;
};

static int setup(void **state) {
    struct trial *t = NEW(struct trial);
    t->w = world_new();
    world_symbol(t->w, "ext4");
    world_provider(t->w, "file");
    world_pool(t->w, (struct pool_made){.provider = "file",
                                        .name = "fast",
                                        .tags = "media=ssd, disk/speed=7200, net/rate=10Gbps",
                                        .bytes = 100 * GIB});
    world_pool(t->w, (struct pool_made){.provider = "file", .name = "slow", .tags = "media=hdd", .bytes = 1000 * GIB});
    world_agent(t->w, (struct agent_made){.name = "n1", .tags = "fs/ext4, topology/rack=r1"});
    world_class(t->w, (struct class_document){.name = "gold", .pool = "media = ssd"});
    *state = t;
    return 0;
}

static int teardown(void **state) {
    struct trial *t = *state;
    if (t->doc) shared_leave(&t->doc->shared);
    state_free(t->scratch);
    asked_done(&t->ring);
    world_free(t->w);
    free(t);
    return 0;
}

static void class_free(struct shared *shared) {
    struct class_shared *c = (struct class_shared *)(void *)shared;
    class_spec_done(&c->spec);
    free(c);
}

static void trial_begin(struct trial *t) {
    if (t->doc) shared_leave(&t->doc->shared);
    state_free(t->scratch);
    t->scratch = scratch_new(t->w->state);
    t->doc = policy_new();
    shared_hold(&t->doc->shared);
}

static void trial_class(struct trial *t, struct class_document doc) {
    struct class_shared *c = NEW(struct class_shared);
    c->shared.drop = class_free;
    expect_ok(class_spec_make(&t->scratch->symbols, &doc, &c->spec));
    expect_ok(policy_add(t->doc, c));
}

// ---- lint ----

// The one finding of a policy of one class; NULL: none.
static const char *lint_one(struct trial *t, struct class_document doc, enum lint *ret_lint) {
    struct findings found = {0};
    trial_begin(t);
    trial_class(t, doc);
    lint_policy(t->scratch, t->doc, &t->w->arena, &found);
    const char *said = NULL;
    VEC_EACH (f, &found) {
        if (f->lint == LINT_UNSATISFIED && found.count > 1) continue; // what is wrong is told besides
        if (said) fail_msg("two findings: %s; %s", said, f->sentence);
        said = arena_format(&t->w->arena, "%s: %s", f->path ? f->path : "-", f->sentence);
        *ret_lint = f->lint;
    }
    vec_done(&found);
    return said;
}

static void expect_finding(struct trial *t, struct class_document doc, enum lint lint, const char *words) {
    enum lint found = LINT_IN_USE;
    const char *said = lint_one(t, doc, &found);
    if (!said) fail_msg("nothing found, not '%s'", words);
    if (!strstr(said, words)) fail_msg("'%s' is not in: %s", words, said);
    assert_string_equal(lint_name(found), lint_name(lint));
}

static void a_class_that_fits_has_no_finding(void **state) {
    enum lint lint;
    assert_null(
        lint_one(*state, (struct class_document){.name = "a", .pool = "media = ssd, disk/speed >= 5000"}, &lint));
    assert_null(lint_one(*state, (struct class_document){.name = "a", .agent = "!maintenance, topology/rack"}, &lint));
}

static void a_key_that_nobody_has_names_the_nearest(void **state) {
    expect_finding(*state, (struct class_document){.name = "a", .pool = "meda = ssd"}, LINT_UNKNOWN,
                   "pool: no pool and no agent has 'meda'; did you mean 'media'?");
    expect_finding(*state, (struct class_document){.name = "a", .agent = "!topology/rak"}, LINT_UNKNOWN,
                   "agent: no pool and no agent has 'topology/rak'; did you mean 'topology/rack'?");
}

static void a_key_of_the_other_side_says_where_to_ask(void **state) {
    expect_finding(*state, (struct class_document){.name = "a", .pool = "topology/rack = r1"}, LINT_UNKNOWN,
                   "no pool has 'topology/rack', but agents do: ask for it in 'agent'");
    expect_finding(*state, (struct class_document){.name = "a", .pool = "same(topology/rack)"}, LINT_UNKNOWN,
                   "no pool has 'topology/rack', and both sides must");
    expect_finding(*state, (struct class_document){.name = "a", .agent = "same(media)"}, LINT_UNKNOWN,
                   "no agent has 'media', and both sides must");
}

static void a_declared_key_is_known_though_nobody_has_it(void **state) {
    struct trial *t = *state;
    struct class_wish wish = {"zone/kind = x", 1};
    expect_ok(symbols_declare(&t->w->state->symbols, "zone/kind", VALUE_TEXT));
    enum lint lint;
    assert_null(lint_one(t, (struct class_document){.name = "a", .prefer_pool = &wish, .prefer_pool_count = 1}, &lint));
}

static void another_unit_is_an_error(void **state) {
    expect_finding(
        *state, (struct class_document){.name = "a", .pool = "net/rate >= 10GiB"}, LINT_UNIT,
        "pool: net/rate >= 10GiB asks for a size such as 50GiB, but what is there says a rate such as 10Gbps");
    expect_finding(*state, (struct class_document){.name = "a", .pool = "media >= 5"}, LINT_UNIT,
                   "says text, such as 'ssd'");
}

static void a_rule_that_never_holds_is_an_error(void **state) {
    expect_finding(*state, (struct class_document){.name = "a", .pool = "media, !media"}, LINT_NEVER,
                   "pool: media and !media can never both hold");
    struct class_wish wish = {"disk/speed >= 10, disk/speed < 5", 1};
    expect_finding(*state, (struct class_document){.name = "a", .prefer_pool = &wish, .prefer_pool_count = 1},
                   LINT_NEVER, "prefer-pool[1]: no one value passes both disk/speed >= 10 and disk/speed < 5");
    assert_true(lint_is_error(LINT_NEVER));
    assert_false(lint_is_error(LINT_TWICE));
}

static void a_class_that_nothing_satisfies_shows_its_funnel(void **state) {
    struct trial *t = *state;
    struct findings found = {0};
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "a", .pool = "media = tape"});
    lint_policy(t->scratch, t->doc, &t->w->arena, &found);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.at[0].lint, LINT_UNSATISFIED);
    assert_int_equal(found.at[0].explanation->funnel[0].left, 2);
    assert_int_equal(found.at[0].explanation->funnel[1].left, 0);
    vec_done(&found);
}

static void only_the_first_that_nothing_satisfies_are_explained(void **state) {
    struct trial *t = *state;
    struct findings found = {0};
    trial_begin(t);
    for (uint64_t i = 0; i < LINT_EXPLAINED_MOST + 20; i++) {
        const char *name = arena_format(&t->w->arena, "c%llu", (unsigned long long)i);
        trial_class(t, (struct class_document){.name = name, .pool = "media = tape", .largest = {(i + 1) * GIB}});
    }
    lint_policy(t->scratch, t->doc, &t->w->arena, &found);
    assert_int_equal(found.count, LINT_EXPLAINED_MOST + 20);
    assert_non_null(found.at[LINT_EXPLAINED_MOST - 1].explanation);
    assert_null(found.at[LINT_EXPLAINED_MOST].explanation);
    assert_string_equal(found.at[LINT_EXPLAINED_MOST].sentence, "its smallest volume would be refused now");
    vec_done(&found);
}

static void what_is_said_twice_is_a_warning(void **state) {
    struct trial *t = *state;
    struct class_wish wishes[] = {{"media = ssd", 1}, {"media = ssd", 9}};
    expect_finding(t, (struct class_document){.name = "a", .prefer_pool = wishes, .prefer_pool_count = 2}, LINT_TWICE,
                   "prefer-pool[2]: the same as number 1");
    struct findings found = {0};
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "a", .description = "one"});
    trial_class(t, (struct class_document){.name = "b", .description = "other"});
    lint_policy(t->scratch, t->doc, &t->w->arena, &found);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.at[0].sentence, "it says the same as class 'a'");
    vec_done(&found);
}

static void a_class_that_is_needed_and_missing_is_an_error(void **state) {
    struct trial *t = *state;
    world_volume(t->w, "db", "gold", "file/main/fast", GIB);
    expect_finding(t, (struct class_document){.name = "a"}, LINT_IN_USE, "volume 'db' of role 'web' is of it");
}

static void a_policy_as_large_as_can_be_that_lacks_a_class_in_use_is_judged_whole(void **state) {
    struct trial *t = *state;
    struct findings found = {0};
    world_volume(t->w, "db", "gold", "file/main/fast", GIB);
    trial_begin(t);
    for (uint64_t i = 0; i < CLASSES_MOST; i++) {
        const char *name = arena_format(&t->w->arena, "c%llu", (unsigned long long)i);
        trial_class(t, (struct class_document){.name = name,
                                               .pool = i + 1 < CLASSES_MOST ? NULL : "media = tape",
                                               .largest = {(i + 1) * GIB}});
    }
    lint_policy(t->scratch, t->doc, &t->w->arena, &found);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.at[0].lint, LINT_IN_USE);
    assert_int_equal(found.at[1].lint, LINT_UNSATISFIED);
    assert_string_equal(found.at[1].class, "c999");
    vec_done(&found);
}

// ---- requests, and asking them again ----

// Asked and, when it fits, taken from the real registry.
static void ask(struct trial *t, const char *class, uint64_t gib) {
    struct draft *d = world_draft(t->w);
    struct want w = {.class = world_class_id(t->w, class), .size = {gib * GIB}, .role = world_symbol(t->w, "web")};
    struct fit fit;
    AUTO_ERR struct err *e = asked_place(d, &w, false, &fit);
    asked_take(&t->ring, t->w->state, d);
    (void)e;
}

static const char *name_of(const struct trial *t, symbol name) {
    return state_text(t->w->state, name);
}

static void refused_requests_are_remembered_too(void **state) {
    struct trial *t = *state;
    ask(t, "gold", 10);
    ask(t, "gold", 5000);
    const struct asked *one = asked_get(&t->ring, 1), *two = asked_get(&t->ring, 2);
    assert_string_equal(name_of(t, one->pool), "file/main/fast");
    assert_string_equal(name_of(t, one->class), "gold");
    assert_string_equal(name_of(t, one->role), "web");
    assert_true(one->size.n == 10 * GIB && one->when.ms == t->w->now.wall.ms);
    assert_int_equal(two->pool.n, 0);
    assert_int_equal(two->error, ERR_NO_FIT);
    assert_int_equal(two->rule, RULE_BYTES);
}

static void only_the_last_requests_are_kept(void **state) {
    (void)state;
    struct asked_ring ring = {0};
    assert_int_equal(asked_first(&ring), 1);
    for (uint64_t n = 1; n <= ASKED_KEPT + 7; n++) asked_put(&ring, &(struct asked){.number = n});
    assert_null(asked_get(&ring, 7));
    assert_int_equal(asked_first(&ring), 8);
    assert_int_equal(asked_get(&ring, ASKED_KEPT + 7)->number, ASKED_KEPT + 7);
    assert_null(asked_get(&ring, ASKED_KEPT + 8));
    asked_put(&ring, &(struct asked){.number = 3}); // an older one does not come back
    assert_null(asked_get(&ring, 3));
    asked_done(&ring);
}

static struct rehearsal rehearse_with(struct trial *t, const char *pool, bool consume) {
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "gold", .pool = pool});
    return rehearse(t->w->state, t->scratch, &t->ring, t->doc, consume, &t->w->arena);
}

static void a_rehearsal_says_what_would_end_otherwise(void **state) {
    struct trial *t = *state;
    ask(t, "gold", 10);
    ask(t, "gold", 500); // more than the fast pool has
    struct rehearsal r = rehearse_with(t, "media = hdd", false);
    assert_int_equal(r.counts[REHEARSAL_ELSEWHERE], 1);
    assert_int_equal(r.counts[REHEARSAL_PLACES], 1);
    assert_int_equal(r.count, 2);
    assert_int_equal(r.rows[0].before, world_pool_id(t->w, "file/main/fast"));
    assert_int_equal(r.rows[0].after, world_pool_id(t->w, "file/main/slow"));
    r = rehearse_with(t, "media = tape", false);
    assert_int_equal(r.counts[REHEARSAL_FAILS], 1);
    assert_int_equal(r.counts[REHEARSAL_REFUSED], 1);
    assert_non_null(strstr(r.rows[0].why, "asked media = tape, found media=ssd"));
    r = rehearse_with(t, "media = ssd", false);
    assert_int_equal(r.counts[REHEARSAL_SAME], 1);
    assert_int_equal(r.count, 0);
}

static void requests_that_consume_find_less_and_less(void **state) {
    struct trial *t = *state;
    for (int i = 0; i < 3; i++) ask(t, "gold", 40); // each is asked of 100 GiB: nothing was really taken
    struct rehearsal r = rehearse_with(t, "media = hdd", true);
    assert_int_equal(r.counts[REHEARSAL_ELSEWHERE], 2); // two fit the fast pool
    assert_int_equal(r.counts[REHEARSAL_PLACES], 1);
    r = rehearse_with(t, "media = hdd", false);
    assert_int_equal(r.counts[REHEARSAL_ELSEWHERE], 3);
    struct draft *d = world_draft(t->w);
    assert_true(draft_pool_free(d, state_pool_named(t->w->state, "file/main/fast")).bytes == 100 * GIB);
}

static void requests_keep_their_labels_for_rules_of_spread(void **state) {
    struct trial *t = *state;
    struct draft *d = world_draft(t->w);
    for (int i = 0; i < 2; i++) {
        struct want w = {
            .class = world_class_id(t->w, "gold"), .size = {GIB}, .role = world_symbol(t->w, "web"), .labels = "app=x"};
        struct fit fit;
        expect_ok(asked_place(d, &w, false, &fit));
    }
    asked_take(&t->ring, t->w->state, d);
    assert_string_equal(asked_get(&t->ring, 2)->labels, "app=x");
    struct class_spread_wish apart = {.key = "media", .label = "app", .required = true};
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "gold", .pool = "media = ssd", .spread = &apart, .spread_count = 1});
    struct rehearsal r = rehearse(t->w->state, t->scratch, &t->ring, t->doc, true, &t->w->arena);
    assert_int_equal(r.counts[REHEARSAL_SAME], 1); // the second one finds the first
    assert_int_equal(r.counts[REHEARSAL_FAILS], 1);
}

// Of role "*" each framework is an owner of its own: one's volumes are not kept apart from another's.
static void requests_of_everybodys_role_keep_their_framework(void **state) {
    struct trial *t = *state;
    struct draft *d = world_draft(t->w);
    for (uint64_t framework = 7; framework <= 8; framework++) {
        struct want w = {.class = world_class_id(t->w, "gold"),
                         .size = {GIB},
                         .role = world_symbol(t->w, "*"),
                         .framework = framework,
                         .labels = "app=x"};
        struct fit fit;
        expect_ok(asked_place(d, &w, false, &fit));
    }
    asked_take(&t->ring, t->w->state, d);
    assert_int_equal(asked_get(&t->ring, 2)->framework, 8);
    struct class_spread_wish apart = {.key = "media", .label = "app", .required = true};
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "gold", .pool = "media = ssd", .spread = &apart, .spread_count = 1});
    struct rehearsal r = rehearse(t->w->state, t->scratch, &t->ring, t->doc, true, &t->w->arena);
    assert_int_equal(r.counts[REHEARSAL_SAME], 2);
}

static void a_class_that_goes_fails_its_requests(void **state) {
    struct trial *t = *state;
    ask(t, "gold", 10);
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "silver"});
    struct rehearsal r = rehearse(t->w->state, t->scratch, &t->ring, t->doc, false, &t->w->arena);
    assert_int_equal(r.counts[REHEARSAL_FAILS], 1);
    assert_string_equal(r.rows[0].why, "there is no class 'gold'");
    world_volume(t->w, "db", "gold", "file/main/fast", GIB);
    trial_begin(t);
    trial_class(t, (struct class_document){.name = "silver"});
    r = rehearse(t->w->state, t->scratch, &t->ring, t->doc, false, &t->w->arena);
    assert_non_null(strstr(r.refused, "volume 'db'"));
}

static void see(const struct rehearsal *r, struct text *out) {
    for (size_t i = 0; i < REHEARSAL_KINDS; i++) text_addf(out, "%u ", r->counts[i]);
    for (size_t i = 0; i < r->count; i++)
        text_addf(out, "%llu %s %llu %llu %s\n", (unsigned long long)r->rows[i].asked->number,
                  rehearsal_name(r->rows[i].kind), (unsigned long long)r->rows[i].before,
                  (unsigned long long)r->rows[i].after, r->rows[i].why ? r->rows[i].why : "");
}

static void a_rehearsal_is_repeatable_to_the_bit(void **state) {
    struct trial *t = *state;
    AUTO_TEXT struct text one = {0}, two = {0};
    for (uint64_t i = 0; i < 50; i++) ask(t, "gold", 1 + i * 7 % 130);
    for (int consume = 0; consume < 2; consume++) {
        struct rehearsal r = rehearse_with(t, "media = tape", consume);
        see(&r, &one);
        t->w->now.wall.ms += 5000; // time passes, nothing happens
        r = rehearse_with(t, "media = tape", consume);
        see(&r, &two);
    }
    assert_string_equal(one.data, two.data);
    assert_non_null(strstr(one.data, "fails"));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_class_that_fits_has_no_finding),
        TEST(a_key_that_nobody_has_names_the_nearest),
        TEST(a_key_of_the_other_side_says_where_to_ask),
        TEST(a_declared_key_is_known_though_nobody_has_it),
        TEST(another_unit_is_an_error),
        TEST(a_rule_that_never_holds_is_an_error),
        TEST(a_class_that_nothing_satisfies_shows_its_funnel),
        TEST(only_the_first_that_nothing_satisfies_are_explained),
        TEST(what_is_said_twice_is_a_warning),
        TEST(a_class_that_is_needed_and_missing_is_an_error),
        TEST(a_policy_as_large_as_can_be_that_lacks_a_class_in_use_is_judged_whole),
        TEST(refused_requests_are_remembered_too),
        TEST(only_the_last_requests_are_kept),
        TEST(a_rehearsal_says_what_would_end_otherwise),
        TEST(requests_that_consume_find_less_and_less),
        TEST(requests_keep_their_labels_for_rules_of_spread),
        TEST(requests_of_everybodys_role_keep_their_framework),
        TEST(a_class_that_goes_fails_its_requests),
        TEST(a_rehearsal_is_repeatable_to_the_bit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
