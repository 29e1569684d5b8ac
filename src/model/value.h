// SPDX-License-Identifier: Apache-2.0
// What a tag's value means and how two of them compare: text, numbers with units, versions, networks. Knows no tags.
#ifndef MODEL_VALUE_H
#define MODEL_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"

#define VALUE_TYPES(X) X(TEXT, "text") X(NUMBER, "number") X(VERSION, "version") X(NETWORK, "network")

enum value_type {
#define X(type, name) VALUE_##type,
    VALUE_TYPES(X)
#undef X
};

const char *value_type_name(enum value_type type);
MUST_USE bool value_type_parse(const char *name, enum value_type *ret_type);

// Units that can be compared with themselves only.
enum number_unit {
    NUMBER_NONE,     // not a number
    NUMBER_COUNT,    // thousandths: "7200", "0.5"
    NUMBER_BYTES,    // "50GiB"
    NUMBER_RATE,     // bytes per second: "10Gbps", "200MiB/s"
    NUMBER_DURATION, // milliseconds: "5m"
};

struct number {
    int64_t scaled;
    enum number_unit unit;
};

// Reads "7200", "0.5" (three decimals at most), "50GiB", "10Gbps", "200MB/s", "5m". False when it is none of these.
MUST_USE bool number_parse(const char *text, struct number *ret_number);
// "number" of that unit as people write it, for sentences: "a size such as 50GiB".
const char *number_unit_example(enum number_unit unit);

// A version begins with a digit, or with 'v' and a digit.
bool version_valid(const char *text);
// Part by part: runs of digits as numbers (0.9 < 0.11), runs of letters as text; what is missing is 0 (1.0 = 1.0.0);
// alpha, beta, pre, rc and dev stand before the release (1.0-rc1 < 1.0), other letters after it. Any text is ordered
// somehow.
int version_compare(const char *a, const char *b);

// An IPv4 or IPv6 network; a lone address is the network of itself.
struct network {
    unsigned char address[16]; // host bits cleared; IPv4 in the first 4
    uint8_t bits;
    bool six;
};

MUST_USE bool network_parse(const char *text, struct network *ret_network);
bool network_equal(const struct network *a, const struct network *b);
bool network_contains(const struct network *outer, const struct network *inner); // equal ones too

#endif
