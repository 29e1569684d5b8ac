// SPDX-License-Identifier: Apache-2.0
// The agent's machine after a restart of its process: records against what the host still has.
#include "agent_world.h"

static void restart(struct world *w) {
    world_crash(w);
    world_start(w);
}

static void order(struct world *w, bool format_only) {
    Granary__Publish p = world_order(1, 9, 5);
    p.has_may_format = p.may_format = p.has_format_only = format_only;
    p.format_only = format_only;
    world_publish(w, &p);
}

static void host_has(struct world *w, enum agent_host_state state, bool formatted, const char *message) {
    w->attachments[0] = (struct agent_found_attachment){
        .attachment = 1, .epoch = 5, .device = {.state = state, .formatted = formatted}, .message = message};
    w->attachment_count = 1;
}

static void a_published_volume_is_reported_first(void **state) {
    struct world *w = *state;
    order(w, false);
    host_has(w, AGENT_HOST_PUBLISHED, true, "");
    restart(w);
    world_no_job(w);
    world_connect(w);
    assert_int_equal(w->hello->n_attachments, 1);
    assert_int_equal(w->hello->attachments[0]->state, GRANARY__PUBLISH_STATE__PUBLISHED);
    assert_int_equal(w->hello->attachments[0]->epoch, 5);
    assert_int_equal(w->hello->attachments[0]->volume_id, 9);
    assert_true(w->hello->attachments[0]->formatted);
}

static void a_publish_under_way_is_awaited(void **state) {
    struct world *w = *state;
    order(w, false);
    host_has(w, AGENT_HOST_PUBLISHING, false, "");
    restart(w);
    struct world_job job = world_job(w, AGENT_JOB_AWAIT, 1);
    world_connect(w);
    world_answer(w, job.job, AGENT_HOST_PUBLISHED);
    world_said(w, 1, GRANARY__PUBLISH_STATE__PUBLISHED);
}

static void an_order_that_was_never_begun_is_forgotten(void **state) {
    struct world *w = *state;
    order(w, false);
    restart(w);
    assert_null(world_record(w, AGENT_RECORD_ATTACHMENT, 1));
    world_connect(w);
    assert_int_equal(w->hello->n_attachments, 0);
    order(w, false);
    world_job(w, AGENT_JOB_PUBLISH, 1);
}

static void a_failed_publish_is_cleaned_before_it_is_told(void **state) {
    struct world *w = *state;
    order(w, false);
    host_has(w, AGENT_HOST_FAILED, false, "no such image");
    restart(w);
    struct world_job job = world_job(w, AGENT_JOB_UNPUBLISH, 1);
    world_connect(w);
    assert_int_equal(w->hello->attachments[0]->state, GRANARY__PUBLISH_STATE__PUBLISHING);
    world_answer(w, job.job, AGENT_HOST_UNPUBLISHED);
    assert_string_equal(world_said(w, 1, GRANARY__PUBLISH_STATE__PUBLISH_FAILED)->message, "no such image");
}

static void a_finished_format_is_still_told(void **state) {
    struct world *w = *state;
    order(w, true);
    host_has(w, AGENT_HOST_UNPUBLISHED, true, "");
    restart(w);
    world_connect(w);
    assert_int_equal(w->hello->attachments[0]->state, GRANARY__PUBLISH_STATE__PUBLISHED);
    assert_true(w->hello->attachments[0]->formatted);
}

static void a_format_that_nobody_confirmed_is_told_as_failed(void **state) {
    struct world *w = *state;
    order(w, true);
    host_has(w, AGENT_HOST_UNPUBLISHED, false, "");
    restart(w);
    world_connect(w);
    assert_int_equal(w->hello->attachments[0]->state, GRANARY__PUBLISH_STATE__PUBLISH_FAILED);
    world_no_job(w);
}

static void of_two_attachments_of_a_volume_the_older_one_goes(void **state) {
    struct world *w = *state;
    order(w, false);
    w->jobs.count = 0;
    host_has(w, AGENT_HOST_PUBLISHED, false, "");
    Granary__Publish later = world_order(2, 9, 6);
    world_publish(w, &later);
    w->attachments[1] = w->attachments[0];
    w->attachments[1].attachment = 2;
    w->attachments[1].epoch = 6;
    w->attachment_count = 2;
    restart(w);
    world_job(w, AGENT_JOB_UNPUBLISH, 1);
    world_no_job(w);
}

static void a_task_that_still_runs_goes_on(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    w->tasks[0] = (struct agent_found_task){.task = 20};
    w->task_count = 1;
    restart(w);
    world_no_job(w);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 1);
    world_ended(w, 20, AGENT_END_EXITED, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    world_acknowledge(w, 20, s->uuid.data);
    s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_RUNNING);
    world_acknowledge(w, 20, s->uuid.data);
    world_status(w, 20, MESOS__V1__TASK_STATE__TASK_FINISHED);
}

static void a_task_that_ended_meanwhile_is_told(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    world_acknowledge(w, 20, s->uuid.data);
    world_started(w, 20, 1);
    s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_RUNNING);
    world_acknowledge(w, 20, s->uuid.data);
    w->tasks[0] = (struct agent_found_task){
        .task = 20, .ended = true, .end = {.kind = AGENT_END_EXITED, .code = 3, .message = "it exited"}};
    w->task_count = 1;
    restart(w);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 1);
    s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_FAILED);
    assert_string_equal(s->message, "Command exited with status 3");
}

static void a_status_that_was_not_acknowledged_survives_with_its_uuid(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    w->tasks[0] = (struct agent_found_task){.task = 20};
    w->task_count = 1;
    restart(w);
    world_connect(w);
    world_pass(w, 10000);
    const Mesos__V1__TaskStatus *again = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    assert_memory_equal(s->uuid.data, again->uuid.data, 16);
}

static void an_end_that_was_acknowledged_is_forgotten(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    world_acknowledge(w, 20, s->uuid.data);
    world_ended(w, 20, AGENT_END_NOT_STARTED, 0);
    s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_FAILED);
    w->tasks[0] = (struct agent_found_task){.task = 20, .ended = true, .end = {.message = ""}};
    w->task_count = 1;
    restart(w);
    world_connect(w);
    world_acknowledge(w, 20, s->uuid.data);
    assert_true(world_forgot(w, 20));
    assert_int_equal(w->records.count, 0);
}

static void a_task_the_host_never_heard_of_has_failed(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    restart(w);
    world_connect(w);
    world_pass(w, 10000);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, MESOS__V1__TASK_STATE__TASK_STARTING);
    world_acknowledge(w, 20, s->uuid.data);
    world_status(w, 20, MESOS__V1__TASK_STATE__TASK_FAILED);
}

static void a_task_without_record_is_killed(void **state) {
    struct world *w = *state;
    w->tasks[0] = (struct agent_found_task){.task = 20};
    w->task_count = 1;
    restart(w);
    world_job(w, AGENT_JOB_KILL, 20);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 0);
    world_ended(w, 20, AGENT_END_SIGNALLED, 15);
    world_silent(w);
    assert_true(world_forgot(w, 20));
}

static void an_ended_task_of_which_all_was_said_is_only_forgotten(void **state) {
    struct world *w = *state;
    w->tasks[0] = (struct agent_found_task){.task = 20, .ended = true, .end = {.message = ""}};
    w->task_count = 1;
    restart(w);
    world_no_job(w);
    assert_true(world_forgot(w, 20));
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 0);
}

static void a_record_that_cannot_be_read_is_skipped(void **state) {
    struct world *w = *state;
    vec_push(&w->records, ((struct agent_record){AGENT_RECORD_TASK, 20, "\xff\xff", 2}));
    vec_push(&w->records, ((struct agent_record){AGENT_RECORD_ATTACHMENT, 1, "\xff\xff", 2}));
    restart(w);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 0);
    assert_int_equal(w->records.count, 2);
}

static void an_eviction_knows_the_tasks_that_were_found(void **state) {
    struct world *w = *state;
    order(w, false);
    world_launch(w, 20, 1);
    host_has(w, AGENT_HOST_PUBLISHED, false, "");
    static const uint64_t uses[] = {1};
    w->tasks[0] = (struct agent_found_task){.task = 20, .attachments = uses, .attachment_count = 1};
    w->task_count = 1;
    restart(w);
    world_connect(w);
    world_unpublish(w, 1, 9, 5);
    world_job(w, AGENT_JOB_EVICT, 1);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
    const struct CMUnitTest tests[] = {
        T(a_published_volume_is_reported_first),
        T(a_publish_under_way_is_awaited),
        T(an_order_that_was_never_begun_is_forgotten),
        T(a_failed_publish_is_cleaned_before_it_is_told),
        T(a_finished_format_is_still_told),
        T(a_format_that_nobody_confirmed_is_told_as_failed),
        T(of_two_attachments_of_a_volume_the_older_one_goes),
        T(a_task_that_still_runs_goes_on),
        T(a_task_that_ended_meanwhile_is_told),
        T(a_status_that_was_not_acknowledged_survives_with_its_uuid),
        T(an_end_that_was_acknowledged_is_forgotten),
        T(a_task_the_host_never_heard_of_has_failed),
        T(a_task_without_record_is_killed),
        T(an_ended_task_of_which_all_was_said_is_only_forgotten),
        T(a_record_that_cannot_be_read_is_skipped),
        T(an_eviction_knows_the_tasks_that_were_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
