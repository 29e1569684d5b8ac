// SPDX-License-Identifier: Apache-2.0
// UTF-8.
#include "codec/utf8.h"

#include <string.h>

static size_t utf8_length(unsigned char first) {
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t utf8_read(const char *at, const char *end, uint32_t *ret_point) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = (unsigned char)*at;
    size_t length = utf8_length(first);
    if (!length || (size_t)(end - at) < length) return 0;
    uint32_t point = length == 1 ? first : first & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char c = (unsigned char)at[i];
        if ((c & 0xc0) != 0x80) return 0;
        point = point << 6 | (c & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return 0;
    *ret_point = point;
    return length;
}

size_t utf8_write(char *to, uint32_t point) {
    must(point <= 0x10ffff);
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    size_t length = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, point >>= 6) to[i] = (char)(0x80 | (point & 0x3f));
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    to[0] = (char)(lead[length] | point);
    return length;
}

size_t utf8_valid(const char *text, size_t size) {
    const char *at = text, *end = text + size;
    while (at < end) {
        uint64_t eight;
        if (end - at >= 8) {
            memcpy(&eight, at, 8);
            // No high bit and no zero byte in eight ASCII bytes.
            if (!((eight | (eight - 0x0101010101010101u)) & 0x8080808080808080u)) {
                at += 8;
                continue;
            }
        }
        if ((unsigned char)(*at - 1) < 0x7f) { // ASCII, not NUL
            at++;
            continue;
        }
        uint32_t point;
        size_t length = utf8_read(at, end, &point);
        if (!length || !point) break;
        at += length;
    }
    return (size_t)(at - text);
}
