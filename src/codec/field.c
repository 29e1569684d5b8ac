// SPDX-License-Identifier: Apache-2.0
// Field access and names.
#include "codec/field.h"

#include <stdint.h>
#include <string.h>

#include "base/must.h"
#include "base/text.h"

size_t field_size(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM: return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return 8;
    case PROTOBUF_C_TYPE_BOOL: return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE: return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES: return sizeof(ProtobufCBinaryData);
    }
    must(false); // protobuf has no other type
    return 0;
}

static uint32_t *field_mark_at(const ProtobufCMessage *m, const field_info *f) {
    return (uint32_t *)(void *)((char *)m + f->quantifier_offset);
}

// proto3 without `optional`: a value that is all zero counts as unset.
static bool value_is_zero(const void *at, const field_info *f) {
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) return !*(void *const *)at;
    if (f->type == PROTOBUF_C_TYPE_STRING) return !*(char *const *)at || !**(char *const *)at;
    if (f->type == PROTOBUF_C_TYPE_BYTES) return !((const ProtobufCBinaryData *)at)->len;
    static const char zero[8];
    return memcmp(at, zero, field_size(f->type)) == 0;
}

bool field_is_set_rare(const ProtobufCMessage *m, const field_info *f) {
    const void *at = field_at(m, f);
    if (!(f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)) return !value_is_zero(at, f);
    return *field_mark_at(m, f) == f->id && (!field_is_pointer(f) || *(void *const *)at);
}

void field_mark(ProtobufCMessage *m, const field_info *f, size_t count) {
    if (field_is_repeated(f))
        *(size_t *)(void *)((char *)m + f->quantifier_offset) = count;
    else if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF)
        *field_mark_at(m, f) = f->id;
    else if (f->label == PROTOBUF_C_LABEL_OPTIONAL && !field_is_pointer(f))
        *field_mark_at(m, f) = 1;
}

static void value_reset(void *at, const field_info *f) {
    const void *unset = f->default_value;
    if (f->type == PROTOBUF_C_TYPE_STRING)
        *(const void **)at = unset;
    else if (unset)
        memcpy(at, unset, field_size(f->type));
    else if (f->type == PROTOBUF_C_TYPE_ENUM)
        *(int *)at = ((const enum_info *)f->descriptor)->values[0].value;
    else
        memset(at, 0, field_size(f->type));
}

void field_clear(ProtobufCMessage *m, const field_info *f) {
    if (field_is_repeated(f)) {
        *(void **)field_at(m, f) = NULL;
        field_mark(m, f, 0);
        return;
    }
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
        if (*field_mark_at(m, f) != f->id) return; // the place belongs to another member
        *field_mark_at(m, f) = 0;
    } else if (f->label == PROTOBUF_C_LABEL_OPTIONAL && !field_is_pointer(f)) {
        *field_mark_at(m, f) = 0;
    }
    value_reset(field_at(m, f), f);
}

bool field_is_map(const field_info *f) {
    if (!field_is_repeated(f) || f->type != PROTOBUF_C_TYPE_MESSAGE) return false;
    const message_info *d = f->descriptor;
    return d->n_fields == 2 && d->fields[0].id == 1 && d->fields[1].id == 2 && strcmp(d->fields[0].name, "key") == 0 &&
           strcmp(d->fields[1].name, "value") == 0 && text_ends(d->short_name, "Entry");
}

static bool field_named(const field_info *f, const char *name, size_t size, bool loose) {
    for (size_t i = 0; i < size; i++) {
        char c = loose && name[i] == '-' ? '_' : name[i];
        if (!c || f->name[i] != c) return false;
    }
    return f->name[size] == 0;
}

static int name_compare(const char *name, const char *other, size_t other_size) {
    int order = strncmp(name, other, other_size);
    return order ? order : (name[other_size] != 0);
}

const field_info *field_find(const message_info *d, const char *name, size_t size, bool loose) {
    if (size > 255 || memchr(name, 0, size)) return NULL;
    unsigned low = 0, high = d->n_fields;
    while (!loose && low < high) {
        unsigned middle = low + (high - low) / 2;
        const field_info *f = &d->fields[d->fields_sorted_by_name[middle]];
        int order = name_compare(f->name, name, size);
        if (!order) return f;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (unsigned i = 0; loose && i < d->n_fields; i++)
        if (field_named(&d->fields[i], name, size, true)) return &d->fields[i];
    return NULL;
}

const char *field_nearest(const message_info *d, const char *name) {
    const char *names[FIELDS_MOST];
    size_t count = 0;
    for (unsigned i = 0; i < d->n_fields && count < FIELDS_MOST; i++)
        if (d->fields[i].id < FIELD_INTERNAL) names[count++] = d->fields[i].name;
    return text_nearest(name, names, count);
}

static char loose_char(char c) {
    if (c == '-') return '_';
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool value_named(const char *value, const char *name, size_t size, bool loose) {
    if (strlen(value) != size) return false;
    if (!loose) return memcmp(value, name, size) == 0;
    for (size_t i = 0; i < size; i++)
        if (loose_char(value[i]) != loose_char(name[i])) return false;
    return true;
}

size_t enum_prefix(const enum_info *e) {
    size_t prefix = 0;
    const char *first = e->n_values > 1 ? e->values[0].name : "";
    for (size_t i = 0; first[i]; i++) {
        for (unsigned v = 1; v < e->n_values; v++)
            if (e->values[v].name[i] != first[i]) return prefix;
        if (first[i] == '_') prefix = i + 1;
    }
    return prefix;
}

const ProtobufCEnumValue *enum_find(const enum_info *e, const char *name, size_t size, bool loose) {
    size_t prefix = loose ? enum_prefix(e) : 0;
    for (unsigned i = 0; i < e->n_values; i++) {
        const char *value = e->values[i].name;
        if (value_named(value, name, size, loose)) return &e->values[i];
        if (prefix && value_named(value + prefix, name, size, true)) return &e->values[i];
    }
    return NULL;
}

const char *enum_nearest(const enum_info *e, const char *name) {
    const char *nearest = NULL;
    char upper[FIELDS_MOST] = {0};
    for (size_t i = 0; name[i] && i + 1 < sizeof upper; i++) upper[i] = loose_char(name[i]);
    size_t limit = strlen(upper) / 3 + 1, prefix = enum_prefix(e);
    for (unsigned i = 0; i < e->n_values; i++) {
        const char *value = e->values[i].name;
        size_t whole = text_distance(upper, value), part = text_distance(upper, value + prefix);
        size_t distance = whole < part ? whole : part;
        if (distance > limit) continue;
        nearest = value;
        limit = distance ? distance - 1 : 0;
        if (!distance) break;
    }
    return nearest;
}
