// SPDX-License-Identifier: Apache-2.0
// The stream of the built-in framework and its calls say who asks.
#include "cli/run_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/http_server.h"

enum { PATIENCE_MS = 10000 };

struct world {
    struct loop *loop;
    struct http_server *server;
    struct client *client;
    struct run_stream *stream;
    struct http_stream *served;
    struct loop_timer *patience;
    struct text calls; // "AUTHORIZATION STREAM-ID;" of each request
};

static void on_gone(const char *why UNUSED, void *arg) {
    ((struct world *)arg)->served = NULL;
}

static const char *header(const struct http_message *m, const char *name) {
    const char *value = http_header_find(m, name);
    return value ? value : "none";
}

static void handle(struct http_request *r, void *arg) {
    struct world *w = arg;
    const struct http_message *m = http_request_message(r);
    text_addf(&w->calls, "%s %s;", header(m, "Authorization"), header(m, "Mesos-Stream-Id"));
    if (w->served) {
        http_respond(r, 202, NULL, NULL, 0, NULL, 0);
        loop_stop(w->loop);
    } else {
        w->served = http_stream_begin(r, 200, "application/json", &(struct http_header){"Mesos-Stream-Id", "s-1"}, 1,
                                      on_gone, w);
    }
}

static run_call *subscribe(struct arena *arena, void *arg UNUSED) {
    run_call *call = ARENA_NEW(arena, run_call);
    mesos__v1__scheduler__call__init(call);
    call->has_type = 1;
    call->type = MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE;
    return call;
}

static void on_event(const run_event *event UNUSED, struct arena *arena UNUSED, void *arg UNUSED) {}
static void on_line(const char *line, void *arg UNUSED) {
    fail_msg("%s", line);
}
static void on_failed(struct err *e, void *arg UNUSED) {
    fail_msg("%s", err_text(e));
}
static void on_drained(void *arg UNUSED) {}
static const struct run_stream_events events = {subscribe, on_event, on_line, on_failed, on_drained};

static struct client *client_of(uint16_t port, const char *token) {
    AUTO_FREE char *master = mem_format("http://127.0.0.1:%u", port);
    struct settings *s = settings_new(PROCESS_CLI);
    struct client *c = NULL;
    assert_null(settings_give(s, &(struct setting_given){.name = "master", .value = master, .source = FROM_FLAG}));
    assert_null(settings_give(s, &(struct setting_given){.name = "token-file", .value = token, .source = FROM_FLAG}));
    assert_null(client_new(s, &c));
    settings_free(s);
    return c;
}

static void patience_over(void *arg) {
    loop_stop(((struct world *)arg)->loop);
}

static void the_stream_and_its_calls_send_the_token(void **state UNUSED) {
    struct world w = {0};
    uint16_t port;
    char token[] = "/tmp/granary-token-XXXXXX";
    int fd = mkstemp(token);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "secret\n", 7), 7);
    close(fd);
    assert_null(loop_new(&w.loop));
    assert_null(http_server_new(w.loop, &(struct http_options){0}, handle, &w, &w.server));
    assert_null(http_server_listen(w.server, "127.0.0.1", 0, &port));
    w.client = client_of(port, token);
    unlink(token);
    w.patience = loop_timer_new(w.loop, patience_over, &w);
    loop_timer_set(w.patience, PATIENCE_MS);
    assert_null(run_stream_new(w.loop, w.client, &events, &w, &w.stream));
    AUTO_ARENA struct arena arena = {0};
    run_stream_send(w.stream, subscribe(&arena, NULL)); // waits for the stream
    loop_run(w.loop);
    assert_string_equal(text_string(&w.calls), "Bearer secret none;Bearer secret s-1;");
    run_stream_free(w.stream);
    loop_timer_free(w.patience);
    http_server_free(w.server);
    client_free(w.client);
    loop_free(w.loop);
    text_done(&w.calls);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_stream_and_its_calls_send_the_token)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
