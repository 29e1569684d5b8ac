// SPDX-License-Identifier: Apache-2.0
// One request under way for each of the task's two streams.
#include "cli/task_output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "codec/json_read.h"
#include "granary_api.pb-c.h"
#include "net/http_client.h"

enum { RETRY_MS = 500, TELL_AFTER = 2, STREAMS = 2 };
enum { WAIT_MS = 10000 }; // the longest that the master holds a request for more

static const struct {
    const char *name, *ours;
    int fd;
} streams[STREAMS] = {{"stdout", "standard output", STDOUT_FILENO}, {"stderr", "standard error", STDERR_FILENO}};

struct flow { // of streams[flow - output->flows]
    struct task_output *output;
    uint64_t offset; // of what comes next
    bool ended;
    struct mono asked; // the latest time
    struct http_call *call;
    struct loop_timer *again;
    unsigned failures; // in a row
};

struct task_output {
    struct loop *loop;
    const struct client *master;
    struct http_client *client;
    unsigned traits;
    const struct task_output_events *events;
    void *arg;
    char *framework, *task;
    struct flow flows[STREAMS];
    bool told[2]; // why nothing comes: that the master does not answer, and what it answered
};

bool task_output_has_ended(const struct task_output *o) {
    return o->task && o->flows[0].ended && o->flows[1].ended;
}

// ---- what came ----

static struct err *out_write(size_t stream, const void *bytes, size_t size) {
    const char *at = bytes;
    int fd = streams[stream].fd;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n >= 0) {
            at += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN) { // whoever shares it with us made it nonblocking
            poll(&(struct pollfd){.fd = fd, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return err_errno(errno, "write what the task printed to %s", streams[stream].ours);
        }
    }
    return NULL;
}

static struct err *piece_write(const struct flow *f, const Granary__TaskOutput *piece, const struct text *json) {
    const struct task_output *o = f->output;
    if (!(o->traits & TASK_OUTPUT_JSON)) return out_write((size_t)(f - o->flows), piece->data.data, piece->data.len);
    if (!piece->data.len) return NULL;
    TRY(out_write(0, json->data, json->size));
    return json->data[json->size - 1] == '\n' ? NULL : out_write(0, "\n", 1);
}

static struct err *piece_take(struct flow *f, const struct http_message *answer) {
    AUTO_ARENA struct arena arena = {0};
    void *message;
    TRY(json_read(&granary__task_output__descriptor, text_string(&answer->body), answer->body.size, JSON_LENIENT, NULL,
                  &arena, &message));
    const Granary__TaskOutput *piece = message;
    TRY(piece_write(f, piece, &answer->body));
    bool more = piece->data.len || f->output->traits & TASK_OUTPUT_FOLLOW;
    f->offset += piece->data.len;
    f->ended = piece->ended || !more;
    return NULL;
}

// Tried again, and told when it stays.
static void flow_wait(struct flow *f, struct err *e, bool answered) {
    struct task_output *o = f->output;
    if (++f->failures >= TELL_AFTER && !o->told[answered]) {
        o->told[answered] = true;
        o->events->waits(e, answered, o->arg);
    }
    err_free(e);
    loop_timer_set(f->again, RETRY_MS);
}

static void flow_fail(struct flow *f, struct err *e) {
    f->ended = true;
    f->output->events->failed(e, f->output->arg);
}

// ---- asking ----

static void flow_ask(void *arg);

// At once, unless there was nothing: what waits for its launch has no agent that would hold the request.
static void flow_go_on(struct flow *f, bool more) {
    if (more)
        flow_ask(f);
    else
        loop_timer_at(f->again, (struct mono){f->asked.ms + RETRY_MS});
}

static void flow_answered(const struct http_message *answer, struct err *e, void *arg) {
    struct flow *f = arg;
    struct task_output *o = f->output;
    f->call = NULL;
    bool piece = answer && answer->status < 300;
    uint64_t before = f->offset;
    if (piece)
        e = piece_take(f, answer);
    else if (answer)
        e = client_error(answer->status, text_string(&answer->body), answer->body.size);
    bool passes = !piece && o->traits & TASK_OUTPUT_FOLLOW && err_kind_retry(err_kind(e));
    if (e && passes) {
        flow_wait(f, e, answer != NULL);
    } else if (e) {
        flow_fail(f, e);
    } else {
        f->failures = 0;
        o->told[0] = o->told[1] = false;
        if (!f->ended) flow_go_on(f, f->offset > before);
    }
    if (task_output_has_ended(o)) o->events->ended(o->arg);
}

static void flow_ask(void *arg) {
    struct flow *f = arg;
    struct task_output *o = f->output;
    bool follows = o->traits & TASK_OUTPUT_FOLLOW;
    AUTO_TEXT struct text path = {0};
    AUTO_FREE char *after = mem_format("%llu", (unsigned long long)f->offset), *wait = mem_format("%dms", WAIT_MS);
    text_add(&path, "/v1/tasks");
    path_add(&path, o->task);
    text_add(&path, "/output");
    path_query(&path, "stream", streams[f - o->flows].name);
    path_query(&path, "after", after);
    path_query(&path, "framework", o->framework);
    path_query(&path, "wait", follows ? wait : NULL);
    struct http_header headers[CLIENT_HEADERS];
    struct http_ask ask = {
        .path = path.data, .headers = headers, .deadline_ms = client_timeout(o->master) + (follows ? WAIT_MS : 0)};
    ask.header_count = client_headers(o->master, false, "application/json", headers);
    f->asked = loop_now(o->loop);
    f->call = http_client_call(o->client, &ask, flow_answered, f);
}

static void flow_stop(struct flow *f) {
    http_call_cancel(mem_take(f->call));
    if (f->again) loop_timer_stop(f->again);
}

void task_output_read(struct task_output *o, const char *framework, const char *task) {
    free(o->framework);
    free(o->task);
    o->framework = framework ? mem_text(framework) : NULL;
    o->task = mem_text(task);
    for (size_t i = 0; i < STREAMS; i++) {
        flow_stop(&o->flows[i]);
        o->flows[i].offset = 0;
        o->flows[i].ended = false;
        flow_ask(&o->flows[i]);
    }
}

// ---- made and ended ----

struct err *task_output_new(struct loop *l, const struct client *master, unsigned traits,
                            const struct task_output_events *events, void *arg, struct task_output **ret_output) {
    struct task_output *o = NEW(struct task_output);
    *o = (struct task_output){.loop = l, .master = master, .traits = traits, .events = events, .arg = arg};
    for (size_t i = 0; i < STREAMS; i++) {
        o->flows[i].output = o;
        o->flows[i].again = loop_timer_new(l, flow_ask, &o->flows[i]);
    }
    struct err *e = http_client_new(l, client_master(master), NULL, &o->client);
    if (e)
        task_output_free(o);
    else
        *ret_output = o;
    return e;
}

void task_output_free(struct task_output *o) {
    if (!o) return;
    for (size_t i = 0; i < STREAMS; i++) {
        flow_stop(&o->flows[i]);
        loop_timer_free(o->flows[i].again);
    }
    http_client_free(o->client);
    free(o->framework);
    free(o->task);
    free(o);
}
