// SPDX-License-Identifier: Apache-2.0
// How a task's output is asked for: not oftener than it can come, and no longer than its reader wants to wait.
#include "cli/task_output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "net/http_server.h"

enum { REQUESTS_MOST = 16, PATIENCE_MS = 10000 };

#define EMPTY "{\"task\":\"t\",\"offset\":0,\"next\":0,\"ended\":false,\"data\":\"\"}"
#define ENDED "{\"task\":\"t\",\"offset\":0,\"next\":0,\"ended\":true,\"data\":\"\"}"

struct world {
    struct loop *loop;
    struct http_server *server;
    struct client *client;
    struct task_output *output;
    struct loop_timer *patience, *late;
    struct http_request *held[REQUESTS_MOST];
    size_t held_count;
    bool hold;
    size_t empty_left; // requests that are answered with nothing; those behind them with the end
    size_t requests;
    struct mono began, last; // when it began to read, and of the last request
    size_t waits;
    bool ended;
    enum err_kind failed;
};

static void answer(struct http_request *r, const char *json) {
    http_respond(r, 200, "application/json", NULL, 0, json, strlen(json));
}

static void handle(struct http_request *r, void *arg) {
    struct world *w = arg;
    assert_true(w->requests < REQUESTS_MOST);
    w->requests++;
    w->last = loop_now(w->loop);
    if (w->hold)
        w->held[w->held_count++] = r;
    else
        answer(r, w->requests <= w->empty_left ? EMPTY : ENDED);
}

static void held_answer(void *arg) {
    struct world *w = arg;
    while (w->held_count) answer(w->held[--w->held_count], ENDED);
}

static void on_waits(const struct err *e UNUSED, bool answered UNUSED, void *arg) {
    ((struct world *)arg)->waits++;
}

static void on_failed(struct err *e, void *arg) {
    struct world *w = arg;
    w->failed = err_kind(e);
    err_free(e);
    loop_stop(w->loop);
}

static void on_ended(void *arg) {
    struct world *w = arg;
    w->ended = true;
    loop_stop(w->loop);
}

static const struct task_output_events events = {on_waits, on_failed, on_ended};

static void patience_over(void *arg) {
    loop_stop(((struct world *)arg)->loop);
}

static struct client *client_of(uint16_t port, const char *timeout) {
    AUTO_FREE char *master = mem_format("http://127.0.0.1:%u", port);
    struct settings *s = settings_new(PROCESS_CLI);
    struct client *c = NULL;
    assert_null(settings_give(s, &(struct setting_given){.name = "master", .value = master, .source = FROM_FLAG}));
    assert_null(settings_give(s, &(struct setting_given){.name = "timeout", .value = timeout, .source = FROM_FLAG}));
    assert_null(client_new(s, &c));
    settings_free(s);
    return c;
}

static void read_all(struct world *w, unsigned traits, const char *timeout) {
    uint16_t port;
    assert_null(loop_new(&w->loop));
    assert_null(http_server_new(w->loop, &(struct http_options){0}, handle, w, &w->server));
    assert_null(http_server_listen(w->server, "127.0.0.1", 0, &port));
    w->client = client_of(port, timeout);
    w->patience = loop_timer_new(w->loop, patience_over, w);
    w->late = loop_timer_new(w->loop, held_answer, w);
    loop_timer_set(w->patience, PATIENCE_MS);
    if (w->hold) loop_timer_set(w->late, 300);
    assert_null(task_output_new(w->loop, w->client, traits, &events, w, &w->output));
    w->began = loop_now(w->loop);
    task_output_read(w->output, NULL, "t");
    loop_run(w->loop);
}

static void world_end(struct world *w) {
    held_answer(w);
    task_output_free(w->output);
    loop_timer_free(w->patience);
    loop_timer_free(w->late);
    http_server_free(w->server);
    client_free(w->client);
    loop_free(w->loop);
}

static void a_task_that_is_not_launched_is_not_asked_for_without_pause(void **state UNUSED) {
    struct world w = {.empty_left = 4};
    read_all(&w, TASK_OUTPUT_FOLLOW, "30s");
    assert_true(w.ended);
    assert_int_equal(w.requests, 6);
    assert_true(w.last.ms - w.began.ms >= 1000); // three times one of the streams
    world_end(&w);
}

static void a_master_that_does_not_answer_in_time_is_not_waited_for(void **state UNUSED) {
    struct world w = {.hold = true};
    read_all(&w, 0, "50ms");
    assert_int_equal(w.failed, ERR_TIMEOUT);
    world_end(&w);
}

static void who_follows_waits_for_what_the_master_holds(void **state UNUSED) {
    struct world w = {.hold = true};
    read_all(&w, TASK_OUTPUT_FOLLOW, "50ms");
    assert_true(w.ended);
    assert_int_equal(w.waits, 0);
    assert_int_equal(w.requests, 2);
    world_end(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_that_is_not_launched_is_not_asked_for_without_pause),
        cmocka_unit_test(a_master_that_does_not_answer_in_time_is_not_waited_for),
        cmocka_unit_test(who_follows_waits_for_what_the_master_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
