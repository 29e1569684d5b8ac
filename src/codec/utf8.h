// SPDX-License-Identifier: Apache-2.0
// UTF-8: checks it, reads and writes one code point. Overlong forms, surrogates and anything above U+10FFFF are wrong.
#ifndef CODEC_UTF8_H
#define CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

// Length of the code point at `at` (which must be before `end`), 0 if there is no valid one.
MUST_USE size_t utf8_read(const char *at, const char *end, uint32_t *ret_point);
// Writes 1 to 4 bytes; `point` must be valid. Returns how many.
size_t utf8_write(char *to, uint32_t point);
// Length of the longest valid prefix; equal to `size` when all is well. NUL counts as wrong: our texts end with it.
MUST_USE size_t utf8_valid(const char *text, size_t size);

#endif
