// SPDX-License-Identifier: Apache-2.0
// The parser: messages in any pieces, and a sentence for everything that is refused.
#include "net/http_parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct world {
    struct http_parse *parse;
    struct http_message message;
};

static int world_make(void **state) {
    struct world *w = NEW(struct world);
    w->parse = http_parse_new();
    *state = w;
    return 0;
}

static int world_end(void **state) {
    struct world *w = *state;
    http_parse_free(w->parse);
    http_message_done(&w->message);
    free(w);
    return 0;
}

static void begin(struct world *w, enum http_parse_kind kind, size_t limit) {
    http_message_clear(&w->message);
    http_parse_begin(w->parse, kind, limit, &w->message);
}

// Feeds pieces of `piece` bytes, each in memory of its own so that reading past it is caught, until the message is done.
static struct err *feed(struct world *w, const char *bytes, size_t size, size_t piece, size_t *ret_used) {
    *ret_used = 0;
    while (*ret_used < size && http_parse_stage(w->parse) != HTTP_STAGE_DONE) {
        size_t n = size - *ret_used < piece ? size - *ret_used : piece, used = 0;
        AUTO_FREE char *copy = mem_copy(bytes + *ret_used, n);
        TRY(http_parse_feed(w->parse, copy, n, &used));
        *ret_used += used;
    }
    return NULL;
}

static void must_parse(struct world *w, const char *bytes, size_t piece) {
    size_t used;
    struct err *e = feed(w, bytes, strlen(bytes), piece, &used);
    if (e) fail_msg("%s", err_text(e));
    assert_int_equal(http_parse_stage(w->parse), HTTP_STAGE_DONE);
    assert_int_equal(used, strlen(bytes));
}

static void a_request_is_the_same_in_pieces_of_any_size(void **state) {
    struct world *w = *state;
    const char *request =
        "\r\nPOST /v1/a%20b/c?x=1&y=%26 HTTP/1.1\r\nHost: localhost:5050\r\nX-Empty:\r\nX-Spaces: \t a b \t\r\n"
        "X-Colon: :x\r\nmesos-STREAM-id: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4;ext=1\r\nabcd\r\n1\r\ne\r\n0\r\nTrailer: x\r\n\r\n";
    for (size_t piece = 1; piece <= strlen(request); piece++) {
        begin(w, HTTP_PARSE_REQUEST, 100);
        must_parse(w, request, piece);
        const struct http_message *m = &w->message;
        assert_string_equal(m->method, "POST");
        assert_string_equal(m->target, "/v1/a%20b/c");
        assert_string_equal(m->path, "/v1/a b/c");
        assert_string_equal(m->query, "x=1&y=%26");
        assert_int_equal(m->headers.count, 6);
        assert_string_equal(http_header_find(m, "host"), "localhost:5050");
        assert_string_equal(http_header_find(m, "X-Empty"), "");
        assert_string_equal(http_header_find(m, "X-Spaces"), "a b");
        assert_string_equal(http_header_find(m, "X-Colon"), ":x");
        assert_string_equal(http_header_find(m, "Mesos-Stream-Id"), "7");
        assert_null(http_header_find(m, "Trailer"));
        assert_string_equal(text_string(&m->body), "abcde");
        assert_true(m->keep_alive && m->chunked && m->minor == 1);
    }
}

static void a_message_ends_where_the_next_begins(void **state) {
    struct world *w = *state;
    const char *two = "POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /2 HTTP/1.1\r\nHost: h\r\n\r\n";
    size_t used;
    begin(w, HTTP_PARSE_REQUEST, 100);
    assert_null(feed(w, two, strlen(two), 1000, &used));
    assert_string_equal(w->message.path, "/1");
    assert_string_equal(text_string(&w->message.body), "abc");
    begin(w, HTTP_PARSE_REQUEST, 100);
    must_parse(w, two + used, 1000);
    assert_string_equal(w->message.path, "/2");
    assert_int_equal(w->message.body.size, 0);
}

static void keep_alive_follows_version_and_header(void **state) {
    struct world *w = *state;
    const struct {
        const char *request;
        bool keep_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
         "x\r\n\r\n",
         true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        begin(w, HTTP_PARSE_REQUEST, 100);
        must_parse(w, rows[i].request, 1000);
        assert_int_equal(w->message.keep_alive, rows[i].keep_alive);
    }
}

static void an_absolute_target_overrides_the_host_header(void **state) {
    struct world *w = *state;
    begin(w, HTTP_PARSE_REQUEST, 100);
    must_parse(w, "GET http://other:81/p%41?q HTTP/1.1\r\nHost: localhost\r\n\r\n", 1000);
    assert_string_equal(http_header_find(&w->message, "Host"), "other:81");
    assert_string_equal(w->message.path, "/pA");
    assert_string_equal(w->message.query, "q");
    begin(w, HTTP_PARSE_REQUEST, 100);
    must_parse(w, "GET http://other HTTP/1.0\r\n\r\n", 1000);
    assert_string_equal(http_header_find(&w->message, "Host"), "other");
    assert_string_equal(w->message.path, "/");
}

#define HEAD "GET / HTTP/1.1\r\nHost: h\r\n"

static void what_is_wrong_is_refused_with_status_and_sentence(void **state) {
    struct world *w = *state;
    const struct {
        const char *bytes;
        int status;
        const char *part;
    } rows[] = {
        {"GET /\r\n", 400, "HTTP/0.9"},
        {"GET / HTTP/2.0\r\n", 505, "HTTP/1.1"},
        {"GET / HTTP/1.2\r\n", 505, "HTTP/1.1"},
        {"PRI * HTTP/2.0\r\n", 505, "HTTP/2"},
        {"\x16\x03\x01", 400, "TLS"},
        {"FROB / HTTP/1.1\r\nHost: h\r\n\r\n", 501, "method"},
        {"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", 405, "proxy"},
        {"GET / HTTP/1.1\r\n\r\n", 400, "no Host"},
        {HEAD "Host: i\r\n\r\n", 400, "two Host"},
        {HEAD "X: a\r\n b\r\n", 400, "folded"},
        {HEAD "X: a\n", 400, "LF only"},
        {HEAD "X: a\rb\r\n\r\n", 400, "not valid"},
        {HEAD "X : a\r\n\r\n", 400, "not valid"},
        {HEAD ": a\r\n\r\n", 400, "no name"},
        {HEAD "X: a\x01z\r\n\r\n", 400, "not valid"},
        {HEAD "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400, "not valid"},
        {HEAD "Content-Length: 3, 4\r\n\r\nabc", 400, "not valid"},
        {HEAD "Content-Length: -1\r\n\r\n", 400, "not valid"},
        {HEAD "Content-Length: 99999999999999999999999\r\n\r\n", 400, "not valid"},
        {HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "not valid"},
        {HEAD "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400, "not valid"},
        {HEAD "Transfer-Encoding: gzip\r\n\r\n", 400, "not valid"},
        {HEAD "Transfer-Encoding: chunked, gzip\r\n\r\n", 400, "not valid"},
        {HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "not valid"},
        {HEAD "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", 400, "not valid"},
        {HEAD "Transfer-Encoding: "
              "chunked\r\n\r\n65\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
              "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
         413, "larger than 100 bytes"},
        {HEAD "Content-Length: 101\r\n\r\n", 413, "larger than 100 bytes"},
        {HEAD "Expect: wonders\r\n\r\n", 417, "100-continue"},
        {"GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400, "escape"},
        {"GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "escape"},
        {"GET /?a=1&b=%g0 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "the request's query has a wrong %-escape"},
        {"GET /?a=%2 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "escape"},
        {"GET http://h/?a=%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400, "escape"},
        {"GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t piece = 1; piece < 2000; piece += 1999) {
            size_t used;
            begin(w, HTTP_PARSE_REQUEST, 100);
            struct err *e = feed(w, rows[i].bytes, strlen(rows[i].bytes), piece, &used);
            if (!e) fail_msg("accepted: %s", rows[i].bytes);
            if (!strstr(err_text(e), rows[i].part))
                fail_msg("%s: '%s' lacks '%s'", rows[i].bytes, err_text(e), rows[i].part);
            assert_int_equal(http_parse_status(w->parse), rows[i].status);
            err_free(e);
        }
    }
}

static void a_nul_in_the_head_is_refused(void **state) {
    struct world *w = *state;
    const char bytes[] = HEAD "X: a\0b\r\n\r\n";
    size_t used;
    begin(w, HTTP_PARSE_REQUEST, 100);
    struct err *e = feed(w, bytes, sizeof bytes - 1, 1000, &used);
    assert_non_null(strstr(err_text(e), "NUL"));
    err_free(e);
}

// Feeds `unit` again and again until it is refused; gives how many bytes went in.
static size_t feed_until_refused(struct world *w, const char *start, const char *unit, int *ret_status) {
    size_t used, total = strlen(start);
    begin(w, HTTP_PARSE_REQUEST, 1000);
    assert_null(feed(w, start, strlen(start), 1000, &used));
    for (;; total += strlen(unit)) {
        assert_true(total < 1000 * 1000);
        struct err *e = feed(w, unit, strlen(unit), 1000, &used);
        if (!e) continue;
        assert_int_equal(err_kind(e), ERR_TOO_LARGE);
        err_free(e);
        *ret_status = http_parse_status(w->parse);
        return total;
    }
}

static void endless_heads_and_framing_are_cut(void **state) {
    struct world *w = *state;
    int status;
    assert_in_range(feed_until_refused(w, "GET /", "xxxxxxxx", &status), 8100, 8300);
    assert_int_equal(status, 414);
    assert_in_range(feed_until_refused(w, HEAD "X: ", "xxxxxxxxxxxxxxxx", &status), 65 * 1024, 74 * 1024);
    assert_int_equal(status, 431);
    assert_in_range(feed_until_refused(w, HEAD "Transfer-Encoding: chunked\r\n\r\n", "00000000", &status), 60000,
                    70000);
    assert_int_equal(status, 413);
    assert_in_range(feed_until_refused(w, HEAD "Transfer-Encoding: chunked\r\n\r\n1;", "xxxxxxxx", &status), 60000,
                    70000);
    assert_in_range(feed_until_refused(w, HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n", "A: bcd\r\n", &status), 60000,
                    70000);
}

static void a_hundred_headers_are_enough(void **state) {
    struct world *w = *state;
    for (int extra = 99; extra <= 100; extra++) {
        AUTO_TEXT struct text request = {0};
        text_add(&request, HEAD);
        for (int i = 0; i < extra; i++) text_addf(&request, "X-%d: %d\r\n", i, i);
        text_add(&request, "\r\n");
        size_t used;
        begin(w, HTTP_PARSE_REQUEST, 1000);
        struct err *e = feed(w, request.data, request.size, 100000, &used);
        assert_true((e != NULL) == (extra == 100));
        if (e) assert_int_equal(http_parse_status(w->parse), 431);
        err_free(e);
    }
}

static void responses_end_by_length_chunks_or_the_end(void **state) {
    struct world *w = *state;
    begin(w, HTTP_PARSE_RESPONSE, 100);
    must_parse(w, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 3);
    assert_int_equal(w->message.status, 202);
    assert_true(w->message.keep_alive);
    begin(w, HTTP_PARSE_RESPONSE, 100);
    must_parse(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", 1);
    assert_string_equal(text_string(&w->message.body), "hi");
    size_t used;
    begin(w, HTTP_PARSE_RESPONSE, 100);
    assert_null(feed(w, "HTTP/1.0 200 OK\r\n\r\nuntil the end", 32, 5, &used));
    assert_int_equal(http_parse_stage(w->parse), HTTP_STAGE_BODY);
    assert_null(http_parse_end(w->parse));
    assert_int_equal(http_parse_stage(w->parse), HTTP_STAGE_DONE);
    assert_string_equal(text_string(&w->message.body), "until the end");
    assert_false(w->message.keep_alive);
}

static void a_response_cut_short_is_an_error(void **state) {
    struct world *w = *state;
    const char *const cut[] = {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
        size_t used;
        begin(w, HTTP_PARSE_RESPONSE, 100);
        assert_null(feed(w, cut[i], strlen(cut[i]), 1000, &used));
        struct err *e = http_parse_end(w->parse);
        assert_non_null(e);
        assert_int_equal(err_kind(e), ERR_UNKNOWN);
        err_free(e);
    }
}

static void what_is_no_response_is_refused_at_its_first_line(void **state) {
    struct world *w = *state;
    const char *const wrong[] = {"SSH-2.0-x\r\n", "HTTP/2 200\r\n", "HTTP/1.1\r\n", "HTTP/1.1 2x0 OK\r\n\r\n"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        size_t used;
        begin(w, HTTP_PARSE_RESPONSE, 100);
        struct err *e = feed(w, wrong[i], strlen(wrong[i]), 1000, &used);
        assert_non_null(e);
        assert_non_null(strstr(err_text(e), "not valid HTTP"));
        err_free(e);
    }
}

static void the_answer_to_head_has_no_body_whatever_it_says(void **state) {
    struct world *w = *state;
    begin(w, HTTP_PARSE_RESPONSE, 10);
    http_parse_expect_no_body(w->parse);
    must_parse(w, "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", 7);
    assert_true(w->message.keep_alive);
}

static void a_stream_is_read_piece_by_piece_without_a_total_limit(void **state) {
    struct world *w = *state;
    size_t used, total = 0;
    begin(w, HTTP_PARSE_RESPONSE, 100);
    assert_null(feed(w, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", 47, 1000, &used));
    assert_int_equal(http_parse_stage(w->parse), HTTP_STAGE_BODY);
    for (int i = 0; i < 1000; i++) {
        assert_null(feed(w, "5\r\nhello\r\n", 10, 1000, &used));
        total += w->message.body.size;
        text_clear(&w->message.body);
    }
    assert_int_equal(total, 5000);
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        CASE(a_request_is_the_same_in_pieces_of_any_size),
        CASE(a_message_ends_where_the_next_begins),
        CASE(keep_alive_follows_version_and_header),
        CASE(an_absolute_target_overrides_the_host_header),
        CASE(what_is_wrong_is_refused_with_status_and_sentence),
        CASE(a_nul_in_the_head_is_refused),
        CASE(endless_heads_and_framing_are_cut),
        CASE(a_hundred_headers_are_enough),
        CASE(responses_end_by_length_chunks_or_the_end),
        CASE(a_response_cut_short_is_an_error),
        CASE(what_is_no_response_is_refused_at_its_first_line),
        CASE(the_answer_to_head_has_no_body_whatever_it_says),
        CASE(a_stream_is_read_piece_by_piece_without_a_total_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
