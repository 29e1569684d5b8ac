// SPDX-License-Identifier: Apache-2.0
// The grammar of JSON: tokens, strings and values that are passed over. Knows no messages; only for json_read.c.
// Its names begin with scan_ because jansson owns json_string and the like.
#ifndef CODEC_JSON_SCAN_H
#define CODEC_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "codec/number.h"

struct json_scan {
    const char *start, *at, *end;
    struct arena *arena;
    size_t memory;  // bytes of the arena that may still be taken
    unsigned depth; // levels that may still be entered
};

struct slice {
    const char *at; // not NUL-terminated
    size_t size;
};

// Arena memory within the bounds; NULL when they are passed.
MUST_USE void *scan_alloc(struct json_scan *s, size_t size);
MUST_USE struct err *scan_too_large(void);
// Passes white space and returns the byte that stands there, 0 at the end.
char scan_peek(struct json_scan *s);
// Passes white space and then `c`; false when something else stands there.
bool scan_pass(struct json_scan *s, char c);
// "expected X, found Y" for what stands there.
MUST_USE struct err *scan_expected(struct json_scan *s, const char *what);
// A string at the opening quote. The slice is a piece of the input, or of the arena when it had escapes.
MUST_USE struct err *scan_string(struct json_scan *s, struct slice *ret_string);
MUST_USE struct err *scan_number(struct json_scan *s, struct number *ret_number);
// `word` is true, false or null; false when another stands there.
bool scan_word(struct json_scan *s, const char *word);
// Reads past any value, checking its grammar.
MUST_USE struct err *scan_skip(struct json_scan *s);
// Enters an object or list at its opening bracket; refuses what is too deep. Leave by scan_leave.
MUST_USE struct err *scan_enter(struct json_scan *s);
void scan_leave(struct json_scan *s);
// Within brackets: moves to the next member, over the comma. *ret_more is false when `close` was passed.
MUST_USE struct err *scan_next(struct json_scan *s, char close, bool first, bool *ret_more);
// A key and its colon.
MUST_USE struct err *scan_key(struct json_scan *s, struct slice *ret_key);

#endif
