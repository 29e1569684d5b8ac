// SPDX-License-Identifier: Apache-2.0
// Rows straight to protobuf bytes: what protobuf-c would write of their message, without making it.
#include <string.h>

#include "wire/fields.h"
#include "wire/packed.h"

enum { LONGEST_HEAD = 2 * VARINT_LONGEST };

static unsigned char *tag_put(unsigned char *to, const struct field_map *f, unsigned wire) {
    return varint_put(to, (uint64_t)f->number << 3 | wire);
}

static void number_add(struct text *out, const struct field_map *f, uint64_t n) {
    if (!n) return;
    unsigned char *start = (unsigned char *)text_room(out, LONGEST_HEAD);
    text_added(out, (size_t)(varint_put(tag_put(start, f, PACKED_VARINT), n) - start));
}

static void real_add(struct text *out, const struct field_map *f, double real) {
    unsigned char *start = (unsigned char *)text_room(out, LONGEST_HEAD), *to = tag_put(start, f, PACKED_FIXED64);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    for (unsigned i = 0; i < 8; i++) *to++ = (unsigned char)(bits >> 8 * i);
    text_added(out, (size_t)(to - start));
}

static void bytes_add(struct text *out, const struct field_map *f, const void *bytes, size_t size) {
    unsigned char *start = (unsigned char *)text_room(out, LONGEST_HEAD + size);
    unsigned char *to = varint_put(tag_put(start, f, PACKED_BYTES), size);
    if (size) memcpy(to, bytes, size);
    text_added(out, (size_t)(to + size - start));
}

static void words_add(struct text *out, const struct field_map *f, const char *text) {
    if (text) bytes_add(out, f, text, strlen(text));
}

static void uuid_add(struct text *out, const struct field_map *f, struct uuid u) {
    char text[UUID_TEXT];
    if (uuid_is_zero(u)) return;
    uuid_text(u, text);
    bytes_add(out, f, text, UUID_TEXT - 1);
}

#define READ(type, at)                                                                                                 \
    __extension__({                                                                                                    \
        type value_;                                                                                                   \
        memcpy(&value_, (at), sizeof value_);                                                                          \
        value_;                                                                                                        \
    })

static void field_add(const struct state *s, const struct field_map *f, const char *at, struct text *out) {
    switch (f->kind) {
    case FIELD_U64:
    case FIELD_TIME: number_add(out, f, READ(uint64_t, at)); return;
    case FIELD_U32: number_add(out, f, READ(uint32_t, at)); return;
    case FIELD_BOOL: number_add(out, f, READ(bool, at)); return;
    case FIELD_ENUM: number_add(out, f, READ(uint8_t, at)); return;
    case FIELD_TEXT: words_add(out, f, READ(const char *, at)); return;
    case FIELD_UUID: uuid_add(out, f, READ(struct uuid, at)); return;
    case FIELD_BLOB: {
        const struct blob *b = READ(const struct blob *, at);
        if (b) bytes_add(out, f, b->bytes, b->size);
        return;
    }
    case FIELD_SYMBOL: {
        symbol y = READ(symbol, at);
        if (y.n) words_add(out, f, state_text(s, y));
        return;
    }
    case FIELD_WORD: {
        uint8_t n = READ(uint8_t, at);
        words_add(out, f, n < f->words->count ? f->words->at[n] : NULL);
        return;
    }
    case FIELD_MILLI: {
        struct milli m = READ(struct milli, at);
        if (m.n) real_add(out, f, milli_to_double(m));
        return;
    }
    case FIELD_REAL: {
        double real = READ(double, at);
        if (real != 0) real_add(out, f, real);
        return;
    }
    case FIELD_REASON: must(f->kind != FIELD_REASON); // a map with such a field has a `fill`
    }
}

void fields_pack(const struct state *s, const struct noun_map *map, const void *row, struct text *out) {
    must(!map->fill);
    for (size_t i = 0; i < map->count; i++)
        field_add(s, &map->fields[i], (const char *)row + map->fields[i].offset, out);
}
