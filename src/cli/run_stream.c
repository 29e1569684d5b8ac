// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/scheduler in JSON, the answer of SUBSCRIBE as RecordIO.
#include "cli/run_stream.h"

#include <string.h>

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/recordio.h"
#include "net/http_client.h"

enum { RECORD_LONGEST = 4 << 20, RETRY_LEAST_MS = 100, RETRY_MOST_MS = 2000, SILENCE_MS = 60000 };
#define PATH "/api/v1/scheduler"

struct run_stream {
    const struct client *master;
    struct http_client *client;
    struct http_call *stream, *call;
    const struct run_stream_events *events;
    void *arg;
    struct recordio records;
    struct text id;      // Mesos-Stream-Id; empty: no stream
    struct text refusal; // the body of an answer that is no stream
    int status;
    VEC(char *) waiting; // calls as JSON
    struct loop_timer *retry;
    int64_t pause_ms;
    bool away, broken;
};

static void waiting_drop(struct run_stream *s) {
    VEC_EACH (json, &s->waiting) free(*json);
    vec_clear(&s->waiting);
}

// ---- calls ----

static void call_next(struct run_stream *s);

static void call_answered(const struct http_message *answer, struct err *e, void *arg) {
    struct run_stream *s = arg;
    s->call = NULL;
    if (answer && answer->status != 202 && answer->status != 200) {
        AUTO_FREE char *line =
            mem_format("the master refused a call: %d %.300s", answer->status, text_string(&answer->body));
        if (answer->status != 403)
            s->events->line(line, s->arg); // 403: no longer subscribed, which the stream tells too
    }
    err_free(e); // the stream breaks with its master, and says so
    call_next(s);
}

static void call_next(struct run_stream *s) {
    if (s->call) return;
    if (!s->waiting.count) {
        s->events->drained(s->arg);
        return;
    }
    if (!s->id.size) return;
    AUTO_FREE char *json = s->waiting.at[0];
    vec_remove(&s->waiting, 0);
    struct http_header headers[CLIENT_HEADERS + 1];
    size_t count = client_headers(s->master, true, "application/json", headers);
    headers[count++] = (struct http_header){"Mesos-Stream-Id", text_string(&s->id)};
    struct http_ask ask = {.method = "POST",
                           .path = PATH,
                           .headers = headers,
                           .header_count = count,
                           .body = json,
                           .body_size = strlen(json)};
    s->call = http_client_call(s->client, &ask, call_answered, s);
}

void run_stream_send(struct run_stream *s, const run_call *call) {
    struct text json = {0};
    json_write(&json, &call->base, JSON_PLAIN);
    vec_push(&s->waiting, text_take(&json));
    call_next(s);
}

// ---- the stream ----

static void on_head(const struct http_message *head, void *arg) {
    struct run_stream *s = arg;
    const char *id = http_header_find(head, "Mesos-Stream-Id");
    s->status = head->status;
    if (head->status != 200 || !id) return;
    text_add(&s->id, id);
    s->pause_ms = RETRY_LEAST_MS;
    if (s->away) s->events->line("the master answers again", s->arg);
    s->away = false;
    call_next(s);
}

static void record_take(struct run_stream *s, const char *bytes, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    void *event;
    AUTO_ERR struct err *e =
        json_read(&mesos__v1__scheduler__event__descriptor, bytes, size, JSON_LENIENT, NULL, &arena, &event);
    if (!e) {
        s->events->event(event, &arena, s->arg);
        return;
    }
    AUTO_FREE char *line = mem_format("an event of the master was not understood: %s", err_text(e));
    s->events->line(line, s->arg);
}

static void on_data(const char *bytes, size_t size, void *arg) {
    struct run_stream *s = arg;
    if (!s->id.size) {
        if (s->refusal.size < 4096) text_add_n(&s->refusal, bytes, size);
        return;
    }
    recordio_feed(&s->records, bytes, size);
    while (!s->broken) {
        const char *record;
        size_t record_size;
        AUTO_ERR struct err *e = recordio_next(&s->records, &record, &record_size);
        if (e) s->broken = true;
        if (e || !record) return;
        record_take(s, record, record_size);
    }
}

static void retry_later(struct run_stream *s, const char *why) {
    if (!s->away) {
        AUTO_FREE char *line = mem_format("the master does not answer (%s); trying again", why);
        s->events->line(line, s->arg);
    }
    s->away = true;
    waiting_drop(s);
    loop_timer_set(s->retry, s->pause_ms);
    s->pause_ms = s->pause_ms * 2 < RETRY_MOST_MS ? s->pause_ms * 2 : RETRY_MOST_MS;
}

static void on_end(struct err *given, void *arg) {
    struct run_stream *s = arg;
    AUTO_ERR struct err *e = given;
    bool had = s->id.size > 0;
    s->stream = NULL;
    text_clear(&s->id);
    recordio_done(&s->records);
    s->records = (struct recordio){.longest = RECORD_LONGEST};
    if (!had && s->status >= 400 && s->status < 500) {
        s->events->failed(
            err_new(ERR_INVALID, "the master refused the subscription: %d %.300s", s->status, text_string(&s->refusal)),
            s->arg);
        return;
    }
    retry_later(s, e ? err_text(e) : "it ended the stream");
}

static const struct http_call_events stream_events = {.on_head = on_head, .on_data = on_data, .on_end = on_end};

static void stream_begin(void *arg) {
    struct run_stream *s = arg;
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text json = {0};
    s->status = 0;
    s->broken = false;
    text_clear(&s->refusal);
    json_write(&json, &s->events->subscribe(&arena, s->arg)->base, JSON_PLAIN);
    struct http_header headers[CLIENT_HEADERS];
    struct http_ask ask = {.method = "POST",
                           .path = PATH,
                           .headers = headers,
                           .header_count = client_headers(s->master, true, "application/json", headers),
                           .body = json.data,
                           .body_size = json.size,
                           .idle_ms = SILENCE_MS};
    s->stream = http_client_stream(s->client, &ask, &stream_events, s);
}

struct err *run_stream_new(struct loop *l, const struct client *master, const struct run_stream_events *events,
                           void *arg, struct run_stream **ret_stream) {
    struct run_stream *s = NEW(struct run_stream);
    *s = (struct run_stream){.master = master,
                             .events = events,
                             .arg = arg,
                             .pause_ms = RETRY_LEAST_MS,
                             .records = {.longest = RECORD_LONGEST}};
    struct err *e = http_client_new(l, client_master(master), NULL, &s->client);
    if (e) {
        run_stream_free(s);
        return e;
    }
    s->retry = loop_timer_new(l, stream_begin, s);
    loop_timer_set(s->retry, 0);
    *ret_stream = s;
    return NULL;
}

void run_stream_free(struct run_stream *s) {
    if (!s) return;
    http_client_free(s->client);
    if (s->retry) loop_timer_free(s->retry);
    waiting_drop(s);
    vec_done(&s->waiting);
    recordio_done(&s->records);
    text_done(&s->id);
    text_done(&s->refusal);
    free(s);
}
