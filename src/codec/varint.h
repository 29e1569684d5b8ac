// SPDX-License-Identifier: Apache-2.0
// Protobuf's numbers of one to ten bytes, seven bits in each, lowest first.
#ifndef CODEC_VARINT_H
#define CODEC_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

enum { VARINT_LONGEST = 10 };

// Writes at most VARINT_LONGEST bytes. Returns what follows them.
static inline unsigned char *varint_put(unsigned char *to, uint64_t n) {
    for (; n >= 0x80; n >>= 7) *to++ = (unsigned char)(n | 0x80);
    *to++ = (unsigned char)n;
    return to;
}

// Moves *at behind it. False, with *at where it was, when it has no end before `end` or more than 64 bits.
MUST_USE static inline bool varint_read(const unsigned char **at, const unsigned char *end, uint64_t *ret_n) {
    const unsigned char *from = *at; // bytes may alias anything: through `at`, each step would be written back
    uint64_t n = 0;
    for (unsigned shift = 0; shift < 70 && from < end; shift += 7) {
        unsigned char b = *from++;
        if (shift == 63 && b > 1) return false;
        n |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80) continue;
        *at = from;
        *ret_n = n;
        return true;
    }
    return false;
}

#endif
