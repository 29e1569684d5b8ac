// SPDX-License-Identifier: Apache-2.0
// Packed messages are checked before they are unpacked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "codec/message.h"
#include "granary_model.pb-c.h"
#include "granary_record.pb-c.h"
#include "mesos_v1_scheduler.pb-c.h"

#define CALL (&mesos__v1__scheduler__call__descriptor)
#define BYTES(literal) (literal), sizeof(literal) - 1

static void refused(struct err *e, enum err_kind kind, const char *part) {
    assert_non_null(e);
    assert_int_equal(err_kind(e), kind);
    if (!strstr(err_text(e), part)) fail_msg("'%s' does not say '%s'", err_text(e), part);
    err_free(e);
}

static void *unpack(const ProtobufCMessageDescriptor *type, const void *bytes, size_t size, struct arena *a) {
    void *m = NULL;
    struct err *e = message_unpack(type, bytes, size, a, &m);
    if (e) fail_msg("%s", err_text(e));
    return m;
}

static void a_message_survives_pack_and_unpack(void **state UNUSED) {
    AUTO_ARENA struct arena a = {0};
    AUTO_TEXT struct text packed = {0};
    Mesos__V1__OfferID id = MESOS__V1__OFFER_ID__INIT, *ids[] = {&id};
    Mesos__V1__Scheduler__Call__Decline decline = MESOS__V1__SCHEDULER__CALL__DECLINE__INIT;
    Mesos__V1__Scheduler__Call call = MESOS__V1__SCHEDULER__CALL__INIT;
    id.value = (char *)"O-1";
    decline.offer_ids = ids;
    decline.n_offer_ids = 1;
    call.has_type = 1;
    call.type = MESOS__V1__SCHEDULER__CALL__TYPE__DECLINE;
    call.decline = &decline;
    message_pack(&call.base, &packed);
    Mesos__V1__Scheduler__Call *back = unpack(CALL, packed.data, packed.size, &a);
    assert_int_equal(back->type, MESOS__V1__SCHEDULER__CALL__TYPE__DECLINE);
    assert_int_equal(back->decline->n_offer_ids, 1);
    assert_string_equal(back->decline->offer_ids[0]->value, "O-1");
    AUTO_TEXT struct text again = {0};
    message_pack(&back->base, &again);
    assert_int_equal(again.size, packed.size);
    assert_memory_equal(again.data, packed.data, packed.size);
}

static void no_bytes_are_a_message_without_required_fields(void **state UNUSED) {
    AUTO_ARENA struct arena a = {0};
    Mesos__V1__Scheduler__Call *call = unpack(CALL, NULL, 0, &a);
    assert_false(call->has_type);
}

static void a_missing_required_field_is_named_by_its_path(void **state UNUSED) {
    // accept { operations {} operations {} operations { create_disk { target_type: MOUNT } } }
    refused(message_check(CALL, BYTES("\x22\x0a\x12\x00\x12\x00\x12\x04\x7a\x02\x10\x02"), NULL), ERR_INVALID,
            "accept.operations[2].create_disk: required field 'source' missing");
    refused(message_check(&mesos__v1__offer_id__descriptor, "", 0, NULL), ERR_INVALID,
            "OfferID: required field 'value' missing");
}

static void truncated_and_malformed_data_is_refused(void **state UNUSED) {
    refused(message_check(CALL, BYTES("\x0a"), NULL), ERR_INVALID, "broken or truncated");
    refused(message_check(CALL, BYTES("\x0a\x05\x0a\x01x"), NULL), ERR_INVALID, "broken or truncated");
    refused(message_check(CALL, BYTES("\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), NULL), ERR_INVALID,
            "broken");
    refused(message_check(CALL, BYTES("\x02\x00"), NULL), ERR_INVALID, "broken"); // field number 0
    refused(message_check(CALL, BYTES("\x0b\x0c"), NULL), ERR_INVALID, "broken"); // a group
    refused(message_check(CALL, BYTES("\x12\x01x"), NULL), ERR_INVALID, "type: the protobuf data has another type");
}

static void text_must_be_utf8_without_nul(void **state UNUSED) {
    const ProtobufCMessageDescriptor *type = &mesos__v1__offer_id__descriptor;
    refused(message_check(type, BYTES("\x0a\x02\xc3\x28"), NULL), ERR_INVALID, "value: the text is not valid UTF-8");
    refused(message_check(type, BYTES("\x0a\x03\xed\xa0\x80"), NULL), ERR_INVALID, "UTF-8");
    refused(message_check(type, BYTES("\x0a\x03x\0y"), NULL), ERR_INVALID, "UTF-8");
    assert_null(message_check(type, BYTES("\x0a\x02\xc3\xa4"), NULL));
}

static void an_unknown_enum_value_is_unset_where_that_is_allowed(void **state UNUSED) {
    AUTO_ARENA struct arena a = {0};
    Mesos__V1__Scheduler__Call *call = unpack(CALL, BYTES("\x10\x63"), &a);
    assert_false(call->has_type);
    refused(message_check(&mesos__v1__task_status__descriptor, BYTES("\x0a\x03\x0a\x01t\x10\x63"), NULL), ERR_INVALID,
            "state: required field has the unknown value 99");
    // name "p", capabilities 3, 99, 5 of which 99 is unknown
    Granary__Pool *pool =
        unpack(&granary__pool__descriptor, BYTES("\x12\x01p\xa0\x01\x03\xa0\x01\x63\xa0\x01\x05"), &a);
    assert_int_equal(pool->n_capabilities, 2);
    assert_int_equal(pool->capabilities[1], GRANARY__CAPABILITY__FENCE);
}

static void lists_may_be_packed_or_not(void **state UNUSED) {
    AUTO_ARENA struct arena a = {0};
    Granary__Pool *pool =
        unpack(&granary__pool__descriptor, BYTES("\x12\x01p\xa2\x01\x03\x01\x02\x05\xa0\x01\x07"), &a);
    assert_int_equal(pool->n_capabilities, 4);
    assert_int_equal(pool->capabilities[3], GRANARY__CAPABILITY__LIST);
    refused(message_check(&granary__pool__descriptor, BYTES("\x12\x01p\xa2\x01\x01\x80"), NULL), ERR_INVALID, "broken");
}

static void deep_nesting_is_refused(void **state UNUSED) {
    struct text nested = {0}; // ContainerID.parent in itself
    text_add_n(&nested, "\x0a\x01x", 3);
    for (int i = 0; i < 70; i++) {
        struct text outer = {0};
        text_add_n(&outer, "\x0a\x01x\x12", 4);
        size_t size = nested.size;
        for (; size >= 128; size >>= 7) text_add_char(&outer, (char)(size | 0x80));
        text_add_char(&outer, (char)size);
        text_add_n(&outer, nested.data, nested.size);
        text_done(&nested);
        nested = outer;
    }
    refused(message_check(&mesos__v1__container_id__descriptor, nested.data, nested.size, NULL), ERR_TOO_LARGE,
            "nested too deeply");
    text_done(&nested);
}

static void many_small_messages_are_refused_before_they_take_memory(void **state UNUSED) {
    AUTO_ARENA struct arena a = {0};
    size_t size = (size_t)4 << 20;
    AUTO_FREE char *bytes = mem_zero(size, 1);
    for (size_t i = 0; i < size; i += 2) bytes[i] = 0x12; // an unknown empty field, again and again
    struct message_limits limits = message_limits_default;
    limits.elements = 1000;
    refused(message_check(&mesos__v1__parameters__descriptor, bytes, size, &limits), ERR_TOO_LARGE, "1000 elements");
    AUTO_TEXT struct text empty = {0};
    for (int i = 0; i < 1000; i++) text_add_n(&empty, "\x0a\x00", 2); // OfferFilters.ResourceQuantities
    limits = (struct message_limits){64, 10000, 4096};
    void *m;
    refused(message_unpack_within(&mesos__v1__offer_filters__min_allocatable_resources__descriptor, empty.data,
                                  empty.size, &limits, &a, &m),
            ERR_TOO_LARGE, "too much memory");
    a.budget = 8192;
    refused(message_unpack(&mesos__v1__offer_filters__min_allocatable_resources__descriptor, empty.data, empty.size, &a,
                           &m),
            ERR_TOO_LARGE, "too much memory");
}

static void internal_fields_are_stripped_everywhere(void **state UNUSED) {
    AUTO_ARENA struct arena a = {0};
    Granary__Attachment attachment = GRANARY__ATTACHMENT__INIT, *attachments[] = {&attachment};
    Granary__Volume volume = GRANARY__VOLUME__INIT;
    attachment.has_volume_id = attachment.has_epoch = 1;
    attachment.context = (char *)"{}";
    volume.name = (char *)"db";
    volume.handle = (char *)"vol-1";
    volume.has_pool_id = 1;
    volume.pool_id = 7;
    volume.attachments = attachments;
    volume.n_attachments = 1;
    Granary__Volume *copy = message_copy(&volume.base, &a);
    message_strip_internal(&copy->base);
    assert_null(copy->handle);
    assert_false(copy->has_pool_id);
    assert_string_equal(copy->name, "db");
    assert_null(copy->attachments[0]->context);
    assert_false(copy->attachments[0]->has_volume_id);
    assert_true(copy->attachments[0]->has_epoch);
    assert_string_equal(volume.handle, "vol-1"); // the original is untouched
    assert_true(attachment.has_volume_id);
}

static void a_copy_shares_nothing_with_its_original(void **state UNUSED) {
    AUTO_ARENA struct arena from = {0}, to = {0};
    AUTO_TEXT struct text packed = {0}, again = {0};
    const char bytes[] = "\x10\x03\x22\x08\x0a\x03\x0a\x01o\x6a\x01q\xf2\x06\x02zz";
    void *m = unpack(CALL, bytes, sizeof bytes - 1, &from); // with unknown fields inside and outside
    message_pack(m, &packed);
    ProtobufCMessage *copy = message_copy(m, &to);
    arena_done(&from);
    message_pack(copy, &again);
    assert_int_equal(packed.size, again.size);
    assert_memory_equal(packed.data, again.data, again.size);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_survives_pack_and_unpack),
        cmocka_unit_test(no_bytes_are_a_message_without_required_fields),
        cmocka_unit_test(a_missing_required_field_is_named_by_its_path),
        cmocka_unit_test(truncated_and_malformed_data_is_refused),
        cmocka_unit_test(text_must_be_utf8_without_nul),
        cmocka_unit_test(an_unknown_enum_value_is_unset_where_that_is_allowed),
        cmocka_unit_test(lists_may_be_packed_or_not),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(many_small_messages_are_refused_before_they_take_memory),
        cmocka_unit_test(internal_fields_are_stripped_everywhere),
        cmocka_unit_test(a_copy_shares_nothing_with_its_original),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
