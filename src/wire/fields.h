// SPDX-License-Identifier: Apache-2.0
// One table per noun says which field of its message holds which member of its row. From it come messages, records and
// rows, in both directions. Knows no noun.
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include <stddef.h>

#include "codec/message.h"
#include "core/state.h"
#include "wire/intake.h"

// RECORD: kept fields only, as they are stored. API: with names resolved, figures and lists for people.
enum detail { DETAIL_RECORD, DETAIL_API };

enum field_kind {
    FIELD_U64,  // uint64_t, and the struct types around one
    FIELD_TIME, // struct wall: int64
    FIELD_U32,
    FIELD_BOOL,
    FIELD_TEXT,   // const char *
    FIELD_BLOB,   // const struct blob *: bytes
    FIELD_SYMBOL, // symbol: string
    FIELD_UUID,   // struct uuid: string
    FIELD_MILLI,  // struct milli: double
    FIELD_REAL,   // double
    FIELD_WORD,   // uint8_t: string, by `words`
    FIELD_ENUM,   // uint8_t: an enum of the message of the same numbers
    FIELD_REASON, // int16_t, -1 is none: int32
};

struct words { // of a FIELD_WORD: words[n] is n's, NULL where there is none
    const char *const *at;
    uint8_t count;
};

struct field_map {
    uint16_t number, offset; // of the message's field; of the row's member
    enum field_kind kind;
    const struct words *words;
};

struct noun_map {
    const ProtobufCMessageDescriptor *type;
    const struct field_map *fields;
    size_t count;
    // What is no single field, and what is more than one in a record; NULL: nothing.
    void (*fill)(const struct state *s, const void *row, void *message, struct arena *arena);
    struct err *(*read)(struct intake *in, const void *message, void *row);
};
extern const struct noun_map *const noun_maps[NOUN_COUNT]; // NULL: has no records

// The kept fields of the row as a message in the arena. Texts and bytes are borrowed from the row and the state.
void *fields_message(const struct state *s, const struct noun_map *map, const void *row, struct arena *arena);
// Into a zeroed row: texts in the arena. Refused as ERR_CORRUPT, naming the field: words and UUIDs that are none.
MUST_USE struct err *fields_read(struct intake *in, const struct noun_map *map, const void *message, void *row);
// Appends what packing fields_message would, without making the message. Only for maps without `fill`.
void fields_pack(const struct state *s, const struct noun_map *map, const void *row, struct text *out);

// The message of any row, as <noun>_message gives it; NULL for nouns without one.
void *row_message(const struct state *s, enum noun noun, const void *row, struct arena *arena, enum detail detail);

#endif
