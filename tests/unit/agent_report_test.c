// SPDX-License-Identifier: Apache-2.0
// What an agent tells of its host: only changes, and of each fact since when it has been so.
#include "agent_world.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

// The host is probed and has these tags: "key=value" each, NULL behind the last.
static void probed(struct world *w, const char *const *tags) {
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    Granary__Tag made[4], *list[4];
    char texts[4][64];
    report.tags = list;
    for (; tags[report.n_tags]; report.n_tags++) {
        Granary__Tag *tag = list[report.n_tags] = &made[report.n_tags];
        granary__tag__init(tag);
        tag->key = texts[report.n_tags];
        snprintf(tag->key, sizeof texts[0], "%s", tags[report.n_tags]);
        tag->value = strchr(tag->key, '=');
        if (tag->value) *tag->value++ = 0;
    }
    struct agent_input input = {.kind = AGENT_PROBED, .report = &report};
    world_step(w, &input);
}

static const Granary__AgentReport *said_report(struct world *w) {
    assert_int_equal(w->said.count, 1);
    const Granary__AgentReport *r = w->said.at[0]->report;
    assert_non_null(r);
    vec_clear(&w->said);
    return r;
}

static int64_t since(const Granary__AgentReport *r, const char *key) {
    for (size_t i = 0; i < r->n_tags; i++)
        if (strcmp(r->tags[i]->key, key) == 0) return r->tags[i]->since - 1700000000000;
    fail_msg("no tag %s", key);
    return 0;
}

static void only_what_changed_is_told(void **state) {
    struct world *w = *state;
    probed(w, (const char *[]){"driver/loop", "net/speed=10Gbps", NULL});
    said_report(w);
    w->now += 5000;
    probed(w, (const char *[]){"driver/loop", "net/speed=10Gbps", NULL});
    world_silent(w);
    probed(w, (const char *[]){"driver/loop", NULL});
    assert_int_equal(said_report(w)->n_tags, 1);
}

static void a_fact_keeps_its_age_while_others_change(void **state) {
    struct world *w = *state;
    w->now = 2000;
    probed(w, (const char *[]){"driver/loop", "net/speed=10Gbps", NULL});
    assert_int_equal(since(said_report(w), "driver/loop"), 2000);
    w->now = 7000;
    probed(w, (const char *[]){"driver/loop", "net/speed=1Gbps", "net/vlan=19", NULL});
    const Granary__AgentReport *r = said_report(w);
    assert_int_equal(since(r, "driver/loop"), 2000);
    assert_int_equal(since(r, "net/speed"), 7000);
    assert_int_equal(since(r, "net/vlan"), 7000);
}

static void a_fact_that_came_back_is_young(void **state) {
    struct world *w = *state;
    w->now = 2000;
    probed(w, (const char *[]){"driver/loop", NULL});
    said_report(w);
    probed(w, (const char *[]){NULL});
    said_report(w);
    w->now = 9000;
    probed(w, (const char *[]){"driver/loop", NULL});
    assert_int_equal(since(said_report(w), "driver/loop"), 9000);
}

static void ages_outlive_a_session(void **state) {
    struct world *w = *state;
    w->now = 2000;
    probed(w, (const char *[]){"driver/loop", NULL});
    vec_clear(&w->said);
    world_disconnect(w);
    w->now = 60000;
    world_connect(w);
    assert_int_equal(since(w->hello->report, "driver/loop"), 2000);
    assert_int_equal(agent_heartbeat_ms(w->agent), 5000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(only_what_changed_is_told),
        T(a_fact_keeps_its_age_while_others_change),
        T(a_fact_that_came_back_is_young),
        T(ages_outlive_a_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
