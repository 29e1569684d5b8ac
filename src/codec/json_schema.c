// SPDX-License-Identifier: Apache-2.0
// Descriptors to schemas.
#include "codec/json_schema.h"

#include "codec/field.h"
#include "codec/json_write.h"
#include "codec/scalar.h"

static bool is_public(const field_info *f) {
    return f->id < FIELD_INTERNAL;
}

static bool is_required(const field_info *f) {
    return is_public(f) && f->label == PROTOBUF_C_LABEL_REQUIRED;
}

// ---- which types ----

// The value of a map's entries; else the field.
static const field_info *value_field(const field_info *f) {
    return field_is_map(f) ? &((const message_info *)f->descriptor)->fields[1] : f;
}

void json_schema_gather(struct message_types *types, const message_info *type) {
    if (!type) return;
    VEC_EACH (known, types)
        if (*known == type) return;
    vec_push(types, type);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const field_info *f = value_field(&type->fields[i]);
        if (is_public(&type->fields[i]) && f->type == PROTOBUF_C_TYPE_MESSAGE) json_schema_gather(types, f->descriptor);
    }
}

bool json_schema_requires(const message_info *type) {
    for (unsigned i = 0; i < type->n_fields; i++)
        if (is_required(&type->fields[i])) return true;
    return false;
}

// ---- one type ----

static void string_add(struct text *out, const char *text) {
    json_write_string(out, text, strlen(text));
}

void json_schema_reference(struct text *out, const message_info *type) {
    text_addf(out, "{\"$ref\":\"" JSON_SCHEMA_PLACE "%s\"}", type->short_name);
}

// "SELF_FENCE" as "self-fence", "FORMAT_LAZY" as "lazy".
static void enum_word_add(struct text *out, const char *name) {
    text_add_char(out, '"');
    for (; *name; name++)
        text_add_char(out, *name == '_' ? '-' : *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name);
    text_add_char(out, '"');
}

static void enum_add(struct text *out, const enum_info *e, bool taken) {
    text_add(out, "{\"type\":\"string\",\"enum\":[");
    for (unsigned i = 0; i < e->n_values; i++) {
        if (i) text_add_char(out, ',');
        string_add(out, e->values[i].name);
        if (!taken) continue;
        text_add_char(out, ',');
        enum_word_add(out, e->values[i].name + enum_prefix(e));
    }
    text_add(out, "]}");
}

static void value_add(struct text *out, const field_info *f, bool taken) {
    switch (f->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: text_add(out, "{\"type\":\"integer\",\"format\":\"int32\"}"); return;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: text_add(out, "{\"type\":\"integer\",\"format\":\"int64\"}"); return;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: text_add(out, "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}"); return;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: text_add(out, "{\"type\":\"integer\",\"format\":\"uint64\",\"minimum\":0}"); return;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE: text_add(out, "{\"type\":\"number\",\"format\":\"double\"}"); return;
    case PROTOBUF_C_TYPE_BOOL: text_add(out, "{\"type\":\"boolean\"}"); return;
    case PROTOBUF_C_TYPE_STRING: text_add(out, "{\"type\":\"string\"}"); return;
    case PROTOBUF_C_TYPE_BYTES: text_add(out, "{\"type\":\"string\",\"format\":\"byte\"}"); return;
    case PROTOBUF_C_TYPE_ENUM: enum_add(out, f->descriptor, taken); return;
    case PROTOBUF_C_TYPE_MESSAGE: json_schema_reference(out, f->descriptor); return;
    }
}

static void field_add(struct text *out, const field_info *f, bool taken) {
    bool map = field_is_map(f), list = !map && field_is_repeated(f);
    if (map) text_add(out, "{\"type\":\"object\",\"additionalProperties\":");
    if (list) text_add(out, "{\"type\":\"array\",\"items\":");
    bool unit = taken && scalar_has_unit(value_field(f));
    if (unit) text_add(out, "{\"anyOf\":[");
    value_add(out, value_field(f), taken);
    if (unit) text_add(out, ",{\"type\":\"string\"}]}");
    if (map || list) text_add_char(out, '}');
}

static void required_add(struct text *out, const message_info *type) {
    const char *before = ",\"required\":[";
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (!is_required(&type->fields[i])) continue;
        text_add(out, before);
        string_add(out, type->fields[i].name);
        before = ",";
    }
    if (json_schema_requires(type)) text_add_char(out, ']');
}

void json_schema_add(struct text *out, const message_info *type, bool taken) {
    text_add(out, "{\"type\":\"object\",\"properties\":{");
    for (unsigned i = 0; i < type->n_fields && is_public(&type->fields[i]); i++) { // they are sorted by number
        if (i) text_add_char(out, ',');
        string_add(out, type->fields[i].name);
        text_add_char(out, ':');
        field_add(out, &type->fields[i], taken);
    }
    text_add_char(out, '}');
    required_add(out, type);
    text_add_char(out, '}');
}
