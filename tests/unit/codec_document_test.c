// SPDX-License-Identifier: Apache-2.0
// Contexts are carried whole and written canonically.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "codec/document.h"
#include "granary_api.pb-c.h"

static void refused(const char *text, const char *part) {
    struct document *d = NULL;
    struct err *e = document_read(text, &d);
    assert_non_null(e);
    if (!strstr(err_text(e), part)) fail_msg("'%s' does not say '%s'", err_text(e), part);
    err_free(e);
    assert_null(d);
}

static void written_is(const struct document *d, const char *expected) {
    AUTO_TEXT struct text t = {0};
    document_write(d, &t);
    assert_string_equal(text_string(&t), expected);
}

static void strings_are_set_found_and_removed(void **state UNUSED) {
    AUTO_DOCUMENT struct document *d = document_new();
    written_is(d, "{}");
    document_set(d, "path", "/dev/xvdf");
    document_set(d, "id", "vol-1");
    document_set(d, "id", "vol-2");
    document_set(d, "gone", "x");
    document_set(d, "gone", NULL);
    document_set(d, "never", NULL);
    assert_string_equal(document_get(d, "id"), "vol-2");
    assert_null(document_get(d, "gone"));
    written_is(d, "{\"id\":\"vol-2\",\"path\":\"/dev/xvdf\"}");
}

static bool key_note(void *arg, const char *key, const char *value) {
    text_addf(arg, "%s=%s ", key, value ? value : "?");
    return strcmp(key, "end") == 0;
}

static void keys_that_are_no_field_are_found_in_messages_too(void **state UNUSED) {
    AUTO_DOCUMENT struct document *d = NULL;
    AUTO_TEXT struct text found = {0};
    assert_null(document_read("{\"role\":\"web\",\"grain\":\"fine\",\"volumes\":[{\"name\":\"a\",\"media\":1,"
                              "\"labels\":{\"free\":\"x\"}},7,{\"end\":\"1\",\"behind\":\"2\"}]}",
                              &d));
    assert_true(document_unknown_keys(d, &granary__request_apply__descriptor, key_note, &found));
    assert_string_equal(text_string(&found), "grain=fine media=? end=1 ");
    AUTO_DOCUMENT struct document *known = NULL;
    assert_null(document_read("{\"role\":\"web\",\"volumes\":\"none\"}", &known));
    assert_false(document_unknown_keys(known, &granary__request_apply__descriptor, key_note, &found));
}

static void equal_documents_give_equal_bytes(void **state UNUSED) {
    AUTO_DOCUMENT struct document *a = NULL, *b = NULL;
    assert_null(document_read("{ \"z\": [1, {\"y\": 2, \"x\": null}],\n \"a\": \"\xc3\xa4\" }", &a));
    assert_null(document_read("{\"a\":\"\\u00e4\",\"z\":[1,{\"x\":null,\"y\":2}]}", &b));
    written_is(a, "{\"a\":\"\\u00E4\",\"z\":[1,{\"x\":null,\"y\":2}]}");
    written_is(b, "{\"a\":\"\\u00E4\",\"z\":[1,{\"x\":null,\"y\":2}]}");
    assert_null(document_get(a, "z")); // not a string
}

static void no_text_is_an_empty_object(void **state UNUSED) {
    AUTO_DOCUMENT struct document *a = NULL, *b = NULL;
    assert_null(document_read(NULL, &a));
    assert_null(document_read("", &b));
    written_is(a, "{}");
    written_is(b, "{}");
}

static void what_is_not_a_small_object_is_refused(void **state UNUSED) {
    refused("[]", "expected a JSON object");
    refused("{", "line 1");
    refused("{\"a\":1,\"a\":2}", "duplicate");
    refused("{} x", "line 1");
    AUTO_FREE char *large = mem_zero(DOCUMENT_LARGEST + 2, 1);
    memset(large, ' ', DOCUMENT_LARGEST + 1);
    refused(large, "more than 65536 bytes");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_are_set_found_and_removed),
        cmocka_unit_test(keys_that_are_no_field_are_found_in_messages_too),
        cmocka_unit_test(equal_documents_give_equal_bytes),
        cmocka_unit_test(no_text_is_an_empty_object),
        cmocka_unit_test(what_is_not_a_small_object_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
