// SPDX-License-Identifier: Apache-2.0
// Agents come, fall silent, return: what they keep, what they have lost, and when they may be used again.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/agent.h"
#include "core_play.h"

static const struct attachment_report nothing = {0};

static void published_on_n1(struct play *p) {
    play_hello(p, "n1", "boot-1", nothing);
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
}

static void session_ends(struct play *p, const char *agent) {
    struct command c = play_command(CMD_agent_gone);
    c.agent_gone = (struct cmd_session){.who = play_agent(p, agent)->id, .session = play_agent(p, agent)->session};
    play_ok(p, &c);
}

static void an_agent_whose_stream_broke_is_away_not_lost(void **state) {
    struct play *p = *state;
    published_on_n1(p);
    session_ends(p, "n1");
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_AWAY);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
}

static void an_agent_that_comes_again_over_an_open_session_has_no_offers_of_before(void **state) {
    struct play *p = *state;
    uint64_t f = play_framework(p, "fw", "web");
    play_wait(p, 20, NULL);
    assert_non_null(play_offer(p, f, "n1"));
    play_hello(p, "n1", "boot-1", nothing);
    assert_null(play_offer(p, f, "n1"));
    assert_non_null(play_offer(p, f, "n2"));
}

static void an_agent_that_may_be_used_is_told_as_active_not_as_returned(void **state) {
    struct play *p = *state;
    struct command c = play_command(CMD_agent_hello);
    c.agent_hello = (struct cmd_agent_hello){
        .name = "n9", .hostname = "n9", .boot_id = "b", .session = 900, .facts = play_agent(p, "n1")->facts};
    play_ok(p, &c);
    assert_int_equal(play_agent(p, "n9")->state, AGENT_IS_ACTIVE);
    assert_true(play_happened(p, EV_agent_active));
    assert_false(play_happened(p, EV_agent_returned));
}

static void an_agent_that_is_heard_is_not_lost(void **state) {
    struct play *p = *state;
    for (int i = 0; i < 5; i++) play_wait(p, 4000, NULL);
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
    play_wait(p, 5000, "n1");
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_LOST);
    assert_int_equal(play_agent(p, "n2")->state, AGENT_IS_ACTIVE);
}

static void an_agent_that_returns_within_the_lost_time_keeps_its_volumes(void **state) {
    struct play *p = *state;
    published_on_n1(p);
    session_ends(p, "n1");
    play_wait(p, 4000, "n1");
    play_hello(p, "n1", "boot-1", play_has(p, "db", IS_PUBLISHED));
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
    assert_int_equal(play_asked(p, OP_FENCE), 0);
}

static void an_agent_that_returns_before_a_fence_began_has_its_volume_again(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.on_agent_lost = ON_LOSS_WAIT});
    published_on_n1(p);
    play_wait(p, 5000, "n1");
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
    play_hello(p, "n1", "boot-1", play_has(p, "db", IS_PUBLISHED));
    assert_int_not_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
    assert_int_equal(play_attachment(p, "db")->epoch, 1);
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
}

static void waiting_for_n1(struct play *p) {
    play_class(p, (struct class_document){.on_agent_lost = ON_LOSS_WAIT});
    play_hello(p, "n1", "boot-1", nothing);
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
}

static void a_volume_that_was_being_mapped_when_its_agent_was_lost_is_unmapped_without_it(void **state) {
    struct play *p = *state;
    waiting_for_n1(p);
    play_wait(p, 5000, "n1");
    play_done(p, OP_ATTACH);
    play_done(p, OP_DETACH);
    assert_null(play_attachment(p, "db"));
    assert_int_equal(play_volume(p, "db")->content, CONTENT_NEW); // no grant was spoken
    play_hello(p, "n1", "boot-1", nothing);
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
}

static void an_unmap_that_failed_goes_on_without_the_agent(void **state) {
    struct play *p = *state;
    waiting_for_n1(p);
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISHED);
    expect_ok(play_unpublish(p, "db"));
    play_says(p, "db", IS_UNPUBLISHED);
    play_failed(p, OP_DETACH, ERR_INTERNAL, "device is busy");
    play_wait(p, 5000, "n1");
    play_done(p, OP_DETACH);
    assert_null(play_attachment(p, "db"));
}

static void an_agent_that_returns_while_it_publishes_has_its_volume_when_that_is_done(void **state) {
    struct play *p = *state;
    waiting_for_n1(p);
    play_done(p, OP_ATTACH);
    play_wait(p, 5000, "n1");
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
    struct uuid first = play_volume(p, "db")->uuid;
    play_hello(p, "n1", "boot-1", play_has(p, "db", IS_PUBLISHING));
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_QUARANTINED);
    play_says(p, "db", IS_PUBLISHED);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
    assert_true(uuid_equal(first, play_volume(p, "db")->uuid)); // a good volume is not carved again
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
}

static void an_agent_that_returns_and_failed_to_publish_lets_go(void **state) {
    struct play *p = *state;
    waiting_for_n1(p);
    play_done(p, OP_ATTACH);
    play_wait(p, 5000, "n1");
    play_hello(p, "n1", "boot-1", play_has(p, "db", IS_PUBLISH_FAILED));
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
    play_done(p, OP_DETACH);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_SUSPECT);
}

// The agent is back and has what it was fenced from, which is returned.
static struct attachment_report back_after_the_fence(struct play *p) {
    published_on_n1(p);
    struct attachment_report had = play_has(p, "db", IS_PUBLISHED);
    play_wait(p, 5000, "n1");
    play_done(p, OP_FENCE);
    play_hello(p, "n1", "boot-1", had);
    return had;
}

static void an_agent_that_returns_after_the_fence_is_quarantined_until_it_has_cleaned_up(void **state) {
    struct play *p = *state;
    struct attachment_report had = back_after_the_fence(p);
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_QUARANTINED);
    assert_int_equal(play_agent(p, "n1")->unclean, 1);
    struct command c = play_command(CMD_attachment_report);
    c.attachment_report = (struct cmd_attachment_report){.agent = p->n1, .report = had};
    c.attachment_report.report.state = IS_UNPUBLISHED;
    play_ok(p, &c);
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_ACTIVE);
}

static void an_agent_that_returns_while_the_fence_runs_waits_for_its_end(void **state) {
    struct play *p = *state;
    published_on_n1(p);
    struct attachment_report had = play_has(p, "db", IS_PUBLISHED);
    play_wait(p, 5000, "n1");
    play_hello(p, "n1", "boot-1", had);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_QUARANTINED);
    play_done(p, OP_FENCE); // what it has mounted can write no more, and is to be undone there
    assert_null(play_attachment(p, "db"));
    assert_int_equal(play_agent(p, "n1")->state, AGENT_IS_QUARANTINED);
}

static void a_quarantined_agent_is_offered_to_nobody(void **state) {
    struct play *p = *state;
    (void)back_after_the_fence(p);
    uint64_t framework = play_framework(p, "runner", "web");
    play_wait(p, 20, NULL);
    assert_null(play_offer(p, framework, "n1"));
    assert_non_null(play_offer(p, framework, "n2"));
}

static void a_host_that_rebooted_has_lost_its_mounts(void **state) {
    struct play *p = *state;
    published_on_n1(p);
    session_ends(p, "n1");
    play_hello(p, "n1", "boot-2", play_has(p, "db", IS_PUBLISHED));
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_DETACHING);
    play_done(p, OP_DETACH);
    assert_null(play_attachment(p, "db"));
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
}

static void an_agent_that_came_back_without_its_volume_has_let_it_go(void **state) {
    struct play *p = *state;
    published_on_n1(p);
    session_ends(p, "n1");
    play_hello(p, "n1", "boot-1", nothing);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_DETACHING);
    assert_int_not_equal(play_asked(p, OP_DETACH), 0);
}

static void a_task_that_its_agent_came_back_without_is_lost(void **state) {
    struct play *p = *state;
    uint64_t framework = play_framework(p, "runner", "web");
    play_wait(p, 20, NULL);
    play_launch(p, framework, "n1", "t1", NULL, 0);
    play_task_says(p, framework, "t1", TASK_RUNNING);
    session_ends(p, "n1");
    play_hello(p, "n1", NULL, nothing);
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_LOST);
    expect_words(play_task(p, framework, "t1")->message, "came back without it");
}

static void a_lost_agent_loses_its_tasks(void **state) {
    struct play *p = *state;
    uint64_t framework = play_framework(p, "runner", "web");
    play_wait(p, 20, NULL);
    play_launch(p, framework, "n1", "t1", NULL, 0);
    play_task_says(p, framework, "t1", TASK_RUNNING);
    play_wait(p, 5000, "n1");
    assert_int_equal(play_task(p, framework, "t1")->state, TASK_LOST);
    expect_words(play_task(p, framework, "t1")->message, "agent 'n1' is lost");
}

static void an_agent_name_belongs_to_the_secret_that_took_it(void **state) {
    struct play *p = *state;
    struct draft *d = world_draft(p->w);
    const struct blob *mine = draft_blob(d, "abc", 3), *other = draft_blob(d, "xyz", 3);
    struct command c = play_command(CMD_agent_hello);
    c.agent_hello = (struct cmd_agent_hello){
        .name = "n3", .hostname = "n3", .session = 90, .secret = mine, .facts = play_agent(p, "n1")->facts};
    play_ok(p, &c);
    c.agent_hello.secret = other;
    expect_err(play_do(p, &c), ERR_DENIED, "another agent registered under this name");
}

static void an_agent_that_was_told_more_than_the_registry_knows_is_refused(void **state) {
    struct play *p = *state;
    struct command c = play_command(CMD_agent_hello);
    c.agent_hello = (struct cmd_agent_hello){
        .name = "n1", .hostname = "n1", .session = 90, .highest_seen = 1000, .facts = play_agent(p, "n1")->facts};
    expect_err(play_do(p, &c), ERR_CONFLICT, "it is an older copy");
}

static void an_agent_with_volumes_is_not_removed(void **state) {
    struct play *p = *state;
    struct command c = play_command(CMD_agent_remove);
    c.agent_remove.name = "n1";
    published_on_n1(p);
    expect_err(play_do(p, &c), ERR_CONFLICT, "it is connected; stop it first");
    session_ends(p, "n1");
    expect_err(play_do(p, &c), ERR_CONFLICT, "it may still write to them");
    play_wait(p, 5000, "n1");
    play_done(p, OP_FENCE);
    play_ok(p, &c);
    assert_null(state_agent_named(p->w->state, "n1"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(an_agent_whose_stream_broke_is_away_not_lost),
        T(an_agent_that_comes_again_over_an_open_session_has_no_offers_of_before),
        T(an_agent_that_may_be_used_is_told_as_active_not_as_returned),
        T(an_agent_that_is_heard_is_not_lost),
        T(an_agent_that_returns_within_the_lost_time_keeps_its_volumes),
        T(an_agent_that_returns_before_a_fence_began_has_its_volume_again),
        T(a_volume_that_was_being_mapped_when_its_agent_was_lost_is_unmapped_without_it),
        T(an_unmap_that_failed_goes_on_without_the_agent),
        T(an_agent_that_returns_while_it_publishes_has_its_volume_when_that_is_done),
        T(an_agent_that_returns_and_failed_to_publish_lets_go),
        T(an_agent_that_returns_after_the_fence_is_quarantined_until_it_has_cleaned_up),
        T(an_agent_that_returns_while_the_fence_runs_waits_for_its_end),
        T(a_quarantined_agent_is_offered_to_nobody),
        T(a_host_that_rebooted_has_lost_its_mounts),
        T(an_agent_that_came_back_without_its_volume_has_let_it_go),
        T(a_task_that_its_agent_came_back_without_is_lost),
        T(a_lost_agent_loses_its_tasks),
        T(an_agent_name_belongs_to_the_secret_that_took_it),
        T(an_agent_that_was_told_more_than_the_registry_knows_is_refused),
        T(an_agent_with_volumes_is_not_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
