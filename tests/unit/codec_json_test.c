// SPDX-License-Identifier: Apache-2.0
// JSON to messages and back, as Mesos' clients and our own API write it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "granary_api.pb-c.h"
#include "granary_model.pb-c.h"
#include "mesos_v1_scheduler.pb-c.h"

#define CALL (&mesos__v1__scheduler__call__descriptor)
#define EVENT (&mesos__v1__scheduler__event__descriptor)
#define CREATE (&granary__volume_create__descriptor)
#define CLASS (&granary__class__descriptor)

static struct arena arena;

static int arena_end(void **state UNUSED) {
    arena_done(&arena);
    return 0;
}

static void *reads_n(const ProtobufCMessageDescriptor *type, enum json_mode mode, const char *json, size_t size) {
    void *m = NULL;
    struct err *e = json_read(type, json, size, mode, NULL, &arena, &m);
    if (e) fail_msg("%s", err_text(e));
    return m;
}

static void *reads(const ProtobufCMessageDescriptor *type, enum json_mode mode, const char *json) {
    return reads_n(type, mode, json, strlen(json));
}

static void refused_n(const ProtobufCMessageDescriptor *type, enum json_mode mode, const char *json, size_t size,
                      const char *part) {
    void *m = NULL;
    struct err *e = json_read(type, json, size, mode, NULL, &arena, &m);
    if (!e) fail_msg("accepted: %s", json);
    if (!strstr(err_text(e), part)) fail_msg("'%s' does not say '%s'", err_text(e), part);
    err_free(e);
    assert_null(m);
}

static void refused(const ProtobufCMessageDescriptor *type, enum json_mode mode, const char *json, const char *part) {
    refused_n(type, mode, json, strlen(json), part);
}

static void writes(const void *message, unsigned style, const char *expected) {
    AUTO_TEXT struct text json = {0};
    json_write(&json, message, style);
    assert_string_equal(text_string(&json), expected);
}

static void stable(const ProtobufCMessageDescriptor *type, enum json_mode mode, const char *json) {
    writes(reads(type, mode, json), JSON_PLAIN, json);
}

// ---- round trips ----

static void what_mesos_sends_reads_back_the_same(void **state UNUSED) {
    stable(EVENT, JSON_LENIENT,
           "{\"type\":\"SUBSCRIBED\",\"subscribed\":{\"framework_id\":{\"value\":\"4820d8b5-0000\"},"
           "\"heartbeat_interval_seconds\":15.0,\"master_info\":{\"id\":\"4820d8b5\",\"ip\":16777343,\"port\":5050,"
           "\"pid\":\"master@127.0.0.1:5050\",\"version\":\"1.12.0\",\"address\":{\"ip\":\"127.0.0.1\",\"port\":5050},"
           "\"capabilities\":[{\"type\":\"AGENT_UPDATE\"},{\"type\":\"QUOTA_V2\"}]}}}");
    stable(
        EVENT, JSON_LENIENT,
        "{\"type\":\"OFFERS\",\"offers\":{\"offers\":[{\"id\":{\"value\":\"O0\"},\"framework_id\":{\"value\":\"F\"},"
        "\"agent_id\":{\"value\":\"S0\"},\"hostname\":\"n1\",\"resources\":["
        "{\"name\":\"ports\",\"type\":\"RANGES\",\"ranges\":{\"range\":[{\"begin\":31000,\"end\":32000}]}},"
        "{\"name\":\"cpus\",\"type\":\"SCALAR\",\"scalar\":{\"value\":0.1},\"reservations\":[{\"role\":\"storage\","
        "\"type\":\"DYNAMIC\"}]}],\"attributes\":[{\"name\":\"a\",\"type\":\"TEXT\",\"text\":{\"value\":\"b\"}}]}]}}");
    stable(EVENT, JSON_LENIENT,
           "{\"type\":\"UPDATE\",\"update\":{\"status\":{\"task_id\":{\"value\":\"t\"},\"state\":\"TASK_RUNNING\","
           "\"timestamp\":1795342504.123457,\"source\":\"SOURCE_EXECUTOR\",\"uuid\":\"AAECAwQFBgcICQoLDA0ODw==\"}}}");
    stable(CALL, JSON_LENIENT,
           "{\"type\":\"SUBSCRIBE\",\"subscribe\":{\"framework_info\":{\"user\":\"u\",\"name\":\"n\",\"offer_filters\":"
           "{\"eng\":{\"min_allocatable_resources\":{\"quantities\":[{\"quantities\":{\"cpus\":{\"value\":0.5}}}]}}}},"
           "\"offer_constraints\":{\"role_constraints\":{\"*\":{\"groups\":[{\"attribute_constraints\":[{\"selector\":"
           "{\"pseudoattribute_type\":\"HOSTNAME\"},\"predicate\":{\"text_equals\":{\"value\":\"h\"}}}]}]}}}}}");
}

static void declared_defaults_are_written_as_mesos_does(void **state UNUSED) {
    void *call = reads(CALL, JSON_LENIENT, "{\"decline\":{\"filters\":{}}}");
    writes(call, JSON_PLAIN, "{\"decline\":{\"filters\":{}}}");
    writes(call, JSON_DEFAULTS, "{\"decline\":{\"filters\":{\"refuse_seconds\":5.0}}}");
    void *info = reads(&mesos__v1__framework_info__descriptor, JSON_LENIENT, "{\"user\":\"u\",\"name\":\"n\"}");
    // role is deprecated, so its default is not written
    writes(info, JSON_DEFAULTS, "{\"user\":\"u\",\"name\":\"n\",\"failover_timeout\":0.0,\"checkpoint\":false}");
    void *star =
        reads(&mesos__v1__framework_info__descriptor, JSON_LENIENT, "{\"user\":\"\",\"name\":\"\",\"role\":\"*\"}");
    writes(star, JSON_PLAIN, "{\"user\":\"\",\"name\":\"\",\"role\":\"*\"}");
}

static void output_is_one_line_of_ascii(void **state UNUSED) {
    void *id =
        reads(&mesos__v1__offer_id__descriptor, JSON_STRICT,
              "{\"value\":\"a\\n\\t\\\"\\\\\\/\\u0001 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\\ud83d\\ude00\x7f\"}");
    assert_string_equal(((Mesos__V1__OfferID *)id)->value,
                        "a\n\t\"\\/\x01 \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\xf0\x9f\x98\x80\x7f");
    writes(id, JSON_PLAIN,
           "{\"value\":\"a\\n\\t\\\"\\\\/\\u0001 \\u00e4 \\u20ac \\ud83d\\ude00\\ud83d\\ude00\\u007f\"}");
}

static void numbers_keep_what_they_are(void **state UNUSED) {
    static const char *const numbers[][2] = {
        {"1", "1.0"},
        {"0.1", "0.1"},
        {"-0.001", "-0.001"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1e3", "1000.0"},
        {"123456789.125", NULL},
        {"1e20", "100000000000000000000.0"},
        {"1e300", "1e+300"},
        {"0.0001", "0.0001"},
        {"1e-7", "1e-07"},
        {"9007199254740993", "9007199254740992.0"},
        {"-0", "-0.0"},
        {"33.333", "33.333"},
        {"5e-324", "4.94065645841247e-324"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        AUTO_TEXT struct text json = {0}, expected = {0};
        text_addf(&json, "{\"value\":%s}", numbers[i][0]);
        text_addf(&expected, "{\"value\":%s}", numbers[i][1] ? numbers[i][1] : numbers[i][0]);
        void *scalar = reads(&mesos__v1__value__scalar__descriptor, JSON_STRICT, text_string(&json));
        writes(scalar, JSON_PLAIN, text_string(&expected));
        double first = ((Mesos__V1__Value__Scalar *)scalar)->value;
        Mesos__V1__Value__Scalar *again =
            reads(&mesos__v1__value__scalar__descriptor, JSON_STRICT, text_string(&expected));
        assert_true(again->value == first);
    }
    stable(&mesos__v1__value__range__descriptor, JSON_STRICT,
           "{\"begin\":18446744073709551615,\"end\":9007199254740993}");
    stable(&mesos__v1__time_info__descriptor, JSON_STRICT, "{\"nanoseconds\":-9223372036854775808}");
}

static void internal_fields_are_neither_shown_nor_taken(void **state UNUSED) {
    Granary__Volume v = GRANARY__VOLUME__INIT;
    v.name = (char *)"db";
    v.handle = (char *)"vol-1";
    v.has_id = 1;
    v.id = 7;
    writes(&v, JSON_PUBLIC, "{\"id\":7,\"name\":\"db\"}");
    writes(&v, JSON_PLAIN, "{\"id\":7,\"name\":\"db\",\"handle\":\"vol-1\"}");
    refused(&granary__volume__descriptor, JSON_STRICT, "{\"name\":\"db\",\"handle\":\"x\"}", "unknown key 'handle'");
    Granary__Volume *read = reads(&granary__volume__descriptor, JSON_LENIENT, "{\"name\":\"db\",\"handle\":\"x\"}");
    assert_null(read->handle);
}

// ---- what Mesos' frameworks send ----

static void frameworks_may_be_careless(void **state UNUSED) {
    Mesos__V1__Scheduler__Call *c = reads(CALL, JSON_LENIENT,
                                          "{\"type\":\"ACCEPT\",\"kill\":null,\"surprise\":{\"a\":[1,{\"b\":null}]},"
                                          "\"accept\":{\"offer_ids\":{\"value\":\"O\"},"
                                          "\"operations\":null,\"filters\":{\"refuse_seconds\":\"0.5\"}}}");
    assert_null(c->kill);
    assert_int_equal(c->accept->n_offer_ids, 1);
    assert_int_equal(c->accept->n_operations, 0);
    assert_true(c->accept->filters->refuse_seconds == 0.5);
    Mesos__V1__FrameworkInfo *f =
        reads(&mesos__v1__framework_info__descriptor, JSON_LENIENT,
              "{\"user\":\"u\",\"name\":\"n\",\"failover_timeout\":\"Infinity\",\"checkpoint\":\"true\","
              "\"capabilities\":[{\"type\":\"FLYING\"},{\"type\":\"MULTI_ROLE\"}],\"roles\":\"eng\"}");
    assert_true(isinf(f->failover_timeout));
    assert_true(f->checkpoint);
    assert_int_equal(f->n_capabilities, 2);
    assert_false(f->capabilities[0]->has_type);
    assert_true(f->capabilities[1]->has_type);
    assert_string_equal(f->roles[0], "eng");
    Mesos__V1__Value__Range *range =
        reads(&mesos__v1__value__range__descriptor, JSON_LENIENT, "{\"begin\":\"31000\",\"end\":32000.0}");
    assert_int_equal(range->begin, 31000);
    assert_int_equal(range->end, 32000);
}

static void bytes_may_come_as_an_object_with_a_value(void **state UNUSED) {
    Mesos__V1__Scheduler__Call__AcknowledgeOperationStatus *ack = reads(
        &mesos__v1__scheduler__call__acknowledge_operation_status__descriptor, JSON_LENIENT,
        "{\"uuid\":{\"value\":\"AAEC\",\"x\":1},\"operation_id\":{\"value\":\"o\"},\"state\":\"OPERATION_FINISHED\"}");
    assert_int_equal(ack->uuid.len, 3);
    assert_memory_equal(ack->uuid.data, "\0\1\2", 3);
}

static void the_last_of_equal_keys_wins(void **state UNUSED) {
    writes(reads(&mesos__v1__offer_id__descriptor, JSON_LENIENT, "{\"value\":\"a\",\"value\":\"b\"}"), JSON_PLAIN,
           "{\"value\":\"b\"}");
    writes(reads(&mesos__v1__labels__descriptor, JSON_LENIENT,
                 "{\"labels\":[{\"key\":\"a\"}],\"labels\":[{\"key\":\"b\"}]}"),
           JSON_PLAIN, "{\"labels\":[{\"key\":\"b\"}]}");
    writes(reads(&mesos__v1__offer_filters__resource_quantities__descriptor, JSON_LENIENT,
                 "{\"quantities\":{\"a\":{\"value\":1},\"b\":{\"value\":2},\"\\u0061\":{\"value\":3}}}"),
           JSON_PLAIN, "{\"quantities\":{\"a\":{\"value\":3.0},\"b\":{\"value\":2.0}}}");
    refused(&mesos__v1__offer_id__descriptor, JSON_LENIENT, "{\"value\":\"a\",\"value\":null}",
            "required field 'value' missing");
    // one member of a oneof replaces the other
    writes(reads(&mesos__v1__scheduler__attribute_constraint__selector__descriptor, JSON_LENIENT,
                 "{\"pseudoattribute_type\":\"ZONE\",\"attribute_name\":\"x\"}"),
           JSON_PLAIN, "{\"attribute_name\":\"x\"}");
}

// ---- our own API ----

static void sizes_may_have_units(void **state UNUSED) {
    Granary__VolumeCreate *c = reads(CREATE, JSON_STRICT, "{\"name\":\"db\",\"class\":\"gold\",\"size\":\"50GiB\"}");
    assert_true(c->size == 50 * ((uint64_t)1 << 30));
    c = reads(CREATE, JSON_STRICT, "{\"name\":\"db\",\"class\":\"gold\",\"size\":\"4096\",\"iops\":100}");
    assert_int_equal(c->size, 4096);
    Granary__Class *k =
        reads(CLASS, JSON_STRICT,
              "{\"name\":\"gold\",\"launch_wait_ms\":\"2m\",\"bandwidth\":\"1MB/s\",\"access\":\"multi-writer\"}");
    assert_int_equal(k->launch_wait_ms, 120000);
    assert_int_equal(k->bandwidth, 1000000);
    assert_int_equal(k->access, GRANARY__ACCESS_MODE__MULTI_WRITER);
    refused(CREATE, JSON_STRICT, "{\"name\":\"db\",\"class\":\"gold\",\"size\":\"50 apples\"}", "size: ");
    refused(CREATE, JSON_STRICT, "{\"name\":\"db\",\"class\":\"gold\",\"size\":4096,\"count\":\"3\"}",
            "count: expected a number, found a string");
}

static void a_slip_of_the_pen_is_answered_with_the_nearest_name(void **state UNUSED) {
    refused(CREATE, JSON_STRICT, "{\"name\":\"db\",\n \"class\":\"gold\", \"siez\":1}",
            "line 2, byte 19: unknown key 'siez'; did you mean 'size'?");
    refused(CLASS, JSON_STRICT, "{\"name\":\"g\",\"prefer_pool\":[{\"selector\":\"a\"},{\"selectr\":\"b\"}]}",
            "prefer_pool[1]: unknown key 'selectr'; did you mean 'selector'?");
    refused(CLASS, JSON_STRICT, "{\"name\":\"g\",\"on_release\":\"delet\"}",
            "on_release: unknown value 'delet'; did you mean 'DELETE'?");
    refused(CLASS, JSON_STRICT, "{\"name\":\"g\",\"zzzzzzzz\":1}", "unknown key 'zzzzzzzz'");
    refused(CLASS, JSON_STRICT, "{\"name\":\"g\",\"roles\":\"eng\"}", "roles: expected a list, found a string");
}

// ---- bad input ----

static void missing_required_fields_are_named_by_path(void **state UNUSED) {
    refused(CALL, JSON_LENIENT, "{\"accept\":{\"operations\":[{},{},{\"create_disk\":{\"target_type\":\"MOUNT\"}}]}}",
            "accept.operations[2].create_disk: required field 'source' missing");
    refused(
        CALL, JSON_LENIENT,
        "{\"subscribe\":{\"framework_info\":{\"user\":\"\",\"name\":\"\",\"offer_filters\":{\"eng\":{"
        "\"min_allocatable_resources\":{\"quantities\":{\"quantities\":{\"cpus\":{}}}}}}}}}",
        "framework_info.offer_filters['eng'].min_allocatable_resources.quantities.quantities['cpus']: required field");
    refused(&mesos__v1__volume__descriptor, JSON_LENIENT, "{\"container_path\":\"p\",\"mode\":\"WO\"}",
            "mode: unknown value 'WO'");
}

static void what_is_not_json_is_refused(void **state UNUSED) {
    static const char *const wrong[][2] = {
        {"", "expected an object, found the end"},
        {"[]", "expected an object, found a list"},
        {"{", "found the end of the text"},
        {"{\"value\":\"\"}x", "nothing may follow"},
        {"{\"value\":\"\"} {}", "nothing may follow"},
        {"{\"value\":\"a\",}", "expected a key in quotes"},
        {"{value:1}", "expected a key in quotes"},
        {"{\"value\" \"a\"}", "expected ':'"},
        {"{\"value\":\"a}", "does not end"},
        {"{\"value\":\"a\\", "does not end"},
        {"{\"value\":\"\\x\"}", "no such escape"},
        {"{\"value\":\"\\u12g4\"}", "four hex digits"},
        {"{\"value\":\"\\ud800\"}", "surrogate"},
        {"{\"value\":\"\\ude00\\ud83d\"}", "surrogate"},
        {"{\"value\":\"\\u0000\"}", "NUL"},
        {"{\"value\":\"\xff\"}", "UTF-8"},
        {"{\"value\":\"\xc0\x80\"}", "UTF-8"},
        {"{\"value\":\"a\nb\"}", "control character"},
        {"{\"value\":7}", "value: expected a string, found a number"},
        {"{\"x\":01,\"value\":\"\"}", "not a JSON number"},
        {"{\"x\":1.,\"value\":\"\"}", "not a JSON number"},
        {"{\"x\":[1 2],\"value\":\"\"}", "expected ',' or ']'"},
        {"{\"x\":nul,\"value\":\"\"}", "expected a value"},
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        refused(&mesos__v1__offer_id__descriptor, JSON_LENIENT, wrong[i][0], wrong[i][1]);
    refused_n(&mesos__v1__offer_id__descriptor, JSON_LENIENT, "{\"value\":\"a\0b\"}", 15, "control character");
    refused_n(&mesos__v1__offer_id__descriptor, JSON_LENIENT, "{\"value\":\"a\"}\0", 14, "nothing may follow");
}

static void numbers_out_of_range_are_refused(void **state UNUSED) {
    refused(&mesos__v1__value__range__descriptor, JSON_LENIENT, "{\"begin\":-1,\"end\":1}",
            "begin: the number must not be negative");
    refused(&mesos__v1__value__range__descriptor, JSON_LENIENT, "{\"begin\":18446744073709551616,\"end\":1}",
            "out of range");
    refused(&mesos__v1__value__range__descriptor, JSON_LENIENT, "{\"begin\":0.5,\"end\":1}", "expected a whole number");
    refused(&mesos__v1__address__descriptor, JSON_LENIENT, "{\"port\":2147483648}", "port: the number is out of range");
    refused(&mesos__v1__value__scalar__descriptor, JSON_LENIENT, "{\"value\":1e999}", "out of range");
    refused(&mesos__v1__value__scalar__descriptor, JSON_STRICT, "{\"value\":\"Infinity\"}", "expected a number");
    refused(&mesos__v1__time_info__descriptor, JSON_LENIENT, "{\"nanoseconds\":9223372036854775808}", "out of range");
}

static void nesting_and_memory_are_bounded(void **state UNUSED) {
    AUTO_TEXT struct text deep = {0};
    text_add(&deep, "{\"x\":");
    for (int i = 0; i < 100000; i++) text_add_char(&deep, '[');
    refused_n(CALL, JSON_LENIENT, deep.data, deep.size, "nested too deeply");
    AUTO_TEXT struct text parents = {0};
    for (int i = 0; i < 100; i++) text_add(&parents, "{\"value\":\"c\",\"parent\":");
    refused_n(&mesos__v1__container_id__descriptor, JSON_LENIENT, parents.data, parents.size, "nested too deeply");
    AUTO_TEXT struct text many = {0};
    text_add(&many, "{\"operations\":[{}");
    for (int i = 0; i < 2000; i++) text_add(&many, ",{}");
    text_add(&many, "]}");
    struct message_limits small = {64, 1000, (size_t)64 << 20}, poor = {64, 10000, 65536};
    void *m;
    struct err *e = json_read(&mesos__v1__scheduler__call__accept__descriptor, many.data, many.size, JSON_LENIENT,
                              &small, &arena, &m);
    assert_int_equal(err_kind(e), ERR_TOO_LARGE);
    err_free(e);
    e = json_read(&mesos__v1__scheduler__call__accept__descriptor, many.data, many.size, JSON_LENIENT, &poor, &arena,
                  &m);
    assert_int_equal(err_kind(e), ERR_TOO_LARGE);
    assert_non_null(strstr(err_text(e), "too much memory"));
    err_free(e);
}

static void bad_base64_is_refused(void **state UNUSED) {
    static const char *const wrong[] = {"!!!", "A", "AAA=A", "AB==", "A===", "AA\\n=="};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        AUTO_TEXT struct text json = {0};
        text_addf(&json, "{\"value\":\"%s\"}", wrong[i]);
        refused(&mesos__v1__uuid__descriptor, JSON_LENIENT, text_string(&json), "not base64");
    }
    stable(&mesos__v1__uuid__descriptor, JSON_LENIENT, "{\"value\":\"\"}");
    stable(&mesos__v1__uuid__descriptor, JSON_LENIENT, "{\"value\":\"/+8=\"}");
    writes(reads(&mesos__v1__uuid__descriptor, JSON_LENIENT, "{\"value\":\"/+8\"}"), JSON_PLAIN,
           "{\"value\":\"/+8=\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_mesos_sends_reads_back_the_same),
        cmocka_unit_test(declared_defaults_are_written_as_mesos_does),
        cmocka_unit_test(output_is_one_line_of_ascii),
        cmocka_unit_test(numbers_keep_what_they_are),
        cmocka_unit_test(internal_fields_are_neither_shown_nor_taken),
        cmocka_unit_test(frameworks_may_be_careless),
        cmocka_unit_test(bytes_may_come_as_an_object_with_a_value),
        cmocka_unit_test(the_last_of_equal_keys_wins),
        cmocka_unit_test(sizes_may_have_units),
        cmocka_unit_test(a_slip_of_the_pen_is_answered_with_the_nearest_name),
        cmocka_unit_test(missing_required_fields_are_named_by_path),
        cmocka_unit_test(what_is_not_json_is_refused),
        cmocka_unit_test(numbers_out_of_range_are_refused),
        cmocka_unit_test(nesting_and_memory_are_bounded),
        cmocka_unit_test(bad_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, arena_end);
}
