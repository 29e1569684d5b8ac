// SPDX-License-Identifier: Apache-2.0
// Selectors: tests over tags that must all hold, compiled once and evaluated fast. Explains what failed; chooses
// nothing.
//
//     driver/rexray >= 0.9, net/vlan in (19, 20), !maintenance, net/speed >= 10Gbps, same(topology/rack)
//
//     selector := [ term { ',' term } ]
//     term     := key | '!' key | key op value | key ('in' | 'notin') '(' value { ',' value } ')'
//               | ('same' | 'different') '(' key ')'
//     op       := '=' | '==' | '!=' | '<' | '<=' | '>' | '>='
//     value    := letters, digits and . _ - / : + ~ @ % *, or "any text" where \" and \\ stand for " and \ .
//
// `=`, `in` and the ordered tests hold if any value of the key does; `!=` and `notin` if none equals; an absent key
// fails every ordered test. The declared type of the key says how values compare. On a key without a declared type,
// ordered tests compare whole numbers and numbers with a unit; "0.9" could be a version too, so there the key must be
// declared. Networks: `=` the same network, `in` and `<=` inside of, `>=` contains, `<` and `>` the same but not equal.
#ifndef MODEL_SELECTOR_H
#define MODEL_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "model/tag.h"

enum { SELECTOR_TERMS_MOST = 64, SELECTOR_VALUES_MOST = 64, SELECTOR_TEXT_LONGEST = 4096 };

// The operator and how it is written.
#define TERM_OPS(X)                                                                                                    \
    X(HAS, "")                                                                                                         \
    X(LACKS, "!")                                                                                                      \
    X(EQUAL, "=")                                                                                                      \
    X(UNEQUAL, "!=")                                                                                                   \
    X(IN, "in")                                                                                                        \
    X(NOT_IN, "notin")                                                                                                 \
    X(BELOW, "<")                                                                                                      \
    X(AT_MOST, "<=")                                                                                                   \
    X(ABOVE, ">")                                                                                                      \
    X(AT_LEAST, ">=")                                                                                                  \
    X(SAME, "same")                                                                                                    \
    X(DIFFERENT, "different")
enum term_op {
#define X(op, text) TERM_##op,
    TERM_OPS(X)
#undef X
};

struct term_value {
    symbol text;
    struct number number;   // when the term compares numbers
    struct network network; // when it compares networks
};

struct term {
    enum term_op op : 8;
    enum value_type compare : 8; // decided when compiled: by the key's type, else by the operator
    symbol key;
    uint32_t first, count; // its values, in selector.values
};

// Terms in the order written. Zeroed is valid: no terms, always holds. Ended by selector_done. Read it freely.
struct selector {
    struct term *terms;
    struct term_value *values;
    uint32_t term_count, value_count;
};

// Compiles; NULL and "" give the empty selector. INVALID names the position (from 1) and what was expected there.
MUST_USE struct err *selector_parse(struct symbols *s, const char *text, struct selector *ret_selector);
void selector_done(struct selector *sel);
struct selector selector_copy(const struct selector *sel);
bool selector_equal(const struct selector *a, const struct selector *b);
// Term x of a and y of b.
bool term_equal(const struct selector *a, const struct term *x, const struct selector *b, const struct term *y);
// Adds the canonical text: parsing it gives an equal selector.
void selector_add_text(const struct symbols *s, const struct selector *sel, struct text *out);
void term_add_text(const struct symbols *s, const struct selector *sel, const struct term *term, struct text *out);

enum { SELECTOR_HOLDS = -1 };
// The index of the first term that fails on `own`, or SELECTOR_HOLDS. `other` is the far side of same() and
// different(); NULL counts as having no tags.
int selector_first_failure(const struct symbols *s, const struct selector *sel, const struct tag_set *own,
                           const struct tag_set *other);
bool selector_holds(const struct symbols *s, const struct selector *sel, const struct tag_set *own,
                    const struct tag_set *other);
bool term_holds(const struct symbols *s, const struct selector *sel, const struct term *term, const struct tag_set *own,
                const struct tag_set *other);
// A same() or different(): its answer depends on both sides.
static inline bool term_joins(const struct term *t) {
    return t->op == TERM_SAME || t->op == TERM_DIFFERENT;
}
// Whether one of its terms does.
bool selector_joins(const struct selector *sel);

// Why a term did not hold. Zeroed is valid; ended by term_reason_done.
struct term_reason {
    struct text asked; // "net/vlan in (19, 20)"
    struct text found; // "net/vlan=7, net/vlan=8"; "no net/vlan"; for joins both sides
    bool has_tag;      // the rest is known: that of the first found value
    enum tier tier;
    enum tag_origin origin;
    struct wall since;
};
void term_reason_done(struct term_reason *r);
void term_explain(const struct symbols *s, const struct selector *sel, size_t term, const struct tag_set *own,
                  const struct tag_set *other, struct term_reason *ret_reason);

#endif
