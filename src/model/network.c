// SPDX-License-Identifier: Apache-2.0
// IPv4 and IPv6 networks: reading and comparing. (RFC 4291 section 2.2 for the text of IPv6 addresses.)
#include <string.h>

#include "model/value.h"

// A decimal number of at most `most`, without leading zeros; returns where it stopped, NULL when there is none.
static const char *small_number(const char *text, unsigned most, unsigned *ret_n) {
    unsigned n = 0;
    const char *c = text;
    for (; *c >= '0' && *c <= '9'; c++) {
        n = n * 10 + (unsigned)(*c - '0');
        if (n > most || (c > text && *text == '0')) return NULL;
    }
    *ret_n = n;
    return c > text ? c : NULL;
}

static const char *four_parse(const char *c, unsigned char ret_address[4]) {
    for (int i = 0; i < 4; i++) {
        unsigned n;
        if (i && *c++ != '.') return NULL;
        c = small_number(c, 255, &n);
        if (!c) return NULL;
        ret_address[i] = (unsigned char)n;
    }
    return c;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static const char *group_parse(const char *c, unsigned *ret_group) {
    unsigned n = 0;
    int digits = 0;
    for (int v; (v = hex_digit(*c)) >= 0; c++, digits++) {
        if (digits == 4) return NULL;
        n = n << 4 | (unsigned)v;
    }
    *ret_group = n;
    return digits ? c : NULL;
}

// Moves the bytes after "::" (at `gap`) to the end, and zeroes what it stands for.
static bool gap_open(unsigned char address[16], size_t size, size_t gap) {
    if (size > 14) return false; // "::" stands for one group at least
    memmove(address + 16 - (size - gap), address + gap, size - gap);
    memset(address + gap, 0, 16 - size);
    return true;
}

static const char *six_parse(const char *c, unsigned char address[16]) {
    size_t size = 0, gap = SIZE_MAX;
    if (c[0] == ':' && c[1] == ':') {
        gap = 0;
        c += 2;
    }
    while (size < 16 && hex_digit(*c) >= 0) {
        unsigned group;
        const char *end = group_parse(c, &group);
        if (!end) return NULL;
        if (*end == '.') {
            if (size > 12 || !(end = four_parse(c, address + size))) return NULL;
            size += 4;
            c = end;
            break;
        }
        address[size++] = (unsigned char)(group >> 8);
        address[size++] = (unsigned char)group;
        c = end;
        if (*c != ':') break;
        if (c[1] == ':') {
            if (gap != SIZE_MAX) return NULL;
            gap = size;
            c += 2;
        } else if (hex_digit(*++c) < 0) {
            return NULL;
        }
    }
    if (gap == SIZE_MAX) return size == 16 ? c : NULL;
    return gap_open(address, size, gap) ? c : NULL;
}

static void host_bits_clear(struct network *n) {
    for (unsigned bit = n->bits; bit < (n->six ? 128u : 32u); bit++)
        n->address[bit / 8] = (unsigned char)(n->address[bit / 8] & ~(0x80u >> bit % 8));
}

bool network_parse(const char *text, struct network *ret_network) {
    struct network n = {0};
    unsigned bits;
    n.six = strchr(text, ':') != NULL;
    const char *c = n.six ? six_parse(text, n.address) : four_parse(text, n.address);
    if (!c) return false;
    bits = n.six ? 128 : 32;
    if (*c == '/') c = small_number(c + 1, bits, &bits);
    if (!c || *c) return false;
    n.bits = (uint8_t)bits;
    host_bits_clear(&n);
    *ret_network = n;
    return true;
}

bool network_equal(const struct network *a, const struct network *b) {
    return a->six == b->six && a->bits == b->bits && memcmp(a->address, b->address, sizeof a->address) == 0;
}

bool network_contains(const struct network *outer, const struct network *inner) {
    if (outer->six != inner->six || outer->bits > inner->bits) return false;
    size_t whole = outer->bits / 8;
    if (memcmp(outer->address, inner->address, whole) != 0) return false;
    unsigned rest = outer->bits % 8u;
    return !rest || (outer->address[whole] ^ inner->address[whole]) >> (8 - rest) == 0;
}
