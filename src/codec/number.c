// SPDX-License-Identifier: Apache-2.0
// Numbers as JSON writes them.
#include "codec/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_LIMIT 9007199254740992.0 // 2^53: above it neighbours are more than 1 apart

size_t number_write_u64(uint64_t n, char to[NUMBER_TEXT]) {
    static const char pairs[] =
        "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
        "49505152535455565758596061626364656667686970717273747576777879808182838485868788899091929394959697"
        "9899";
    char digits[20];
    size_t at = sizeof digits;
    for (; n >= 100; n /= 100) memcpy(digits + (at -= 2), pairs + n % 100 * 2, 2);
    if (n >= 10)
        memcpy(digits + (at -= 2), pairs + n * 2, 2);
    else
        digits[--at] = (char)('0' + n);
    memcpy(to, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

static size_t special_write(double d, char to[NUMBER_TEXT]) {
    const char *name = isnan(d) ? "\"NaN\"" : d > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    memcpy(to, name, strlen(name));
    return strlen(name);
}

// Most of our numbers are whole or thousandths; those need no search. 0: not one of them.
static size_t simple_write(double d, char to[NUMBER_TEXT]) {
    double size = fabs(d), scaled = size * 1000;
    bool whole = size < EXACT_LIMIT && size == (double)(uint64_t)size;
    if (!whole && (scaled >= 1e15 || (double)(uint64_t)(scaled + 0.5) / 1000 != size)) return 0;
    size_t at = 0;
    if (signbit(d)) to[at++] = '-';
    uint64_t thousandths = whole ? 0 : (uint64_t)(scaled + 0.5);
    at += number_write_u64(whole ? (uint64_t)size : thousandths / 1000, to + at);
    to[at++] = '.';
    unsigned fraction = (unsigned)(thousandths % 1000);
    to[at++] = (char)('0' + fraction / 100);
    if (fraction % 100) to[at++] = (char)('0' + fraction / 10 % 10);
    if (fraction % 10) to[at++] = (char)('0' + fraction % 10);
    return at;
}

static size_t point_add(char to[NUMBER_TEXT], size_t length) {
    if (memchr(to, '.', length) || memchr(to, 'e', length)) return length;
    memcpy(to + length, ".0", 2);
    return length + 2;
}

static size_t shortest_write(double d, bool single, char to[NUMBER_TEXT]) {
    int length = 0;
    for (int digits = single ? 6 : 15; digits <= 17; digits++) {
        length = snprintf(to, NUMBER_TEXT, "%.*g", digits, d);
        if (single ? (float)strtod(to, NULL) == (float)d : strtod(to, NULL) == d) break;
    }
    if (fabs(d) >= EXACT_LIMIT && fabs(d) < 1e21) length = snprintf(to, NUMBER_TEXT, "%.0f", d);
    return point_add(to, (size_t)length);
}

size_t number_write(double d, char to[NUMBER_TEXT]) {
    if (!isfinite(d)) return special_write(d, to);
    size_t length = simple_write(d, to);
    return length ? length : shortest_write(d, false, to);
}

size_t number_write_float(float d, char to[NUMBER_TEXT]) {
    return isfinite(d) ? shortest_write((double)d, true, to) : special_write((double)d, to);
}

struct shape {
    size_t length;     // of the whole number
    size_t digits;     // before and after the point
    size_t fraction;   // after the point
    bool real;         // has a point or an exponent
    uint64_t mantissa; // of all digits, when they are at most 19
    int64_t exponent;
};

static size_t digits_read(const char *text, size_t size, size_t at, struct shape *s) {
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++, s->digits++)
        if (s->digits < 19) s->mantissa = s->mantissa * 10 + (uint64_t)(text[at] - '0');
    return at;
}

static size_t exponent_read(const char *text, size_t size, size_t at, struct shape *s) {
    bool negative = at < size && text[at] == '-';
    if (at < size && (text[at] == '-' || text[at] == '+')) at++;
    size_t start = at;
    for (; at < size && text[at] >= '0' && text[at] <= '9'; at++)
        if (s->exponent < 100000) s->exponent = s->exponent * 10 + (text[at] - '0');
    if (negative) s->exponent = -s->exponent;
    return at > start ? at : 0;
}

// JSON's grammar: -? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?  False when that is not what stands there.
static bool shape_read(const char *text, size_t size, struct shape *s) {
    size_t at = size && text[0] == '-', start = at;
    at = digits_read(text, size, at, s);
    if (at == start || (text[start] == '0' && at > start + 1)) return false;
    if (at < size && text[at] == '.') {
        size_t after = digits_read(text, size, at + 1, s);
        s->fraction = after - at - 1;
        if (!s->fraction) return false;
        at = after;
        s->real = true;
    }
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at = exponent_read(text, size, at + 1, s);
        if (!at) return false;
        s->real = true;
    }
    s->length = at;
    return at <= NUMBER_LONGEST;
}

static double real_read(const char *text, const struct shape *s, bool negative) {
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    int64_t exponent = s->exponent - (int64_t)s->fraction;
    if (s->digits <= 19 && s->mantissa < (uint64_t)EXACT_LIMIT && exponent >= -22 && exponent <= 22) {
        double m = (double)s->mantissa, d = exponent < 0 ? m / powers[-exponent] : m * powers[exponent];
        return negative ? -d : d; // both factors are exact, so the result is the nearest double
    }
    char copy[NUMBER_LONGEST + 1];
    memcpy(copy, text, s->length);
    copy[s->length] = 0;
    return strtod(copy, NULL);
}

// An integer of up to 20 digits without point or exponent.
static bool whole_read(const char *text, const struct shape *s, uint64_t *ret_n) {
    uint64_t n = 0;
    for (size_t i = text[0] == '-'; i < s->length; i++)
        if (__builtin_mul_overflow(n, 10u, &n) || __builtin_add_overflow(n, (uint64_t)(text[i] - '0'), &n))
            return false;
    *ret_n = n;
    return true;
}

size_t number_read(const char *text, size_t size, struct number *ret_number) {
    struct shape s = {0};
    if (!shape_read(text, size, &s)) return 0;
    struct number n = {.negative = text[0] == '-'};
    n.real = real_read(text, &s, n.negative);
    if (!s.real) {
        n.whole = whole_read(text, &s, &n.magnitude);
    } else if (fabs(n.real) < EXACT_LIMIT && n.real == (double)(int64_t)n.real) {
        n.whole = true;
        n.magnitude = (uint64_t)fabs(n.real);
    }
    *ret_number = n;
    return s.length;
}
