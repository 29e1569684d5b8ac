// SPDX-License-Identifier: Apache-2.0
// Base64.
#include "codec/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct text *to, const void *bytes, size_t size) {
    const unsigned char *from = bytes;
    char *at = text_room(to, (size + 2) / 3 * 4), *start = at;
    for (; size >= 3; size -= 3, from += 3) {
        uint32_t n = (uint32_t)from[0] << 16 | (uint32_t)from[1] << 8 | from[2];
        for (int shift = 18; shift >= 0; shift -= 6) *at++ = alphabet[n >> shift & 63];
    }
    if (size) {
        uint32_t n = (uint32_t)from[0] << 16 | (size == 2 ? (uint32_t)from[1] << 8 : 0);
        *at++ = alphabet[n >> 18];
        *at++ = alphabet[n >> 12 & 63];
        *at++ = size == 2 ? alphabet[n >> 6 & 63] : '=';
        *at++ = '=';
    }
    text_added(to, (size_t)(at - start));
}

static int digit(char c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_read(const char *text, size_t size, void *to, size_t *ret_size) {
    if (size % 4 == 0)
        for (int i = 0; i < 2 && size && text[size - 1] == '='; i++) size--;
    if (size % 4 == 1) return false;
    unsigned char *at = to;
    uint32_t bits = 0;
    int have = 0;
    for (size_t i = 0; i < size; i++) {
        int d = digit(text[i]);
        if (d < 0) return false;
        bits = bits << 6 | (uint32_t)d;
        have += 6;
        if (have < 8) continue;
        have -= 8;
        *at++ = (unsigned char)(bits >> have);
        bits &= (1u << have) - 1;
    }
    if (bits) return false; // what the last character says beyond the last byte must be zero
    *ret_size = (size_t)(at - (unsigned char *)to);
    return true;
}
