// SPDX-License-Identifier: Apache-2.0
// The client on the loop: against our own server, and against sockets that misbehave on purpose.
#include "net/http_client.h"

#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "net/http_server.h"

enum { PATIENCE_MS = 10000, TICK_MS = 2, TICKS_LEAST = 10, OUTCOMES_MOST = 64 };

struct outcome { // how one call ended
    int status;
    enum err_kind kind;
    char *text; // the body, or the error's sentence
};

struct world {
    struct loop *loop;
    struct http_server *server;
    uint16_t port;
    struct http_client *client;
    struct loop_timer *tick;
    int64_t until;
    bool (*until_true)(const struct world *w);
    int wanted, ticks;
    const char *wanted_text;
    int gone_count;
    int handled, peers; // requests the server saw; different connections they came by
    char *last_peer;
    struct outcome outcomes[OUTCOMES_MOST];
    int outcome_count;
    struct http_stream *stream; // the server's end
    struct text streamed;       // what the client got of it
    int heads;
    struct http_call *call;
    int listening; // of a bare socket
    bool free_in_callback, cancel_in_callback;
};

// ---- running the loop

typedef bool condition(const struct world *w);

// On a busy machine a long time may be a single turn of the loop: waiting also takes some turns.
static void tick(void *arg) {
    struct world *w = arg;
    bool over = loop_now(w->loop).ms >= w->until && ++w->ticks > TICKS_LEAST;
    if (over || (w->until_true && w->until_true(w))) {
        loop_stop(w->loop);
    } else {
        loop_timer_set(w->tick, w->ticks ? 0 : TICK_MS);
    }
}

static void run(struct world *w, condition *until_true, int64_t ms) {
    w->until_true = until_true;
    w->ticks = 0;
    w->until = loop_now(w->loop).ms + ms;
    loop_timer_set(w->tick, 0);
    loop_run(w->loop);
}

static bool has_outcomes(const struct world *w) {
    return w->outcome_count >= w->wanted;
}
static bool is_unconnected(const struct world *w) {
    return http_client_connections(w->client) == 0;
}
static bool server_is_gone(const struct world *w) {
    return !w->stream;
}
static bool has_streamed(const struct world *w) {
    return text_equal(text_string(&w->streamed), w->wanted_text);
}
static bool has_head(const struct world *w) {
    return w->heads > 0 && w->stream;
}

static void wait_for(struct world *w, condition *until_true) {
    run(w, until_true, PATIENCE_MS);
    if (!until_true(w)) fail_msg("waited in vain");
}

static void wait_outcomes(struct world *w, int outcomes) {
    w->wanted = outcomes;
    run(w, has_outcomes, PATIENCE_MS);
    assert_int_equal(w->outcome_count, outcomes);
}

static void wait_streamed(struct world *w, const char *text) {
    w->wanted_text = text;
    run(w, has_streamed, PATIENCE_MS);
    assert_string_equal(text_string(&w->streamed), text);
}

static void run_for(struct world *w, int64_t ms) {
    run(w, NULL, ms);
}

// ---- the server

static void on_stream_gone(const char *why, void *arg) {
    (void)why;
    ((struct world *)arg)->stream = NULL;
}

static void on_request_gone(void *arg) {
    ((struct world *)arg)->gone_count++;
}

static void handle(struct http_request *r, void *arg) {
    struct world *w = arg;
    const struct http_message *m = http_request_message(r);
    w->handled++;
    if (!text_equal(w->last_peer, http_request_peer(r))) w->peers++;
    free(w->last_peer);
    w->last_peer = mem_text(http_request_peer(r));
    if (text_starts(m->path, "/stream")) {
        w->stream = http_stream_begin(r, 200, "text/event-stream", NULL, 0, on_stream_gone, w);
    } else if (text_starts(m->path, "/never")) {
        http_request_on_gone(r, on_request_gone, w);
    } else if (text_starts(m->path, "/large")) {
        AUTO_FREE char *body = mem_zero(1 << 20, 1);
        http_respond(r, 200, NULL, NULL, 0, body, 1 << 20);
    } else {
        AUTO_TEXT struct text body = {0};
        const char *header = http_header_find(m, "X-Ask");
        text_addf(&body, "%s %s?%s %s %s", m->method, m->path, m->query, header ? header : "-", text_string(&m->body));
        http_respond(r, text_starts(m->path, "/no") ? 404 : 200, "text/plain", NULL, 0, body.data, body.size);
    }
}

static void on_done(const struct http_message *answer, struct err *e, void *arg) {
    struct world *w = arg;
    assert_true((answer != NULL) == (e == NULL));
    struct outcome *o = &w->outcomes[w->outcome_count++];
    *o = e ? (struct outcome){0, err_kind(e), mem_text(err_text(e))}
           : (struct outcome){answer->status, 0, mem_text(text_string(&answer->body))};
    err_free(e);
    if (w->free_in_callback) {
        http_client_free(w->client);
        w->client = NULL;
    }
}

static void on_head(const struct http_message *head, void *arg) {
    struct world *w = arg;
    assert_int_equal(head->status, 200);
    assert_string_equal(http_header_find(head, "content-type"), "text/event-stream");
    w->heads++;
}

static void on_data(const char *bytes, size_t size, void *arg) {
    struct world *w = arg;
    text_add_n(&w->streamed, bytes, size);
    if (w->cancel_in_callback) {
        http_call_cancel(w->call);
        w->call = NULL;
    }
    if (w->free_in_callback) {
        http_client_free(w->client);
        w->client = NULL;
    }
}

static void on_end(struct err *e, void *arg) {
    struct world *w = arg;
    struct outcome *o = &w->outcomes[w->outcome_count++];
    *o = e ? (struct outcome){0, err_kind(e), mem_text(err_text(e))} : (struct outcome){.text = mem_text("ended")};
    err_free(e);
}

static const struct http_call_events events = {on_head, on_data, on_end};

static void client_for_port(struct world *w, uint16_t port) {
    struct url origin = {.host = mem_text("127.0.0.1"), .port = port, .path = mem_text("/")};
    http_client_free(w->client);
    assert_null(http_client_new(w->loop, &origin, NULL, &w->client));
    url_done(&origin);
}

// A server that keeps idle connections that long (0: long), and a client for it.
static void serve(struct world *w, int64_t idle_ms) {
    struct http_options options = {.limits = {.idle_ms = idle_ms}};
    http_server_free(w->server);
    assert_null(http_server_new(w->loop, &options, handle, w, &w->server));
    assert_null(http_server_listen(w->server, "127.0.0.1", 0, &w->port));
    client_for_port(w, w->port);
}

static int world_make(void **state) {
    struct world *w = NEW(struct world);
    *state = w;
    w->listening = -1;
    if (loop_new(&w->loop)) return -1;
    w->tick = loop_timer_new(w->loop, tick, w);
    serve(w, 0);
    return 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    http_client_free(w->client);
    http_server_free(w->server);
    for (int i = 0; i < w->outcome_count; i++) free(w->outcomes[i].text);
    if (w->listening >= 0) close(w->listening);
    loop_timer_free(w->tick);
    loop_free(w->loop);
    text_done(&w->streamed);
    free(w->last_peer);
    free(w);
    return 0;
}

static struct http_call *ask(struct world *w, const char *method, const char *path, const char *body) {
    struct http_header header = {"X-Ask", "a\r\nb"};
    struct http_ask a = {.method = method, .path = path, .headers = &header, .header_count = 1, .body = body};
    a.body_size = body ? strlen(body) : 0;
    return http_client_call(w->client, &a, on_done, w);
}

static void expect_outcome(const struct world *w, int i, int status, const char *text) {
    if (w->outcomes[i].status != status) fail_msg("%s", w->outcomes[i].text);
    assert_string_equal(w->outcomes[i].text, text);
}

static void expect_failure(const struct world *w, int i, enum err_kind kind, const char *part) {
    assert_int_equal(w->outcomes[i].status, 0);
    if (!strstr(w->outcomes[i].text, part)) fail_msg("'%s' lacks '%s'", w->outcomes[i].text, part);
    if (w->outcomes[i].kind != kind) fail_msg("kind %s: %s", err_kind_name(w->outcomes[i].kind), w->outcomes[i].text);
}

// ---- whole answers

static void calls_one_after_another_use_one_connection(void **state) {
    struct world *w = *state;
    ask(w, "GET", "/a%20b?c", NULL);
    wait_outcomes(w, 1);
    ask(w, "POST", "/p", "body");
    wait_outcomes(w, 2);
    ask(w, "HEAD", "/h", NULL);
    wait_outcomes(w, 3);
    ask(w, "GET", "/no", NULL);
    wait_outcomes(w, 4);
    expect_outcome(w, 0, 200, "GET /a b?c a  b ");
    expect_outcome(w, 1, 200, "POST /p? a  b body");
    expect_outcome(w, 2, 200, "");
    expect_outcome(w, 3, 404, "GET /no? a  b ");
    assert_int_equal(w->peers, 1);
    assert_int_equal(http_client_connections(w->client), 1);
}

static void many_calls_share_a_few_connections(void **state) {
    struct world *w = *state;
    for (int i = 0; i < 40; i++) ask(w, "GET", "/x", NULL);
    wait_outcomes(w, 40);
    for (int i = 0; i < 40; i++) expect_outcome(w, i, 200, "GET /x? a  b ");
    assert_int_equal(w->handled, 40);
    assert_int_equal(http_client_connections(w->client), HTTP_CLIENT_CONNECTIONS);
}

static void a_connection_the_server_closed_is_not_used_again(void **state) {
    struct world *w = *state;
    serve(w, 300);
    ask(w, "POST", "/x", NULL);
    wait_outcomes(w, 1);
    wait_for(w, is_unconnected);
    ask(w, "POST", "/x", NULL);
    wait_outcomes(w, 2);
    expect_outcome(w, 1, 200, "POST /x? a  b ");
    assert_int_equal(w->peers, 2);
}

static void an_answer_that_does_not_come_is_a_timeout(void **state) {
    struct world *w = *state;
    struct http_ask a = {.path = "/never", .deadline_ms = 30};
    http_client_call(w->client, &a, on_done, w);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_TIMEOUT, "did not answer in time");
    run_for(w, 20);
    assert_int_equal(w->gone_count, 1); // the server learns that nobody waits any more
    assert_int_equal(http_client_connections(w->client), 0);
}

static void a_cancelled_call_is_not_told(void **state) {
    struct world *w = *state;
    struct http_call *waiting = ask(w, "GET", "/never", NULL);
    http_call_cancel(ask(w, "GET", "/x", NULL)); // before anything was sent
    run_for(w, 20);
    http_call_cancel(waiting);
    run_for(w, 20);
    assert_int_equal(w->outcome_count, 0);
    ask(w, "GET", "/x", NULL);
    wait_outcomes(w, 1);
    expect_outcome(w, 0, 200, "GET /x? a  b ");
}

static void an_answer_over_the_limit_is_refused(void **state) {
    struct world *w = *state;
    struct http_ask a = {.path = "/large", .answer_limit = 1000};
    http_client_call(w->client, &a, on_done, w);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_TOO_LARGE, "larger than 1000 bytes");
}

static void the_client_may_be_freed_by_an_answer(void **state) {
    struct world *w = *state;
    w->free_in_callback = true;
    for (int i = 0; i < 20; i++) ask(w, "GET", "/x", NULL);
    wait_outcomes(w, 1);
    run_for(w, 20);
    assert_int_equal(w->outcome_count, 1);
}

// ---- misbehaving servers

static uint16_t listen_bare(struct world *w) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    w->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(w->listening, (struct sockaddr *)&a, size), 0);
    assert_int_equal(listen(w->listening, 8), 0);
    assert_int_equal(getsockname(w->listening, (struct sockaddr *)&a, &size), 0);
    return ntohs(a.sin_port);
}

// Accepts one connection and reads its request while the loop runs.
static int accept_bare(struct world *w) {
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    int fd = -1;
    char request[4096];
    while (loop_now(w->loop).ms < until) {
        run_for(w, 2);
        if (fd < 0) fd = accept4(w->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0 && recv(fd, request, sizeof request, 0) > 0) return fd;
    }
    fail_msg("no request came");
    return -1;
}

// The same, then says `answer` (NULL: nothing) and closes.
static void serve_bare(struct world *w, const char *answer) {
    int fd = accept_bare(w);
    if (answer) assert_int_equal(send(fd, answer, strlen(answer), MSG_NOSIGNAL), strlen(answer));
    close(fd);
}

static void nobody_listening_is_unavailable_and_told_later(void **state) {
    struct world *w = *state;
    uint16_t port = listen_bare(w);
    close(w->listening);
    w->listening = -1;
    client_for_port(w, port);
    ask(w, "GET", "/x", NULL);
    assert_int_equal(w->outcome_count, 0);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_UNAVAILABLE, "Connection refused");
}

static void a_missing_unix_socket_is_unavailable(void **state) {
    struct world *w = *state;
    struct url origin = {.unix_path = mem_text("/tmp/there-is-no-such-socket"), .path = mem_text("/")};
    http_client_free(w->client);
    assert_null(http_client_new(w->loop, &origin, NULL, &w->client));
    url_done(&origin);
    ask(w, "GET", "/x", NULL);
    assert_int_equal(w->outcome_count, 0);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_UNAVAILABLE, "connect to unix:/tmp/there-is-no-such-socket");
}

static void a_connection_that_breaks_before_the_answer_is_unknown(void **state) {
    struct world *w = *state;
    client_for_port(w, listen_bare(w));
    ask(w, "POST", "/x", "b");
    serve_bare(w, NULL);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_UNKNOWN, "broke before its answer");
    ask(w, "GET", "/x", NULL);
    serve_bare(w, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    wait_outcomes(w, 2);
    expect_failure(w, 1, ERR_UNKNOWN, "broke before its answer");
    ask(w, "GET", "/x", NULL);
    serve_bare(w, "SSH-2.0-OpenSSH\r\n");
    wait_outcomes(w, 3);
    expect_failure(w, 2, ERR_UNKNOWN, "not valid HTTP");
}

static void a_kept_connection_that_died_is_replaced_for_repeatable_requests_only(void **state) {
    struct world *w = *state;
    const char *const methods[] = {"GET", "POST"};
    client_for_port(w, listen_bare(w));
    for (int i = 0; i < 2; i++) {
        ask(w, methods[i], "/x", NULL);
        int fd = accept_bare(w);
        const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert_int_equal(send(fd, answer, strlen(answer), 0), strlen(answer));
        wait_outcomes(w, 2 * i + 1);
        ask(w, methods[i], "/again", NULL); // by the kept connection, which is closed without an answer
        char request[4096];
        assert_true(recv(fd, request, sizeof request, 0) > 0); // it was sent at once
        close(fd);
        if (i == 0) serve_bare(w, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nagain");
        wait_outcomes(w, 2 * i + 2);
        wait_for(w, is_unconnected); // so that the client sees the second connection close
    }
    expect_outcome(w, 1, 200, "again");
    expect_failure(w, 3, ERR_UNKNOWN, "broke before its answer");
}

static void answers_by_the_end_and_after_100_are_understood(void **state) {
    struct world *w = *state;
    client_for_port(w, listen_bare(w));
    ask(w, "POST", "/x", "b");
    serve_bare(w, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nuntil the end");
    wait_outcomes(w, 1);
    expect_outcome(w, 0, 200, "until the end");
}

// ---- streams

static void stream_begin(struct world *w, int64_t idle_ms) {
    struct http_ask a = {.method = "POST", .path = "/stream", .idle_ms = idle_ms, .deadline_ms = 2000};
    w->call = http_client_stream(w->client, &a, &events, w);
    wait_for(w, has_head);
    assert_int_equal(w->heads, 1);
}

static void a_stream_is_handed_over_as_it_comes_until_its_end(void **state) {
    struct world *w = *state;
    stream_begin(w, 0);
    http_stream_write(w->stream, "one,", 4);
    wait_streamed(w, "one,");
    for (int i = 0; i < 20; i++) ask(w, "GET", "/x", NULL); // other calls go on beside it
    wait_outcomes(w, 20);
    http_stream_write(w->stream, "two", 3);
    http_stream_end(w->stream);
    wait_outcomes(w, 21);
    assert_string_equal(text_string(&w->streamed), "one,two");
    assert_string_equal(w->outcomes[20].text, "ended");
}

static void a_silent_stream_ends_by_its_idle_time_and_a_busy_one_does_not(void **state) {
    struct world *w = *state;
    stream_begin(w, 1000);
    for (int i = 0; i < 6; i++) {
        run_for(w, 250);
        assert_non_null(w->stream);
        http_stream_write(w->stream, ".", 1);
    }
    assert_int_equal(w->outcome_count, 0);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_TIMEOUT, "silent for too long");
    assert_string_equal(text_string(&w->streamed), "......");
}

static void a_stream_that_breaks_says_so(void **state) {
    struct world *w = *state;
    stream_begin(w, 0);
    http_server_free(w->server);
    w->server = NULL;
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_UNKNOWN, "ended early");
}

static void a_stream_may_be_cancelled_from_its_own_data(void **state) {
    struct world *w = *state;
    w->cancel_in_callback = true;
    stream_begin(w, 0);
    http_stream_write(w->stream, "x", 1);
    wait_for(w, server_is_gone);
    assert_int_equal(w->outcome_count, 0);
    assert_int_equal(http_client_connections(w->client), 0);
}

static void the_client_may_be_freed_from_a_streams_data(void **state) {
    struct world *w = *state;
    w->free_in_callback = true;
    stream_begin(w, 0);
    http_stream_write(w->stream, "x", 1);
    wait_for(w, server_is_gone);
    assert_null(w->client);
    assert_int_equal(w->outcome_count, 0);
}

// ---- names

static void a_name_is_resolved_in_a_worker_and_localhost_at_once(void **state) {
    struct world *w = *state;
    struct pool *pool;
    assert_null(pool_new(w->loop, 1, "names", &pool));
    http_client_free(w->client);
    struct url origin = {.host = mem_text("no-such-host.invalid"), .port = w->port, .path = mem_text("/")};
    assert_null(http_client_new(w->loop, &origin, pool, &w->client));
    url_done(&origin);
    ask(w, "GET", "/x", NULL);
    assert_int_equal(w->outcome_count, 0);
    wait_outcomes(w, 1);
    expect_failure(w, 0, ERR_UNAVAILABLE, "no-such-host.invalid");
    http_client_free(w->client);
    origin = (struct url){.host = mem_text("localhost"), .port = w->port, .path = mem_text("/")};
    assert_null(http_client_new(w->loop, &origin, pool, &w->client));
    url_done(&origin);
    ask(w, "GET", "/x", NULL);
    wait_outcomes(w, 2);
    expect_outcome(w, 1, 200, "GET /x? a  b ");
    pool_free(pool);
}

// The resolver of this program: the name 'here.test' leads to this machine, so many times.
static int found_times;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints UNUSED, struct addrinfo **found) {
    static struct sockaddr_in address;
    static struct addrinfo one;
    if (strcmp(name, "here.test") != 0 || found_times-- <= 0) return EAI_NONAME;
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    uint64_t port;
    assert_true(text_to_u64(service, &port));
    address.sin_port = htons((uint16_t)port);
    one = (struct addrinfo){.ai_addr = (struct sockaddr *)&address, .ai_addrlen = sizeof address};
    *found = &one;
    return 0;
}

void freeaddrinfo(struct addrinfo *found UNUSED) {}

static void a_name_that_is_not_found_any_more_fails_only_the_calls_that_wait_for_it(void **state) {
    struct world *w = *state;
    uint16_t port = listen_bare(w);
    close(w->listening);
    w->listening = -1;
    http_client_free(w->client);
    struct url origin = {.host = mem_text("here.test"), .port = port, .path = mem_text("/")};
    assert_null(http_client_new(w->loop, &origin, NULL, &w->client));
    url_done(&origin);
    found_times = 1;
    ask(w, "GET", "/refused", NULL); // nobody listens yet; told in the next turn
    assert_null(http_server_listen(w->server, "127.0.0.1", port, &port));
    for (int i = 1; i < HTTP_CLIENT_CONNECTIONS; i++) ask(w, "GET", "/x", NULL);
    ask(w, "GET", "/waits", NULL); // has no connection, and asks anew where the name leads
    wait_outcomes(w, HTTP_CLIENT_CONNECTIONS + 1);
    int answered = 0, refused = 0, lost = 0;
    for (int i = 0; i < w->outcome_count; i++) {
        const struct outcome *o = &w->outcomes[i];
        answered += o->status == 200;
        refused += o->status == 0 && strstr(o->text, "Connection refused") != NULL;
        lost += o->status == 0 && strstr(o->text, "host 'here.test'") != NULL;
    }
    assert_int_equal(answered, HTTP_CLIENT_CONNECTIONS - 1);
    assert_int_equal(refused, 1);
    assert_int_equal(lost, 1);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        CASE(calls_one_after_another_use_one_connection),
        CASE(many_calls_share_a_few_connections),
        CASE(a_connection_the_server_closed_is_not_used_again),
        CASE(an_answer_that_does_not_come_is_a_timeout),
        CASE(a_cancelled_call_is_not_told),
        CASE(an_answer_over_the_limit_is_refused),
        CASE(the_client_may_be_freed_by_an_answer),
        CASE(nobody_listening_is_unavailable_and_told_later),
        CASE(a_missing_unix_socket_is_unavailable),
        CASE(a_connection_that_breaks_before_the_answer_is_unknown),
        CASE(a_kept_connection_that_died_is_replaced_for_repeatable_requests_only),
        CASE(answers_by_the_end_and_after_100_are_understood),
        CASE(a_stream_is_handed_over_as_it_comes_until_its_end),
        CASE(a_silent_stream_ends_by_its_idle_time_and_a_busy_one_does_not),
        CASE(a_stream_that_breaks_says_so),
        CASE(a_stream_may_be_cancelled_from_its_own_data),
        CASE(the_client_may_be_freed_from_a_streams_data),
        CASE(a_name_is_resolved_in_a_worker_and_localhost_at_once),
        CASE(a_name_that_is_not_found_any_more_fails_only_the_calls_that_wait_for_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
