// SPDX-License-Identifier: Apache-2.0
// A volume on an agent: mapped, formatted once, used, let go; and never on a second agent without a reason on record.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/attachment.h"
#include "core_play.h"

// What was recorded when the volume's attachment ended, in the latest command.
static const char *ended_because(struct play *p, const struct command *c, uint64_t attachment) {
    struct draft *d = world_draft(p->w);
    const char *because = NULL;
    expect_ok(core_decide(d, c, &p->answer));
    for (size_t i = 0; i < draft_event_count(d); i++) {
        struct event e = draft_event(d, i);
        const struct attachment_row *a = e.row;
        if (e.kind == EV_attachment_gone && a->id == attachment) because = a->ended_because;
    }
    world_apply(p->w);
    return because;
}

static struct command provider_says(const struct play *p, enum operation_kind kind, const char *message) {
    struct command c = play_command(CMD_provider_result);
    c.provider_result = (struct cmd_provider_result){
        .provider = p->provider, .operation = play_asked(p, kind), .done = true, .message = message};
    return c;
}

// ---- published ----

static void a_new_device_is_formatted_under_a_grant_that_is_used_once(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
    assert_int_equal(play_volume(p, "db")->content, CONTENT_NEW);
    play_done(p, OP_ATTACH);
    assert_true(play_attachment(p, "db")->granted_format);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTING);
    play_says(p, "db", IS_PUBLISHED);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_IN_USE);
}

static void a_formatted_device_is_never_granted_a_format_again(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    expect_ok(play_unpublish(p, "db"));
    play_says(p, "db", IS_UNPUBLISHED);
    play_done(p, OP_DETACH);
    expect_ok(play_publish(p, "db", "n2"));
    play_done(p, OP_ATTACH);
    assert_false(play_attachment(p, "db")->granted_format);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
}

static void a_format_that_was_not_confirmed_is_never_repeated(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    struct uuid first = play_volume(p, "db")->uuid;
    expect_ok(play_publish(p, "db", "n1"));
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISH_FAILED);
    play_done(p, OP_DETACH);
    // The volume is carved again under another uuid.
    assert_int_equal(play_volume(p, "db")->content, CONTENT_SUSPECT);
    play_done(p, OP_DELETE);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_NEW);
    assert_false(uuid_equal(first, play_volume(p, "db")->uuid));
    assert_int_equal(play_free_gib(p), PLAY_POOL - 50);
    play_done(p, OP_CREATE);
    assert_int_equal(play_volume(p, "db")->state, VOLUME_READY);
    play_use(p, "db", "n1");
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
}

static void a_suspect_device_cannot_be_published(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISH_FAILED);
    play_done(p, OP_DETACH);
    expect_err(play_publish(p, "db", "n1"), ERR_CONFLICT, "it is making");
}

static void an_eager_class_formats_at_creation_and_lets_go(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.format = FORMAT_AT_CREATE});
    play_make(p, "db", 50);
    assert_int_equal(play_attachment(p, "db")->purpose, ATTACH_FOR_FORMAT);
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISHED);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_DETACHING);
    play_says(p, "db", IS_UNPUBLISHED);
    play_done(p, OP_DETACH);
    assert_null(play_attachment(p, "db"));
}

static void an_eager_format_that_failed_is_left_to_the_first_publish(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.format = FORMAT_AT_CREATE});
    play_make(p, "db", 50);
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISH_FAILED);
    play_done(p, OP_DETACH);
    play_done(p, OP_DELETE);
    play_done(p, OP_CREATE);
    assert_null(play_attachment(p, "db"));
    play_use(p, "db", "n1");
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
}

static void without_an_agent_an_eager_format_is_left_to_the_first_publish(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.format = FORMAT_AT_CREATE});
    expect_ok(play_create(p, "db", 50));
    world_agent_state(p->w, "n1", AGENT_IS_AWAY, 0);
    world_agent_state(p->w, "n2", AGENT_IS_AWAY, 0);
    play_done(p, OP_CREATE);
    world_agent_state(p->w, "n2", AGENT_IS_ACTIVE, 77);
    uint64_t framework = play_framework(p, "fw", "web");
    play_wait(p, 20, NULL);
    assert_int_equal(play_volume(p, "db")->offer, play_offer(p, framework, "n2")->id);
    play_use(p, "db", "n2");
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
}

static void let_go(struct play *p, const char *volume) {
    play_says(p, volume, IS_UNPUBLISHED);
    play_done(p, OP_DETACH);
}

static void expect_formatting(struct play *p, const char *volume) {
    assert_int_equal(play_attachment(p, volume)->purpose, ATTACH_FOR_FORMAT);
    assert_false(play_attachment(p, volume)->read_only);
    play_done(p, OP_ATTACH);
    play_says(p, volume, IS_PUBLISHED);
}

static void a_volume_for_several_readers_is_formatted_first_and_then_read_only_everywhere(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.access = ACCESS_MULTI_READER});
    play_pool(p,
              (struct pool_made){.bytes = PLAY_POOL * GIB, .capabilities = 1u << CAN_CARVE | 1u << CAN_MULTI_ATTACH});
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
    expect_formatting(p, "db");
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "agent 'n1' has it");
    let_go(p, "db");
    assert_int_equal(play_attachment(p, "db")->purpose, ATTACH_FOR_USE);
    assert_true(play_attachment(p, "db")->read_only);
    assert_true(play_attachment(p, "db")->pinned);
    play_done(p, OP_ATTACH);
    assert_false(play_attachment(p, "db")->granted_format);
    play_says(p, "db", IS_PUBLISHED);
    expect_ok(play_publish(p, "db", "n2"));
    STATE_EACH(ATTACHMENT, attachment_row, a, p->w->state) assert_true(a->read_only);
    assert_int_equal(play_volume(p, "db")->attachment_count, 2);
}

static void a_new_volume_published_read_only_is_formatted_first(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    struct command c = play_command(CMD_volume_publish);
    c.volume_publish = (struct cmd_volume){.volume = play_volume(p, "db")->id, .agent = "n1", .read_only = true};
    play_ok(p, &c);
    play_ok(p, &c); // asked twice
    expect_formatting(p, "db");
    let_go(p, "db");
    assert_true(play_attachment(p, "db")->read_only);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_FORMATTED);
}

static void a_task_waits_for_the_format_of_its_volume_and_then_has_it(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.format = FORMAT_AT_CREATE});
    play_make(p, "db", 50);
    uint64_t framework = play_framework(p, "fw", "web");
    play_wait(p, 20, NULL);
    uint64_t agent = play_attachment(p, "db")->agent;
    play_launch(p, framework, state_agent(p->w->state, agent)->name, "t1", "db", 0);
    expect_formatting(p, "db");
    let_go(p, "db");
    assert_int_equal(play_attachment(p, "db")->purpose, ATTACH_FOR_USE);
    play_done(p, OP_ATTACH);
    play_says(p, "db", IS_PUBLISHED);
    assert_true(play_task(p, framework, "t1")->launched);
}

static void a_raw_volume_is_its_owners_and_never_formatted(void **state) {
    struct play *p = *state;
    world_symbol(p->w, "raw");
    play_class(p, (struct class_document){.fs = "raw"});
    play_make(p, "db", 50);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_OWNERS);
    expect_ok(play_publish(p, "db", "n1"));
    play_done(p, OP_ATTACH);
    assert_false(play_attachment(p, "db")->granted_format);
}

static void every_attachment_has_a_higher_epoch_than_any_before(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        play_use(p, "db", epoch % 2 ? "n1" : "n2");
        assert_int_equal(play_attachment(p, "db")->epoch, epoch);
        expect_ok(play_unpublish(p, "db"));
        play_says(p, "db", IS_UNPUBLISHED);
        play_done(p, OP_DETACH);
    }
}

static void what_an_agent_says_at_an_older_epoch_changes_nothing(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
    play_done(p, OP_ATTACH);
    struct command c = play_command(CMD_attachment_report);
    c.attachment_report.agent = p->n1;
    c.attachment_report.report = play_has(p, "db", IS_PUBLISHED);
    c.attachment_report.report.epoch = 0;
    play_ok(p, &c);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_ATTACHING);
}

static void a_volume_is_on_one_agent_at_a_time(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "agent 'n1' has it (in_use)");
    expect_ok(play_unpublish(p, "db"));
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "agent 'n1' has it (detaching)");
    play_says(p, "db", IS_UNPUBLISHED);
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "agent 'n1' has it (detaching)");
    play_done(p, OP_DETACH);
    expect_ok(play_publish(p, "db", "n2"));
}

static void a_volume_let_go_while_it_is_mapped_is_unmapped_at_once(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    expect_ok(play_publish(p, "db", "n1"));
    expect_ok(play_unpublish(p, "db"));
    assert_int_equal(play_asked(p, OP_DETACH), 0);
    play_done(p, OP_ATTACH);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_NEW); // no grant was spoken
    play_done(p, OP_DETACH);
    assert_null(play_attachment(p, "db"));
}

static void an_unmap_that_failed_is_tried_again(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    expect_ok(play_unpublish(p, "db"));
    play_says(p, "db", IS_UNPUBLISHED);
    play_failed(p, OP_DETACH, ERR_INTERNAL, "device is busy");
    assert_string_equal(play_attachment(p, "db")->message, "device is busy");
    assert_int_equal(play_asked(p, OP_DETACH), 0);
    play_wait(p, 1000, NULL);
    play_done(p, OP_DETACH);
    assert_null(play_attachment(p, "db"));
}

static void the_way_back_is_on_record(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    expect_ok(play_unpublish(p, "db"));
    play_says(p, "db", IS_UNPUBLISHED);
    struct command c = provider_says(p, OP_DETACH, NULL);
    expect_words(ended_because(p, &c, play_attachment(p, "db")->id),
                 "agent 'n1' unpublished it at epoch 1 and the storage unmapped it");
}

// ---- the agent is lost ----

static void a_volume_goes_to_another_agent_only_after_a_fence_with_a_proof_on_record(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    play_wait(p, 5000, "n1");
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
    assert_int_equal(play_attachment(p, "db")->step, STEP_IS_FENCE);
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "agent 'n1' has it (stranded)");
    struct command c = provider_says(p, OP_FENCE, "its keeper was killed");
    expect_words(ended_because(p, &c, play_attachment(p, "db")->id),
                 "fenced from agent 'n1' at epoch 1: its keeper was killed");
    expect_ok(play_publish(p, "db", "n2"));
    assert_int_equal(play_attachment(p, "db")->epoch, 2);
}

static void a_fence_that_failed_proves_nothing_and_is_tried_again(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    play_wait(p, 5000, "n1");
    play_failed(p, OP_FENCE, ERR_INTERNAL, "the image is still held");
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "stranded");
    play_wait(p, 1000, "n1");
    play_done(p, OP_FENCE);
    expect_ok(play_publish(p, "db", "n2"));
}

static void where_the_storage_cannot_fence_no_timer_frees_the_volume(void **state) {
    struct play *p = *state;
    world_pool(p->w, (struct pool_made){.provider = "file", .name = "ssd", .bytes = PLAY_POOL * GIB});
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    for (int i = 0; i < 100; i++) play_wait(p, 3600 * 1000, "n1");
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
    expect_words(play_attachment(p, "db")->message, "waits until the agent returns;");
    expect_err(play_publish(p, "db", "n2"), ERR_CONFLICT, "stranded");
}

static void a_class_that_waits_is_not_fenced(void **state) {
    struct play *p = *state;
    play_class(p, (struct class_document){.on_agent_lost = ON_LOSS_WAIT});
    play_make(p, "db", 50);
    play_use(p, "db", "n1");
    play_wait(p, 5000, "n1");
    assert_int_equal(play_asked(p, OP_FENCE), 0);
    assert_int_equal(play_attachment(p, "db")->state, ATTACHMENT_STRANDED);
}

static void a_format_under_way_when_the_agent_was_lost_is_not_repeated(void **state) {
    struct play *p = *state;
    play_make(p, "db", 50);
    struct uuid first = play_volume(p, "db")->uuid;
    expect_ok(play_publish(p, "db", "n1"));
    play_done(p, OP_ATTACH);
    play_wait(p, 5000, "n1");
    play_done(p, OP_FENCE);
    play_done(p, OP_DELETE);
    play_done(p, OP_CREATE);
    assert_int_equal(play_volume(p, "db")->content, CONTENT_NEW);
    assert_false(uuid_equal(first, play_volume(p, "db")->uuid));
}

#define T(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(a_new_device_is_formatted_under_a_grant_that_is_used_once),
        T(a_formatted_device_is_never_granted_a_format_again),
        T(a_format_that_was_not_confirmed_is_never_repeated),
        T(a_suspect_device_cannot_be_published),
        T(an_eager_class_formats_at_creation_and_lets_go),
        T(a_volume_for_several_readers_is_formatted_first_and_then_read_only_everywhere),
        T(a_new_volume_published_read_only_is_formatted_first),
        T(a_task_waits_for_the_format_of_its_volume_and_then_has_it),
        T(an_eager_format_that_failed_is_left_to_the_first_publish),
        T(without_an_agent_an_eager_format_is_left_to_the_first_publish),
        T(a_raw_volume_is_its_owners_and_never_formatted),
        T(every_attachment_has_a_higher_epoch_than_any_before),
        T(what_an_agent_says_at_an_older_epoch_changes_nothing),
        T(a_volume_is_on_one_agent_at_a_time),
        T(a_volume_let_go_while_it_is_mapped_is_unmapped_at_once),
        T(an_unmap_that_failed_is_tried_again),
        T(the_way_back_is_on_record),
        T(a_volume_goes_to_another_agent_only_after_a_fence_with_a_proof_on_record),
        T(a_fence_that_failed_proves_nothing_and_is_tried_again),
        T(where_the_storage_cannot_fence_no_timer_frees_the_volume),
        T(a_class_that_waits_is_not_fenced),
        T(a_format_under_way_when_the_agent_was_lost_is_not_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
