// SPDX-License-Identifier: Apache-2.0
// Records come out as they went in, whatever pieces they arrive in.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "codec/recordio.h"

static void next_is(struct recordio *r, const char *expected) {
    const char *record;
    size_t size = 0;
    struct err *e = recordio_next(r, &record, &size);
    if (e) fail_msg("%s", err_text(e));
    if (!expected) {
        assert_null(record);
        return;
    }
    assert_non_null(record);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(record, expected, size);
}

static void next_refused(const char *stream, enum err_kind kind, const char *part) {
    struct recordio r = {.longest = 100};
    const char *record;
    size_t size;
    recordio_feed(&r, stream, strlen(stream));
    struct err *e = recordio_next(&r, &record, &size);
    assert_non_null(e);
    assert_int_equal(err_kind(e), kind);
    assert_non_null(strstr(err_text(e), part));
    err_free(e);
    recordio_done(&r);
}

static void records_come_back_whatever_the_pieces(void **state UNUSED) {
    AUTO_TEXT struct text stream = {0};
    recordio_add(&stream, "{}", 2);
    recordio_add(&stream, "hello\nworld", 11);
    recordio_add(&stream, "3\nabc", 5);
    assert_string_equal(text_string(&stream), "2\n{}11\nhello\nworld5\n3\nabc");
    for (size_t piece = 1; piece <= stream.size; piece++) {
        struct recordio r = {.longest = 100};
        static const char *const expected[] = {"{}", "hello\nworld", "3\nabc"};
        size_t found = 0;
        for (size_t at = 0; at < stream.size; at += piece) {
            size_t size = stream.size - at < piece ? stream.size - at : piece, length;
            recordio_feed(&r, stream.data + at, size);
            for (const char *record;;) {
                assert_null(recordio_next(&r, &record, &length));
                if (!record) break;
                assert_true(found < 3 && length == strlen(expected[found]));
                assert_memory_equal(record, expected[found++], length);
            }
        }
        assert_int_equal(found, 3);
        assert_true(recordio_is_between(&r));
        recordio_done(&r);
    }
}

static void a_started_record_is_noticed(void **state UNUSED) {
    struct recordio r = {.longest = 100};
    assert_true(recordio_is_between(&r));
    next_is(&r, NULL);
    recordio_feed(&r, "4\nab", 4);
    next_is(&r, NULL);
    assert_false(recordio_is_between(&r));
    recordio_feed(&r, "cd", 2);
    next_is(&r, "abcd");
    assert_true(recordio_is_between(&r));
    recordio_done(&r);
}

static void a_malformed_length_is_refused(void **state UNUSED) {
    next_refused("x\nabc", ERR_INVALID, "found byte 0x78");
    next_refused("-1\nabc", ERR_INVALID, "decimal length");
    next_refused("\nabc", ERR_INVALID, "decimal length");
    next_refused("0\n", ERR_INVALID, "length 0");
    next_refused("12 \n", ERR_INVALID, "decimal length");
    next_refused("101\n", ERR_TOO_LARGE, "over 100 bytes");
    next_refused("99999999999999999999999", ERR_TOO_LARGE, "over 100 bytes");
    next_refused("000000000000000000000000", ERR_INVALID, "found byte 0x30");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_back_whatever_the_pieces),
        cmocka_unit_test(a_started_record_is_noticed),
        cmocka_unit_test(a_malformed_length_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
