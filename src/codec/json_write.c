// SPDX-License-Identifier: Apache-2.0
// Writes JSON straight into the buffer, one pass, nothing allocated but the buffer.
#include "codec/json_write.h"

#include <stdint.h>
#include <string.h>

#include "codec/base64.h"
#include "codec/field.h"
#include "codec/number.h"
#include "codec/utf8.h"

// Characters that cannot stand in a JSON string of pure ASCII as they are.
static inline bool needs_escape(unsigned char c) {
    return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

// The NUL behind the text is set once, at the end.
static inline char *room(struct text *to, size_t size) {
    return to->capacity - to->size > size ? to->data + to->size : text_room(to, size);
}

static inline void put(struct text *to, const char *bytes, size_t size) {
    memcpy(room(to, size), bytes, size);
    to->size += size;
}

static inline void put_char(struct text *to, char c) {
    *room(to, 1) = c;
    to->size++;
}

static size_t unit_write(char *at, uint32_t unit) {
    static const char hex[] = "0123456789abcdef";
    at[0] = '\\';
    at[1] = 'u';
    for (int i = 0; i < 4; i++) at[2 + i] = hex[unit >> (12 - 4 * i) & 15];
    return 6;
}

static size_t escape_write(char *at, uint32_t point) {
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    const char *name = point && point < 0x80 ? memchr(names, (int)point, sizeof names - 1) : NULL;
    if (name && (name - names) % 2 == 0) {
        at[0] = '\\';
        at[1] = name[1];
        return 2;
    }
    if (point < 0x10000) return unit_write(at, point);
    size_t first = unit_write(at, 0xd7c0 + (point >> 10));
    return first + unit_write(at + first, 0xdc00 + (point & 0x3ff));
}

// Eight bytes at once: is one of them a control character, a quote, a backslash, DEL or beyond ASCII?
static inline bool any_escape(uint64_t eight) {
    const uint64_t ones = 0x0101010101010101u, highs = 0x8080808080808080u;
    uint64_t quote = eight ^ ones * '"', slash = eight ^ ones * '\\', del = eight ^ ones * 0x7f;
    return ((eight | (eight - ones * 0x20) | (quote - ones) | (slash - ones) | (del - ones)) & highs) != 0;
}

static const char *plain_end(const char *at, const char *end) {
    for (uint64_t eight; end - at >= 8; at += 8) {
        memcpy(&eight, at, 8);
        if (any_escape(eight)) break;
    }
    while (at < end && !needs_escape((unsigned char)*at)) at++;
    return at;
}

static void string_put(struct text *to, const char *text, size_t size) {
    const char *at = text, *end = text + size;
    put_char(to, '"');
    for (;;) {
        const char *run = at;
        at = plain_end(at, end);
        put(to, run, (size_t)(at - run));
        if (at == end) break;
        uint32_t point = 0xfffd;
        size_t length = utf8_read(at, end, &point);
        to->size += escape_write(room(to, 12), point);
        at += length ? length : 1;
    }
    put_char(to, '"');
}

static void message_put(struct text *to, const ProtobufCMessage *m, unsigned style);

static size_t signed_write(int64_t n, char *at) {
    if (n >= 0) return number_write_u64((uint64_t)n, at);
    at[0] = '-';
    return 1 + number_write_u64(-(uint64_t)n, at + 1);
}

static size_t number_put(const void *at, ProtobufCType type, char *to) {
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32: return signed_write(*(const int32_t *)at, to);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return signed_write(*(const int64_t *)at, to);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32: return number_write_u64(*(const uint32_t *)at, to);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64: return number_write_u64(*(const uint64_t *)at, to);
    case PROTOBUF_C_TYPE_FLOAT: return number_write_float(*(const float *)at, to);
    case PROTOBUF_C_TYPE_DOUBLE: return number_write(*(const double *)at, to);
    default: must(false); // not a number return 0;
    }
}

static void enum_put(struct text *to, const field_info *f, int value) {
    const ProtobufCEnumValue *v = protobuf_c_enum_descriptor_get_value(f->descriptor, value);
    if (v)
        string_put(to, v->name, strlen(v->name));
    else
        to->size += signed_write(value, room(to, NUMBER_TEXT)); // proto3's open enums only
}

static void value_put(struct text *to, const void *at, const field_info *f, unsigned style) {
    const ProtobufCBinaryData *bytes = at;
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE: message_put(to, *(ProtobufCMessage *const *)at, style); return;
    case PROTOBUF_C_TYPE_STRING: string_put(to, *(char *const *)at, strlen(*(char *const *)at)); return;
    case PROTOBUF_C_TYPE_ENUM: enum_put(to, f, *(const int *)at); return;
    case PROTOBUF_C_TYPE_BOOL:
        if (*(const protobuf_c_boolean *)at)
            put(to, "true", 4);
        else
            put(to, "false", 5);
        return;
    case PROTOBUF_C_TYPE_BYTES:
        put_char(to, '"');
        if (bytes->len) base64_add(to, bytes->data, bytes->len);
        put_char(to, '"');
        return;
    default: to->size += number_put(at, f->type, room(to, NUMBER_TEXT)); return;
    }
}

static bool enum_is_writable(const field_info *f, const void *at) {
    return f->type != PROTOBUF_C_TYPE_ENUM || f->label == PROTOBUF_C_LABEL_NONE ||
           protobuf_c_enum_descriptor_get_value(f->descriptor, *(const int *)at);
}

static void list_put(struct text *to, const ProtobufCMessage *m, const field_info *f, unsigned style) {
    size_t size = field_size(f->type), count = field_count(m, f);
    const char *at = *(char *const *)field_at(m, f);
    bool first = true;
    put_char(to, '[');
    for (size_t i = 0; i < count; i++, at += size) {
        if (!enum_is_writable(f, at)) continue;
        if (!first) put_char(to, ',');
        first = false;
        value_put(to, at, f, style);
    }
    put_char(to, ']');
}

static void entry_part_put(struct text *to, const ProtobufCMessage *entry, const field_info *f, unsigned style) {
    if (f->type == PROTOBUF_C_TYPE_STRING && !field_is_set(entry, f))
        put(to, "\"\"", 2);
    else
        value_put(to, field_at(entry, f), f, style);
}

static void entry_put(struct text *to, const ProtobufCMessage *entry, unsigned style) {
    const field_info *fields = entry->descriptor->fields;
    bool quoted = fields[0].type == PROTOBUF_C_TYPE_STRING;
    if (!quoted) put_char(to, '"');
    entry_part_put(to, entry, &fields[0], style);
    if (!quoted) put_char(to, '"');
    put_char(to, ':');
    entry_part_put(to, entry, &fields[1], style);
}

// Has the entry a value that can be written? A missing number or text is the type's empty one, a missing message is not.
static bool entry_is_writable(const ProtobufCMessage *entry) {
    const field_info *value = &entry->descriptor->fields[1];
    if (value->type == PROTOBUF_C_TYPE_MESSAGE) return field_is_set(entry, value);
    return enum_is_writable(value, field_at(entry, value));
}

static void map_put_object(struct text *to, const ProtobufCMessage *m, const field_info *f, unsigned style) {
    ProtobufCMessage *const *entries = *(ProtobufCMessage ***)field_at(m, f);
    bool first = true;
    put_char(to, '{');
    for (size_t i = 0; i < field_count(m, f); i++) {
        if (!entry_is_writable(entries[i])) continue;
        if (!first) put_char(to, ',');
        first = false;
        entry_put(to, entries[i], style);
    }
    put_char(to, '}');
}

static void name_put(struct text *to, const field_info *f, bool *first) {
    size_t length = strlen(f->name);
    char *at = room(to, length + 4), *start = at;
    if (!*first) *at++ = ',';
    *first = false;
    *at++ = '"';
    memcpy(at, f->name, length);
    at += length;
    memcpy(at, "\":", 2);
    to->size += (size_t)(at + 2 - start);
}

static void default_put(struct text *to, const field_info *f, unsigned style) {
    const void *value = f->default_value;
    value_put(to, f->type == PROTOBUF_C_TYPE_STRING ? (const void *)&value : value, f, style);
}

static void field_put(struct text *to, const ProtobufCMessage *m, const field_info *f, unsigned style, bool *first) {
    if (!field_is_set(m, f)) {
        if (!(style & JSON_DEFAULTS) || !f->default_value || f->label != PROTOBUF_C_LABEL_OPTIONAL ||
            f->flags & (PROTOBUF_C_FIELD_FLAG_DEPRECATED | PROTOBUF_C_FIELD_FLAG_ONEOF))
            return;
        name_put(to, f, first);
        default_put(to, f, style);
        return;
    }
    if (!field_is_repeated(f) && !enum_is_writable(f, field_at(m, f))) return;
    name_put(to, f, first);
    if (field_is_map(f))
        map_put_object(to, m, f, style);
    else if (field_is_repeated(f))
        list_put(to, m, f, style);
    else
        value_put(to, field_at(m, f), f, style);
}

static void message_put(struct text *to, const ProtobufCMessage *m, unsigned style) {
    const message_info *d = m->descriptor;
    bool first = true;
    put_char(to, '{');
    for (unsigned i = 0; i < d->n_fields; i++) {
        if (style & JSON_PUBLIC && d->fields[i].id >= FIELD_INTERNAL) break; // they are sorted by number
        field_put(to, m, &d->fields[i], style, &first);
    }
    put_char(to, '}');
}

void json_write(struct text *to, const ProtobufCMessage *message, unsigned style) {
    message_put(to, message, style);
    text_added(to, 0);
}

void json_write_string(struct text *to, const char *text, size_t size) {
    string_put(to, text, size);
    text_added(to, 0);
}
