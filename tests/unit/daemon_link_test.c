// SPDX-License-Identifier: Apache-2.0
// The client end of a link session against a master that is scripted here: sessions, repetition, loss, and coming back.
#include "daemon/link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/vec.h"
#include "codec/message.h"
#include "codec/recordio.h"
#include "net/http_server.h"
#include "sys/file.h"

enum { PATIENCE_MS = 20000, TICK_MS = 5 };

struct world {
    struct loop *loop;
    struct http_server *server;
    struct link_client *client;
    struct loop_timer *tick;
    int64_t until;
    bool (*reached)(const struct world *w);
    // the master
    struct http_stream *stream;
    int sessions, posts;
    int refuse_hellos; // answered 403
    int fail_posts;    // answered 503, or (negative) 410
    bool deaf;         // posts are taken and not acknowledged
    uint32_t lost_ms;
    VEC(uint64_t) numbers; // of the envelopes posted, in order
    uint64_t acknowledged; // the highest `seen` of ours that was posted
    bool authorized;
    // the client's side
    bool hello_when_wanted;
    int wanted, heard, ended;
    char why[256];
};

// ---- the master ----

static void stream_gone(const char *why, void *arg) {
    (void)why;
    ((struct world *)arg)->stream = NULL;
}

static void master_say(struct world *w, Granary__ToAgent *message, uint64_t number) {
    Granary__Envelope e = GRANARY__ENVELOPE__INIT;
    e.to_agent = message;
    e.has_number = number != 0;
    e.number = number;
    AUTO_TEXT struct text bytes = {0}, record = {0};
    message_pack(&e.base, &bytes);
    recordio_add(&record, bytes.data, bytes.size);
    http_stream_write(w->stream, record.data, record.size);
}

static void master_kill(struct world *w, uint64_t number) {
    Granary__Kill kill = GRANARY__KILL__INIT;
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    m.kill = &kill;
    master_say(w, &m, number);
}

static void hello_take(struct world *w, struct http_request *r) {
    if (w->refuse_hellos) {
        w->refuse_hellos--;
        http_respond(r, 403, "text/plain", NULL, 0, "another agent has this name", 27);
        return;
    }
    w->sessions++;
    if (w->stream) http_stream_end(w->stream);
    w->stream = http_stream_begin(r, 200, "application/x-protobuf", NULL, 0, stream_gone, w);
    Granary__Welcome welcome = GRANARY__WELCOME__INIT;
    welcome.cluster = (char *)"c";
    welcome.session = (char *)"s 1";
    welcome.lost_ms = w->lost_ms;
    Granary__ToAgent m = GRANARY__TO_AGENT__INIT;
    m.welcome = &welcome;
    master_say(w, &m, 0);
}

static void post_take(struct world *w, struct http_request *r) {
    w->posts++;
    if (w->fail_posts) {
        http_respond(r, w->fail_posts > 0 ? 503 : 410, "text/plain", NULL, 0, "no", 2);
        w->fail_posts -= w->fail_posts > 0 ? 1 : -1;
        return;
    }
    const struct http_message *m = http_request_message(r);
    AUTO_ARENA struct arena arena = {0};
    void *message = NULL;
    assert_null(message_unpack(&granary__envelope_list__descriptor, m->body.data, m->body.size, &arena, &message));
    const Granary__EnvelopeList *list = message;
    Granary__Envelope answer = GRANARY__ENVELOPE__INIT;
    for (size_t i = 0; i < list->n_envelopes; i++) {
        const Granary__Envelope *e = list->envelopes[i];
        if (e->seen > w->acknowledged) w->acknowledged = e->seen;
        if (e->has_number) vec_push(&w->numbers, e->number);
    }
    answer.has_seen = true;
    answer.seen = w->deaf || !w->numbers.count ? 0 : *vec_last(&w->numbers);
    AUTO_TEXT struct text bytes = {0};
    message_pack(&answer.base, &bytes);
    http_respond(r, 200, "application/x-protobuf", NULL, 0, bytes.data, bytes.size);
}

static void master(struct http_request *r, void *arg) {
    struct world *w = arg;
    const struct http_message *m = http_request_message(r);
    const char *authorization = http_header_find(m, "Authorization");
    w->authorized = authorization && strcmp(authorization, "Bearer open") == 0;
    if (strcmp(m->path, "/link/v1/agent") == 0)
        hello_take(w, r);
    else if (strcmp(m->path, "/link/v1/agent/s 1") == 0)
        post_take(w, r);
    else
        http_respond(r, 404, NULL, NULL, 0, NULL, 0);
}

// ---- the client ----

static void wanted(void *arg) {
    struct world *w = arg;
    Granary__AgentHello hello = GRANARY__AGENT_HELLO__INIT;
    hello.name = (char *)"n1";
    w->wanted++;
    if (w->hello_when_wanted) link_client_hello(w->client, &hello.base);
}

static void heard(const Granary__Envelope *envelope, void *arg) {
    struct world *w = arg;
    w->heard += envelope->to_agent && envelope->to_agent->kill;
}

static void ended(const char *why, void *arg) {
    struct world *w = arg;
    w->ended++;
    strncpy(w->why, why, sizeof w->why - 1);
}

static void say(struct world *w, bool numbered) {
    Granary__Heartbeat beat = GRANARY__HEARTBEAT__INIT;
    Granary__FromAgent m = GRANARY__FROM_AGENT__INIT;
    Granary__Envelope e = GRANARY__ENVELOPE__INIT;
    m.heartbeat = &beat;
    e.from_agent = &m;
    link_client_say(w->client, &e, numbered);
}

// ---- running ----

static void tick(void *arg) {
    struct world *w = arg;
    if (w->reached(w) || loop_now(w->loop).ms >= w->until)
        loop_stop(w->loop);
    else
        loop_timer_set(w->tick, TICK_MS);
}

static void run_until(struct world *w, bool (*reached)(const struct world *w)) {
    w->reached = reached;
    w->until = loop_now(w->loop).ms + PATIENCE_MS;
    loop_timer_set(w->tick, 0);
    loop_run(w->loop);
    assert_true(reached(w));
}

static void client_start(struct world *w, uint16_t port, const char *token_file) {
    static const struct link_client_events events = {wanted, heard, ended};
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%u", (unsigned)port);
    const struct link_client_options options = {
        .master = url, .kind = "agent", .token_file = token_file, .events = &events, .arg = w};
    assert_null(link_client_new(w->loop, &options, &w->client));
}

static int set_up_with(void **state, const char *token_file) {
    struct world *w = NEW(struct world);
    uint16_t port;
    w->lost_ms = 60000;
    w->hello_when_wanted = true;
    assert_null(loop_new(&w->loop));
    assert_null(http_server_new(w->loop, &(struct http_options){0}, master, w, &w->server));
    assert_null(http_server_listen(w->server, "127.0.0.1", 0, &port));
    w->tick = loop_timer_new(w->loop, tick, w);
    client_start(w, port, token_file);
    *state = w;
    return 0;
}

static int set_up(void **state) {
    return set_up_with(state, NULL);
}

static int tear_down(void **state) {
    struct world *w = *state;
    link_client_free(w->client);
    http_server_free(w->server);
    loop_timer_free(w->tick);
    loop_free(w->loop);
    vec_done(&w->numbers);
    free(w);
    return 0;
}

static bool is_open(const struct world *w) {
    return link_client_open(w->client);
}
static bool two_heard(const struct world *w) {
    return w->heard == 2;
}
static bool two_acknowledged(const struct world *w) {
    return w->acknowledged == 2;
}
static bool three_numbers(const struct world *w) {
    return w->numbers.count >= 3;
}
static bool once_ended(const struct world *w) {
    return w->ended == 1;
}
static bool second_session(const struct world *w) {
    return w->sessions == 2 && link_client_open(w->client);
}
static bool three_posts(const struct world *w) {
    return w->posts >= 3;
}

// ---- sentences ----

static void a_session_opens_with_the_welcome(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    assert_int_equal(w->sessions, 1);
    assert_int_equal(w->wanted, 1);
}

static void what_is_said_arrives_in_order(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    for (int i = 0; i < 3; i++) say(w, true);
    run_until(w, three_numbers);
    for (size_t i = 0; i < 3; i++) assert_int_equal(w->numbers.at[i], i + 1);
    assert_int_equal(w->posts, 1); // said in one turn, posted together
}

static void what_comes_twice_is_heard_once_and_acknowledged(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    master_kill(w, 1);
    master_kill(w, 1);
    master_kill(w, 3); // 2 is missing: it is said again
    master_kill(w, 2);
    run_until(w, two_heard);
    run_until(w, two_acknowledged);
    assert_int_equal(w->heard, 2);
}

static void a_post_that_failed_is_posted_again(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    w->fail_posts = 1;
    for (int i = 0; i < 3; i++) say(w, true);
    run_until(w, three_numbers);
    assert_int_equal(w->posts, 2);
    assert_int_equal(w->ended, 0);
}

static void what_was_not_acknowledged_is_said_again(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    w->deaf = true;
    say(w, true);
    run_until(w, three_posts);
    assert_int_equal(w->numbers.at[1], 1);
}

static void a_heartbeat_has_no_number_and_is_not_repeated(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    say(w, false);
    for (int i = 0; i < 3; i++) say(w, true);
    run_until(w, three_numbers);
    assert_int_equal(w->numbers.count, 3);
}

static void a_session_that_the_master_forgot_is_opened_anew(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    w->fail_posts = -1;
    say(w, true);
    run_until(w, second_session);
    assert_int_equal(w->ended, 1);
    assert_non_null(strstr(w->why, "does not know this session"));
    say(w, true);
    say(w, true);
    say(w, true);
    run_until(w, three_numbers);
    assert_int_equal(w->numbers.at[0], 1); // a session begins anew
}

static void a_stream_that_ends_is_opened_anew(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    http_stream_end(mem_take(w->stream));
    run_until(w, second_session);
}

static void a_refused_hello_says_the_masters_words(void **state) {
    struct world *w = *state;
    w->refuse_hellos = 1;
    run_until(w, once_ended);
    assert_string_equal(w->why, "another agent has this name");
    run_until(w, is_open);
}

static void silence_ends_a_session(void **state) {
    struct world *w = *state;
    w->lost_ms = 300;
    run_until(w, once_ended);
    assert_non_null(strstr(w->why, "silent"));
}

static void after_hanging_up_it_waits_long(void **state) {
    struct world *w = *state;
    run_until(w, is_open);
    int64_t before = loop_now(w->loop).ms;
    link_client_hang_up(w->client);
    assert_false(link_client_open(w->client));
    run_until(w, second_session);
    assert_true(loop_now(w->loop).ms - before > 3000);
    assert_int_equal(w->ended, 0);
}

static void the_token_goes_along(void **state) {
    char path[] = "/tmp/granary-token-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "open\n", 5), 5);
    close(fd);
    set_up_with(state, path);
    unlink(path);
    struct world *w = *state;
    run_until(w, is_open);
    assert_true(w->authorized);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(a_session_opens_with_the_welcome),
        T(what_is_said_arrives_in_order),
        T(what_comes_twice_is_heard_once_and_acknowledged),
        T(a_post_that_failed_is_posted_again),
        T(what_was_not_acknowledged_is_said_again),
        T(a_heartbeat_has_no_number_and_is_not_repeated),
        T(a_session_that_the_master_forgot_is_opened_anew),
        T(a_stream_that_ends_is_opened_anew),
        T(a_refused_hello_says_the_masters_words),
        T(silence_ends_a_session),
        T(after_hanging_up_it_waits_long),
        cmocka_unit_test_teardown(the_token_goes_along, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
