// SPDX-License-Identifier: Apache-2.0
// Tasks as the agent's machine handles them: statuses in order and until acknowledged, kills, doubled launches.
#include <string.h>

#include "agent/machine.h"
#include "agent_world.h"

#define STARTING MESOS__V1__TASK_STATE__TASK_STARTING
#define RUNNING MESOS__V1__TASK_STATE__TASK_RUNNING
#define FINISHED MESOS__V1__TASK_STATE__TASK_FINISHED
#define FAILED MESOS__V1__TASK_STATE__TASK_FAILED
#define KILLED MESOS__V1__TASK_STATE__TASK_KILLED

static void acknowledge(struct world *w, uint64_t task, const Mesos__V1__TaskStatus *status) {
    assert_int_equal(status->uuid.len, 16);
    world_acknowledge(w, task, status->uuid.data);
}

// Launched, running, both told and acknowledged.
static void run(struct world *w, uint64_t task) {
    world_launch(w, task, 0);
    world_job(w, AGENT_JOB_LAUNCH, task);
    acknowledge(w, task, world_status(w, task, STARTING));
    world_started(w, task, 4711);
    acknowledge(w, task, world_status(w, task, RUNNING));
}

static void a_launch_is_kept_then_told_then_begun(void **state) {
    struct world *w = *state;
    size_t before = w->out.list.count;
    world_launch(w, 20, 0);
    assert_int_equal(w->out.list.at[before].kind, AGENT_KEEP);
    assert_int_equal(w->out.list.at[before + 1].kind, AGENT_SEND);
    assert_int_equal(w->out.list.at[before + 2].kind, AGENT_JOB);
    const struct agent_launch *l = &world_job(w, AGENT_JOB_LAUNCH, 20).work->launch;
    assert_string_equal(l->command, "sleep 1");
    assert_int_equal(l->cpus.n, 500);
    assert_int_equal(l->mem.n, 65 * MIB / 2);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, STARTING);
    assert_string_equal(s->task_id->value, "t");
    assert_string_equal(s->agent_id->value, "7");
    assert_int_equal(s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR);
    assert_string_equal(s->container_status->network_infos[0]->ip_addresses[0]->ip_address, "10.0.0.1");
}

static void statuses_are_told_one_by_one_in_order(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    world_started(w, 20, 4711);
    world_ended(w, 20, AGENT_END_EXITED, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, STARTING);
    world_silent(w);
    acknowledge(w, 20, s);
    s = world_status(w, 20, RUNNING);
    assert_int_equal(s->container_status->executor_pid, 4711);
    world_silent(w);
    acknowledge(w, 20, s);
    s = world_status(w, 20, FINISHED);
    assert_string_equal(s->message, "Command exited with status 0");
    assert_false(world_forgot(w, 20));
    acknowledge(w, 20, s);
    assert_true(world_forgot(w, 20));
    assert_null(world_record(w, AGENT_RECORD_TASK, 20));
}

static void a_status_is_told_again_until_it_is_acknowledged(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    const Mesos__V1__TaskStatus *first = world_status(w, 20, STARTING);
    world_pass(w, 9999);
    world_silent(w);
    world_pass(w, 1);
    const Mesos__V1__TaskStatus *again = world_status(w, 20, STARTING);
    assert_memory_equal(first->uuid.data, again->uuid.data, 16);
    world_pass(w, 19999);
    world_silent(w);
    world_pass(w, 1);
    world_status(w, 20, STARTING);
    acknowledge(w, 20, first);
    world_pass(w, 3600000);
    world_silent(w);
}

static void an_acknowledgement_of_another_status_changes_nothing(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, STARTING);
    world_acknowledge(w, 20, (const uint8_t *)"0123456789abcdef");
    world_started(w, 20, 1);
    world_silent(w);
    acknowledge(w, 20, s);
    const Mesos__V1__TaskStatus *next = world_status(w, 20, RUNNING);
    acknowledge(w, 20, s); // doubled
    world_ended(w, 20, AGENT_END_EXITED, 0);
    world_silent(w); // RUNNING still waits
    acknowledge(w, 20, next);
    world_status(w, 20, FINISHED);
}

static void a_doubled_launch_runs_once(void **state) {
    struct world *w = *state;
    run(w, 20);
    world_launch(w, 20, 0);
    world_no_job(w);
    world_ended(w, 20, AGENT_END_EXITED, 0);
    acknowledge(w, 20, world_status(w, 20, FINISHED));
    world_launch(w, 20, 0); // late, after all was said
    world_no_job(w);
    world_silent(w);
}

static void the_exit_status_is_in_the_message(void **state) {
    struct world *w = *state;
    run(w, 20);
    world_ended(w, 20, AGENT_END_EXITED, 3);
    assert_string_equal(world_status(w, 20, FAILED)->message, "Command exited with status 3");
    run(w, 21);
    world_ended(w, 21, AGENT_END_SIGNALLED, 9);
    assert_string_equal(world_status(w, 21, FAILED)->message, "Command was killed by signal 9");
}

static void a_task_that_never_ran_fails_with_the_hosts_words(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    acknowledge(w, 20, world_status(w, 20, STARTING));
    world_ended(w, 20, AGENT_END_NOT_STARTED, 0);
    const Mesos__V1__TaskStatus *s = world_status(w, 20, FAILED);
    assert_string_equal(s->message, "the host's words");
    assert_int_equal(s->reason, MESOS__V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED);
    assert_int_equal(s->source, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT);
}

static void a_task_that_was_killed_is_told_as_killed(void **state) {
    struct world *w = *state;
    run(w, 20);
    world_kill(w, 20);
    struct world_job job = world_job(w, AGENT_JOB_KILL, 20);
    assert_int_equal(job.work->grace_ms, 3000);
    world_answer(w, job.job, AGENT_HOST_PUBLISHED);
    world_ended(w, 20, AGENT_END_SIGNALLED, 15);
    world_status(w, 20, KILLED);
}

static void a_kill_that_fails_is_asked_again(void **state) {
    struct world *w = *state;
    run(w, 20);
    world_kill(w, 20);
    world_fail(w, world_job(w, AGENT_JOB_KILL, 20).job, ERR_TIMEOUT, "no answer", false);
    world_no_job(w);
    world_pass(w, 1000);
    world_job(w, AGENT_JOB_KILL, 20);
}

static void a_kill_of_an_unknown_task_is_answered_with_its_end(void **state) {
    struct world *w = *state;
    world_kill(w, 33);
    world_no_job(w);
    const Mesos__V1__TaskStatus *s = world_status(w, 33, KILLED);
    world_disconnect(w);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 0);
    world_pass(w, 10000);
    acknowledge(w, 33, world_status(w, 33, KILLED));
    assert_true(world_forgot(w, 33));
    acknowledge(w, 33, s);
    world_silent(w);
}

static void a_task_runs_no_longer_than_it_may(void **state) {
    struct world *w = *state;
    world_launch_for(w, 20, 1500);
    world_job(w, AGENT_JOB_LAUNCH, 20);
    acknowledge(w, 20, world_status(w, 20, STARTING));
    world_started(w, 20, 1);
    acknowledge(w, 20, world_status(w, 20, RUNNING));
    world_pass(w, 1499);
    world_no_job(w);
    world_pass(w, 1);
    world_job(w, AGENT_JOB_KILL, 20);
    world_ended(w, 20, AGENT_END_SIGNALLED, 15);
    assert_int_equal(world_status(w, 20, FAILED)->reason,
                     MESOS__V1__TASK_STATUS__REASON__REASON_MAX_COMPLETION_TIME_REACHED);
}

static void a_hello_lists_the_tasks_and_what_waits_follows_the_welcome(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    world_started(w, 20, 1);
    const Mesos__V1__TaskStatus *first = world_status(w, 20, STARTING);
    world_pass(w, 1);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 1);
    assert_int_equal(w->hello->tasks[0], 20);
    const Mesos__V1__TaskStatus *again = world_status(w, 20, STARTING);
    assert_memory_equal(again->uuid.data, first->uuid.data, 16);
    world_silent(w); // RUNNING waits its turn
    acknowledge(w, 20, again);
    world_status(w, 20, RUNNING);
}

static void a_status_between_hello_and_welcome_is_said_once(void **state) {
    struct world *w = *state;
    world_launch(w, 20, 0);
    acknowledge(w, 20, world_status(w, 20, STARTING));
    w->between = 20;
    world_connect(w);
    world_status(w, 20, RUNNING);
    world_silent(w);
}

static void a_task_takes_few_bytes_of_a_hello(void **state) {
    struct world *w = *state;
    size_t before = protobuf_c_message_get_packed_size(&w->hello->base);
    for (uint64_t i = 0; i < 100; i++) world_launch(w, UINT64_MAX - i, 0);
    world_connect(w);
    assert_int_equal(w->hello->n_tasks, 100);
    assert_in_range(protobuf_c_message_get_packed_size(&w->hello->base) - before, 1, 100 * 11);
}

static void a_launch_that_cannot_be_read_fails(void **state) {
    struct world *w = *state;
    Granary__Launch order = GRANARY__LAUNCH__INIT;
    order.task_number = 20;
    order.framework_id = (char *)"f";
    order.task_info = (ProtobufCBinaryData){3, (uint8_t *)"\xff\xff\xff"};
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    m.launch = &order;
    struct agent_input in = {.kind = AGENT_MESSAGE, .message = &m};
    world_step(w, &in);
    world_no_job(w);
    assert_int_equal(world_status(w, 20, FAILED)->reason, MESOS__V1__TASK_STATUS__REASON__REASON_TASK_INVALID);
}

static void heartbeats_are_said_at_the_masters_pace(void **state) {
    struct world *w = *state;
    size_t before = w->out.list.count;
    world_pass(w, 15000);
    size_t beats = 0;
    for (size_t i = before; i < w->out.list.count; i++)
        beats += w->out.list.at[i].kind == AGENT_SEND && w->out.list.at[i].send->heartbeat;
    assert_int_equal(beats, 3);
}

static void a_master_of_another_cluster_is_left(void **state) {
    struct world *w = *state;
    struct agent_input in = {.kind = AGENT_CONNECTING};
    world_step(w, &in);
    Granary__Welcome welcome = GRANARY__WELCOME__INIT;
    welcome.cluster = "other";
    welcome.session = "s";
    in = (struct agent_input){.kind = AGENT_CONNECTED, .welcome = &welcome};
    world_step(w, &in);
    assert_true(w->hung_up);
    assert_string_equal(agent_cluster(w->agent), "c");
}

static void a_report_is_said_only_when_it_changed(void **state) {
    struct world *w = *state;
    Granary__AgentReport report = GRANARY__AGENT_REPORT__INIT;
    struct agent_input in = {.kind = AGENT_PROBED, .report = &report};
    world_step(w, &in);
    world_silent(w);
    Granary__Tag tag = GRANARY__TAG__INIT, *tags = &tag;
    tag.key = (char *)"kernel";
    report.n_tags = 1;
    report.tags = &tags;
    world_step(w, &in);
    assert_int_equal(w->said.count, 1);
    assert_string_equal(w->said.at[0]->report->tags[0]->key, "kernel");
}

static struct agent_launch ordered(struct arena *arena, bool shell, char **arguments, size_t count) {
    Granary__Launch order = GRANARY__LAUNCH__INIT;
    Mesos__V1__TaskInfo info = MESOS__V1__TASK_INFO__INIT;
    Mesos__V1__TaskID id = MESOS__V1__TASK_ID__INIT;
    Mesos__V1__CommandInfo command = MESOS__V1__COMMAND_INFO__INIT;
    struct agent_launch launch;
    id.value = (char *)"t";
    command.value = (char *)"/bin/busybox";
    command.has_shell = 1;
    command.shell = shell;
    command.arguments = arguments;
    command.n_arguments = count;
    info.task_id = &id;
    info.command = &command;
    order.framework_id = (char *)"f";
    order_launch(&order, &info, arena, &launch);
    return launch;
}

static void a_command_without_a_shell_is_a_program_with_all_its_arguments(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    char *arguments[] = {(char *)"ls", (char *)"-l"};
    struct agent_launch l = ordered(&arena, false, arguments, 2);
    assert_string_equal(l.command, "/bin/busybox");
    assert_string_equal(l.argv[0], "ls");
    assert_string_equal(l.argv[1], "-l");
    assert_null(l.argv[2]);
    l = ordered(&arena, false, NULL, 0);
    assert_string_equal(l.argv[0], "/bin/busybox");
    assert_null(ordered(&arena, true, arguments, 2).argv);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)
    const struct CMUnitTest tests[] = {
        T(a_launch_is_kept_then_told_then_begun),
        T(statuses_are_told_one_by_one_in_order),
        T(a_status_is_told_again_until_it_is_acknowledged),
        T(an_acknowledgement_of_another_status_changes_nothing),
        T(a_doubled_launch_runs_once),
        T(the_exit_status_is_in_the_message),
        T(a_task_that_never_ran_fails_with_the_hosts_words),
        T(a_task_that_was_killed_is_told_as_killed),
        T(a_kill_that_fails_is_asked_again),
        T(a_kill_of_an_unknown_task_is_answered_with_its_end),
        T(a_task_runs_no_longer_than_it_may),
        T(a_hello_lists_the_tasks_and_what_waits_follows_the_welcome),
        T(a_status_between_hello_and_welcome_is_said_once),
        T(a_task_takes_few_bytes_of_a_hello),
        T(a_launch_that_cannot_be_read_fails),
        T(a_command_without_a_shell_is_a_program_with_all_its_arguments),
        T(heartbeats_are_said_at_the_masters_pace),
        T(a_master_of_another_cluster_is_left),
        T(a_report_is_said_only_when_it_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
