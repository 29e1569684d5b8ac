// SPDX-License-Identifier: Apache-2.0
// `granary run`: the built-in framework bound to the master's stream, the terminal and the task's output.
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/explanation.h"
#include "cli/run_steps.h"
#include "cli/run_stream.h"
#include "cli/run_why.h"
#include "cli/task_output.h"
#include "granary_api.pb-c.h"
#include "granary_model.pb-c.h"
#include "sys/file.h"
#include "sys/loop.h"

enum { WHY_MS = 2000, TAIL_MS = 10000, LEAVE_MS = 3000 };

struct run {
    struct run_options *o;
    struct loop *loop;
    struct run_steps *steps;
    struct run_stream *stream;
    struct task_output *output;
    char *followed; // the task whose output is followed
    struct loop_timer *tail, *limit, *leave, *why;
    enum run_stage stage; // of which `why` is to tell
    struct err *failed;
    struct err *unprinted; // why not all of the task's output was written
    bool ending, interrupted;
};

static const char *waits_for(enum run_stage stage) {
    static const char *const waits[] = {
        "an offer of storage of its class", "its volume", "an agent's offer that fits", "its task to start", "", ""};
    return waits[stage];
}

static void line_print(const char *line) {
    fprintf(stderr, "granary run: %s\n", line);
}

// ---- the task's output ----

static void carry_out(struct run *r, struct run_out *out);

static void output_follow(struct run *r) {
    const char *task = run_steps_task(r->steps);
    if (!task || text_equal(task, r->followed)) return;
    free(r->followed);
    r->followed = mem_text(task);
    task_output_read(r->output, run_steps_framework(r->steps), task);
}

static void output_read(struct run *r) {
    AUTO_ARENA struct arena arena = {0};
    struct run_out out = {.arena = &arena};
    run_steps_output_read(r->steps, &out);
    carry_out(r, &out);
}

static void on_output_ended(void *arg) {
    struct run *r = arg;
    if (run_steps_stage(r->steps) == RUN_OUTPUT) output_read(r);
}

static void on_output_failed(struct err *e, void *arg) {
    struct run *r = arg;
    if (r->unprinted) {
        err_free(e);
        return;
    }
    line_print(err_text(e));
    r->unprinted = e;
}

static void tail_missing(void *arg) {
    struct run *r = arg;
    if (run_steps_stage(r->steps) != RUN_OUTPUT) return;
    on_output_failed(
        err_new(ERR_UNAVAILABLE, "the rest of what the task printed could not be read within %d s", TAIL_MS / 1000), r);
    output_read(r);
}

// The task has ended: what it printed last is on its agent.
static void output_finish(struct run *r) {
    loop_timer_set(r->tail, TAIL_MS);
    if (task_output_has_ended(r->output)) output_read(r);
}

// That the master does not answer is told by the stream of events.
static void on_output_waits(const struct err *e, bool answered, void *arg) {
    struct run *r = arg;
    if (answered && !r->ending) line_print(err_text(e));
}

static const struct task_output_events output_events = {on_output_waits, on_output_failed, on_output_ended};

// ---- the wait ----

// Nothing came of this step for a while: said once.
static void why_due(void *arg) {
    struct run *r = arg;
    enum run_stage stage = run_steps_stage(r->steps);
    if (r->ending || stage > RUN_TASK || run_steps_task(r->steps)) return;
    AUTO_TEXT struct text why = {0}, line = {0};
    run_why(r->o, r->o->name && stage != RUN_VOLUME, &why);
    if (!why.size) text_addf(&why, "%s has not come", waits_for(stage));
    text_addf(&line, "still waiting: %s", why.data);
    line_print(line.data);
}

// Once for each stage: the stream's heartbeats also come through here, and must not put off what a stage waits for.
static void stage_begin(struct run *r, enum run_stage stage) {
    r->stage = stage;
    loop_timer_set(r->why, WHY_MS);
    if (stage == RUN_OUTPUT) output_finish(r);
}

// ---- the end ----

static void leave(void *arg) {
    struct run *r = arg;
    loop_stop(r->loop);
}

// The framework says good-bye after all that it still had to say; a master that does not answer is not waited for.
static void end_begin(struct run *r) {
    if (r->ending) return;
    r->ending = true;
    AUTO_ARENA struct arena arena = {0};
    run_call *teardown = run_steps_teardown(r->steps, &arena);
    loop_timer_set(r->leave, teardown ? LEAVE_MS : 0);
    if (teardown) run_stream_send(r->stream, teardown);
}

static void carry_out(struct run *r, struct run_out *out) {
    VEC_EACH (line, &out->lines) line_print(*line);
    VEC_EACH (call, &out->calls) run_stream_send(r->stream, *call);
    run_out_done(out);
    output_follow(r);
    if (run_steps_stage(r->steps) != r->stage) stage_begin(r, run_steps_stage(r->steps));
    if (run_steps_stage(r->steps) == RUN_ENDED) end_begin(r);
}

// ---- what comes in ----

static run_call *on_subscribe(struct arena *arena, void *arg) {
    struct run *r = arg;
    return run_steps_subscribe(r->steps, arena);
}

static void on_event(const run_event *event, struct arena *arena, void *arg) {
    struct run *r = arg;
    struct run_out out = {.arena = arena};
    run_steps_take(r->steps, event, &out);
    carry_out(r, &out);
}

static void on_line(const char *line, void *arg) {
    struct run *r = arg;
    if (r->ending)
        loop_stop(r->loop); // the stream ended, as was asked
    else
        line_print(line);
}

static void on_failed(struct err *e, void *arg) {
    struct run *r = arg;
    err_free(r->failed);
    r->failed = e;
    loop_stop(r->loop);
}

static void on_drained(void *arg) {
    struct run *r = arg;
    if (r->ending) loop_stop(r->loop);
}

static const struct run_stream_events stream_events = {
    .subscribe = on_subscribe, .event = on_event, .line = on_line, .failed = on_failed, .drained = on_drained};

static void on_signal(void *arg) {
    struct run *r = arg;
    AUTO_ARENA struct arena arena = {0};
    struct run_out out = {.arena = &arena};
    if (r->interrupted) { // once more: not even the end is waited for
        loop_stop(r->loop);
        return;
    }
    r->interrupted = true;
    run_steps_interrupt(r->steps, &out);
    carry_out(r, &out);
}

static void limit_passed(void *arg) {
    struct run *r = arg;
    if (run_steps_started(r->steps) || run_steps_stage(r->steps) == RUN_ENDED) return;
    r->failed = err_new(ERR_TIMEOUT, "nothing runs after %lld ms: it still waits for %s", (long long)r->o->patience_ms,
                        waits_for(run_steps_stage(r->steps)));
    end_begin(r);
}

// ---- before and after: the REST API ----

static void volume_path(const struct run_options *o, struct text *path) {
    text_add(path, "/v1/volumes");
    path_add(path, o->name);
    path_query(path, "role", o->role);
}

static struct err *volume_exists(struct client *c, const struct run_options *o, bool *ret_exists) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text path = {0};
    void *volume;
    volume_path(o, &path);
    struct err *e = client_get(c, text_string(&path), &granary__volume__descriptor, &arena, &volume);
    *ret_exists = !e;
    if (!e || err_kind(e) != ERR_NOT_FOUND || !o->class) return e;
    err_free(e);
    return NULL;
}

// Why nothing would fit, asked before anything is begun. NULL: it fits.
static struct err *explain(struct client *c, const struct run_options *o) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text path = {0}, hint = {0};
    void *read;
    text_add(&path, "/v1/explain");
    AUTO_FREE char *size = mem_format("%llu", (unsigned long long)o->size.n);
    path_query(&path, "class", o->class);
    path_query(&path, "size", size);
    path_query(&path, "role", o->role);
    path_query(&path, "fs", o->fs);
    TRY(client_get(c, text_string(&path), &granary__explanation__descriptor, &arena, &read));
    const Granary__Explanation *e = read;
    if (e->places) return NULL;
    explanation_hint(e, e->sentence, &hint);
    return err_new(ERR_NO_FIT, "%s%s", e->sentence ? e->sentence : "nothing fits", text_string(&hint));
}

static struct err *volume_release(struct client *c, const struct run_options *o) {
    AUTO_TEXT struct text path = {0};
    volume_path(o, &path);
    TRY(err_wrap(client_ask(c, "DELETE", text_string(&path), NULL, NULL, NULL, NULL), "release volume '%s'", o->name));
    fprintf(stderr, "granary run: volume %s is released\n", o->name);
    return NULL;
}

// Nobody gave it a name, so nobody knows it.
static void volume_kept(struct client *c, const struct run_options *o) {
    bool exists = false;
    AUTO_ERR struct err *e = volume_exists(c, o, &exists);
    if (!e && exists)
        fprintf(stderr, "granary run: volume %s is kept; 'granary volume delete %s --role %s' releases it\n", o->name,
                o->name, o->role);
}

// ---- the verb ----

static struct err *run_start(struct run *r, const struct client *c, bool make_volume) {
    unsigned char entropy[4];
    char tag[9];
    entropy_fill(entropy, sizeof entropy);
    snprintf(tag, sizeof tag, "%02x%02x%02x%02x", entropy[0], entropy[1], entropy[2], entropy[3]);
    r->steps = run_steps_new(r->o, make_volume, tag);
    r->tail = loop_timer_new(r->loop, tail_missing, r);
    r->limit = loop_timer_new(r->loop, limit_passed, r);
    r->leave = loop_timer_new(r->loop, leave, r);
    r->why = loop_timer_new(r->loop, why_due, r);
    stage_begin(r, run_steps_stage(r->steps));
    if (r->o->patience_ms) loop_timer_set(r->limit, r->o->patience_ms);
    loop_on_signal(r->loop, SIGINT, on_signal, r);
    loop_on_signal(r->loop, SIGTERM, on_signal, r);
    TRY(task_output_new(r->loop, c, TASK_OUTPUT_FOLLOW, &output_events, r, &r->output));
    return run_stream_new(r->loop, c, &stream_events, r, &r->stream);
}

static void run_done(struct run *r) {
    run_stream_free(r->stream);
    run_steps_free(r->steps);
    loop_timer_free(r->tail);
    loop_timer_free(r->limit);
    loop_timer_free(r->leave);
    loop_timer_free(r->why);
    task_output_free(r->output);
    loop_free(r->loop);
    free(r->followed);
    err_free(r->unprinted);
}

static struct err *run_loop(struct client *c, struct run_options *o, bool make_volume, int *ret_exit) {
    struct run r = {.o = o};
    TRY(loop_new(&r.loop));
    struct err *e = run_start(&r, c, make_volume);
    if (!e) {
        loop_run(r.loop);
        e = mem_take(r.failed);
        if (!e) e = run_steps_error(r.steps);
        *ret_exit = run_steps_stage(r.steps) == RUN_ENDED ? run_steps_code(r.steps) : 128 + SIGINT;
        if (!*ret_exit && r.unprinted) *ret_exit = err_kind_exit(err_kind(r.unprinted)); // it was told
    }
    run_done(&r);
    return e;
}

// A refusal while it ran is explained as one before.
static struct err *refusal_explain(struct client *c, const struct run_options *o, struct err *e) {
    if (!e || err_kind(e) != ERR_NO_FIT || !o->class) return e;
    AUTO_ERR struct err *why = explain(c, o);
    if (!why || err_kind(why) != ERR_NO_FIT) return e;
    struct err *both = err_new(ERR_NO_FIT, "%s\n%s", err_text(e), err_text(why));
    err_free(e);
    return both;
}

static struct err *run_with(struct client *c, struct run_options *o, int *ret_exit) {
    bool exists = false;
    if (!o->name) TRY(client_ask(c, "GET", "/health", NULL, NULL, NULL, NULL)); // a master that is away is told at once
    if (o->name) TRY(volume_exists(c, o, &exists));
    if (exists) fprintf(stderr, "granary run: volume %s of role %s exists and is used as it is\n", o->name, o->role);
    if (run_options_has_volume(o) && !exists) TRY(explain(c, o));
    struct err *e = refusal_explain(c, o, run_loop(c, o, run_options_has_volume(o) && !exists, ret_exit));
    if (!e && o->remove) return volume_release(c, o);
    if (o->unnamed) volume_kept(c, o);
    return e;
}

struct err *verb_run(const char *const *arguments, int *ret_exit) {
    AUTO_ARENA struct arena arena = {0};
    struct run_options o;
    unsigned char entropy[4];
    TRY(run_options_read(arguments, &arena, &o));
    entropy_fill(entropy, sizeof entropy);
    run_options_name(&o, entropy, &arena);
    struct client *c = NULL;
    struct err *e = client_new(o.settings, &c);
    if (!e) e = run_with(c, &o, ret_exit);
    client_free(c);
    run_options_done(&o);
    return e;
}

void help_run(struct text *out) {
    text_add(
        out,
        "Runs COMMAND on an agent of the cluster, with a volume if asked, and prints what it prints, whatever -o "
        "says. The exit\n"
        "code is the command's own, or 128 + the signal that ended it; a command that ends with 0 while not all that "
        "it "
        "printed\ncould be passed on ends with the code of that. Ctrl-C kills the command and waits for its end.\n\n"
        "  granary run --class gold --size 256MiB --name db-1 --mount /data -- sh -c 'date >> /data/log; cat "
        "/data/log'\n\n");
    options_help(run_flags, out);
}
