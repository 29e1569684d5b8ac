// SPDX-License-Identifier: Apache-2.0
// A constraint that stops holding: no new storage for that agent, a visible warning on what is in use there, and nothing moved.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core_play.h"

// The pool asks for driver/rexray, and both agents have it.
static int warning_setup(void **state) {
    play_setup(state);
    struct play *p = *state;
    world_pool(p->w, (struct pool_made){.provider = "file",
                                        .name = "ssd",
                                        .constraint = "driver/rexray >= 0.9",
                                        .bytes = PLAY_POOL * GIB,
                                        .granularity = GIB,
                                        .capabilities = 1u << CAN_CARVE | 1u << CAN_FENCE | 1u << CAN_RAW_BLOCK});
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4, driver/rexray=0.11"});
    world_agent(p->w, (struct agent_made){.name = "n2", .tags = "fs/ext4, driver/rexray=0.11"});
    world_agent(p->w, (struct agent_made){.name = "without", .tags = "fs/ext4"});
    world_agent(p->w, (struct agent_made){.name = "older", .tags = "fs/ext4, driver/rexray=0.8"});
    world_agent_state(p->w, "without", AGENT_IS_AWAY, 0);
    world_agent_state(p->w, "older", AGENT_IS_AWAY, 0);
    return 0;
}

// n1 says that it has what `like` has.
static void reports_like(struct play *p, const char *like) {
    struct command c = play_command(CMD_agent_report);
    c.agent_report = (struct cmd_agent_report){
        .agent = p->n1, .session = play_agent(p, "n1")->session, .facts = play_agent(p, like)->facts};
    play_ok(p, &c);
}

static void in_use_on_n1(struct play *p) {
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    assert_null(play_attachment(p, "db")->warning);
}

static void a_driver_that_is_unloaded_is_warned_of_and_the_volume_stays(void **state) {
    struct play *p = *state;
    in_use_on_n1(p);
    reports_like(p, "without");
    assert_true(play_happened(p, EV_attachment_warned));
    expect_words(
        play_attachment(p, "db")->warning,
        "agent 'n1' no longer satisfies its pool's constraint: asked driver/rexray >= 0.9, found no driver/rexray");
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
    play_wait(p, 4000, NULL);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
    assert_int_equal(play_attachment(p, "db")->agent, p->n1);
}

static void the_warning_goes_when_it_holds_again(void **state) {
    struct play *p = *state;
    in_use_on_n1(p);
    reports_like(p, "without");
    reports_like(p, "n2");
    assert_true(play_happened(p, EV_attachment_cleared));
    assert_null(play_attachment(p, "db")->warning);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
}

static void the_same_breach_is_told_once_and_another_one_anew(void **state) {
    struct play *p = *state;
    in_use_on_n1(p);
    reports_like(p, "without");
    reports_like(p, "without");
    assert_false(play_happened(p, EV_attachment_warned));
    reports_like(p, "older");
    assert_true(play_happened(p, EV_attachment_warned));
    expect_words(play_attachment(p, "db")->warning, "found driver/rexray=0.8");
}

static void a_report_that_changes_nothing_for_it_says_nothing(void **state) {
    struct play *p = *state;
    in_use_on_n1(p);
    reports_like(p, "n2");
    assert_false(play_happened(p, EV_attachment_warned) || play_happened(p, EV_attachment_cleared));
}

static void new_storage_goes_elsewhere_at_once(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    uint64_t framework = play_framework(p, "runner", "*");
    reports_like(p, "without");
    expect_err(play_publish(p, "db", "n1"), ERR_NO_FIT, "driver/rexray");
    play_wait(p, 1000, NULL);
    const struct offer_row *offer = play_offer(p, framework, "n1");
    assert_true(!offer || !offer->volumes || !offer->volumes->size);
    expect_ok(play_publish(p, "db", "n2"));
}

static void an_agent_that_returns_without_it_is_warned_of(void **state) {
    struct play *p = *state;
    play_hello(p, "n1", "boot-1", (struct attachment_report){0});
    in_use_on_n1(p);
    struct attachment_report has = play_has(p, "db", IS_PUBLISHED);
    struct command c = play_command(CMD_agent_hello);
    c.agent_hello = (struct cmd_agent_hello){.name = "n1",
                                             .hostname = "n1",
                                             .boot_id = "boot-1",
                                             .session = 900,
                                             .attachments = &has,
                                             .attachment_count = 1,
                                             .facts = play_agent(p, "without")->facts};
    play_ok(p, &c);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
    expect_words(play_attachment(p, "db")->warning, "found no driver/rexray");
}

// Class gold is applied again, and says what that one says.
static void class_applied_like(struct play *p, const char *like) {
    struct command c = play_command(CMD_class_apply);
    c.class_apply =
        (struct cmd_class_apply){.name = "gold", .doc = state_class(p->w->state, world_class_id(p->w, like))->doc};
    play_ok(p, &c);
}

static void a_class_that_asks_more_warns_of_what_is_in_use(void **state) {
    struct play *p = *state;
    world_class(p->w, (struct class_document){.name = "fast", .agent = "net/speed >= 10Gbps"});
    world_class(p->w, (struct class_document){.name = "plain"});
    in_use_on_n1(p);
    class_applied_like(p, "fast");
    expect_words(play_attachment(p, "db")->warning, "class's agent selector: asked net/speed >= 10Gbps");
    class_applied_like(p, "plain");
    assert_null(play_attachment(p, "db")->warning);
}

// The provider says that its pool asks what `like` asks.
static void pool_reported_like(struct play *p, const char *like) {
    struct pool_report report = {.name = "ssd",
                                 .instance = "main",
                                 .store = "ssd",
                                 .charge_numerator = 1,
                                 .charge_denominator = 1,
                                 .facts = state_pool(p->w->state, world_pool_id(p->w, like))->facts};
    struct command c = play_command(CMD_provider_report);
    const struct provider_row *provider = state_provider(p->w->state, p->provider);
    c.provider_report = (struct cmd_provider_report){.provider = p->provider,
                                                     .session = provider->session,
                                                     .facts = provider->facts,
                                                     .pools = &report,
                                                     .pool_count = 1};
    play_ok(p, &c);
}

static void a_pool_that_asks_more_warns_of_what_is_in_use(void **state) {
    struct play *p = *state;
    world_pool(p->w,
               (struct pool_made){.provider = "file", .name = "other", .constraint = "net/vlan = 19", .bytes = GIB});
    in_use_on_n1(p);
    pool_reported_like(p, "file/main/other");
    expect_words(play_attachment(p, "db")->warning, "asked net/vlan = 19, found no net/vlan");
}

// Two pools of one report ask for something else, a third one goes.
static void all_pools_of_a_report_are_looked_at_together(void **state) {
    struct play *p = *state;
    in_use_on_n1(p);
    world_pool(p->w, (struct pool_made){.provider = "file", .name = "second", .bytes = 100 * GIB});
    world_pool(p->w, (struct pool_made){.provider = "file", .name = "third", .bytes = 100 * GIB});
    world_pool(p->w,
               (struct pool_made){.provider = "file", .name = "other", .constraint = "net/vlan = 19", .bytes = GIB});
    struct pool_facts *asks = state_pool(p->w->state, world_pool_id(p->w, "file/main/other"))->facts;
    uint64_t log = world_volume(p->w, "log", "gold", "file/main/second", GIB);
    uint64_t old = world_volume(p->w, "old", "gold", "file/main/third", GIB);
    world_attachment(p->w, log, "n1", ATTACHMENT_IN_USE);
    world_attachment(p->w, old, "n1", ATTACHMENT_IN_USE);
    struct pool_report reports[] = {{"ssd", "main", "ssd", 1, 1, asks}, {"second", "main", "second", 1, 1, asks}};
    struct command c = play_command(CMD_provider_report);
    const struct provider_row *provider = state_provider(p->w->state, p->provider);
    c.provider_report = (struct cmd_provider_report){.provider = p->provider,
                                                     .session = provider->session,
                                                     .facts = provider->facts,
                                                     .pools = reports,
                                                     .pool_count = 2};
    play_ok(p, &c);
    expect_words(play_attachment(p, "db")->warning, "asked net/vlan = 19");
    expect_words(play_attachment(p, "log")->warning, "asked net/vlan = 19");
    assert_null(play_attachment(p, "old")->warning);
    assert_true(state_pool_named(p->w->state, "file/main/third")->stale);
    assert_false(state_pool_named(p->w->state, "file/main/second")->stale);
    play_ok(p, &c);
    assert_false(play_happened(p, EV_attachment_warned));
}

static void an_agent_that_loses_a_feed_is_warned_of(void **state) {
    struct play *p = *state;
    world_domain(p->w, "power", "99.9");
    world_agent(p->w, (struct agent_made){.name = "n1", .tags = "fs/ext4, driver/rexray=1, power=a, power=b"});
    world_agent(p->w, (struct agent_made){.name = "n2", .tags = "fs/ext4, driver/rexray=1, power=a, power=c"});
    world_agent(p->w, (struct agent_made){.name = "older", .tags = "fs/ext4, driver/rexray=1, power=b"});
    world_class(p->w, (struct class_document){.name = "gold", .availability = 99.99});
    in_use_on_n1(p);
    reports_like(p, "older");
    expect_words(play_attachment(p, "db")->warning, "agent 'n1' and its pool are no longer available enough for its "
                                                    "class: asked 99.99 or more, found 99.9");
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
    reports_like(p, "n2");
    assert_null(play_attachment(p, "db")->warning);
}

#define T(name) cmocka_unit_test_setup_teardown(name, warning_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_driver_that_is_unloaded_is_warned_of_and_the_volume_stays),
        T(the_warning_goes_when_it_holds_again),
        T(the_same_breach_is_told_once_and_another_one_anew),
        T(a_report_that_changes_nothing_for_it_says_nothing),
        T(new_storage_goes_elsewhere_at_once),
        T(an_agent_that_returns_without_it_is_warned_of),
        T(a_class_that_asks_more_warns_of_what_is_in_use),
        T(a_pool_that_asks_more_warns_of_what_is_in_use),
        T(all_pools_of_a_report_are_looked_at_together),
        T(an_agent_that_loses_a_feed_is_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
