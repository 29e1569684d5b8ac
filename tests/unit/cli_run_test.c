// SPDX-License-Identifier: Apache-2.0
// The built-in framework: which calls it makes of which events, and what it reads from its flags.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/run_call.h"
#include "cli/run_options.h"
#include "cli/run_steps.h"
#include "cli/run_why.h"
#include "codec/json_read.h"
#include "codec/json_write.h"

struct world {
    struct arena arena;
    struct run_options options;
    struct run_steps *steps;
    struct run_out out;
    struct text said; // the calls and lines of the last event
};

static void options_take(struct world *w, const char *const *arguments) {
    struct err *e = run_options_read(arguments, &w->arena, &w->options);
    if (e) fail_msg("%s", err_text(e));
}

static void world_begin(struct world *w, const char *const *arguments, bool make_volume) {
    *w = (struct world){0};
    options_take(w, arguments);
    w->steps = run_steps_new(&w->options, make_volume, "t");
}

static void world_end(struct world *w) {
    run_steps_free(w->steps);
    run_options_done(&w->options);
    text_done(&w->said);
    arena_done(&w->arena);
}

static void said_gather(struct world *w) {
    text_clear(&w->said);
    VEC_EACH (call, &w->out.calls) {
        json_write(&w->said, &(*call)->base, JSON_PLAIN);
        text_add_char(&w->said, '\n');
    }
    VEC_EACH (line, &w->out.lines) text_addf(&w->said, "%s\n", *line);
    run_out_done(&w->out);
}

static void event(struct world *w, const char *json) {
    void *read;
    struct err *e =
        json_read(&mesos__v1__scheduler__event__descriptor, json, strlen(json), JSON_LENIENT, NULL, &w->arena, &read);
    if (e) fail_msg("%s", err_text(e));
    w->out = (struct run_out){.arena = &w->arena};
    run_steps_take(w->steps, read, &w->out);
    said_gather(w);
}

static void expect_said(const struct world *w, const char *part) {
    if (!strstr(text_string(&w->said), part)) fail_msg("expected '%s' in: %s", part, text_string(&w->said));
}

static void expect_not_said(const struct world *w, const char *part) {
    if (strstr(text_string(&w->said), part)) fail_msg("'%s' is in: %s", part, text_string(&w->said));
}

static void expect_end(struct world *w, int code, const char *words) {
    assert_int_equal(run_steps_stage(w->steps), RUN_ENDED);
    assert_int_equal(run_steps_code(w->steps), code);
    AUTO_ERR struct err *e = run_steps_error(w->steps);
    assert_true((e != NULL) == (words != NULL));
    if (words && !strstr(err_text(e), words)) fail_msg("expected '%s' in: %s", words, err_text(e));
}

#define SUBSCRIBED "{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"framework_id\":{\"value\":\"f\"}}}"
#define OFFER_HEAD(id, agent, host)                                                                                    \
    "{\"id\":{\"value\":\"" id "\"},\"framework_id\":{\"value\":\"f\"},\"agent_id\":{\"value\":\"" agent               \
    "\"},\"hostname\":\"" host "\",\"resources\":["
#define SCALAR(name, value) "{\"name\":\"" name "\",\"type\":\"SCALAR\",\"scalar\":{\"value\":" value "}}"
#define RAW(class, mib)                                                                                                \
    "{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":" mib                                                \
    "},\"provider_id\":{\"value\":\"granary\"},\"disk\":{\"source\":{\"type\":\"RAW\",\"profile\":\"" class "\"}}}"
#define VOLUME(name)                                                                                                   \
    "{\"name\":\"disk\",\"type\":\"SCALAR\",\"scalar\":{\"value\":256},\"disk\":{\"source\":{\"type\":\"MOUNT\","      \
    "\"id\":\"u-1\",\"metadata\":{\"labels\":[{\"key\":\"name\",\"value\":\"" name "\"}]}}}}"
#define OFFERS(list) "{\"type\":\"OFFERS\",\"offers\":{\"offers\":[" list "]}}"
#define STORAGE(mib) OFFERS(OFFER_HEAD("1", "granary", "granary") RAW("bulk", "9999") "," RAW("gold", mib) "]}")
#define AGENT(id, host, more) OFFERS(OFFER_HEAD(id, "7", host) SCALAR("cpus", "1") "," SCALAR("mem", "128") more "]}")
#define UPDATE(task, state, more)                                                                                      \
    "{\"type\":\"UPDATE\",\"update\":{\"status\":{\"task_id\":{\"value\":\"" task "\"},\"state\":\"" state             \
    "\",\"agent_id\":{\"value\":\"7\"},\"uuid\":\"AAAAAAAAAAAAAAAAAAAAAA==\"" more "}}}"
#define OPERATION(state, message)                                                                                      \
    "{\"type\":\"UPDATE_OPERATION_STATUS\",\"update_operation_status\":{\"status\":{\"operation_id\":{\"value\":"      \
    "\"make-t.1\"},\"state\":\"" state "\",\"message\":\"" message                                                     \
    "\",\"uuid\":{\"value\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}}}}"
#define LABEL(key, value) ",\"labels\":{\"labels\":[{\"key\":\"" key "\",\"value\":\"" value "\"}]}"

static const char *const with_volume[] = {"--class", "gold",  "--size", "256MiB", "--name", "db", "--fs", "xfs",
                                          "--mount", "/here", "--",     "sh",     "-c",     "x",  NULL};
static const char *const restarting[] = {"--name", "db", "--restart", "--", "true", NULL};
static const char *const plain[] = {"--env", "A=b", "true", "--cpus", "x", NULL};

static void a_volume_is_taken_from_the_storage_offer(void **state UNUSED) {
    struct world w;
    world_begin(&w, with_volume, true);
    event(&w, SUBSCRIBED);
    event(&w, STORAGE("1024"));
    expect_said(&w, "\"type\":\"CREATE_DISK\"");
    expect_said(&w, "\"scalar\":{\"value\":256.0}");
    expect_said(&w, "\"persistence\":{\"id\":\"db\"}");
    expect_said(&w, "{\"key\":\"fs\",\"value\":\"xfs\"}");
    expect_said(&w, "\"profile\":\"gold\"");
    expect_not_said(&w, "bulk");
    assert_int_equal(run_steps_stage(w.steps), RUN_MAKING);
    world_end(&w);
}

static void the_task_starts_where_the_volume_is_offered(void **state UNUSED) {
    struct world w;
    world_begin(&w, with_volume, true);
    event(&w, SUBSCRIBED);
    event(&w, STORAGE("256"));
    event(&w, OPERATION("OPERATION_FINISHED", ""));
    expect_said(&w, "\"type\":\"ACKNOWLEDGE_OPERATION_STATUS\"");
    expect_said(&w, "\"type\":\"REVIVE\"");
    event(&w, AGENT("2", "n1", ""));
    expect_said(&w, "\"type\":\"DECLINE\"");
    event(&w, AGENT("3", "n2", "," VOLUME("other")));
    expect_said(&w, "\"type\":\"DECLINE\"");
    event(&w, AGENT("4", "n3", "," VOLUME("db")));
    expect_said(&w, "\"container_path\":\"/here\"");
    expect_said(&w, "\"arguments\":[\"sh\",\"-c\",\"x\"]");
    expect_said(&w, "\"type\":\"SUPPRESS\"");
    expect_said(&w, "volume db is offered on agent n3; task run-t.1 started there");
    world_end(&w);
}

static void what_does_not_fit_ends_with_the_figures(void **state UNUSED) {
    struct world w;
    world_begin(&w, with_volume, true);
    event(&w, SUBSCRIBED);
    event(&w, STORAGE("255.999"));
    expect_end(&w, err_kind_exit(ERR_NO_FIT), "256 MiB of class 'gold'");
    expect_said(&w, "\"type\":\"DECLINE\"");
    world_end(&w);
}

static void a_refused_operation_says_why(void **state UNUSED) {
    struct world w;
    world_begin(&w, with_volume, true);
    event(&w, SUBSCRIBED);
    event(&w, STORAGE("512"));
    event(&w, OPERATION("OPERATION_ERROR", "taken meanwhile"));
    expect_end(&w, err_kind_exit(ERR_NO_FIT), "taken meanwhile");
    world_end(&w);
}

static void an_accept_that_came_too_late_is_tried_again(void **state UNUSED) {
    struct world w;
    world_begin(&w, with_volume, true);
    event(&w, SUBSCRIBED);
    event(&w, STORAGE("512"));
    event(&w, "{\"type\":\"RESCIND\",\"rescind\":{\"offer_id\":{\"value\":\"1\"}}}");
    event(&w, OPERATION("OPERATION_ERROR", "Offer 1 is no longer valid"));
    assert_int_equal(run_steps_stage(w.steps), RUN_VOLUME);
    expect_said(&w, "\"type\":\"REVIVE\"");
    event(&w, STORAGE("512"));
    expect_said(&w, "make-t.2");
    world_end(&w);
}

static void task_begin(struct world *w, const char *const *arguments) {
    world_begin(w, arguments, false);
    event(w, SUBSCRIBED);
    event(w, AGENT("2", "n1", "," VOLUME("db")));
    assert_int_equal(run_steps_stage(w->steps), RUN_TASK);
    assert_null(run_steps_task(w->steps));
    event(w, UPDATE("run-t.1", "TASK_RUNNING", ""));
    expect_said(w, "\"type\":\"ACKNOWLEDGE\"");
    assert_string_equal(run_steps_task(w->steps), "run-t.1");
}

// Its end is acknowledged only then: the master forgets it, and with it where its output is.
static void output_is_read(struct world *w) {
    assert_int_equal(run_steps_stage(w->steps), RUN_OUTPUT);
    expect_not_said(w, "\"type\":\"ACKNOWLEDGE\"");
    w->out = (struct run_out){.arena = &w->arena};
    run_steps_output_read(w->steps, &w->out);
    said_gather(w);
    expect_said(w, "\"type\":\"ACKNOWLEDGE\"");
}

static void an_end_told_again_waits_for_the_output_too(void **state UNUSED) {
    struct world w;
    task_begin(&w, plain);
    event(&w, UPDATE("run-t.1", "TASK_FINISHED", ""));
    event(&w, UPDATE("run-t.1", "TASK_FINISHED", ""));
    output_is_read(&w);
    expect_end(&w, 0, NULL);
    world_end(&w);
}

static void an_interrupt_ends_the_wait_for_the_output(void **state UNUSED) {
    struct world w;
    task_begin(&w, plain);
    event(&w, UPDATE("run-t.1", "TASK_FAILED", LABEL("exit-code", "7")));
    w.out = (struct run_out){.arena = &w.arena};
    run_steps_interrupt(w.steps, &w.out);
    said_gather(&w);
    expect_said(&w, "\"type\":\"ACKNOWLEDGE\"");
    expect_end(&w, 7, NULL);
    world_end(&w);
}

static void the_exit_code_is_that_of_the_task(void **state UNUSED) {
    static const struct {
        const char *update;
        int code;
    } rows[] = {
        {UPDATE("run-t.1", "TASK_FINISHED", LABEL("exit-code", "0")), 0},
        {UPDATE("run-t.1", "TASK_FAILED", LABEL("exit-code", "7")), 7},
        {UPDATE("run-t.1", "TASK_FAILED", LABEL("signal", "9")), 137},
        {UPDATE("run-t.1", "TASK_KILLED", LABEL("signal", "15")), 143},
        {UPDATE("run-t.1", "TASK_KILLED", ""), 143},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct world w;
        task_begin(&w, plain);
        event(&w, rows[i].update);
        output_is_read(&w);
        expect_end(&w, rows[i].code, NULL);
        world_end(&w);
    }
}

static void a_task_that_never_ran_has_an_error_instead(void **state UNUSED) {
    struct world w;
    world_begin(&w, plain, false);
    event(&w, SUBSCRIBED);
    event(&w, AGENT("2", "n1", ""));
    event(&w, UPDATE("run-t.1", "TASK_FAILED", ",\"message\":\"no such user\""));
    expect_said(&w, "\"type\":\"ACKNOWLEDGE\"");
    expect_end(&w, err_kind_exit(ERR_IO), "no such user");
    world_end(&w);
}

static void a_lost_agent_ends_it_unless_it_is_to_be_restarted(void **state UNUSED) {
    struct world w;
    task_begin(&w, plain);
    event(&w, UPDATE("run-t.1", "TASK_UNREACHABLE", ",\"message\":\"agent 'n1' is lost\""));
    expect_end(&w, err_kind_exit(ERR_UNAVAILABLE), "--restart");
    world_end(&w);
}

static void a_restarted_task_follows_its_volume(void **state UNUSED) {
    struct world w;
    task_begin(&w, restarting);
    event(&w, UPDATE("run-t.1", "TASK_UNREACHABLE", ",\"message\":\"agent 'n1' is lost\""));
    assert_int_equal(run_steps_stage(w.steps), RUN_PLACE);
    expect_said(&w, "agent 'n1' is lost; waiting for the offer of volume db");
    event(&w, AGENT("3", "n2", "," VOLUME("db")));
    expect_said(&w, "volume db is offered on agent n2; task run-t.2 started there");
    event(&w, UPDATE("run-t.1", "TASK_RUNNING", "")); // it came back with its agent
    expect_said(&w, "\"kill\":{\"task_id\":{\"value\":\"run-t.1\"}}");
    event(&w, UPDATE("run-t.1", "TASK_KILLED", ""));
    assert_int_equal(run_steps_stage(w.steps), RUN_TASK);
    event(&w, UPDATE("run-t.2", "TASK_RUNNING", ""));
    event(&w, UPDATE("run-t.2", "TASK_FINISHED", ""));
    output_is_read(&w);
    expect_end(&w, 0, NULL);
    world_end(&w);
}

static void a_launch_on_a_void_offer_is_tried_again(void **state UNUSED) {
    struct world w;
    world_begin(&w, plain, false);
    event(&w, SUBSCRIBED);
    event(&w, AGENT("2", "n1", ""));
    event(&w, UPDATE("run-t.1", "TASK_DROPPED", ",\"reason\":\"REASON_INVALID_OFFERS\""));
    assert_int_equal(run_steps_stage(w.steps), RUN_PLACE);
    world_end(&w);
}

static void a_new_stream_asks_for_what_was_missed(void **state UNUSED) {
    struct world w;
    task_begin(&w, plain);
    event(&w, SUBSCRIBED);
    expect_said(&w, "\"type\":\"RECONCILE\"");
    expect_said(&w, "run-t.1");
    run_call *call = run_steps_subscribe(w.steps, &w.arena);
    assert_string_equal(call->framework_id->value, "f");
    assert_string_equal(call->subscribe->framework_info->id->value, "f");
    world_end(&w);
}

static void an_interrupt_kills_the_task_and_waits(void **state UNUSED) {
    struct world w;
    task_begin(&w, plain);
    w.out = (struct run_out){.arena = &w.arena};
    run_steps_interrupt(w.steps, &w.out);
    said_gather(&w);
    expect_said(&w, "\"type\":\"KILL\"");
    assert_int_equal(run_steps_stage(w.steps), RUN_TASK);
    event(&w, UPDATE("run-t.1", "TASK_KILLED", LABEL("exit-code", "3")));
    output_is_read(&w);
    expect_end(&w, 3, NULL);
    world_end(&w);
}

static void an_error_of_the_master_ends_it(void **state UNUSED) {
    struct world w;
    world_begin(&w, plain, false);
    event(&w, "{\"type\":\"ERROR\",\"error\":{\"message\":\"Framework has been removed\"}}");
    expect_end(&w, err_kind_exit(ERR_CONFLICT), "has been removed");
    world_end(&w);
}

static void expect_why(struct world *w, const char *json, const char *words) {
    void *list;
    AUTO_TEXT struct text why = {0};
    assert_null(json_read(&granary__agent_list__descriptor, json, strlen(json), JSON_LENIENT, NULL, &w->arena, &list));
    run_why_agents(&w->options, list, &why);
    assert_string_equal(text_string(&why), words);
}

static void a_wait_for_an_agent_is_told_with_the_most_that_is_free(void **state UNUSED) {
    static const char *const greedy[] = {"--cpus", "2", "--mem", "64MiB", "x", NULL};
    struct world w = {0};
    options_take(&w, greedy);
    expect_why(&w, "{}", "no agent has 2 cpus and 64 MiB of memory free: there is none");
    expect_why(&w, "{\"agents\":[{\"name\":\"n1\",\"state\":\"lost\",\"free\":{\"cpus\":9,\"mem\":999}}]}",
               "no agent has 2 cpus and 64 MiB of memory free: none is active");
    expect_why(&w,
               "{\"agents\":[{\"name\":\"n1\",\"state\":\"active\",\"free\":{\"cpus\":1,\"mem\":999}},"
               "{\"name\":\"n2\",\"state\":\"active\",\"free\":{\"cpus\":1.5,\"mem\":32}}]}",
               "no agent has 2 cpus and 64 MiB of memory free: the most is 1.5 and 32 MiB, on agent 'n2'");
    expect_why(&w, "{\"agents\":[{\"name\":\"n1\",\"state\":\"active\",\"free\":{\"cpus\":2,\"mem\":64}}]}", "");
    world_end(&w);
}

// ---- flags ----

static void flags_end_where_the_command_begins(void **state UNUSED) {
    struct world w = {0};
    options_take(&w, plain);
    assert_int_equal(w.options.command_count, 3);
    assert_string_equal(w.options.command[1], "--cpus");
    assert_int_equal(w.options.environment_count, 1);
    assert_int_equal(w.options.cpus.n, 100);
    assert_string_equal(w.options.role, "default");
    world_end(&w);
}

static void quantities_have_their_units(void **state UNUSED) {
    const char *const arguments[] = {"--cpus=1.25", "--mem",         "1GiB", "--class=gold",
                                     "--size=50GB", "--patience=2m", "x",    NULL};
    struct world w = {0};
    options_take(&w, arguments);
    assert_int_equal(w.options.cpus.n, 1250);
    assert_int_equal(w.options.mem.n, 1024000);
    assert_int_equal(w.options.size.n, 50000000000);
    assert_int_equal(w.options.patience_ms, 120000);
    world_end(&w);
}

static void wrong_flags_are_named(void **state UNUSED) {
    static const struct {
        const char *arguments[6];
        const char *words;
    } rows[] = {
        {{"--class", "gold", "x"}, "--class gold needs a --size"},
        {{"--size", "1GiB", "x"}, "--size needs a --class"},
        {{"--size"}, "--size needs a value"},
        {{"--size", "lots", "x"}, "--size: "},
        {{"--cpus", "1.x", "x"}, "--cpus: "},
        {{"--cpus", "0", "x"}, "--cpus: "},
        {{"--mem", "10KiB", "x"}, "--mem: "},
        {{"--role", "*", "x"}, "name a role"},
        {{"--role", "a//b", "x"}, "--role: "},
        {{"--name", "a/b", "x"}, "--name: "},
        {{"--env", "X", "x"}, "NAME=VALUE"},
        {{"--restart=yes", "x"}, "takes no value"},
        {{"--mount", "/x", "x"}, "--mount needs a volume"},
        {{"--mount", "/", "--name", "v", "x"}, "--mount: container path '/' names no directory"},
        {{"--mount", "../x", "--name", "v", "x"}, "--mount: "},
        {{"--delete", "x"}, "--delete needs a volume"},
        {{"--fs", "xfs", "--name", "v", "x"}, "--fs is for a volume that is made"},
        {{"--size", "0", "--class", "gold", "x"}, "--size: it must be above 0"},
        {{"--clas", "gold", "x"}, "unknown flag '--clas'; did you mean '--class'?"},
        {{"--mastr=x", "x"}, "did you mean '--master'?"},
        {{"-c", "x"}, "unknown flag '-c'"},
        {{"-o", "xml", "x"}, "--output: 'xml' is none of table|json"},
        {{"--config"}, "--config needs a value: FILE"},
        {{"--restart"}, "needs a command"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        AUTO_ARENA struct arena arena = {0};
        struct run_options o;
        AUTO_ERR struct err *e = run_options_read(rows[i].arguments, &arena, &o);
        if (!e) fail_msg("row %zu passes", i);
        if (!strstr(err_text(e), rows[i].words)) fail_msg("expected '%s' in: %s", rows[i].words, err_text(e));
        assert_int_equal(err_kind(e), ERR_INVALID);
    }
}

// As with all verbs: a file, then the environment, then flags, of which those of the command are none.
static void settings_come_from_where_all_verbs_have_them(void **state UNUSED) {
    char path[] = "/tmp/granary-run-XXXXXX";
    static const char text[] = "master: http://file:1\ntimeout: 3s\noutput: json\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
    setenv("GRANARY_CLI_CONFIG", path, 1);
    const char *const arguments[] = {"--master=http://flag:1", "sh", "--config", "/not/there", "", NULL};
    struct world w = {0};
    options_take(&w, arguments);
    assert_string_equal(settings_text(w.options.settings, "master"), "http://flag:1");
    assert_int_equal(settings_duration(w.options.settings, "timeout"), 3000);
    assert_int_equal(w.options.command_count, 4);
    run_options_done(&w.options);
    unsetenv("GRANARY_CLI_CONFIG");
    unlink(path);
    const char *const absent[] = {"--config", "/not/there", "x", NULL};
    AUTO_ERR struct err *e = run_options_read(absent, &w.arena, &w.options);
    assert_int_equal(err_kind(e), ERR_NOT_FOUND);
    world_end(&w);
}

static void a_volume_to_be_made_gets_a_name(void **state UNUSED) {
    const char *const arguments[] = {"--class=gold", "--size=1GiB", "x", NULL};
    struct world w = {0};
    options_take(&w, arguments);
    run_options_name(&w.options, (const unsigned char[4]){1, 2, 3, 255}, &w.arena);
    assert_string_equal(w.options.name, "run-010203ff");
    assert_true(w.options.unnamed);
    world_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_volume_is_taken_from_the_storage_offer),
        cmocka_unit_test(the_task_starts_where_the_volume_is_offered),
        cmocka_unit_test(what_does_not_fit_ends_with_the_figures),
        cmocka_unit_test(a_refused_operation_says_why),
        cmocka_unit_test(an_accept_that_came_too_late_is_tried_again),
        cmocka_unit_test(the_exit_code_is_that_of_the_task),
        cmocka_unit_test(an_end_told_again_waits_for_the_output_too),
        cmocka_unit_test(an_interrupt_ends_the_wait_for_the_output),
        cmocka_unit_test(a_task_that_never_ran_has_an_error_instead),
        cmocka_unit_test(a_lost_agent_ends_it_unless_it_is_to_be_restarted),
        cmocka_unit_test(a_restarted_task_follows_its_volume),
        cmocka_unit_test(a_launch_on_a_void_offer_is_tried_again),
        cmocka_unit_test(a_new_stream_asks_for_what_was_missed),
        cmocka_unit_test(an_interrupt_kills_the_task_and_waits),
        cmocka_unit_test(an_error_of_the_master_ends_it),
        cmocka_unit_test(a_wait_for_an_agent_is_told_with_the_most_that_is_free),
        cmocka_unit_test(flags_end_where_the_command_begins),
        cmocka_unit_test(quantities_have_their_units),
        cmocka_unit_test(wrong_flags_are_named),
        cmocka_unit_test(settings_come_from_where_all_verbs_have_them),
        cmocka_unit_test(a_volume_to_be_made_gets_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
