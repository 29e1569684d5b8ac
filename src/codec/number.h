// SPDX-License-Identifier: Apache-2.0
// Numbers from and to JSON's notation. Locale-free as long as nobody calls setlocale.
#ifndef CODEC_NUMBER_H
#define CODEC_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

enum { NUMBER_TEXT = 40, NUMBER_LONGEST = 128 };

// Fewest digits that read back as the same number, always with a point ("1.0"), no exponent from 0.0001 to 1e21. JSON
// has no infinity: those become the strings "Infinity", "-Infinity", "NaN" with quotes. Returns the length; adds no
// NUL.
size_t number_write(double d, char to[NUMBER_TEXT]);
size_t number_write_float(float d, char to[NUMBER_TEXT]);
size_t number_write_u64(uint64_t n, char to[NUMBER_TEXT]);

// A JSON number as it stands in text.
struct number {
    bool whole; // it is an integer (5.0 and 5e2 too) within 64 bits: then `negative` and `magnitude` say which
    bool negative;
    uint64_t magnitude;
    double real; // infinite when out of range
};
// Reads the number at the start of `text`; returns its length, 0 when there is none or it has over NUMBER_LONGEST
// characters.
MUST_USE size_t number_read(const char *text, size_t size, struct number *ret_number);

#endif
