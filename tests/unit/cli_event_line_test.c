// SPDX-License-Identifier: Apache-2.0
// Server-sent events in any pieces, and events as lines.
#include "cli/event_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "codec/json_read.h"

struct heard {
    struct text text;
    int left; // how many more are wanted
};

static bool hear(const char *data, size_t size, void *arg) {
    struct heard *h = arg;
    text_add_n(&h->text, data, size);
    text_add_char(&h->text, '|');
    return --h->left > 0;
}

static const char stream[] =
    ": hello\n\nid: 1\nevent: a\ndata: {\"seq\":1}\n\nid: 2\r\ndata:one\r\ndata: two\r\n\r\nevent: none\n\ndata: x";

static void events_are_whole_in_pieces_of_any_size(void **state) {
    (void)state;
    for (size_t step = 1; step < sizeof stream; step++) {
        struct sse s = {0};
        struct heard h = {.left = 100};
        for (size_t at = 0; at < sizeof stream - 1; at += step) {
            size_t size = sizeof stream - 1 - at < step ? sizeof stream - 1 - at : step;
            bool more;
            assert_null(sse_read(&s, stream + at, size, hear, &h, &more));
            assert_true(more);
        }
        assert_string_equal(text_string(&h.text), "{\"seq\":1}|one\ntwo|");
        text_done(&h.text);
        sse_done(&s);
    }
}

static void a_listener_that_has_enough_hears_no_more(void **state) {
    (void)state;
    struct sse s = {0};
    struct heard h = {.left = 1};
    bool more;
    assert_null(sse_read(&s, stream, sizeof stream - 1, hear, &h, &more));
    assert_false(more);
    assert_string_equal(text_string(&h.text), "{\"seq\":1}|");
    text_done(&h.text);
    sse_done(&s);
}

static void an_event_without_end_is_refused(void **state) {
    (void)state;
    struct sse s = {0};
    struct heard h = {.left = 1};
    AUTO_FREE char *much = mem_zero(SSE_LARGEST + 2, 1);
    memset(much, 'x', SSE_LARGEST + 1);
    bool more;
    AUTO_ERR struct err *e = sse_read(&s, much, SSE_LARGEST + 1, hear, &h, &more);
    assert_non_null(e);
    assert_int_equal(err_kind(e), ERR_TOO_LARGE);
    sse_done(&s);
}

static void expect_line(const char *json, const char *wanted) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text out = {0};
    void *event;
    AUTO_ERR struct err *e =
        json_read(&granary__event__descriptor, json, strlen(json), JSON_LENIENT, NULL, &arena, &event);
    assert_null(e);
    event_line(event, &out, &arena);
    assert_string_equal(out.data, wanted);
}

static void a_line_says_when_what_and_to_whom(void **state) {
    (void)state;
    expect_line(
        "{\"seq\":12,\"time\":1772373787000,\"kind\":\"volume-ready\",\"noun\":\"volume\",\"name\":\"db\",\"volume\":{"
        "\"name\":\"db\",\"size\":53687091200,\"class\":\"gold\",\"pool\":\"a/b/"
        "c\",\"role\":\"web\",\"content\":\"new\"}}",
        "14:03:07Z  #12    volume-ready           volume 'db': 50 GiB of gold in a/b/c for role 'web'\n");
    expect_line("{\"seq\":7,\"kind\":\"task-updated\",\"noun\":\"task\",\"name\":\"t1\",\"message\":\"Command "
                "exited\",\"principal\":\"ann\","
                "\"task\":{\"state\":\"TASK_FAILED\",\"agent\":\"n1\",\"volumes\":[{\"container_path\":\"/"
                "d\",\"volume\":\"db\"}]}}",
                "        -  #7     task-updated           task 't1': TASK_FAILED on agent 'n1' with 'db' - Command "
                "exited [ann]\n");
    expect_line("{\"seq\":8,\"kind\":\"volume-gone\",\"noun\":\"volume\"}",
                "        -  #8     volume-gone            volume\n");
}

static void a_line_stays_one_line_whatever_it_tells(void **state) {
    (void)state;
    expect_line(
        "{\"seq\":9,\"kind\":\"volume-failed\",\"noun\":\"volume\",\"name\":\"a\\nb\",\"message\":\"\\u001b[2J\"}",
        "        -  #9     volume-failed          volume 'a?b' - ?[2J\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_whole_in_pieces_of_any_size),
        cmocka_unit_test(a_listener_that_has_enough_hears_no_more),
        cmocka_unit_test(an_event_without_end_is_refused),
        cmocka_unit_test(a_line_says_when_what_and_to_whom),
        cmocka_unit_test(a_line_stays_one_line_whatever_it_tells),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
