// SPDX-License-Identifier: Apache-2.0
// Any bytes as YAML. A document that becomes a message writes JSON that strict JSON reads to the same message.
#include <math.h>

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/yaml.h"
#include "fuzz.h"
#include "granary_model.pb-c.h"
#include "mesos_v1.pb-c.h"

static const ProtobufCMessageDescriptor *const types[] = {
    &granary__class__descriptor,
    &granary__provider__descriptor,
    &mesos__v1__offer_filters__resource_quantities__descriptor,
};

static void check(const struct yaml_node *node, const ProtobufCMessageDescriptor *type, struct arena *arena) {
    void *m, *read;
    AUTO_ERR struct err *e = yaml_message(node, type, arena, &m);
    if (e) return;
    AUTO_TEXT struct text json = {0}, again = {0};
    json_write(&json, m, JSON_PLAIN);
    if (strstr(text_string(&json), "Infinity\"") || strstr(text_string(&json), "\"NaN\"")) return; // YAML may say so
    must(!json_read(type, json.data, json.size, JSON_STRICT, NULL, arena, &read));
    json_write(&again, read, JSON_PLAIN);
    must(text_equal(text_string(&json), text_string(&again)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    struct yaml_documents documents;
    AUTO_ERR struct err *e = yaml_read(bytes, size, &arena, &documents);
    if (e) return 0;
    for (size_t i = 0; i < documents.count; i++) {
        must(documents.at[i]->line > 0);
        for (size_t t = 0; t < ARRAY_LEN(types); t++) check(documents.at[i], types[t], &arena);
    }
    return 0;
}
