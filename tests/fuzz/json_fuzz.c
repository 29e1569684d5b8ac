// SPDX-License-Identifier: Apache-2.0
// Any bytes as JSON, lenient and strict. What is accepted is written as ASCII on one line, reads back, writes the same again,
// and packs to bytes that the check accepts.
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/message.h"
#include "fuzz.h"
#include "granary_api.pb-c.h"
#include "granary_model.pb-c.h"
#include "mesos_v1_scheduler.pb-c.h"

static void check(const ProtobufCMessageDescriptor *type, enum json_mode mode, const uint8_t *bytes, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text json = {0}, again = {0}, packed = {0};
    void *m, *read;
    AUTO_ERR struct err *e = json_read(type, bytes, size, mode, NULL, &arena, &m);
    if (e) return;
    json_write(&json, m, JSON_PLAIN);
    for (size_t i = 0; i < json.size; i++) must(json.data[i] >= 0x20 && json.data[i] < 0x7f);
    must(!json_read(type, json.data, json.size, mode, NULL, &arena, &read));
    json_write(&again, read, JSON_PLAIN);
    must(json.size == again.size && memcmp(json.data, again.data, json.size) == 0);
    message_pack(m, &packed);
    must(!message_check(type, packed.data, packed.size, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    check(&mesos__v1__scheduler__call__descriptor, JSON_LENIENT, bytes, size);
    check(&mesos__v1__scheduler__event__descriptor, JSON_LENIENT, bytes, size);
    check(&granary__class__descriptor, JSON_STRICT, bytes, size);
    check(&granary__volume_create__descriptor, JSON_STRICT, bytes, size);
    check(&granary__explanation__descriptor, JSON_STRICT, bytes, size);
    return 0;
}
