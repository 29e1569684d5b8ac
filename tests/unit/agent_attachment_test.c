// SPDX-License-Identifier: Apache-2.0
// Volumes as the agent's machine handles them: epochs, doubled and late orders, failures that leave nothing behind.
#include <string.h>

#include "agent_world.h"

#define PUBLISHED GRANARY__PUBLISH_STATE__PUBLISHED
#define UNPUBLISHED GRANARY__PUBLISH_STATE__UNPUBLISHED
#define UNPUBLISHING GRANARY__PUBLISH_STATE__UNPUBLISHING
#define FAILED GRANARY__PUBLISH_STATE__PUBLISH_FAILED
#define PUBLISHING GRANARY__PUBLISH_STATE__PUBLISHING

// Attachment 1 of volume 9 at epoch 5.
static void publish(struct world *w) {
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    world_answer(w, world_job(w, AGENT_JOB_PUBLISH, 1).job, AGENT_HOST_PUBLISHED);
    world_said(w, 1, PUBLISHED);
}

static void an_order_is_kept_before_the_host_hears_of_it(void **state) {
    struct world *w = *state;
    size_t before = w->out.list.count;
    Granary__Publish order = world_order(1, 9, 5);
    order.has_may_format = order.may_format = true;
    world_publish(w, &order);
    const struct agent_publish *spec = &world_job(w, AGENT_JOB_PUBLISH, 1).work->publish;
    assert_string_equal(spec->context, order.create_context);
    assert_true(spec->may_format);
    assert_int_equal(w->out.list.at[before].kind, AGENT_KEEP);
    assert_non_null(world_record(w, AGENT_RECORD_ATTACHMENT, 1));
}

static void a_doubled_publish_is_done_once_and_answered_twice(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    struct world_job job = world_job(w, AGENT_JOB_PUBLISH, 1);
    world_publish(w, &order);
    world_no_job(w);
    world_answer_formatted(w, job.job, AGENT_HOST_PUBLISHED);
    assert_true(world_said(w, 1, PUBLISHED)->formatted);
    world_silent(w);
    world_publish(w, &order);
    world_no_job(w);
    assert_true(world_said(w, 1, PUBLISHED)->formatted);
}

static void a_lower_epoch_of_a_volume_is_refused(void **state) {
    struct world *w = *state;
    publish(w);
    Granary__Publish late = world_order(2, 9, 4);
    world_publish(w, &late);
    world_no_job(w);
    const Granary__AttachmentReport *r = world_said(w, 2, FAILED);
    assert_non_null(strstr(r->message, "epoch 4 is refused"));
    assert_null(world_record(w, AGENT_RECORD_ATTACHMENT, 2));
}

static void an_unpublish_of_a_lower_epoch_does_nothing(void **state) {
    struct world *w = *state;
    publish(w);
    world_unpublish(w, 1, 9, 4);
    world_no_job(w);
    world_silent(w);
    assert_non_null(strstr(w->log, "refuse-unpublish"));
}

static void an_epoch_stays_refused_after_its_volume_went(void **state) {
    struct world *w = *state;
    publish(w);
    world_unpublish(w, 1, 9, 5);
    world_answer(w, world_job(w, AGENT_JOB_UNPUBLISH, 1).job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, UNPUBLISHED);
    Granary__Publish late = world_order(2, 9, 4);
    world_publish(w, &late);
    world_said(w, 2, FAILED);
    world_no_job(w);
}

static void a_higher_epoch_waits_until_the_older_attachment_is_gone(void **state) {
    struct world *w = *state;
    publish(w);
    Granary__Publish order = world_order(2, 9, 6);
    world_publish(w, &order);
    struct world_job job = world_job(w, AGENT_JOB_UNPUBLISH, 1);
    world_no_job(w);
    world_answer(w, job.job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, UNPUBLISHED);
    world_job(w, AGENT_JOB_PUBLISH, 2);
}

static void unpublished_is_said_only_when_the_host_says_so(void **state) {
    struct world *w = *state;
    publish(w);
    world_unpublish(w, 1, 9, 5);
    world_silent(w);
    struct world_job job = world_job(w, AGENT_JOB_UNPUBLISH, 1);
    world_unpublish(w, 1, 9, 5); // doubled
    world_no_job(w);
    world_answer(w, job.job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, UNPUBLISHED);
    world_silent(w);
    assert_null(world_record(w, AGENT_RECORD_ATTACHMENT, 1));
    assert_true(world_forgot(w, 1));
}

static void an_unknown_attachment_is_unpublished_already(void **state) {
    struct world *w = *state;
    world_unpublish(w, 77, 9, 5);
    world_no_job(w);
    assert_int_equal(world_said(w, 77, UNPUBLISHED)->epoch, 5);
}

static void unpublish_kills_those_who_use_it(void **state) {
    struct world *w = *state;
    publish(w);
    world_launch(w, 20, 1);
    world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    world_job(w, AGENT_JOB_LAUNCH, 20);
    world_unpublish(w, 1, 9, 5);
    struct world_job job = world_job(w, AGENT_JOB_EVICT, 1);
    world_ended(w, 20, AGENT_END_LOST, 0);
    world_silent(w); // the first status of the task is not acknowledged yet, and the volume is still there
    world_answer(w, job.job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, UNPUBLISHED);
}

static void an_unpublish_that_fails_is_tried_again_by_force(void **state) {
    struct world *w = *state;
    publish(w);
    world_unpublish(w, 1, 9, 5);
    world_fail(w, world_job(w, AGENT_JOB_UNPUBLISH, 1).job, ERR_CONFLICT, "in use by pid 12", false);
    assert_string_equal(world_said(w, 1, UNPUBLISHING)->message, "in use by pid 12");
    world_no_job(w);
    world_pass(w, 1000);
    world_fail(w, world_job(w, AGENT_JOB_EVICT, 1).job, ERR_TIMEOUT, "the device would not go", false);
    world_said(w, 1, UNPUBLISHING);
    world_pass(w, 1999);
    world_no_job(w);
    world_pass(w, 1);
    world_answer(w, world_job(w, AGENT_JOB_EVICT, 1).job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, UNPUBLISHED);
}

static void a_failed_publish_is_told_when_nothing_is_left(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    order.has_may_format = order.may_format = true;
    world_publish(w, &order);
    world_fail(w, world_job(w, AGENT_JOB_PUBLISH, 1).job, ERR_IO, "mkfs.ext4 exited with 1", true);
    world_silent(w);
    world_fail(w, world_job(w, AGENT_JOB_UNPUBLISH, 1).job, ERR_TIMEOUT, "the device would not go", false);
    world_silent(w);
    world_pass(w, 1000);
    world_answer(w, world_job(w, AGENT_JOB_EVICT, 1).job, AGENT_HOST_UNPUBLISHED);
    const Granary__AttachmentReport *r = world_said(w, 1, FAILED);
    assert_string_equal(r->message, "mkfs.ext4 exited with 1");
    assert_string_equal(r->error_kind, "io");
    assert_true(r->format_began);
}

static void a_publish_that_failed_is_not_tried_a_second_time(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    world_fail(w, world_job(w, AGENT_JOB_PUBLISH, 1).job, ERR_IO, "no such image", false);
    world_answer(w, world_job(w, AGENT_JOB_UNPUBLISH, 1).job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, FAILED);
    world_publish(w, &order);
    world_no_job(w);
    world_said(w, 1, FAILED);
    world_unpublish(w, 1, 9, 5);
    world_no_job(w);
    world_said(w, 1, UNPUBLISHED);
}

static void an_unpublish_while_it_is_published_waits_for_the_outcome(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    struct world_job job = world_job(w, AGENT_JOB_PUBLISH, 1);
    world_unpublish(w, 1, 9, 5);
    world_no_job(w);
    world_answer(w, job.job, AGENT_HOST_PUBLISHED);
    world_silent(w);
    world_answer(w, world_job(w, AGENT_JOB_UNPUBLISH, 1).job, AGENT_HOST_UNPUBLISHED);
    world_said(w, 1, UNPUBLISHED);
}

static void a_lost_attachment_is_cleaned_and_told_as_unpublished(void **state) {
    struct world *w = *state;
    publish(w);
    struct agent_input lost = {.kind = AGENT_ATTACHMENT_LOST, .number = 1, .error = "its keeper was killed"};
    world_step(w, &lost);
    world_silent(w);
    world_answer(w, world_job(w, AGENT_JOB_UNPUBLISH, 1).job, AGENT_HOST_UNPUBLISHED);
    assert_string_equal(world_said(w, 1, UNPUBLISHED)->message, "its keeper was killed");
}

static void a_volume_grows_after_the_job_under_way(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    world_grow(w, 1, 5, 128 << 20);
    world_grow(w, 1, 4, 256 << 20); // of an older epoch
    struct world_job job = world_job(w, AGENT_JOB_PUBLISH, 1);
    world_no_job(w);
    world_answer(w, job.job, AGENT_HOST_PUBLISHED);
    world_said(w, 1, PUBLISHED);
    job = world_job(w, AGENT_JOB_GROW, 1);
    assert_int_equal(job.work->size.n, 128 << 20);
    world_answer(w, job.job, AGENT_HOST_PUBLISHED);
    assert_int_equal(world_said(w, 1, PUBLISHED)->size, 64 << 20); // as the host found it
}

static void an_outcome_without_a_session_is_told_by_the_next_hello(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    world_disconnect(w);
    world_answer(w, world_job(w, AGENT_JOB_PUBLISH, 1).job, AGENT_HOST_PUBLISHED);
    world_silent(w);
    world_connect(w);
    assert_int_equal(w->hello->n_attachments, 1);
    assert_int_equal(w->hello->attachments[0]->state, PUBLISHED);
    assert_int_equal(w->hello->attachments[0]->volume_id, 9);
}

static void what_happens_between_hello_and_welcome_is_told_after_it(void **state) {
    struct world *w = *state;
    Granary__Publish order = world_order(1, 9, 5);
    world_publish(w, &order);
    struct agent_input again = {.kind = AGENT_CONNECTING};
    world_step(w, &again);
    assert_int_equal(w->hello->attachments[0]->state, PUBLISHING);
    world_answer(w, world_job(w, AGENT_JOB_PUBLISH, 1).job, AGENT_HOST_PUBLISHED);
    world_silent(w);
    Granary__Welcome welcome = GRANARY__WELCOME__INIT;
    welcome.cluster = "c";
    welcome.session = "s";
    struct agent_input in = {.kind = AGENT_CONNECTED, .welcome = &welcome};
    world_step(w, &in);
    world_said(w, 1, PUBLISHED);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
    const struct CMUnitTest tests[] = {
        T(an_order_is_kept_before_the_host_hears_of_it),
        T(a_doubled_publish_is_done_once_and_answered_twice),
        T(a_lower_epoch_of_a_volume_is_refused),
        T(an_unpublish_of_a_lower_epoch_does_nothing),
        T(an_epoch_stays_refused_after_its_volume_went),
        T(a_higher_epoch_waits_until_the_older_attachment_is_gone),
        T(unpublished_is_said_only_when_the_host_says_so),
        T(an_unknown_attachment_is_unpublished_already),
        T(unpublish_kills_those_who_use_it),
        T(an_unpublish_that_fails_is_tried_again_by_force),
        T(a_failed_publish_is_told_when_nothing_is_left),
        T(a_publish_that_failed_is_not_tried_a_second_time),
        T(an_unpublish_while_it_is_published_waits_for_the_outcome),
        T(a_lost_attachment_is_cleaned_and_told_as_unpublished),
        T(a_volume_grows_after_the_job_under_way),
        T(an_outcome_without_a_session_is_told_by_the_next_hello),
        T(what_happens_between_hello_and_welcome_is_told_after_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
