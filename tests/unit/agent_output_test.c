// SPDX-License-Identifier: Apache-2.0
// What tasks printed, as the agent's machine reads it for the master: who waits, what is answered when, and never twice.
#include <string.h>

#include "agent_world.h"

static void ask(struct world *w, uint64_t request, uint64_t task, uint64_t offset, uint32_t wait_ms) {
    Granary__ReadOutput order = GRANARY__READ_OUTPUT__INIT;
    order.request = request;
    order.task_number = task;
    order.offset = offset;
    order.most = 8;
    order.has_wait_ms = 1;
    order.wait_ms = wait_ms;
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    m.read_output = &order;
    struct agent_input input = {.kind = AGENT_MESSAGE, .message = &m};
    world_step(w, &input);
}

static void found(struct world *w, uint64_t job, const char *bytes) {
    struct agent_input input = {.kind = AGENT_JOB_DONE, .job = job, .bytes = bytes, .size = strlen(bytes)};
    world_step(w, &input);
}

static void found_nothing(struct world *w, uint64_t job) {
    struct agent_input input = {
        .kind = AGENT_JOB_DONE, .job = job, .error_kind = ERR_NOT_FOUND, .error = "it is not kept any more"};
    world_step(w, &input);
}

static const Granary__PrintedReport *printed(struct world *w, uint64_t request) {
    assert_int_equal(w->said.count, 1);
    const Granary__FromAgent *m = w->said.at[0];
    vec_remove(&w->said, 0);
    assert_non_null(m->printed);
    assert_int_equal(m->printed->request, request);
    return m->printed;
}

static void expect_printed(struct world *w, uint64_t request, const char *bytes, bool ended) {
    const Granary__PrintedReport *p = printed(w, request);
    assert_null(p->error_kind);
    assert_int_equal(p->data.len, strlen(bytes));
    assert_memory_equal(p->data.data, bytes, p->data.len);
    assert_int_equal(p->ended, ended);
}

static void run(struct world *w, uint64_t task) {
    world_launch(w, task, 0);
    world_job(w, AGENT_JOB_LAUNCH, task);
    world_started(w, task, 4711);
    vec_clear(&w->said);
}

static void what_is_there_is_answered_at_once(void **state) {
    struct world *w = *state;
    run(w, 20);
    ask(w, 7, 20, 3, 1000);
    struct world_job look = world_job(w, AGENT_JOB_READ, 20);
    assert_int_equal(look.work->offset, 3);
    assert_int_equal(look.work->most, 8);
    assert_false(look.work->error);
    found(w, look.job, "hello");
    expect_printed(w, 7, "hello", false);
}

static void who_waits_is_answered_when_something_is_printed(void **state) {
    struct world *w = *state;
    run(w, 20);
    ask(w, 7, 20, 0, 1000);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "");
    world_silent(w);
    world_pass(w, 100);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "late");
    expect_printed(w, 7, "late", false);
    world_pass(w, 5000);
    world_no_job(w);
}

static void a_wait_ends_with_nothing(void **state) {
    struct world *w = *state;
    run(w, 20);
    ask(w, 7, 20, 0, 150);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "");
    world_pass(w, 100);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "");
    world_silent(w);
    world_pass(w, 100);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "");
    expect_printed(w, 7, "", false);
}

static void the_end_of_the_task_ends_the_wait(void **state) {
    struct world *w = *state;
    run(w, 20);
    ask(w, 7, 20, 0, 60000);
    uint64_t first = world_job(w, AGENT_JOB_READ, 20).job;
    world_ended(w, 20, AGENT_END_EXITED, 0);
    vec_clear(&w->said);
    found(w, first, ""); // looked before the end: what came in between is not in it
    world_silent(w);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "tail");
    expect_printed(w, 7, "tail", true);
}

static void a_full_piece_is_not_the_end(void **state) {
    struct world *w = *state;
    run(w, 20);
    world_ended(w, 20, AGENT_END_EXITED, 0);
    vec_clear(&w->said);
    ask(w, 7, 20, 0, 0);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "12345678");
    expect_printed(w, 7, "12345678", false);
}

static void a_task_that_was_forgotten_is_read_while_its_sandbox_is_there(void **state) {
    struct world *w = *state;
    ask(w, 7, 20, 0, 1000);
    found(w, world_job(w, AGENT_JOB_READ, 20).job, "kept");
    expect_printed(w, 7, "kept", true);
    ask(w, 8, 20, 0, 1000);
    found_nothing(w, world_job(w, AGENT_JOB_READ, 20).job);
    const Granary__PrintedReport *p = printed(w, 8);
    assert_string_equal(p->error_kind, "not-found");
    assert_string_equal(p->message, "it is not kept any more");
}

static void a_task_whose_files_are_not_made_yet_printed_nothing(void **state) {
    struct world *w = *state;
    run(w, 20);
    ask(w, 7, 20, 0, 0);
    found_nothing(w, world_job(w, AGENT_JOB_READ, 20).job);
    expect_printed(w, 7, "", false);
}

static void a_session_that_ends_takes_its_readings_along(void **state) {
    struct world *w = *state;
    run(w, 20);
    ask(w, 7, 20, 0, 60000);
    uint64_t job = world_job(w, AGENT_JOB_READ, 20).job;
    world_disconnect(w);
    world_connect(w);
    vec_clear(&w->said);
    found(w, job, "of another session");
    world_silent(w);
    world_pass(w, 200);
    world_no_job(w);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
    const struct CMUnitTest tests[] = {
        T(what_is_there_is_answered_at_once),
        T(who_waits_is_answered_when_something_is_printed),
        T(a_wait_ends_with_nothing),
        T(the_end_of_the_task_ends_the_wait),
        T(a_full_piece_is_not_the_end),
        T(a_task_that_was_forgotten_is_read_while_its_sandbox_is_there),
        T(a_task_whose_files_are_not_made_yet_printed_nothing),
        T(a_session_that_ends_takes_its_readings_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
