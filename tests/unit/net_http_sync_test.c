// SPDX-License-Identifier: Apache-2.0
// The blocking client, in a thread of its own against our server on the loop.
#include "net/http_sync.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/http_server.h"

struct world {
    struct loop *loop;
    struct http_server *server;
    struct url origin;
    struct http_stream *stream;
    struct loop_timer *timer;
    int streamed, stream_most; // pieces
    bool stays_open;           // the stream, behind its last piece
    struct text got;
    size_t enough; // bytes of it after which the reader stops; 0: never
    void (*client)(struct world *w);
};

// ---- the server

static void on_gone(void *arg) {
    (void)arg;
}
static void on_stream_gone(const char *why, void *arg) {
    (void)why;
    ((struct world *)arg)->stream = NULL;
}

static void stream_more(void *arg) {
    struct world *w = arg;
    if (!w->stream) return;
    if (w->streamed == w->stream_most) {
        if (w->stays_open) return;
        http_stream_end(w->stream);
        w->stream = NULL;
        return;
    }
    w->streamed++;
    http_stream_write(w->stream, "piece,", 6);
    loop_timer_set(w->timer, 15);
}

static void handle(struct http_request *r, void *arg) {
    struct world *w = arg;
    const struct http_message *m = http_request_message(r);
    if (text_equal(m->path, "/never")) {
        http_request_on_gone(r, on_gone, w);
    } else if (text_starts(m->path, "/stream")) {
        w->stream = http_stream_begin(r, 200, "text/plain", NULL, 0, on_stream_gone, w);
        if (!text_ends(m->path, "silent")) loop_timer_set(w->timer, 1);
    } else if (text_equal(m->path, "/error")) {
        http_respond_error(r, err_new(ERR_NOT_FOUND, "no such volume"));
    } else {
        http_respond(r, 200, "text/plain", NULL, 0, text_string(&m->body), m->body.size);
    }
}

static void stop(void *arg) {
    loop_stop(((struct world *)arg)->loop);
}

static void *client_run(void *arg) {
    struct world *w = arg;
    w->client(w);
    loop_post(w->loop, stop, w);
    return NULL;
}

// Runs `client` in a thread until it returns, and the server beside it.
static void with_server(struct world *w, void (*client)(struct world *w)) {
    pthread_t thread;
    w->client = client;
    assert_int_equal(pthread_create(&thread, NULL, client_run, w), 0);
    loop_run(w->loop);
    pthread_join(thread, NULL);
}

static int world_make(void **state) {
    struct world *w = NEW(struct world);
    *state = w;
    struct http_options options = {0};
    if (loop_new(&w->loop) || http_server_new(w->loop, &options, handle, w, &w->server)) return -1;
    w->origin = (struct url){.host = mem_text("localhost"), .path = mem_text("/")};
    w->timer = loop_timer_new(w->loop, stream_more, w);
    return http_server_listen(w->server, "127.0.0.1", 0, &w->origin.port) ? -1 : 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    http_server_free(w->server);
    loop_timer_free(w->timer);
    loop_free(w->loop);
    url_done(&w->origin);
    text_done(&w->got);
    free(w);
    return 0;
}

// The client's thread must not fail the test by itself (cmocka jumps): it gathers what it saw into w->got.
static void note_answer(struct world *w, struct err *e, struct http_message *answer) {
    if (e) {
        text_addf(&w->got, "[%s: %s]", err_kind_name(err_kind(e)), err_text(e));
        err_free(e);
    } else {
        text_addf(&w->got, "[%d %zu]", answer->status, answer->body.size);
        http_message_done(answer);
    }
}

static void ask(struct world *w, struct http_ask a) {
    struct http_message answer = {0};
    struct err *e = http_sync_call(&w->origin, &a, &answer);
    note_answer(w, e, &answer);
}

static void asks_and_errors(struct world *w) {
    size_t size = 4 << 20; // more than the sockets hold: sending must wait for the server
    AUTO_FREE char *body = mem_zero(size, 1);
    ask(w, (struct http_ask){.path = "/x"});
    ask(w, (struct http_ask){.method = "POST", .path = "/x", .body = body, .body_size = size});
    ask(w, (struct http_ask){.method = "HEAD", .path = "/x"});
    ask(w, (struct http_ask){.path = "/error"});
    ask(w, (struct http_ask){.method = "POST", .path = "/x", .body = body, .body_size = 2000, .answer_limit = 1999});
    ask(w, (struct http_ask){.method = "POST", .path = "/x", .body = body, .body_size = 2000, .answer_limit = 2000});
}

static void answers_come_back_whole(void **state) {
    struct world *w = *state;
    with_server(w, asks_and_errors);
    AUTO_FREE char *expected =
        mem_format("[200 0][200 4194304][200 0][404 14][too-large: the answer of localhost:%u: the body of "
                   "the response is larger than 1999 bytes][200 2000]",
                   w->origin.port);
    assert_string_equal(text_string(&w->got), expected);
}

static void asks_too_hastily(struct world *w) {
    ask(w, (struct http_ask){.path = "/never", .deadline_ms = 30});
}

static void the_deadline_is_kept(void **state) {
    struct world *w = *state;
    int64_t start = loop_now(w->loop).ms;
    with_server(w, asks_too_hastily);
    assert_in_range(loop_now(w->loop).ms - start, 30, 5000);
    assert_true(text_starts(text_string(&w->got), "[timeout: "));
}

static void nobody_listening_is_unavailable(void **state) {
    struct world *w = *state;
    http_server_free(w->server);
    w->server = NULL;
    ask(w, (struct http_ask){.path = "/x"});
    assert_true(text_starts(text_string(&w->got), "[unavailable: connect to localhost:"));
    assert_non_null(strstr(w->got.data, "Connection refused"));
}

static bool take(const struct http_message *head, const char *bytes, size_t size, void *arg) {
    struct world *w = arg;
    if (size == 0) text_addf(&w->got, "<%d>", head->status);
    text_add_n(&w->got, bytes, size);
    return !w->enough || w->got.size < w->enough;
}

static void stream(struct world *w, struct http_ask a) {
    struct err *e = http_sync_stream(&w->origin, &a, take, w);
    if (e) text_addf(&w->got, "[%s]", err_kind_name(err_kind(e)));
    err_free(e);
}

static void reads_a_stream(struct world *w) {
    stream(w, (struct http_ask){.path = "/stream", .idle_ms = 5000});
}
static void reads_a_silent_stream(struct world *w) {
    stream(w, (struct http_ask){.path = "/stream-silent", .idle_ms = 30});
}

static void a_stream_is_read_to_its_end(void **state) {
    struct world *w = *state;
    w->stream_most = 3;
    with_server(w, reads_a_stream);
    assert_string_equal(text_string(&w->got), "<200>piece,piece,piece,");
}

static void a_reader_may_stop_early(void **state) {
    struct world *w = *state;
    w->stream_most = 2;
    w->stays_open = true; // so that only the reader can end it
    w->enough = strlen("<200>piece,piece,");
    with_server(w, reads_a_stream);
    assert_string_equal(text_string(&w->got), "<200>piece,piece,");
}

static void a_silent_stream_is_a_timeout(void **state) {
    struct world *w = *state;
    with_server(w, reads_a_silent_stream);
    assert_string_equal(text_string(&w->got), "<200>[timeout]");
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        CASE(answers_come_back_whole),     CASE(the_deadline_is_kept),    CASE(nobody_listening_is_unavailable),
        CASE(a_stream_is_read_to_its_end), CASE(a_reader_may_stop_early), CASE(a_silent_stream_is_a_timeout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
