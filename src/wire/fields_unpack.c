// SPDX-License-Identifier: Apache-2.0
// Protobuf bytes straight to rows: what unpacking the message and reading its fields would give, with the same checks.
#include <string.h>

#include "codec/field.h"
#include "codec/utf8.h"
#include "wire/fields.h"
#include "wire/packed.h"

static const char *field_name(const struct noun_map *map, const struct field_map *f) {
    const field_info *field = protobuf_c_message_descriptor_get_field(map->type, f->number);
    return field ? field->name : "?";
}

static struct err *field_refuse(const struct noun_map *map, const struct field_map *f, const char *why) {
    return err_new(ERR_CORRUPT, "%s: %s", field_name(map, f), why);
}

static struct err *letters_take(struct intake *in, const struct noun_map *map, const struct field_map *f,
                                const struct packed *p, char *to) {
    const char *text = (const char *)p->bytes;
    if (utf8_valid(text, p->size) != p->size) return field_refuse(map, f, "it is no UTF-8 text");
    if (f->kind == FIELD_SYMBOL) {
        symbol y = symbol_make_n(in->symbols, text, p->size);
        memcpy(to, &y, sizeof y);
        return NULL;
    }
    const char *own = arena_text_n(in->arena, text, p->size);
    memcpy(to, &own, sizeof own);
    return NULL;
}

static struct err *word_take(const struct noun_map *map, const struct field_map *f, const struct packed *p, char *to) {
    for (uint8_t n = 0; n < f->words->count; n++) {
        const char *word = f->words->at[n];
        if (!word || strlen(word) != p->size || memcmp(word, p->bytes, p->size) != 0) continue;
        memcpy(to, &n, 1);
        return NULL;
    }
    bool readable = utf8_valid((const char *)p->bytes, p->size) == p->size;
    return err_new(ERR_CORRUPT, "%s: '%.*s' is no word that we know there", field_name(map, f),
                   readable ? (int)(p->size < 64 ? p->size : 64) : 0, (const char *)p->bytes);
}

static struct err *uuid_take(const struct noun_map *map, const struct field_map *f, const struct packed *p, char *to) {
    char text[UUID_TEXT] = "";
    struct uuid u;
    if (p->size == UUID_TEXT - 1) memcpy(text, p->bytes, p->size);
    if (!uuid_parse(text, &u)) return field_refuse(map, f, "it is no UUID");
    memcpy(to, &u, sizeof u);
    return NULL;
}

static void blob_take(struct intake *in, const struct packed *p, char *to) {
    struct blob *b = arena_zero(in->arena, 1, sizeof *b + p->size);
    b->size = (uint32_t)p->size;
    if (p->size) memcpy(b->bytes, p->bytes, p->size);
    memcpy(to, &b, sizeof b);
}

static struct err *real_take(const struct noun_map *map, const struct field_map *f, const struct packed *p, char *to) {
    double real;
    struct milli milli;
    memcpy(&real, &p->n, sizeof real);
    if (f->kind == FIELD_REAL) {
        memcpy(to, &real, sizeof real);
        return NULL;
    }
    if (!milli_from_double(real, &milli))
        return err_new(ERR_CORRUPT, "%s: %g is out of range", field_name(map, f), real);
    memcpy(to, &milli, sizeof milli);
    return NULL;
}

// An enum value that we do not know counts as unset, as codec reads it.
static void enum_take(const struct noun_map *map, const struct field_map *f, const struct packed *p, char *to) {
    const field_info *field = protobuf_c_message_descriptor_get_field(map->type, f->number);
    if (p->n < UINT8_MAX && protobuf_c_enum_descriptor_get_value(field->descriptor, (int)p->n)) *to = (char)p->n;
}

static const uint8_t kinds_expected[] = { // enum packed_kind
    [FIELD_U64] = PACKED_VARINT,   [FIELD_TIME] = PACKED_VARINT, [FIELD_U32] = PACKED_VARINT,
    [FIELD_BOOL] = PACKED_VARINT,  [FIELD_TEXT] = PACKED_BYTES,  [FIELD_BLOB] = PACKED_BYTES,
    [FIELD_SYMBOL] = PACKED_BYTES, [FIELD_UUID] = PACKED_BYTES,  [FIELD_MILLI] = PACKED_FIXED64,
    [FIELD_REAL] = PACKED_FIXED64, [FIELD_WORD] = PACKED_BYTES,  [FIELD_ENUM] = PACKED_VARINT,
    [FIELD_REASON] = PACKED_VARINT};

static struct err *field_take(struct intake *in, const struct noun_map *map, const struct field_map *f,
                              const struct packed *p, void *row) {
    char *to = (char *)row + f->offset;
    if (p->kind != kinds_expected[f->kind]) return field_refuse(map, f, "it is of another type");
    switch (f->kind) {
    case FIELD_U64:
    case FIELD_TIME: memcpy(to, &p->n, 8); return NULL;
    case FIELD_U32: memcpy(to, &(uint32_t){(uint32_t)p->n}, 4); return NULL;
    case FIELD_BOOL: memcpy(to, &(bool){p->n != 0}, sizeof(bool)); return NULL;
    case FIELD_REASON: memcpy(to, &(int16_t){(int16_t)p->n}, sizeof(int16_t)); return NULL;
    case FIELD_ENUM: enum_take(map, f, p, to); return NULL;
    case FIELD_TEXT:
    case FIELD_SYMBOL: return letters_take(in, map, f, p, to);
    case FIELD_WORD: return word_take(map, f, p, to);
    case FIELD_UUID: return uuid_take(map, f, p, to);
    case FIELD_BLOB: blob_take(in, p, to); return NULL;
    case FIELD_MILLI:
    case FIELD_REAL: return real_take(map, f, p, to);
    }
    return NULL;
}

// Fields come by growing number as a rule: the search goes on where it stood. NULL for one that is not in the table.
static const struct field_map *field_find_from(const struct noun_map *map, uint32_t number, size_t *from) {
    if (*from && map->fields[*from - 1].number >= number) *from = 0;
    while (*from < map->count && map->fields[*from].number < number) ++*from;
    return *from < map->count && map->fields[*from].number == number ? &map->fields[(*from)++] : NULL;
}

struct err *fields_unpack(struct intake *in, const struct noun_map *map, const void *bytes, size_t size, void *row) {
    must(!map->read);
    struct packed p = packed_of(bytes, size);
    size_t from = 0;
    while (packed_next(&p)) {
        const struct field_map *f = field_find_from(map, p.number, &from);
        if (f) TRY(field_take(in, map, f, &p, row));
    }
    if (p.broken) return err_new(ERR_CORRUPT, "its bytes are broken or cut");
    return NULL;
}
