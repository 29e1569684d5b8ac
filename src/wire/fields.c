// SPDX-License-Identifier: Apache-2.0
// Rows to messages and back, field by field of a noun's table.
#include "wire/fields.h"

#include <string.h>

#include "codec/field.h"
#include "wire/agent.h"
#include "wire/attachment.h"
#include "wire/class.h"
#include "wire/framework.h"
#include "wire/operation.h"
#include "wire/policy.h"
#include "wire/pool.h"
#include "wire/provider.h"
#include "wire/reservation.h"
#include "wire/role.h"
#include "wire/task.h"
#include "wire/volume.h"

const struct noun_map *const noun_maps[NOUN_COUNT] = {
    [NOUN_PROVIDER] = &provider_map,   [NOUN_POOL] = &pool_map,
    [NOUN_AGENT] = &agent_map,         [NOUN_CLASS] = &class_map,
    [NOUN_ROLE] = &role_map,           [NOUN_RESERVATION] = &reservation_map,
    [NOUN_VOLUME] = &volume_map,       [NOUN_ATTACHMENT] = &attachment_map,
    [NOUN_OPERATION] = &operation_map, [NOUN_FRAMEWORK] = &framework_map,
    [NOUN_TASK] = &task_map,           [NOUN_POLICY] = &policy_map,
};

void *row_message(const struct state *s, enum noun noun, const void *row, struct arena *arena, enum detail detail) {
    switch (noun) {
#define MESSAGE(NOUN, name)                                                                                            \
    case NOUN_##NOUN: return name##_message(s, row, arena, detail)
        MESSAGE(PROVIDER, provider);
        MESSAGE(POOL, pool);
        MESSAGE(AGENT, agent);
        MESSAGE(CLASS, class);
        MESSAGE(ROLE, role);
        MESSAGE(RESERVATION, reservation);
        MESSAGE(VOLUME, volume);
        MESSAGE(ATTACHMENT, attachment);
        MESSAGE(OPERATION, operation);
        MESSAGE(FRAMEWORK, framework);
        MESSAGE(TASK, task);
        MESSAGE(POLICY, policy);
#undef MESSAGE
    case NOUN_OFFER:
    case NOUN_COUNT: break;
    }
    return NULL;
}

// The message's field of that number: both lists grow, so the search goes on where it stood.
static const field_info *field_of(const struct noun_map *map, size_t i, unsigned *from) {
    const message_info *type = map->type;
    while (*from < type->n_fields && type->fields[*from].id < map->fields[i].number) ++*from;
    must(*from < type->n_fields && type->fields[*from].id == map->fields[i].number);
    return &type->fields[*from];
}

// ---- rows to messages ----

static void text_put(ProtobufCMessage *m, const field_info *f, const char *text) {
    if (!text && f->label == PROTOBUF_C_LABEL_REQUIRED) text = "";
    if (text) memcpy(field_at(m, f), &text, sizeof text);
}

static void number_put(ProtobufCMessage *m, const field_info *f, const void *value, size_t size, bool set) {
    if (!set) return;
    memcpy(field_at(m, f), value, size);
    field_mark(m, f, 0);
}

static const char *uuid_in(struct arena *arena, struct uuid u) {
    if (uuid_is_zero(u)) return NULL;
    char text[UUID_TEXT];
    uuid_text(u, text);
    return arena_text_n(arena, text, UUID_TEXT - 1);
}

static const char *word_of(const struct field_map *map, uint8_t n) {
    return n < map->words->count ? map->words->at[n] : NULL;
}

static void blob_put(ProtobufCMessage *m, const field_info *f, const struct blob *b) {
    if (!b) return;
    ProtobufCBinaryData data = {.len = b->size,
                                .data = (uint8_t *)b->bytes}; // borrowed: protobuf-c's own type has no const
    number_put(m, f, &data, sizeof data, true);
}

static void field_put(const struct state *s, const struct field_map *map, const void *row, ProtobufCMessage *m,
                      const field_info *f, struct arena *arena) {
    const void *at = (const char *)row + map->offset;
    union {
        uint64_t u64;
        int64_t i64;
        uint32_t u32;
        int32_t i32;
        uint8_t u8;
        int16_t i16;
        double real;
        bool truth;
        const void *pointer;
        symbol y;
        struct uuid uuid;
        protobuf_c_boolean boolean;
    } v, w;
    switch (map->kind) {
    case FIELD_U64:
    case FIELD_TIME:
        memcpy(&v.u64, at, 8);
        number_put(m, f, &v.u64, 8, v.u64);
        return;
    case FIELD_U32:
        memcpy(&v.u32, at, 4);
        number_put(m, f, &v.u32, 4, v.u32);
        return;
    case FIELD_BOOL:
        memcpy(&v.truth, at, sizeof v.truth);
        w.boolean = v.truth;
        number_put(m, f, &w.boolean, sizeof w.boolean, w.boolean);
        return;
    case FIELD_TEXT:
        memcpy(&v.pointer, at, sizeof v.pointer);
        text_put(m, f, v.pointer);
        return;
    case FIELD_BLOB:
        memcpy(&v.pointer, at, sizeof v.pointer);
        blob_put(m, f, v.pointer);
        return;
    case FIELD_SYMBOL:
        memcpy(&v.y, at, sizeof v.y);
        text_put(m, f, v.y.n ? state_text(s, v.y) : NULL);
        return;
    case FIELD_UUID:
        memcpy(&v.uuid, at, sizeof v.uuid);
        text_put(m, f, uuid_in(arena, v.uuid));
        return;
    case FIELD_MILLI:
        memcpy(&v.i64, at, 8);
        w.real = milli_to_double((struct milli){v.i64});
        number_put(m, f, &w.real, 8, v.i64);
        return;
    case FIELD_REAL:
        memcpy(&v.real, at, 8);
        number_put(m, f, &v.real, 8, v.real != 0);
        return;
    case FIELD_WORD:
        memcpy(&v.u8, at, 1);
        text_put(m, f, word_of(map, v.u8));
        return;
    case FIELD_ENUM:
        memcpy(&v.u8, at, 1);
        w.i32 = v.u8;
        number_put(m, f, &w.i32, 4, w.i32);
        return;
    case FIELD_REASON:
        memcpy(&v.i16, at, 2);
        w.i32 = v.i16;
        number_put(m, f, &w.i32, 4, w.i32 != -1);
        return;
    }
}

void *fields_message(const struct state *s, const struct noun_map *map, const void *row, struct arena *arena) {
    ProtobufCMessage *m = arena_zero(arena, 1, map->type->sizeof_message);
    protobuf_c_message_init(map->type, m);
    unsigned from = 0;
    for (size_t i = 0; i < map->count; i++) field_put(s, &map->fields[i], row, m, field_of(map, i, &from), arena);
    if (map->fill) map->fill(s, row, m, arena);
    return m;
}

// ---- messages to rows ----

static struct err *word_take(const struct field_map *map, const char *word, const field_info *f, void *to) {
    for (uint8_t n = 0; n < map->words->count; n++) {
        if (!map->words->at[n] || strcmp(map->words->at[n], word) != 0) continue;
        memcpy(to, &n, 1);
        return NULL;
    }
    return err_new(ERR_CORRUPT, "%s: '%.64s' is no word that we know there", f->name, word);
}

static struct err *milli_take(double real, const field_info *f, void *to) {
    struct milli milli;
    if (!milli_from_double(real, &milli)) return err_new(ERR_CORRUPT, "%s: %g is out of range", f->name, real);
    memcpy(to, &milli, sizeof milli);
    return NULL;
}

static struct err *text_take_in(struct intake *in, const struct field_map *map, const char *text, const field_info *f,
                                void *to) {
    if (map->kind == FIELD_WORD) return word_take(map, text, f, to);
    if (map->kind == FIELD_SYMBOL) {
        symbol y = symbol_make(in->symbols, text);
        memcpy(to, &y, sizeof y);
    } else if (map->kind == FIELD_UUID) {
        struct uuid u;
        if (!uuid_parse(text, &u)) return err_new(ERR_CORRUPT, "%s: '%.64s' is no UUID", f->name, text);
        memcpy(to, &u, sizeof u);
    } else {
        const char *own = arena_text(in->arena, text);
        memcpy(to, &own, sizeof own);
    }
    return NULL;
}

static void blob_take(struct intake *in, const ProtobufCBinaryData *data, void *to) {
    struct blob *b = arena_zero(in->arena, 1, sizeof *b + data->len);
    b->size = (uint32_t)data->len;
    if (data->len) memcpy(b->bytes, data->data, data->len);
    memcpy(to, &b, sizeof b);
}

static struct err *field_take(struct intake *in, const struct field_map *map, const ProtobufCMessage *m,
                              const field_info *f, void *row) {
    const void *from = (const char *)m + f->offset;
    char *to = (char *)row + map->offset;
    bool truth;
    int16_t reason;
    const char *text;
    switch (map->kind) {
    case FIELD_TEXT:
    case FIELD_SYMBOL:
    case FIELD_UUID:
    case FIELD_WORD: memcpy(&text, from, sizeof text); return text_take_in(in, map, text, f, to);
    case FIELD_MILLI: return milli_take(*(const double *)from, f, to);
    case FIELD_BLOB: blob_take(in, from, to); return NULL;
    case FIELD_BOOL:
        truth = *(const protobuf_c_boolean *)from;
        memcpy(to, &truth, sizeof truth);
        return NULL;
    case FIELD_ENUM: *to = (char)*(const int *)from; return NULL;
    case FIELD_REASON:
        reason = (int16_t) * (const int32_t *)from;
        memcpy(to, &reason, sizeof reason);
        return NULL;
    case FIELD_U64:
    case FIELD_TIME:
    case FIELD_REAL: memcpy(to, from, 8); return NULL;
    case FIELD_U32: memcpy(to, from, 4); return NULL;
    }
    return NULL;
}

struct err *fields_read(struct intake *in, const struct noun_map *map, const void *message, void *row) {
    unsigned from = 0;
    for (size_t i = 0; i < map->count; i++) {
        const field_info *f = field_of(map, i, &from);
        if (field_is_set(message, f))
            TRY(field_take(in, &map->fields[i], message, f, row));
        else if (map->fields[i].kind == FIELD_REASON)
            memcpy((char *)row + map->fields[i].offset, &(int16_t){-1}, sizeof(int16_t));
    }
    return map->read ? map->read(in, message, row) : NULL;
}
