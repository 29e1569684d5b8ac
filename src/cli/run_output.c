// SPDX-License-Identifier: Apache-2.0
// One request under way for each of the task's two streams.
#include "cli/run_output.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cli/client.h"
#include "cli/task_output.h"
#include "codec/json_read.h"
#include "net/http_client.h"

enum { RETRY_MS = 500, TELL_AFTER = 2 };

struct flow {
    struct run_output *output;
    struct task_stream stream;
    struct http_call *call;
    struct loop_timer *again;
    unsigned failures; // in a row
};

struct run_output {
    struct http_client *client;
    const struct run_output_events *events;
    void *arg;
    char *framework, *task;
    struct flow flows[TASK_STREAMS];
    bool told; // why nothing comes
};

static void flow_ask(void *arg);

bool run_output_has_ended(const struct run_output *o) {
    return o->task && o->flows[0].stream.ended && o->flows[1].stream.ended;
}

static void piece_take(struct flow *f, const struct http_message *answer, struct err **ret_error) {
    AUTO_ARENA struct arena arena = {0};
    void *piece;
    *ret_error = json_read(&granary__task_output__descriptor, text_string(&answer->body), answer->body.size,
                           JSON_LENIENT, NULL, &arena, &piece);
    if (*ret_error) return;
    task_stream_write(&f->stream, piece);
    task_stream_go_on(&f->stream, piece);
}

// What may pass is tried again, and told when it stays. A master that does not answer is told of by the stream of events.
static void flow_failed(struct flow *f, const struct err *e, bool answered) {
    struct run_output *o = f->output;
    bool passes = err_kind_retry(err_kind(e));
    bool tell = !passes || (answered && ++f->failures >= TELL_AFTER);
    if (tell && !o->told) o->events->line(err_text(e), o->arg);
    o->told = o->told || tell;
    f->stream.ended = !passes;
    if (passes) loop_timer_set(f->again, RETRY_MS);
}

static void flow_answered(const struct http_message *answer, struct err *given, void *arg) {
    struct flow *f = arg;
    struct run_output *o = f->output;
    AUTO_ERR struct err *e = given;
    f->call = NULL;
    if (answer && answer->status >= 300)
        e = client_error(answer->status, text_string(&answer->body), answer->body.size);
    else if (answer)
        piece_take(f, answer, &e);
    if (e) flow_failed(f, e, answer != NULL);
    if (!e) f->failures = 0, o->told = false;
    if (!e && !f->stream.ended) flow_ask(f);
    if (run_output_has_ended(o)) o->events->ended(o->arg);
}

static void flow_ask(void *arg) {
    struct flow *f = arg;
    AUTO_TEXT struct text path = {0};
    task_stream_path(&f->stream, f->output->task, f->output->framework, "10s", &path);
    struct http_header accept = {"Accept", "application/json"};
    struct http_ask ask = {.path = path.data, .headers = &accept, .header_count = 1};
    f->call = http_client_call(f->output->client, &ask, flow_answered, f);
}

static void flow_stop(struct flow *f) {
    http_call_cancel(mem_take(f->call));
    if (f->again) loop_timer_stop(f->again);
}

void run_output_follow(struct run_output *o, const char *framework, const char *task) {
    struct task_stream streams[TASK_STREAMS];
    task_streams_begin(streams);
    free(o->framework);
    free(o->task);
    o->framework = mem_text(framework);
    o->task = mem_text(task);
    for (size_t i = 0; i < TASK_STREAMS; i++) {
        flow_stop(&o->flows[i]);
        o->flows[i].stream = streams[i];
        flow_ask(&o->flows[i]);
    }
}

struct err *run_output_new(struct loop *l, const char *master, const struct run_output_events *events, void *arg,
                           struct run_output **ret_output) {
    struct url origin = {0};
    TRY(err_wrap(url_parse(master, &origin), "--master"));
    struct run_output *o = NEW(struct run_output);
    *o = (struct run_output){.events = events, .arg = arg};
    struct err *e = http_client_new(l, &origin, NULL, &o->client);
    url_done(&origin);
    for (size_t i = 0; i < TASK_STREAMS; i++) {
        o->flows[i].output = o;
        o->flows[i].again = loop_timer_new(l, flow_ask, &o->flows[i]);
    }
    if (e)
        run_output_free(o);
    else
        *ret_output = o;
    return e;
}

void run_output_free(struct run_output *o) {
    if (!o) return;
    for (size_t i = 0; i < TASK_STREAMS; i++) {
        flow_stop(&o->flows[i]);
        loop_timer_free(o->flows[i].again);
    }
    http_client_free(o->client);
    free(o->framework);
    free(o->task);
    free(o);
}
