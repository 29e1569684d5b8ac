// SPDX-License-Identifier: Apache-2.0
// What the end of a failure domain would do, thing by thing, and what is said about domains that are none.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/blast.h"
#include "core_world.h"

static const struct blast_page whole = {.limit = 1000};

static uint64_t task(struct world *w, const char *name, const char *role, const char *agent, uint64_t volume) {
    symbol y = world_symbol(w, role);
    uint64_t on = world_agent_id(w, agent);
    struct draft *d = world_draft(w);
    struct framework_row *f = draft_add(d, NOUN_FRAMEWORK, EV_framework_added);
    f->text_id = f->name = draft_text(d, name);
    struct task_row *t = draft_add(d, NOUN_TASK, EV_task_added);
    uint64_t id = t->id;
    t->text_id = draft_text(d, name);
    t->framework = f->id;
    t->agent = on;
    t->role = y;
    t->state = TASK_RUNNING;
    t->reason = -1;
    if (volume) t->volumes = draft_blob(d, &(struct task_volume){.volume = volume}, sizeof(struct task_volume));
    world_apply(w);
    return id;
}

// Agents a (feed-A), ab (both), b (feed-B); pools likewise; a volume on each pool; tasks on agents.
static int setup(void **state) {
    struct world *w = world_new();
    world_domain(w, "power", "99.9");
    world_domain(w, "power=feed-A", "99.5");
    world_domain(w, "topology/rack", NULL);
    world_provider(w, "file");
    static const char *const names[] = {"a", "ab", "b"}, *const tags[] = {"power=feed-A", "power=feed-A, power=feed-B",
                                                                          "power=feed-B"};
    for (int i = 0; i < 3; i++) {
        world_agent(w, (struct agent_made){.name = names[i], .tags = tags[i]});
        world_pool(w, (struct pool_made){.provider = "file", .name = names[i], .tags = tags[i], .bytes = TIB});
    }
    world_class(w, (struct class_document){.name = "gold"});
    uint64_t on_a = world_volume(w, "on-a", "gold", "file/main/a", GIB);
    world_volume(w, "on-ab", "gold", "file/main/ab", GIB);
    uint64_t on_b = world_volume(w, "on-b", "gold", "file/main/b", GIB);
    world_volume(w, "idle-b", "gold", "file/main/b", GIB);
    world_attachment(w, on_b, "a", ATTACHMENT_IN_USE);
    task(w, "t-a", "ops", "a", 0);
    task(w, "t-ab", "ops", "ab", 0);
    task(w, "t-b", "ops", "b", 0);
    task(w, "t-b-with-a", "web", "b", on_a);
    *state = w;
    return 0;
}

static int teardown(void **state) {
    world_free(*state);
    return 0;
}

static struct blast blasted(struct world *w, const char *domain, struct blast_page page) {
    struct blast b = {.count = 0};
    expect_ok(blast(w->state, domain, page, &w->arena, &b));
    return b;
}

static const char *named(struct world *w, const struct blast_row *row) {
    switch (row->noun) {
    case NOUN_AGENT: return state_agent(w->state, row->id)->name;
    case NOUN_POOL: return state_pool(w->state, row->id)->name;
    case NOUN_VOLUME: return state_volume(w->state, row->id)->name;
    default: return state_task(w->state, row->id)->text_id;
    }
}

static void each_thing_stops_is_at_risk_or_is_spared(void **state) {
    struct world *w = *state;
    static const struct {
        enum noun noun;
        const char *name;
        enum domain_end end;
        const char *because;
    } rows[] = {
        {NOUN_AGENT, "a", DOMAIN_STOPS, "it has no other"},
        {NOUN_POOL, "a", DOMAIN_STOPS, "it has no other"},
        {NOUN_VOLUME, "on-a", DOMAIN_STOPS, "pool file/main/a: it has no other"},
        {NOUN_TASK, "t-a", DOMAIN_STOPS, "agent 'a': it has no other"},
        {NOUN_TASK, "t-b-with-a", DOMAIN_STOPS, "pool file/main/a: it has no other"},
        {NOUN_AGENT, "ab", DOMAIN_AT_RISK, "left with power=feed-B"},
        {NOUN_POOL, "ab", DOMAIN_AT_RISK, "left with power=feed-B"},
        {NOUN_VOLUME, "on-ab", DOMAIN_AT_RISK, "pool file/main/ab: left with power=feed-B"},
        {NOUN_VOLUME, "on-b", DOMAIN_AT_RISK, "agent 'a': it has no other"}, // its data is safe, its use is not
        {NOUN_TASK, "t-ab", DOMAIN_AT_RISK, "agent 'ab': left with power=feed-B"},
    };
    struct blast b = blasted(w, "power=feed-A", whole);
    assert_int_equal(b.all, ARRAY_LEN(rows));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(b.rows[i].noun, rows[i].noun);
        assert_string_equal(named(w, &b.rows[i]), rows[i].name);
        assert_int_equal(b.rows[i].end, rows[i].end);
        assert_string_equal(b.rows[i].because, rows[i].because);
    }
    char percent[AVAILABILITY_TEXT];
    assert_string_equal(availability_text(b.availability, percent), "99.5");
}

static void counts_are_per_kind_and_role(void **state) {
    struct blast b = blasted(*state, "power=feed-A", whole);
    assert_int_equal(b.agents.stops, 1);
    assert_int_equal(b.agents.at_risk, 1);
    assert_int_equal(b.pools.stops, 1);
    assert_int_equal(b.volumes.stops, 1);
    assert_int_equal(b.volumes.at_risk, 2);
    assert_int_equal(b.tasks.stops, 2);
    assert_int_equal(b.tasks.at_risk, 1);
    assert_int_equal(b.role_count, 2);
    const struct blast_role *web = &b.roles[0], *ops = &b.roles[1]; // world_volume's role is web
    assert_int_equal(web->volumes.stops, 1);
    assert_int_equal(web->volumes.at_risk, 2);
    assert_int_equal(web->tasks.stops, 1);
    assert_int_equal(ops->tasks.stops, 1);
    assert_int_equal(ops->tasks.at_risk, 1);
}

static void pages_join_to_the_whole(void **state) {
    struct world *w = *state;
    struct blast all = blasted(w, "power=feed-A", whole);
    size_t seen = 0;
    for (size_t at = 0; at < all.all; at += 3) {
        struct blast page = blasted(w, "power=feed-A", (struct blast_page){.offset = at, .limit = 3});
        assert_int_equal(page.all, all.all);
        assert_int_equal(page.tasks.stops, all.tasks.stops);
        for (size_t i = 0; i < page.count; i++, seen++) assert_true(page.rows[i].id == all.rows[seen].id);
    }
    assert_int_equal(seen, all.all);
    struct blast ops = blasted(w, "power=feed-A", (struct blast_page){.limit = 1000, .role = world_symbol(w, "ops")});
    assert_int_equal(ops.all, 2);
    assert_int_equal(ops.agents.stops, 0);
}

static void who_loses_a_feed_and_comes_back_is_judged_by_what_it_has(void **state) {
    struct world *w = *state;
    world_agent(w, (struct agent_made){.name = "ab", .tags = "power=feed-A"});
    assert_int_equal(blasted(w, "power=feed-A", whole).agents.stops, 2);
    world_agent_removed(w, "ab");
    world_pool_removed(w, "file/main/ab");
    struct blast b = blasted(w, "power=feed-A", whole);
    assert_int_equal(b.agents.stops, 1);
    assert_int_equal(b.pools.at_risk, 0);
}

static void a_domain_that_is_none_is_refused_with_the_nearest(void **state) {
    struct world *w = *state;
    static const struct {
        const char *domain, *words;
        enum err_kind kind;
    } rows[] = {
        {"", "name a failure domain as KEY=VALUE, such as power=feed-A", ERR_INVALID},
        {"power", "'power': name a failure domain as KEY=VALUE", ERR_INVALID},
        {"=feed-A", "KEY=VALUE", ERR_INVALID},
        {"power=", "KEY=VALUE", ERR_INVALID},
        {"pover=feed-A", "'pover' is no failure domain; did you mean 'power'?", ERR_NOT_FOUND},
        {"media=ssd", "'domains' names them: power, topology/rack", ERR_NOT_FOUND},
        {"power=feed-C", "no agent and no pool has power=feed-C; did you mean power=feed-", ERR_NOT_FOUND},
        {"power=generator", "the values are feed-A, feed-B", ERR_NOT_FOUND},
        {"topology/rack=r1", "nor any other topology/rack", ERR_NOT_FOUND},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct blast b;
        expect_err(blast(w->state, rows[i].domain, whole, &w->arena, &b), rows[i].kind, rows[i].words);
    }
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_thing_stops_is_at_risk_or_is_spared),
        T(counts_are_per_kind_and_role),
        T(pages_join_to_the_whole),
        T(who_loses_a_feed_and_comes_back_is_judged_by_what_it_has),
        T(a_domain_that_is_none_is_refused_with_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
