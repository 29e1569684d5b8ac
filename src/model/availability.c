// SPDX-License-Identifier: Apache-2.0
// Percentages as whole numbers, and back.
#include "model/availability.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PERCENT (AVAILABILITY_WHOLE / 100)

static struct err *refused(const char *text) {
    return err_new(ERR_INVALID,
                   "availability '%.32s': give percent above 0 and at most 100, such as 99.95, with at most "
                   "ten decimals",
                   text);
}

struct err *availability_parse(const char *text, struct availability *ret_availability) {
    uint64_t n = 0, unit = PERCENT;
    size_t whole = strspn(text, "0123456789"),
           decimals = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
    bool point = text[whole] == '.';
    if (!whole || whole > 3 || decimals > 10 || point != (decimals > 0) || text[whole + point + decimals])
        return refused(text);
    for (size_t i = 0; i < whole; i++) n = n * 10 + (uint64_t)(text[i] - '0') * PERCENT;
    for (size_t i = 0; i < decimals; i++) n += (uint64_t)(text[whole + 1 + i] - '0') * (unit /= 10);
    if (!n || n > AVAILABILITY_WHOLE) return refused(text);
    ret_availability->n = n;
    return NULL;
}

struct err *availability_from_percent(double percent, struct availability *ret_availability) {
    char text[32];
    snprintf(text, sizeof text, "%.12g", percent);
    double scaled = percent * (double)PERCENT + 0.5;
    if (!(scaled >= 1 && scaled < (double)AVAILABILITY_WHOLE + 1)) return refused(text);
    ret_availability->n = (uint64_t)scaled;
    return NULL;
}

double availability_percent(struct availability a) {
    return (double)a.n / (double)PERCENT;
}

const char *availability_text(struct availability a, char ret_text[AVAILABILITY_TEXT]) {
    int size = snprintf(ret_text, AVAILABILITY_TEXT, "%" PRIu64 ".%010" PRIu64, a.n / PERCENT, a.n % PERCENT);
    while (ret_text[size - 1] == '0') ret_text[--size] = 0;
    if (ret_text[size - 1] == '.') ret_text[--size] = 0;
    return ret_text;
}
