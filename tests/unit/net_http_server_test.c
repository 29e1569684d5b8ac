// SPDX-License-Identifier: Apache-2.0
// The server over real sockets of this machine: order, streams, bounds, deadlines, and who is told what when it ends.
#include "net/http_server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MS = 10000, TICK_MS = 2, TICKS_LEAST = 10, PEERS_MOST = 12, KEPT_MOST = 256 };

struct world;
struct peer { // a client that speaks raw bytes
    struct world *world;
    int fd;
    struct loop_watch *watch;
    struct text got;
    bool ended;
};

struct world {
    struct loop *loop;
    struct http_server *server;
    uint16_t port;
    struct peer peers[PEERS_MOST];
    int peer_count;
    int handled, gone_count, stopped_count;
    struct http_request *kept[KEPT_MOST]; // requests that wait for their answer
    int kept_count;
    struct http_stream *stream;
    char *gone_why;
    struct loop_timer *tick;
    int ticks;
    bool (*condition)(struct world *w, const void *arg);
    const void *condition_arg;
    int64_t until;
};

// ---- running the loop until something holds

static bool time_is_over(struct world *w, const void *arg);

static void tick(void *arg) {
    struct world *w = arg;
    if (w->condition(w, w->condition_arg) || loop_now(w->loop).ms > w->until) {
        loop_stop(w->loop);
    } else {
        loop_timer_set(w->tick, w->ticks ? 0 : TICK_MS);
    }
}

static void wait_for(struct world *w, bool (*condition)(struct world *w, const void *arg), const void *arg) {
    if (condition != time_is_over) w->ticks = 0;
    w->condition = condition;
    w->condition_arg = arg;
    w->until = loop_now(w->loop).ms + PATIENCE_MS;
    loop_timer_set(w->tick, 0);
    loop_run(w->loop);
    if (!condition(w, arg)) fail_msg("waited in vain; got: %s", text_string(&w->peers[0].got));
}

// On a busy machine a long time may be a single turn of the loop: waiting also takes some turns.
static bool time_is_over(struct world *w, const void *arg) {
    if (loop_now(w->loop).ms < *(const int64_t *)arg) return false;
    return ++w->ticks > TICKS_LEAST;
}

static void run_for(struct world *w, int64_t ms) {
    w->ticks = 0;
    wait_for(w, time_is_over, &(int64_t){loop_now(w->loop).ms + ms});
}

// ---- clients

static void peer_readable(int fd, int what, void *arg) {
    (void)what;
    struct peer *p = arg;
    ssize_t n = read(fd, text_room(&p->got, 256 * 1024), 256 * 1024);
    if (n < 0 && errno == EAGAIN) return;
    if (n > 0) {
        text_added(&p->got, (size_t)n);
        return;
    }
    p->ended = true;
    loop_watch_free(p->watch);
    p->watch = NULL;
}

static void peer_listen(struct peer *p) {
    p->watch = loop_watch_new(p->world->loop, p->fd, LOOP_READ, peer_readable, p);
}

static struct peer *peer_of(struct world *w, int fd) {
    assert_true(w->peer_count < PEERS_MOST);
    struct peer *p = &w->peers[w->peer_count++];
    *p = (struct peer){.world = w, .fd = fd};
    peer_listen(p);
    return p;
}

static struct peer *peer_new(struct world *w) {
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return peer_of(w, fd);
}

static void peer_hang_up(struct peer *p) {
    loop_watch_free(p->watch);
    p->watch = NULL;
    close(p->fd);
    p->fd = -1;
}

static void peer_say(struct peer *p, const char *bytes) {
    assert_int_equal(send(p->fd, bytes, strlen(bytes), MSG_NOSIGNAL), strlen(bytes));
}

struct expected {
    struct peer *peer;
    const char *text;
};

static bool peer_has(struct world *w, const void *arg) {
    const struct expected *x = arg;
    (void)w;
    return x->peer->got.size && memmem(x->peer->got.data, x->peer->got.size, x->text, strlen(x->text));
}

static bool peer_ended(struct world *w, const void *arg) {
    (void)w;
    return ((const struct peer *)arg)->ended;
}

static void peer_expect(struct peer *p, const char *text) {
    wait_for(p->world, peer_has, &(struct expected){p, text});
}
static void peer_expect_end(struct peer *p) {
    wait_for(p->world, peer_ended, p);
}

// ---- the server's side

static void on_gone(void *arg) {
    ((struct world *)arg)->gone_count++;
}

static void on_stream_gone(const char *why, void *arg) {
    struct world *w = arg;
    w->gone_count++;
    w->stream = NULL;
    free(w->gone_why);
    w->gone_why = mem_text(why);
}

static void echo(struct http_request *r) {
    const struct http_message *m = http_request_message(r);
    AUTO_TEXT struct text body = {0};
    text_addf(&body, "<%s %s ", m->method, m->path);
    text_add_n(&body, text_string(&m->body), m->body.size);
    text_add(&body, ">");
    struct http_header header = {"X-Answer", "a\r\nb"};
    http_respond(r, 200, "text/plain", &header, 1, body.data, body.size);
}

static void handle(struct http_request *r, void *arg) {
    struct world *w = arg;
    const char *path = http_request_message(r)->path;
    w->handled++;
    if (text_ends(path, "told")) {
        http_request_on_gone(r, on_gone, w);
    } else if (text_starts(path, "/later")) {
        w->kept[w->kept_count++] = r;
    } else if (text_starts(path, "/stream")) {
        w->stream = http_stream_begin(r, 200, "application/json", NULL, 0, on_stream_gone, w);
    } else if (text_starts(path, "/large")) {
        size_t size = 20 << 20;
        AUTO_FREE char *body = mem_zero(size, 1);
        memset(body, 'x', size);
        http_respond(r, 200, NULL, NULL, 0, body, size);
    } else if (text_starts(path, "/error")) {
        http_respond_error(r, err_new(ERR_CONFLICT, "volume 'a' is in use"));
    } else if (text_starts(path, "/nothing")) {
        http_respond(r, 204, NULL, NULL, 0, NULL, 0);
    } else {
        echo(r);
    }
}

static bool is_handled(struct world *w, const void *arg) {
    return w->handled >= *(const int *)arg;
}
static bool is_gone(struct world *w, const void *arg) {
    return w->gone_count >= *(const int *)arg;
}
static bool is_unconnected(struct world *w, const void *arg) {
    (void)arg;
    return http_server_connections(w->server) == 0;
}

static struct world *world_with(struct world *w, struct http_options options) {
    assert_null(http_server_new(w->loop, &options, handle, w, &w->server));
    assert_null(http_server_listen(w->server, "127.0.0.1", 0, &w->port));
    assert_true(w->port > 0);
    return w;
}

static int world_make(void **state) {
    struct world *w = NEW(struct world);
    *state = w;
    if (loop_new(&w->loop)) return -1;
    w->tick = loop_timer_new(w->loop, tick, w);
    return 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    for (int i = 0; i < w->peer_count; i++) {
        if (w->peers[i].fd >= 0) peer_hang_up(&w->peers[i]);
        text_done(&w->peers[i].got);
    }
    http_server_free(w->server);
    loop_timer_free(w->tick);
    loop_free(w->loop);
    free(w->gone_why);
    free(w);
    return 0;
}

// ---- order

static void a_connection_is_kept_for_the_next_request(void **state) {
    struct peer *p = peer_new(world_with(*state, (struct http_options){0}));
    peer_say(p, "GET /one HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "<GET /one >");
    peer_say(p, "POST /two HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    peer_expect(p, "<POST /two abc>");
    assert_null(strstr(p->got.data, "Connection:"));
    assert_non_null(strstr(p->got.data, "X-Answer: a  b\r\n"));
    peer_say(p, "GET /three HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    peer_expect_end(p);
    assert_non_null(strstr(p->got.data, "Connection: close\r\nContent-Length: 13\r\n\r\n<GET /three >"));
}

static void http_1_0_is_answered_and_closed_unless_it_asks(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /a HTTP/1.0\r\n\r\n");
    peer_expect_end(p);
    assert_non_null(strstr(p->got.data, "<GET /a >"));
    p = peer_new(w);
    peer_say(p, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    peer_expect(p, "Connection: keep-alive\r\nContent-Length: 9\r\n\r\n<GET /a >");
    peer_say(p, "GET /b HTTP/1.0\r\n\r\n");
    peer_expect(p, "<GET /b >");
}

static void a_hundred_pipelined_requests_are_answered_in_order(void **state) {
    struct peer *p = peer_new(world_with(*state, (struct http_options){0}));
    AUTO_TEXT struct text requests = {0};
    for (int i = 0; i < 100; i++)
        text_addf(&requests, "POST /r%03d HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nxy", i);
    peer_say(p, requests.data);
    peer_expect(p, "/r099");
    const char *at = p->got.data;
    for (int i = 0; i < 100; i++) {
        char expected[32];
        snprintf(expected, sizeof expected, "<POST /r%03d xy>", i);
        at = strstr(at, expected);
        assert_non_null(at);
    }
}

static void answers_given_in_any_order_leave_in_the_order_of_the_requests(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /later1 HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\nGET /later3 "
                "HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){3});
    echo(w->kept[1]);
    run_for(w, 20);
    assert_int_equal(p->got.size, 0);
    echo(w->kept[0]);
    peer_expect(p, "later3");
    assert_true(strstr(p->got.data, "/later1 >") < strstr(p->got.data, "/two >"));
    assert_true(strstr(p->got.data, "/two >") < strstr(p->got.data, "/later3 >"));
}

static void only_so_many_pipelined_requests_are_taken_at_once(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    AUTO_TEXT struct text requests = {0};
    for (int i = 0; i < 200; i++) text_addf(&requests, "GET /later%03d HTTP/1.1\r\nHost: h\r\n\r\n", i);
    peer_say(p, requests.data);
    run_for(w, 50);
    assert_int_equal(w->handled, 64);
    for (int i = 0; i < 200; i++) {
        wait_for(w, is_handled, &(int){i + 1});
        echo(w->kept[i]);
    }
    peer_expect(p, "/later199 >");
}

static void large_bodies_are_not_gathered_without_end(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.body = 1000});
    struct peer *p = peer_new(w);
    AUTO_TEXT struct text requests = {0};
    for (int i = 0; i < 10; i++)
        text_addf(&requests, "POST /later%d HTTP/1.1\r\nHost: h\r\nContent-Length: 700\r\n\r\n%0700d", i, 0);
    peer_say(p, requests.data);
    run_for(w, 50);
    assert_int_equal(w->handled, 2); // the second passes the limit of one body
    for (int i = 0; i < 10; i++) {
        wait_for(w, is_handled, &(int){i + 1});
        echo(w->kept[i]);
    }
    peer_expect(p, "<POST /later9 ");
}

static void a_chunked_request_may_be_cut_anywhere(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    const char *request =
        "POST /c HTTP/1.1\r\nhost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\na;x=y\r\n0123456789\r\n0\r\n\r\n";
    struct peer *p = peer_new(w);
    for (size_t cut = 1; cut < strlen(request); cut++) {
        assert_int_equal(send(p->fd, request, cut, 0), cut);
        run_for(w, 0);
        assert_int_equal(w->handled, cut - 1);
        peer_say(p, request + cut);
        peer_expect(p, "<POST /c abc0123456789>");
        text_clear(&p->got);
    }
}

static void head_gets_the_headers_only(void **state) {
    struct peer *p = peer_new(world_with(*state, (struct http_options){0}));
    peer_say(p, "HEAD /h HTTP/1.1\r\nHost: h\r\n\r\nGET /next HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "<GET /next >");
    assert_non_null(strstr(p->got.data, "Content-Length: 10\r\n\r\nHTTP/1.1 200"));
}

static void no_content_has_no_length(void **state) {
    struct peer *p = peer_new(world_with(*state, (struct http_options){0}));
    peer_say(p, "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "204 No Content\r\n");
    assert_null(strstr(p->got.data, "Content-Length"));
}

static void errors_are_a_sentence_of_plain_text(void **state) {
    struct peer *p = peer_new(world_with(*state, (struct http_options){0}));
    peer_say(p, "GET /error HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "\r\n\r\nvolume 'a' is in use");
    assert_non_null(strstr(p->got.data, "HTTP/1.1 409 Conflict\r\n"));
    assert_non_null(strstr(p->got.data, "Content-Type: text/plain; charset=utf-8\r\n"));
}

static void a_client_that_waits_for_100_continue_gets_it(void **state) {
    struct peer *p = peer_new(world_with(*state, (struct http_options){.limits.body = 100}));
    peer_say(p, "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    peer_expect(p, "HTTP/1.1 100 Continue\r\n\r\n");
    peer_say(p, "abc");
    peer_expect(p, "<POST /c abc>");
    peer_say(p, "POST /c HTTP/1.1\r\nHost: h\r\nContent-Length: 101\r\nExpect: 100-continue\r\n\r\n");
    peer_expect(p, "413 Content Too Large");
    peer_expect_end(p);
}

// ---- streams

static void each_write_is_one_chunk_at_once(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "POST /stream HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    peer_expect(p, "\r\n\r\n");
    assert_non_null(strstr(p->got.data, "Transfer-Encoding: chunked\r\n"));
    assert_null(strstr(p->got.data, "Content-Length"));
    text_clear(&p->got);
    http_stream_write(w->stream, "5\nhello", 7);
    peer_expect(p, "hello\r\n");
    assert_string_equal(p->got.data, "7\r\n5\nhello\r\n");
    http_stream_write(w->stream, "", 0);
    http_stream_write(w->stream, "0123456789abcdef", 16);
    peer_expect(p, "cdef\r\n");
    assert_string_equal(p->got.data, "7\r\n5\nhello\r\n10\r\n0123456789abcdef\r\n");
    assert_int_equal(http_stream_unsent(w->stream), 0);
    http_stream_end(w->stream);
    peer_expect_end(p);
    assert_true(text_ends(p->got.data, "cdef\r\n0\r\n\r\n"));
    assert_int_equal(w->gone_count, 0);
}

static void after_a_stream_the_connection_goes_on(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /stream HTTP/1.1\r\nHost: h\r\n\r\nGET /x HTTP/1.1\r\nHost: "
                "h\r\n\r\n");
    wait_for(w, is_handled, &(int){3});
    http_stream_write(w->stream, "early", 5); // waits for the answer before it
    run_for(w, 10);
    assert_int_equal(p->got.size, 0);
    assert_true(http_stream_unsent(w->stream) > 10);
    echo(w->kept[0]);
    peer_expect(p, "5\r\nearly\r\n");
    assert_null(strstr(p->got.data, "<GET /x >"));
    http_stream_end(w->stream);
    peer_expect(p, "0\r\n\r\nHTTP/1.1 200 OK");
    peer_expect(p, "<GET /x >");
}

static void a_stream_for_http_1_0_is_not_chunked(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /stream HTTP/1.0\r\n\r\n");
    peer_expect(p, "Connection: close\r\n\r\n");
    http_stream_write(w->stream, "bare", 4);
    peer_expect(p, "\r\n\r\nbare");
    http_stream_end(w->stream);
    peer_expect_end(p);
    assert_true(text_ends(p->got.data, "\r\n\r\nbare"));
}

static void peer_stop_reading(struct peer *p) {
    loop_watch_free(p->watch);
    p->watch = NULL;
}

// Writes until more than `most` bytes wait.
static void stream_fill(struct world *w, size_t most) {
    static const char record[64 * 1024];
    size_t written = 0;
    for (; http_stream_unsent(w->stream) <= most; written += sizeof record) {
        assert_true(written < 64 << 20);
        http_stream_write(w->stream, record, sizeof record);
    }
    assert_int_equal(w->gone_count, 0); // never from inside the call
}

static void who_reads_too_slowly_is_cut_with_a_reason(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.unsent = 1 << 20, .limits.unsent_ms = 50});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "\r\n\r\n");
    peer_stop_reading(p);
    stream_fill(w, 1 << 20);
    wait_for(w, is_gone, &(int){1});
    assert_non_null(strstr(w->gone_why, "reads too slowly"));
    assert_int_equal(http_server_connections(w->server), 0);
}

static void a_burst_is_no_slow_reader(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.unsent = 1 << 20, .limits.unsent_ms = 2000});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "\r\n\r\n");
    stream_fill(w, 4 << 20);
    http_stream_write(w->stream, "that was all", 12);
    http_stream_end(w->stream);
    peer_expect(p, "that was all\r\n0\r\n\r\n");
    assert_int_equal(w->gone_count, 0);
}

static void a_burst_has_a_bound(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.unsent = 1 << 20, .limits.unsent_ms = 60000});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(p, "\r\n\r\n");
    peer_stop_reading(p);
    stream_fill(w, 8 << 20);
    wait_for(w, is_gone, &(int){1});
}

static void what_waits_behind_an_answer_counts(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.unsent = 1 << 20, .limits.unsent_ms = 60000});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\nGET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){2});
    stream_fill(w, 2 << 20);
    peer_say(p, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    run_for(w, 20);
    assert_int_equal(w->handled, 2); // nothing more is read until the first is answered
    echo(w->kept[0]);
    http_stream_end(w->stream);
    peer_expect(p, "<GET /x >");
}

static void who_takes_nothing_of_an_answer_is_cut_in_time(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.write_ms = 60});
    struct peer *p = peer_new(w);
    loop_watch_free(p->watch);
    p->watch = NULL;
    peer_say(p, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){1});
    assert_int_equal(http_server_connections(w->server), 1);
    wait_for(w, is_unconnected, NULL);
}

static bool has_all_of_large(struct world *w, const void *arg) {
    (void)arg;
    return w->peers[0].got.size > 20 << 20;
}

static void a_large_answer_arrives_whole(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /large HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, has_all_of_large, NULL);
    char *body = strstr(p->got.data, "\r\n\r\n") + 4;
    assert_int_equal(strspn(body, "x"), 20 << 20);
    assert_int_equal(body + (20 << 20) - p->got.data, p->got.size);
}

// ---- who goes away

static void a_client_that_leaves_is_told_to_who_asked(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *told = peer_new(w), *untold = peer_new(w), *streaming = peer_new(w);
    peer_say(told, "GET /later-told HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_say(untold, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_say(streaming, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){3});
    peer_hang_up(told);
    peer_hang_up(streaming);
    wait_for(w, is_gone, &(int){2});
    assert_non_null(strstr(w->gone_why, "the client closed the connection"));
    peer_hang_up(untold);
    wait_for(w, is_unconnected, NULL);
    assert_int_equal(w->gone_count, 2);
    assert_string_equal(http_request_peer(w->kept[0]), ""); // still there, and may be answered
    assert_string_equal(http_request_message(w->kept[0])->path, "/later");
    echo(w->kept[0]);
}

static void a_kept_request_outlives_the_server(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){1});
    http_server_free(w->server);
    w->server = NULL;
    http_respond(w->kept[0], 200, NULL, NULL, 0, NULL, 0);
    peer_expect_end(p);
}

static void on_stopped(void *arg) {
    ((struct world *)arg)->stopped_count++;
}
static bool is_stopped(struct world *w, const void *arg) {
    (void)arg;
    return w->stopped_count > 0;
}

static void a_stopping_server_answers_what_is_open_and_takes_nothing_new(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *open = peer_new(w), *idle = peer_new(w);
    peer_say(open, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){1});
    http_server_stop(w->server, 5000, on_stopped, w);
    peer_expect_end(idle);
    assert_int_equal(w->stopped_count, 0);
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(w->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), -1);
    close(fd);
    echo(w->kept[0]);
    peer_expect_end(open);
    assert_non_null(strstr(open->got.data, "Connection: close\r\nContent-Length: 13\r\n\r\n<GET /later >"));
    wait_for(w, is_stopped, NULL);
}

static void a_stopping_server_cuts_when_the_grace_is_over(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct peer *p = peer_new(w);
    peer_say(p, "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n");
    wait_for(w, is_handled, &(int){1});
    int64_t start = loop_now(w->loop).ms;
    http_server_stop(w->server, 40, on_stopped, w);
    wait_for(w, is_stopped, NULL);
    assert_in_range(loop_now(w->loop).ms - start, 40, 3000);
    assert_string_equal(w->gone_why, "the server is stopping");
    peer_expect_end(p);
}

// ---- bounds and deadlines

static void expect_refusal(struct world *w, const char *request, const char *status, const char *part) {
    struct peer *p = peer_new(w);
    peer_say(p, request);
    peer_expect(p, part);
    peer_expect_end(p);
    assert_true(text_starts(p->got.data, status));
    assert_non_null(strstr(p->got.data, "Content-Type: text/plain; charset=utf-8\r\n"));
    assert_non_null(strstr(p->got.data, "Connection: close\r\n"));
    assert_null(strstr(strstr(p->got.data, "\r\n\r\n") + 4, "HTTP/1.1 ")); // one answer
    assert_int_equal(w->handled, 0);
}

static void what_is_refused_is_refused_in_words_and_closed(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.body = 1000});
    expect_refusal(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", "HTTP/1.1 413 ",
                   "larger than 1000 bytes");
    expect_refusal(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
                   "HTTP/1.1 400 ", "not valid");
    expect_refusal(w, "GET /\r\n", "HTTP/1.1 400 ", "HTTP/0.9");
    expect_refusal(w, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 505 ", "HTTP/2");
}

static void an_endless_body_is_answered_while_it_is_still_sent(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.body = 1000});
    struct peer *p = peer_new(w);
    peer_say(p, "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    AUTO_TEXT struct text chunk = {0};
    text_add(&chunk, "400\r\n");
    for (int i = 0; i < 1024; i++) text_add(&chunk, "x");
    for (int i = 0; i < 50 && !p->ended; i++) {
        if (send(p->fd, chunk.data, chunk.size, MSG_NOSIGNAL) < 0) break;
        run_for(w, 0);
    }
    peer_expect(p, "HTTP/1.1 413 ");
}

static void who_dawdles_with_head_or_body_is_told_so(void **state) {
    struct world *w =
        world_with(*state, (struct http_options){.limits = {.header_ms = 40, .body_ms = 40, .body_progress = 10}});
    expect_refusal(w, "GET / HTTP/1.1\r\nHost:", "HTTP/1.1 408 ", "head of the request");
    expect_refusal(w, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", "HTTP/1.1 408 ",
                   "body of the request");
    struct peer *silent = peer_new(w);
    peer_expect_end(silent);
    assert_int_equal(silent->got.size, 0);
}

static void dripping_bytes_do_not_keep_a_head_alive(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.header_ms = 60});
    struct peer *p = peer_new(w);
    int64_t start = loop_now(w->loop).ms;
    peer_say(p, "GET / HTTP/1.1\r\nHost: ");
    while (!p->ended) {
        (void)!send(p->fd, "x", 1, MSG_NOSIGNAL);
        run_for(w, 5);
        assert_true(loop_now(w->loop).ms - start < PATIENCE_MS);
    }
    assert_non_null(strstr(p->got.data, "408"));
}

static void an_idle_connection_is_closed_and_a_waiting_one_is_not(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits = {.idle_ms = 40, .header_ms = 5000}});
    struct peer *idle = peer_new(w), *waiting = peer_new(w);
    peer_say(waiting, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_say(idle, "GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect_end(idle);
    assert_non_null(strstr(idle->got.data, "<GET /x >"));
    run_for(w, 100);
    assert_false(waiting->ended);
    echo(w->kept[0]);
    peer_expect(waiting, "<GET /later >");
}

static void one_connection_too_many_is_refused_politely(void **state) {
    struct world *w = world_with(*state, (struct http_options){.limits.connections = 2});
    struct peer *first = peer_new(w), *second = peer_new(w);
    peer_say(first, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(first, "/1");
    peer_say(second, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(second, "/2");
    struct peer *third = peer_new(w);
    peer_say(third, "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(third, "as many connections as it may");
    peer_expect_end(third);
    assert_true(text_starts(third->got.data, "HTTP/1.1 503 "));
    assert_int_equal(w->handled, 2);
    peer_hang_up(first);
    peer_hang_up(third);
    run_for(w, 20);
    struct peer *fourth = peer_new(w);
    peer_say(fourth, "GET /4 HTTP/1.1\r\nHost: h\r\n\r\n");
    peer_expect(fourth, "<GET /4 >");
}

static void only_loopback_names_pass_the_host_check(void **state) {
    struct world *w = world_with(*state, (struct http_options){.check_host = true});
    const char *const good[] = {"localhost", "localhost:5050", "127.0.0.1:1", "[::1]:5050", "[::1]", "LocalHost"};
    struct peer *p = peer_new(w);
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        AUTO_FREE char *request = mem_format("GET /ok%zu HTTP/1.1\r\nHost: %s\r\n\r\n", i, good[i]);
        AUTO_FREE char *answer = mem_format("<GET /ok%zu >", i);
        peer_say(p, request);
        peer_expect(p, answer);
    }
    const char *const bad[] = {"evil.example:5050", "10.0.0.1", "localhost.evil.example", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        AUTO_FREE char *request = mem_format("GET /no HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
        p = peer_new(w);
        peer_say(p, request);
        peer_expect(p, "loopback");
        assert_true(text_starts(p->got.data, "HTTP/1.1 403 "));
    }
    const char *const pages[] = {"http://evil.example", "null", "https://localhost.evil.example:443", ""};
    for (size_t i = 0; i < ARRAY_LEN(pages); i++) {
        AUTO_FREE char *request = mem_format("POST /no HTTP/1.1\r\nHost: localhost\r\nOrigin: %s\r\n\r\n", pages[i]);
        p = peer_new(w);
        peer_say(p, request);
        peer_expect(p, "only pages of a loopback name");
        assert_true(text_starts(p->got.data, "HTTP/1.1 403 "));
    }
    p = peer_new(w);
    peer_say(p, "GET /own HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:1\r\n\r\n");
    peer_expect(p, "<GET /own >");
    p = peer_new(w);
    peer_say(p, "GET http://evil.example/x HTTP/1.1\r\nHost: localhost\r\n\r\n");
    peer_expect(p, "HTTP/1.1 403 ");
    assert_int_equal(w->handled, ARRAY_LEN(good) + 1);
}

static void a_unix_socket_serves_too_and_replaces_a_dead_one(void **state) {
    struct world *w = world_with(*state, (struct http_options){.check_host = true});
    char directory[] = "/tmp/net-http-XXXXXX";
    assert_non_null(mkdtemp(directory));
    AUTO_FREE char *path = mem_format("%s/s", directory);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dead, (struct sockaddr *)&a, sizeof a), 0);
    close(dead);
    assert_null(http_server_listen_unix(w->server, path, 0600));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct err *e = http_server_listen_unix(w->server, path, 0600);
    assert_int_equal(err_kind(e), ERR_CONFLICT);
    err_free(e);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    struct peer *p = peer_of(w, fd);
    peer_say(p, "GET /u HTTP/1.1\r\nHost: plugin\r\n\r\n"); // no browser reaches it: any Host will do
    peer_expect(p, "<GET /u >");
    http_server_free(w->server);
    w->server = NULL;
    assert_int_equal(rmdir(directory), 0); // the socket file is gone
}

static void a_port_in_use_is_named(void **state) {
    struct world *w = world_with(*state, (struct http_options){0});
    struct err *e = http_server_listen(w->server, "localhost", w->port, NULL);
    assert_non_null(strstr(err_text(e), "Address already in use"));
    assert_non_null(strstr(err_text(e), "localhost port"));
    err_free(e);
    e = http_server_listen(w->server, "example.com", 0, NULL);
    assert_int_equal(err_kind(e), ERR_INVALID);
    err_free(e);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        CASE(a_connection_is_kept_for_the_next_request),
        CASE(http_1_0_is_answered_and_closed_unless_it_asks),
        CASE(a_hundred_pipelined_requests_are_answered_in_order),
        CASE(answers_given_in_any_order_leave_in_the_order_of_the_requests),
        CASE(only_so_many_pipelined_requests_are_taken_at_once),
        CASE(large_bodies_are_not_gathered_without_end),
        CASE(a_chunked_request_may_be_cut_anywhere),
        CASE(head_gets_the_headers_only),
        CASE(no_content_has_no_length),
        CASE(errors_are_a_sentence_of_plain_text),
        CASE(a_client_that_waits_for_100_continue_gets_it),
        CASE(each_write_is_one_chunk_at_once),
        CASE(after_a_stream_the_connection_goes_on),
        CASE(a_stream_for_http_1_0_is_not_chunked),
        CASE(who_reads_too_slowly_is_cut_with_a_reason),
        CASE(a_burst_is_no_slow_reader),
        CASE(a_burst_has_a_bound),
        CASE(what_waits_behind_an_answer_counts),
        CASE(who_takes_nothing_of_an_answer_is_cut_in_time),
        CASE(a_large_answer_arrives_whole),
        CASE(a_client_that_leaves_is_told_to_who_asked),
        CASE(a_kept_request_outlives_the_server),
        CASE(a_stopping_server_answers_what_is_open_and_takes_nothing_new),
        CASE(a_stopping_server_cuts_when_the_grace_is_over),
        CASE(what_is_refused_is_refused_in_words_and_closed),
        CASE(an_endless_body_is_answered_while_it_is_still_sent),
        CASE(who_dawdles_with_head_or_body_is_told_so),
        CASE(dripping_bytes_do_not_keep_a_head_alive),
        CASE(an_idle_connection_is_closed_and_a_waiting_one_is_not),
        CASE(one_connection_too_many_is_refused_politely),
        CASE(only_loopback_names_pass_the_host_check),
        CASE(a_unix_socket_serves_too_and_replaces_a_dead_one),
        CASE(a_port_in_use_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
