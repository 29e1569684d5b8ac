// SPDX-License-Identifier: Apache-2.0
// Fields and enum values are found by the names that people write.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/must.h"
#include "codec/field.h"
#include "codec/utf8.h"
#include "granary_model.pb-c.h"
#include "mesos_v1_scheduler.pb-c.h"

static const field_info *find(const message_info *type, const char *name, bool loose) {
    return field_find(type, name, strlen(name), loose);
}

static void every_field_is_found_by_its_exact_name_only(void **state UNUSED) {
    const message_info *type = &granary__class__descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        const char *name = type->fields[i].name;
        assert_ptr_equal(find(type, name, false), &type->fields[i]);
        assert_ptr_equal(find(type, name, true), &type->fields[i]);
        assert_ptr_not_equal(field_find(type, name, strlen(name) - 1, false), &type->fields[i]);
    }
    assert_null(find(type, "", false));
    assert_null(find(type, "names", false));
    assert_null(find(type, "on-release", false));
    assert_string_equal(find(type, "on-release", true)->name, "on_release");
    assert_null(field_find(type, "name\0x", 6, false));
    assert_null(find(&mesos__v1__resource__shared_info__descriptor, "x", false)); // a type without fields
}

static void enum_values_may_be_written_loosely_where_that_is_allowed(void **state UNUSED) {
    const enum_info *e = &granary__on_agent_lost__descriptor, *format = &granary__format_when__descriptor;
    assert_non_null(enum_find(e, "SELF_FENCE", 10, false));
    assert_null(enum_find(e, "self-fence", 10, false));
    assert_int_equal(enum_find(e, "self-fence", 10, true)->value, GRANARY__ON_AGENT_LOST__SELF_FENCE);
    assert_null(enum_find(e, "SELF_FENCES", 11, true));
    assert_null(enum_find(e, "", 0, true));
    assert_int_equal(enum_find(format, "eager", 5, true)->value, GRANARY__FORMAT_WHEN__FORMAT_EAGER);
    assert_null(enum_find(format, "eager", 5, false));
    assert_string_equal(enum_nearest(format, "lzy"), "FORMAT_LAZY");
    assert_null(enum_nearest(format, "something else"));
}

static void internal_names_are_never_suggested(void **state UNUSED) {
    assert_null(field_nearest(&granary__volume__descriptor, "handel"));
    assert_string_equal(field_nearest(&granary__volume__descriptor, "statte"), "state");
}

static void maps_are_recognised(void **state UNUSED) {
    assert_true(field_is_map(find(&mesos__v1__framework_info__descriptor, "offer_filters", false)));
    assert_false(field_is_map(find(&mesos__v1__labels__descriptor, "labels", false))); // key and value, but no Entry
    assert_false(field_is_map(find(&mesos__v1__framework_info__descriptor, "roles", false)));
}

static void one_member_of_a_oneof_is_set(void **state UNUSED) {
    const message_info *type = &mesos__v1__scheduler__attribute_constraint__selector__descriptor;
    Mesos__V1__Scheduler__AttributeConstraint__Selector s = MESOS__V1__SCHEDULER__ATTRIBUTE_CONSTRAINT__SELECTOR__INIT;
    const field_info *name = find(type, "attribute_name", false), *kind = find(type, "pseudoattribute_type", false);
    assert_false(field_is_set(&s.base, name) || field_is_set(&s.base, kind));
    s.attribute_name = (char *)"rack";
    field_mark(&s.base, name, 0);
    assert_true(field_is_set(&s.base, name));
    assert_false(field_is_set(&s.base, kind));
    field_clear(&s.base, kind); // not its place
    assert_string_equal(s.attribute_name, "rack");
    field_clear(&s.base, name);
    assert_false(field_is_set(&s.base, name));
}

static void every_code_point_survives_utf8(void **state UNUSED) {
    for (uint32_t point = 1; point <= 0x110000; point += point < 0x3000 ? 1 : 251) {
        char bytes[4];
        uint32_t back = 0;
        if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) continue;
        size_t size = utf8_write(bytes, point);
        assert_int_equal(utf8_read(bytes, bytes + size, &back), size);
        assert_int_equal(back, point);
        assert_int_equal(utf8_valid(bytes, size), size);
        assert_int_equal(utf8_read(bytes, bytes + size - 1, &back), 0); // cut short
    }
}

static void the_valid_part_of_text_ends_where_it_goes_wrong(void **state UNUSED) {
    static const char *const wrong[] = {"\x80",
                                        "\xc0\x80",
                                        "\xc1\xbf",
                                        "\xe0\x80\x80",
                                        "\xed\xa0\x80",
                                        "\xf0\x80\x80\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xf5\x80\x80\x80",
                                        "\xff",
                                        "\xc3",
                                        "\xe2\x82"};
    for (size_t before = 0; before < 20; before++) {
        for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
            char text[64] = "abcdefghijklmnopqrstuvwxyz";
            memcpy(text + before, wrong[i], strlen(wrong[i]) + 1);
            assert_int_equal(utf8_valid(text, strlen(text)), before);
        }
        char text[64] = "abcdefghijklmnopqrstuvwxyz";
        text[before] = 0;
        assert_int_equal(utf8_valid(text, 26), before); // NUL ends our texts, so it cannot be in one
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_found_by_its_exact_name_only),
        cmocka_unit_test(enum_values_may_be_written_loosely_where_that_is_allowed),
        cmocka_unit_test(internal_names_are_never_suggested),
        cmocka_unit_test(maps_are_recognised),
        cmocka_unit_test(one_member_of_a_oneof_is_set),
        cmocka_unit_test(every_code_point_survives_utf8),
        cmocka_unit_test(the_valid_part_of_text_ends_where_it_goes_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
