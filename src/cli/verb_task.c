// SPDX-License-Identifier: Apache-2.0
// granary task: what one task printed, as its agent has it.
#include <stdio.h>

#include "cli/task_output.h"
#include "cli/verbs.h"

struct output {
    struct loop *loop;
    struct err *failed;
};

static void on_waits(const struct err *e, bool answered UNUSED, void *arg UNUSED) {
    fprintf(stderr, "granary task output: %s; trying again\n", err_text(e));
}

static void on_failed(struct err *e, void *arg) {
    struct output *o = arg;
    err_free(o->failed); // the other stream's
    o->failed = e;
    loop_stop(o->loop);
}

static void on_ended(void *arg) {
    struct output *o = arg;
    loop_stop(o->loop);
}

static struct err *output_read(struct call *c, struct output *o) {
    static const struct task_output_events events = {on_waits, on_failed, on_ended};
    struct task_output *reading;
    unsigned traits = (options_has(c->options, "follow") ? TASK_OUTPUT_FOLLOW : 0) | (c->json ? TASK_OUTPUT_JSON : 0);
    TRY(task_output_new(o->loop, c->client, traits, &events, o, &reading));
    task_output_read(reading, options_text(c->options, "framework"), call_name(c, 0));
    loop_run(o->loop);
    task_output_free(reading);
    return o->failed;
}

static struct err *task_output(struct call *c) {
    struct output o = {0};
    TRY(client_ask(c->client, "GET", "/health", NULL, NULL, NULL, NULL)); // a master that is away is told at once
    TRY(loop_new(&o.loop));
    struct err *e = output_read(c, &o);
    loop_free(o.loop);
    return e;
}

static const struct option output_options[] = {
    {"follow", OPTION_FLAG, NULL, "go on until the task has ended"},
    {"framework", OPTION_TEXT, "FRAMEWORK", "whose task, when several have one of that id"},
    {0},
};
static const struct action actions[] = {
    {"output", "ID [--follow]", "what a task printed so far", output_options, 1, 1, 0, task_output,
     "Its standard output goes to ours, its standard error to ours; -o json prints the pieces instead, one a line. It "
     "is\nread from the task's agent, on whatever host that is, also when the task has ended lately and the agent "
     "still\nkeeps its files.\n\n"
     "example:\n  granary task output web-1 --follow"},
};
NOUN(task, actions);
