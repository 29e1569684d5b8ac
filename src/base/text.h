// SPDX-License-Identifier: Apache-2.0
// Growing text and byte buffers, and the few text tests everybody needs. Does not know encodings beyond ASCII.
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

// A growing buffer. Zeroed is valid and empty. `data` is always NUL-terminated once anything was added.
struct text {
    char *data;
    size_t size, capacity;
};

void text_done(struct text *t);
void text_clear(struct text *t); // keeps the memory
void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const void *bytes, size_t size);
void text_add_char(struct text *t, char c);
void text_addf(struct text *t, const char *format, ...) PRINTF(2, 3);
void text_add_u64(struct text *t, uint64_t n);
// Makes room for `size` more bytes and returns where they go; text_added says how many were written.
MUST_USE char *text_room(struct text *t, size_t size);
void text_added(struct text *t, size_t size);
// Drops the first `size` bytes.
void text_drop(struct text *t, size_t size);
// The text, never NULL ("" when empty), borrowed until the next change.
const char *text_string(const struct text *t);
// Hands the bytes over (never NULL, NUL-terminated); the buffer is empty afterwards.
MUST_USE char *text_take(struct text *t);

#define AUTO_TEXT __attribute__((cleanup(text_done)))

bool text_equal(const char *a, const char *b); // NULL equals NULL only
bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);
// Whole decimal number without sign, spaces or overflow.
MUST_USE bool text_to_u64(const char *s, uint64_t *ret_n);
// How many single-letter edits turn a into b (for "did you mean"); at most 64 characters of each are read.
MUST_USE size_t text_distance(const char *a, const char *b);
// Of `count` names, the one nearest to `name`, or NULL if none is near enough to be a slip of the pen.
const char *text_nearest(const char *name, const char *const *names, size_t count);

#endif
