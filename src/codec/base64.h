// SPDX-License-Identifier: Apache-2.0
// Base64 with padding, the standard alphabet (RFC 4648 section 4).
#ifndef CODEC_BASE64_H
#define CODEC_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

void base64_add(struct text *to, const void *bytes, size_t size);
// Room that base64_read may need for `size` characters.
static inline size_t base64_room(size_t size) {
    return size / 4 * 3 + 3;
}
// Reads padded or unpadded text into `to`. False when a character or the length is wrong.
MUST_USE bool base64_read(const char *text, size_t size, void *to, size_t *ret_size);

#endif
