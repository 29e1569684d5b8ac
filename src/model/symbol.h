// SPDX-License-Identifier: Apache-2.0
// Interned text: keys and values of tags as small numbers, with the type each key was declared to have. Only grows.
#ifndef MODEL_SYMBOL_H
#define MODEL_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/map.h"
#include "model/value.h"

// 0 is the empty text, in every table.
typedef struct {
    uint32_t n;
} symbol;

static inline bool symbol_equal(symbol a, symbol b) {
    return a.n == b.n;
}

struct symbol_row; // text, its reading as a number, its type as a key
struct symbol_rule {
    char *pattern; // owned: "net/speed", or "driver/*"
    enum value_type type;
};

// Zeroed is valid: only the empty text, and the keys that agents measure declared ("driver/*" as versions, ...).
struct symbols {
    struct map ids; // text -> index
    struct symbol_row *rows;
    struct symbol_rule *rules;
    uint32_t count, capacity, rule_count, rule_capacity;
};

enum { SYMBOL_RULES_MOST = 1024 };

void symbols_done(struct symbols *s);
// The same texts under the same numbers, with the same declared types. Given: ended by symbols_done.
struct symbols symbols_copy(const struct symbols *s);
// The number of that text, made when it is new. Any bytes without NUL; callers check keys and values first (tag.h).
symbol symbol_make(struct symbols *s, const char *text);
symbol symbol_make_n(struct symbols *s, const char *text, size_t size);
// The number of a text that was interned before; false when it was not.
MUST_USE bool symbol_find(const struct symbols *s, const char *text, symbol *ret_symbol);
// Borrowed until symbols_done; stays where it is while the table grows.
const char *symbol_text(const struct symbols *s, symbol y);
// The text read as a number with a unit, once, when it was interned. NULL when it is not one.
const struct number *symbol_number(const struct symbols *s, symbol y);

// Declares the type of a key, or of all keys below a path ("driver/*"). An exact key beats a path, a longer path a
// shorter one, a later declaration of the same an earlier one. Declare before selectors are compiled: they keep the
// type they saw.
MUST_USE struct err *symbols_declare(struct symbols *s, const char *pattern, enum value_type type);
// The declared type of a key. VALUE_TEXT and *ret_declared false when nobody declared one; ret_declared may be NULL.
enum value_type symbol_type(const struct symbols *s, symbol key, bool *ret_declared);

#endif
