// SPDX-License-Identifier: Apache-2.0
// Quantities as people write them.
#include "base/quantity.h"

#include <math.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t multiple, divisor;
};

static const struct unit byte_units[] = {
    {"", 1, 1},
    {"B", 1, 1},
    {"KiB", KIB, 1},
    {"MiB", MIB, 1},
    {"GiB", GIB, 1},
    {"TiB", TIB, 1},
    {"PiB", TIB * 1024, 1},
    {"k", 1000, 1},
    {"kB", 1000, 1},
    {"K", 1000, 1},
    {"KB", 1000, 1},
    {"M", 1000000, 1},
    {"MB", 1000000, 1},
    {"G", 1000000000, 1},
    {"GB", 1000000000, 1},
    {"T", 1000000000000, 1},
    {"TB", 1000000000000, 1},
    {"P", 1000000000000000, 1},
    {"PB", 1000000000000000, 1},
};

static const struct unit rate_units[] = {
    {"B/s", 1, 1},     {"KiB/s", KIB, 1},    {"MiB/s", MIB, 1},       {"GiB/s", GIB, 1},
    {"kB/s", 1000, 1}, {"MB/s", 1000000, 1}, {"GB/s", 1000000000, 1}, {"bps", 1, 8},
    {"kbps", 1000, 8}, {"Mbps", 1000000, 8}, {"Gbps", 1000000000, 8}, {"Tbps", 1000000000000, 8},
    {"bit/s", 1, 8},   {"kbit/s", 1000, 8},  {"Mbit/s", 1000000, 8},  {"Gbit/s", 1000000000, 8},
};

static const struct unit time_units[] = {
    {"ms", 1, 1}, {"s", 1000, 1}, {"m", 60000, 1}, {"min", 60000, 1}, {"h", 3600000, 1}, {"d", 86400000, 1},
};

static const struct unit *unit_find(const struct unit *units, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(units[i].name, name) == 0) return &units[i];
    return NULL;
}

// Reads "12.345" as digits and a count of decimals. Returns where it stopped, NULL on overflow or without a digit.
static const char *decimal_read(const char *text, uint64_t *ret_digits, uint64_t *ret_scale) {
    uint64_t digits = 0, scale = 1;
    bool any = false, point = false;
    for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
        if (*text == '.') {
            point = true;
            continue;
        }
        any = true;
        if (__builtin_mul_overflow(digits, 10u, &digits)) return NULL;
        if (__builtin_add_overflow(digits, (uint64_t)(*text - '0'), &digits)) return NULL;
        if (point && __builtin_mul_overflow(scale, 10u, &scale)) return NULL;
    }
    *ret_digits = digits;
    *ret_scale = scale;
    return any ? text : NULL;
}

static struct err *quantity_parse(const char *what, const char *example, const struct unit *units, size_t count,
                                  const char *text, uint64_t *ret_n) {
    uint64_t digits, scale;
    const char *rest = decimal_read(text, &digits, &scale);
    if (!rest) return err_new(ERR_INVALID, "%s '%.64s': not a number with a unit, such as %s", what, text, example);
    while (*rest == ' ') rest++;
    const struct unit *unit = unit_find(units, count, rest);
    if (!unit)
        return err_new(ERR_INVALID, "%s '%.64s': unknown unit '%.16s'; write it as %s", what, text, rest, example);
    unsigned __int128 whole = (unsigned __int128)digits * unit->multiple;
    unsigned __int128 divisor = (unsigned __int128)scale * unit->divisor;
    if (whole % divisor && scale > 1 && unit->divisor == 1)
        return err_new(ERR_INVALID, "%s '%.64s': not a whole number of the smallest unit", what, text);
    whole /= divisor;
    if (whole > INT64_MAX) return err_new(ERR_INVALID, "%s '%.64s': too large", what, text);
    *ret_n = (uint64_t)whole;
    return NULL;
}

struct err *bytes_parse(const char *text, struct bytes *ret_bytes) {
    return quantity_parse("size", "50GiB", byte_units, sizeof byte_units / sizeof *byte_units, text, &ret_bytes->n);
}

struct err *bandwidth_parse(const char *text, struct bandwidth *ret_bandwidth) {
    return quantity_parse("bandwidth", "10Gbps or 200MiB/s", rate_units, sizeof rate_units / sizeof *rate_units, text,
                          &ret_bandwidth->n);
}

struct err *duration_parse(const char *text, int64_t *ret_ms) {
    uint64_t n;
    TRY(quantity_parse("duration", "250ms, 2s, 5m or 1h", time_units, sizeof time_units / sizeof *time_units, text,
                       &n));
    *ret_ms = (int64_t)n;
    return NULL;
}

const char *bytes_text(struct bytes b, char ret_text[QUANTITY_TEXT]) {
    static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    int unit = 0;
    while (unit < 6 && b.n >= (uint64_t)1024 << (10 * unit)) unit++;
    uint64_t one = (uint64_t)1 << (10 * unit);
    if (b.n % one == 0)
        snprintf(ret_text, QUANTITY_TEXT, "%llu %s", (unsigned long long)(b.n / one), names[unit]);
    else
        snprintf(ret_text, QUANTITY_TEXT, "%.3g %s", (double)b.n / (double)one, names[unit]);
    if (b.n % one && (double)b.n / (double)one >= 999.5)
        snprintf(ret_text, QUANTITY_TEXT, "%.0f %s", (double)b.n / (double)one, names[unit]);
    return ret_text;
}

const char *duration_text(int64_t ms, char ret_text[QUANTITY_TEXT]) {
    if (ms < 1000)
        snprintf(ret_text, QUANTITY_TEXT, "%lldms", (long long)ms);
    else if (ms < 60000)
        snprintf(ret_text, QUANTITY_TEXT, "%.3gs", (double)ms / 1000);
    else if (ms < 3600000)
        snprintf(ret_text, QUANTITY_TEXT, "%lldm%02llds", (long long)(ms / 60000), (long long)(ms / 1000 % 60));
    else if (ms < 172800000)
        snprintf(ret_text, QUANTITY_TEXT, "%lldh%02lldm", (long long)(ms / 3600000), (long long)(ms / 60000 % 60));
    else
        snprintf(ret_text, QUANTITY_TEXT, "%lldd", (long long)(ms / 86400000));
    return ret_text;
}

bool milli_from_double(double d, struct milli *ret_milli) {
    double scaled = round(d * 1000.0);
    if (!(scaled > -9e15 && scaled < 9e15)) return false;
    ret_milli->n = (int64_t)scaled;
    return true;
}

bool bytes_round_up(struct bytes b, struct bytes step, struct bytes *ret_rounded) {
    uint64_t over = step.n ? b.n % step.n : 0;
    uint64_t rounded = b.n;
    if (over && __builtin_add_overflow(b.n, step.n - over, &rounded)) return false;
    ret_rounded->n = rounded;
    return true;
}
