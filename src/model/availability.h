// SPDX-License-Identifier: Apache-2.0
// Availability as an exact share of time: parts per 10^12, so that figures of operators need no rounding and add up alike on
// every machine. Knows no failure domains.
#ifndef MODEL_AVAILABILITY_H
#define MODEL_AVAILABILITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct availability {
    uint64_t n; // parts per 10^12; 0: none is known or asked
};
#define AVAILABILITY_WHOLE ((uint64_t)1000000000000)

enum { AVAILABILITY_TEXT = 24 };

// Percent with at most ten decimals: "99.95". Above 0, at most 100.
MUST_USE struct err *availability_parse(const char *text, struct availability *ret_availability);
// The same from a number, to its nearest tenth decimal.
MUST_USE struct err *availability_from_percent(double percent, struct availability *ret_availability);
double availability_percent(struct availability a);
// "99.95": exact, no needless zeros. Returns ret_text.
const char *availability_text(struct availability a, char ret_text[AVAILABILITY_TEXT]);

#endif
