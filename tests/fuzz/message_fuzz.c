// SPDX-License-Identifier: Apache-2.0
// Any bytes as a message. What is accepted unpacks, packs to something accepted, packs the same again after that, survives a
// copy and JSON, and shows no internal field once stripped.
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/message.h"
#include "fuzz.h"
#include "granary_link.pb-c.h"
#include "granary_record.pb-c.h"
#include "mesos_v1_scheduler.pb-c.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &mesos__v1__scheduler__call__descriptor, &mesos__v1__scheduler__event__descriptor,
    &granary__journal_entry__descriptor,     &granary__from_agent__descriptor,
    &granary__agent_hello__descriptor,       &granary__provider_hello__descriptor,
};

static bool packed_equal(const ProtobufCMessage *a, const ProtobufCMessage *b) {
    AUTO_TEXT struct text one = {0}, other = {0};
    message_pack(a, &one);
    message_pack(b, &other);
    return one.size == other.size && (!one.size || memcmp(one.data, other.data, one.size) == 0);
}

static void check_json(const ProtobufCMessage *m, struct arena *arena) {
    AUTO_TEXT struct text json = {0}, again = {0};
    void *read;
    json_write(&json, m, JSON_PUBLIC);
    for (size_t i = 0; i < json.size; i++) must(json.data[i] >= 0x20 && json.data[i] < 0x7f);
    AUTO_ERR struct err *e = json_read(m->descriptor, json.data, json.size, JSON_LENIENT, NULL, arena, &read);
    if (e) {
        // Maps make two levels of JSON from one of the message; nothing else may be lost.
        must(err_kind(e) == ERR_TOO_LARGE);
        return;
    }
    json_write(&again, read, JSON_PUBLIC);
    AUTO_TEXT struct text third = {0};
    void *reread;
    must(!json_read(m->descriptor, again.data, again.size, JSON_LENIENT, NULL, arena, &reread));
    json_write(&third, reread, JSON_PUBLIC);
    must(again.size == third.size && memcmp(again.data, third.data, again.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (!size) return 0;
    const ProtobufCMessageDescriptor *type = types[bytes[0] % ARRAY_LEN(types)];
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text packed = {0};
    void *m, *again;
    AUTO_ERR struct err *checked = message_check(type, bytes + 1, size - 1, NULL);
    AUTO_ERR struct err *e = message_unpack(type, bytes + 1, size - 1, &arena, &m);
    must(!checked == !e || err_kind(e) == ERR_TOO_LARGE);
    if (e) return 0;
    message_pack(m, &packed);
    must(!message_unpack(type, packed.data, packed.size, &arena, &again));
    must(packed_equal(m, again));
    must(packed_equal(m, message_copy(m, &arena)));
    check_json(m, &arena);
    message_strip_internal(again);
    AUTO_TEXT struct text public = {0}, stripped = {0};
    json_write(&public, m, JSON_PUBLIC);
    json_write(&stripped, again, JSON_PLAIN);
    must(public.size == stripped.size && memcmp(public.data, stripped.data, public.size) == 0);
    return 0;
}
