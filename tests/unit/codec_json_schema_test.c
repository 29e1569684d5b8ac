// SPDX-License-Identifier: Apache-2.0
// Schemas say what JSON is read and written, and nothing of what is the registry's own.
#include "codec/json_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "codec/document.h"
#include "granary_api.pb-c.h"

static void expect_schema(const ProtobufCMessageDescriptor *type, bool taken, const char *const *words, size_t count) {
    AUTO_TEXT struct text text = {0};
    AUTO_DOCUMENT struct document *d = NULL;
    json_schema_add(&text, type, taken);
    assert_null(document_read(text.data, &d));
    for (size_t i = 0; i < count; i++)
        if (!strstr(text.data, words[i])) fail_msg("'%s' is not in %s", words[i], text.data);
}

static void fields_have_the_types_that_json_has(void **state UNUSED) {
    static const char *const create[] = {
        "\"name\":{\"type\":\"string\"}",
        "\"class\":{\"type\":\"string\"}", // in C it has another name
        "\"size\":{\"type\":\"integer\",\"format\":\"uint64\",\"minimum\":0}",
        "\"wait\":{\"type\":\"boolean\"}",
        "\"labels\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"string\"}}",
        "\"required\":[\"name\",\"class\",\"size\"]}",
    };
    static const char *const class[] = {
        "\"prefer_pool\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Preference\"}}",
        "\"on_release\":{\"type\":\"string\",\"enum\":[\"DELETE\",\"KEEP\",\"WIPE\"]}",
        "\"required\":[\"name\"]}",
    };
    expect_schema(&granary__volume_create__descriptor, false, create, ARRAY_LEN(create));
    expect_schema(&granary__class__descriptor, false, class, ARRAY_LEN(class));
    expect_schema(&granary__task_output__descriptor, false,
                  (const char *const[]){"\"data\":{\"type\":\"string\",\"format\":\"byte\"}"}, 1);
    assert_true(json_schema_requires(&granary__class__descriptor));
    assert_false(json_schema_requires(&granary__explain_request__descriptor));
}

static void what_is_read_may_be_written_as_people_do(void **state UNUSED) {
    static const char *const create[] = {
        "\"size\":{\"anyOf\":[{\"type\":\"integer\",\"format\":\"uint64\",\"minimum\":0},{\"type\":\"string\"}]}",
        "\"count\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}", // no unit
    };
    static const char *const request[] = {
        "\"hold_ms\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295},{\"type\":\"string\"}]}"};
    static const char *const class[] = {
        "\"on_release\":{\"type\":\"string\",\"enum\":[\"DELETE\",\"delete\",\"KEEP\",\"keep\",\"WIPE\",\"wipe\"]}",
        "\"SELF_FENCE\",\"self-fence\"",
        "\"FORMAT_EAGER\",\"eager\"",
    };
    expect_schema(&granary__volume_create__descriptor, true, create, ARRAY_LEN(create));
    expect_schema(&granary__request_apply__descriptor, true, request, ARRAY_LEN(request));
    expect_schema(&granary__class__descriptor, true, class, ARRAY_LEN(class));
}

static void internal_fields_are_not_shown(void **state UNUSED) {
    AUTO_TEXT struct text text = {0};
    json_schema_add(&text, &granary__framework__descriptor, false);
    assert_non_null(strstr(text.data, "\"roles\""));
    assert_null(strstr(text.data, "\"info\"")); // 1001
}

static void each_type_below_is_gathered_once(void **state UNUSED) {
    struct message_types types = {0};
    json_schema_gather(&types, &granary__error__descriptor);
    json_schema_gather(&types, NULL);
    json_schema_gather(&types, &granary__volume_create__descriptor);
    json_schema_gather(&types, &granary__error__descriptor);
    unsigned explanations = 0;
    VEC_EACH (type, &types) {
        explanations += *type == &granary__explanation__descriptor;
        assert_null(strstr((*type)->short_name, "Entry")); // a map's entries are no type of JSON
    }
    assert_int_equal(explanations, 1);
    vec_done(&types);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_have_the_types_that_json_has),
        cmocka_unit_test(what_is_read_may_be_written_as_people_do),
        cmocka_unit_test(internal_fields_are_not_shown),
        cmocka_unit_test(each_type_below_is_gathered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
