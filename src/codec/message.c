// SPDX-License-Identifier: Apache-2.0
// Unpacks, packs, strips and copies messages.
#include "codec/message.h"

#include <string.h>

#include "codec/field.h"
#include "codec/message_scan.h"

const struct message_limits message_limits_default = {FIELD_DEPTH, (size_t)1 << 20, (size_t)64 << 20};

struct err *message_check(const message_info *type, const void *bytes, size_t size,
                          const struct message_limits *limits) {
    bool unknown_enums;
    return message_scan(type, bytes, size, limits, &unknown_enums);
}

// What protobuf-c allocates from: the arena, within its budget and ours.
struct purse {
    struct arena *arena;
    size_t left;
};

static void *purse_take(void *data, size_t size) {
    struct purse *p = data;
    if (size > p->left) return NULL;
    p->left -= size;
    return arena_try(p->arena, size);
}

static void purse_return(void *data UNUSED, void *pointer UNUSED) {
    // The arena frees all at once.
}

static bool enum_known(const field_info *f, int value) {
    return protobuf_c_enum_descriptor_get_value(f->descriptor, value) != NULL;
}

static void field_settle(ProtobufCMessage *m, const field_info *f) {
    if (f->label == PROTOBUF_C_LABEL_NONE) return; // proto3 enums are open
    if (!field_is_repeated(f)) {
        if (field_is_set(m, f) && !enum_known(f, *(int *)field_at(m, f))) field_clear(m, f);
        return;
    }
    int *values = *(int **)field_at(m, f);
    size_t kept = 0;
    for (size_t i = 0; i < field_count(m, f); i++)
        if (enum_known(f, values[i])) values[kept++] = values[i];
    field_mark(m, f, kept);
}

// Runs over every message below and including m, each before those in it.
static void message_walk(ProtobufCMessage *m, void (*visit)(ProtobufCMessage *)) {
    visit(m);
    for (unsigned i = 0; i < m->descriptor->n_fields; i++) {
        const field_info *f = &m->descriptor->fields[i];
        if (f->type != PROTOBUF_C_TYPE_MESSAGE || !field_is_set(m, f)) continue;
        if (!field_is_repeated(f)) {
            message_walk(*(ProtobufCMessage **)field_at(m, f), visit);
            continue;
        }
        ProtobufCMessage **list = *(ProtobufCMessage ***)field_at(m, f);
        for (size_t n = 0; n < field_count(m, f); n++) message_walk(list[n], visit);
    }
}

static void enums_settle(ProtobufCMessage *m) {
    for (unsigned i = 0; i < m->descriptor->n_fields; i++)
        if (m->descriptor->fields[i].type == PROTOBUF_C_TYPE_ENUM) field_settle(m, &m->descriptor->fields[i]);
}

struct err *message_unpack_within(const message_info *type, const void *bytes, size_t size,
                                  const struct message_limits *limits, struct arena *arena, void **ret_message) {
    if (!limits) limits = &message_limits_default;
    bool unknown_enums;
    TRY(message_scan(type, bytes, size, limits, &unknown_enums));
    struct purse purse = {arena, limits->memory};
    ProtobufCAllocator allocator = {purse_take, purse_return, &purse};
    ProtobufCMessage *m = protobuf_c_message_unpack(type, &allocator, size, size ? bytes : (const uint8_t *)"");
    if (!m) return err_new(ERR_TOO_LARGE, "%s: the message of %zu bytes takes too much memory", type->short_name, size);
    if (unknown_enums) message_walk(m, enums_settle);
    *ret_message = m;
    return NULL;
}

struct err *message_unpack(const message_info *type, const void *bytes, size_t size, struct arena *arena,
                           void **ret_message) {
    return message_unpack_within(type, bytes, size, NULL, arena, ret_message);
}

void message_pack(const ProtobufCMessage *message, struct text *to) {
    size_t size = protobuf_c_message_get_packed_size(message);
    char *room = text_room(to, size);
    must(protobuf_c_message_pack(message, (uint8_t *)room) == size);
    text_added(to, size);
}

static void internal_clear(ProtobufCMessage *m) {
    for (unsigned i = m->descriptor->n_fields; i-- > 0 && m->descriptor->fields[i].id >= FIELD_INTERNAL;)
        field_clear(m, &m->descriptor->fields[i]);
    unsigned kept = 0;
    for (unsigned i = 0; i < m->n_unknown_fields; i++)
        if (m->unknown_fields[i].tag < FIELD_INTERNAL) m->unknown_fields[kept++] = m->unknown_fields[i];
    m->n_unknown_fields = kept;
}

void message_strip_internal(ProtobufCMessage *message) {
    message_walk(message, internal_clear);
}

static void value_copy(void *to, const void *from, const field_info *f, struct arena *arena) {
    if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
        *(void **)to = message_copy(*(ProtobufCMessage *const *)from, arena);
    } else if (f->type == PROTOBUF_C_TYPE_STRING) {
        *(char **)to = arena_text(arena, *(char *const *)from);
    } else if (f->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *b = from;
        *(ProtobufCBinaryData *)to = (ProtobufCBinaryData){b->len, b->len ? arena_copy(arena, b->data, b->len) : NULL};
    }
}

static void field_copy(ProtobufCMessage *to, const ProtobufCMessage *from, const field_info *f, struct arena *arena) {
    if (!field_is_set(from, f)) return;
    if (!field_is_repeated(f)) {
        value_copy(field_at(to, f), field_at(from, f), f, arena);
        return;
    }
    size_t size = field_size(f->type), count = field_count(from, f);
    const char *old = *(char *const *)field_at(from, f);
    char *list = arena_copy(arena, old, size * count);
    for (size_t i = 0; i < count; i++) value_copy(list + i * size, old + i * size, f, arena);
    *(char **)field_at(to, f) = list;
}

void *message_copy(const ProtobufCMessage *message, struct arena *arena) {
    ProtobufCMessage *copy = arena_copy(arena, message, message->descriptor->sizeof_message);
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        field_copy(copy, message, &message->descriptor->fields[i], arena);
    if (message->n_unknown_fields)
        copy->unknown_fields =
            arena_copy(arena, message->unknown_fields, message->n_unknown_fields * sizeof *message->unknown_fields);
    for (unsigned i = 0; i < message->n_unknown_fields; i++)
        copy->unknown_fields[i].data = arena_copy(arena, copy->unknown_fields[i].data, copy->unknown_fields[i].len);
    return copy;
}
