// SPDX-License-Identifier: Apache-2.0
// How one field lies in a message in memory, and how fields and enum values are found by name. Allocates nothing.
#ifndef CODEC_FIELD_H
#define CODEC_FIELD_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

// Fields from this number on are the registry's own: never shown by the API and never taken from it.
enum { FIELD_INTERNAL = 1000, FIELDS_MOST = 256, FIELD_DEPTH = 64 };

typedef ProtobufCFieldDescriptor field_info;
typedef ProtobufCMessageDescriptor message_info;
typedef ProtobufCEnumDescriptor enum_info;

static inline void *field_at(const ProtobufCMessage *m, const field_info *f) {
    return (char *)m + f->offset;
}
static inline bool field_is_repeated(const field_info *f) {
    return f->label == PROTOBUF_C_LABEL_REPEATED;
}
static inline size_t field_count(const ProtobufCMessage *m, const field_info *f) {
    return *(const size_t *)(const void *)((const char *)m + f->quantifier_offset);
}

// Bytes of one value: an element of a list, or the field itself.
size_t field_size(ProtobufCType type);
static inline bool field_is_pointer(const field_info *f) {
    return f->type == PROTOBUF_C_TYPE_STRING || f->type == PROTOBUF_C_TYPE_MESSAGE;
}
bool field_is_set_rare(const ProtobufCMessage *m, const field_info *f); // members of a oneof, and proto3

// Is it set? A list is when it has elements, a required number always, text when it is not the declared default itself.
static inline bool field_is_set(const ProtobufCMessage *m, const field_info *f) {
    if (field_is_repeated(f)) return field_count(m, f) > 0;
    if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF || f->label == PROTOBUF_C_LABEL_NONE) return field_is_set_rare(m, f);
    if (field_is_pointer(f)) {
        const void *pointer = *(void *const *)field_at(m, f);
        return pointer && (f->label == PROTOBUF_C_LABEL_REQUIRED || pointer != f->default_value);
    }
    return f->label == PROTOBUF_C_LABEL_REQUIRED ||
           *(const int *)(const void *)((const char *)m + f->quantifier_offset);
}
// Marks it set after its value was stored; `count` is the length of a list and else ignored.
void field_mark(ProtobufCMessage *m, const field_info *f, size_t count);
// Back to what message_init made of it; what it pointed to is left to its arena.
void field_clear(ProtobufCMessage *m, const field_info *f);

// A repeated *Entry {key = 1; value = 2}: what a map is on the wire.
bool field_is_map(const field_info *f);

// By name, NULL if there is none. `loose` takes '-' for '_' as people write in YAML.
const field_info *field_find(const message_info *d, const char *name, size_t size, bool loose);
// The field name nearest to `name` for "did you mean", or NULL. Internal fields are never named.
const char *field_nearest(const message_info *d, const char *name);
// By name, NULL if there is none. `loose`: any case, '-' for '_', and the prefix that all values share may be left out.
const ProtobufCEnumValue *enum_find(const enum_info *e, const char *name, size_t size, bool loose);
// Length of what all its names begin with, as of "FORMAT_" in FORMAT_LAZY, FORMAT_EAGER; 0: they share nothing up to an
// underscore.
size_t enum_prefix(const enum_info *e);
const char *enum_nearest(const enum_info *e, const char *name);

#endif
