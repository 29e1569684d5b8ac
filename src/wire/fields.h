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

// A row of such a table: refuses to compile when the member has another size than its kind.
enum {
    FIELD_SIZE_U64 = 8,
    FIELD_SIZE_TIME = 8,
    FIELD_SIZE_U32 = 4,
    FIELD_SIZE_BOOL = 1,
    FIELD_SIZE_TEXT = sizeof(char *),
    FIELD_SIZE_BLOB = sizeof(void *),
    FIELD_SIZE_SYMBOL = 4,
    FIELD_SIZE_UUID = 16,
    FIELD_SIZE_MILLI = 8,
    FIELD_SIZE_REAL = 8,
    FIELD_SIZE_WORD = 1,
    FIELD_SIZE_ENUM = 1,
    FIELD_SIZE_REASON = 2
};
#define FIELD_WORDS(row, number, KIND, member, table)                                                                  \
    {                                                                                                                  \
        number,                                                                                                        \
            (uint16_t)(offsetof(struct row, member) +                                                                  \
                       0 * sizeof(char[sizeof(((struct row *)0)->member) == FIELD_SIZE_##KIND ? 1 : -1])),             \
            FIELD_##KIND, table                                                                                        \
    }
#define FIELD(row, number, KIND, member) FIELD_WORDS(row, number, KIND, member, NULL)

struct noun_map {
    const ProtobufCMessageDescriptor *type;
    const struct field_map *fields; // by growing number
    size_t count;
    // What is no single field, and what is more than one in a record; NULL: nothing.
    void (*fill)(const struct state *s, const void *row, void *message, struct arena *arena);
    struct err *(*read)(struct intake *in, const void *message, void *row);
    uint16_t name; // offset of the text that a row cannot be without; 0: none
};
extern const struct noun_map *const noun_maps[NOUN_COUNT]; // NULL: has no records

// The kept fields of the row as a message in the arena. Texts and bytes are borrowed from the row and the state.
void *fields_message(const struct state *s, const struct noun_map *map, const void *row, struct arena *arena);
// Into a zeroed row: texts in the arena. Refused as ERR_CORRUPT, naming the field: words and UUIDs that are none.
MUST_USE struct err *fields_read(struct intake *in, const struct noun_map *map, const void *message, void *row);
// Appends what packing fields_message would, without making the message. Only for maps without `fill`.
void fields_pack(const struct state *s, const struct noun_map *map, const void *row, struct text *out);
// The way back: what message_unpack and fields_read would give. Only for maps without `read`.
MUST_USE struct err *fields_unpack(struct intake *in, const struct noun_map *map, const void *bytes, size_t size,
                                   void *row);

// The message of any row, as <noun>_message gives it; NULL for nouns without one.
void *row_message(const struct state *s, enum noun noun, const void *row, struct arena *arena, enum detail detail);

#endif
