// SPDX-License-Identifier: Apache-2.0
// Numbers with units and versions: reading and comparing.
#include "model/value.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/quantity.h"
#include "base/text.h"

static const char *const type_names[] = {
#define X(type, name) [VALUE_##type] = name,
    VALUE_TYPES(X)
#undef X
};

const char *value_type_name(enum value_type type) {
    return type_names[type];
}

bool value_type_parse(const char *name, enum value_type *ret_type) {
    for (size_t i = 0; i < ARRAY_LEN(type_names); i++) {
        if (!text_equal(type_names[i], name)) continue;
        *ret_type = (enum value_type)i;
        return true;
    }
    return false;
}

static bool digit(char c) {
    return c >= '0' && c <= '9';
}
static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Digits with at most three decimals, as thousandths; nothing may follow.
static bool count_parse(const char *text, int64_t *ret_thousandths) {
    int64_t n = 0;
    int decimals = -1;
    for (; *text; text++) {
        if (*text == '.' && decimals < 0) {
            decimals = 0;
            continue;
        }
        if (!digit(*text) || decimals == 3) return false;
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *text - '0', &n)) return false;
        if (decimals >= 0) decimals++;
    }
    if (decimals == 0) return false; // "1."
    for (int i = decimals < 0 ? 0 : decimals; i < 3; i++)
        if (__builtin_mul_overflow(n, 10, &n)) return false;
    *ret_thousandths = n;
    return true;
}

static bool unit_parse(const char *text, struct number *ret_number) {
    struct bytes bytes;
    struct bandwidth bandwidth;
    int64_t ms;
    AUTO_ERR struct err *not_bytes = bytes_parse(text, &bytes);
    if (!not_bytes) {
        *ret_number = (struct number){(int64_t)bytes.n, NUMBER_BYTES};
        return true;
    }
    AUTO_ERR struct err *not_bandwidth = bandwidth_parse(text, &bandwidth);
    if (!not_bandwidth) {
        *ret_number = (struct number){(int64_t)bandwidth.n, NUMBER_RATE};
        return true;
    }
    AUTO_ERR struct err *not_duration = duration_parse(text, &ms);
    if (!not_duration) *ret_number = (struct number){ms, NUMBER_DURATION};
    return !not_duration;
}

bool number_parse(const char *text, struct number *ret_number) {
    enum { LONGEST = 40 }; // longer than any number that fits
    if (!digit(*text) || strnlen(text, LONGEST + 1) > LONGEST) return false;
    if (!text[strspn(text, "0123456789.")]) {
        struct number n = {.unit = NUMBER_COUNT};
        if (!count_parse(text, &n.scaled)) return false;
        *ret_number = n;
        return true;
    }
    return unit_parse(text, ret_number);
}

const char *number_unit_example(enum number_unit unit) {
    switch (unit) {
    case NUMBER_COUNT: return "a plain number such as 7200";
    case NUMBER_BYTES: return "a size such as 50GiB";
    case NUMBER_RATE: return "a rate such as 10Gbps or 200MiB/s";
    case NUMBER_DURATION: return "a duration such as 5m";
    case NUMBER_NONE: break;
    }
    return "a number such as 7200, 50GiB or 10Gbps";
}

bool version_valid(const char *text) {
    return digit(text[*text == 'v' ? 1 : 0]);
}

// One part of a version. `rank` orders the kinds: before the release, numbers (a missing part is the number 0),
// letters.
struct version_part {
    int rank;
    const char *text;
    size_t size;
};

static int letters_rank(const char *text, size_t size) {
    static const char *const before[] = {"alpha", "beta", "pre", "preview", "rc", "dev"};
    for (size_t i = 0; i < ARRAY_LEN(before); i++)
        if (strlen(before[i]) == size && strncasecmp(before[i], text, size) == 0) return -1;
    return 1;
}

// The next run of digits (without leading zeros) or letters; moves *at behind it.
static struct version_part version_part_next(const char **at) {
    const char *c = *at;
    while (*c && !digit(*c) && !letter(*c)) c++;
    bool number = digit(*c);
    if (number)
        while (*c == '0') c++;
    struct version_part part = {.text = c};
    while (number ? digit(*c) : letter(*c)) c++;
    part.size = (size_t)(c - part.text);
    if (!number && part.size) part.rank = letters_rank(part.text, part.size);
    *at = c;
    return part;
}

static int version_part_compare(struct version_part a, struct version_part b) {
    if (a.rank != b.rank) return a.rank < b.rank ? -1 : 1;
    if (a.rank == 0 && a.size != b.size) return a.size < b.size ? -1 : 1;
    size_t size = a.size < b.size ? a.size : b.size;
    int by_text = size ? strncasecmp(a.text, b.text, size) : 0;
    if (by_text) return by_text < 0 ? -1 : 1;
    return a.size == b.size ? 0 : a.size < b.size ? -1 : 1;
}

int version_compare(const char *a, const char *b) {
    if (*a == 'v' && version_valid(a)) a++;
    if (*b == 'v' && version_valid(b)) b++;
    while (*a || *b) {
        struct version_part left = version_part_next(&a), right = version_part_next(&b);
        int order = version_part_compare(left, right);
        if (order) return order;
    }
    return 0;
}
