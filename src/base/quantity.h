// SPDX-License-Identifier: Apache-2.0
// Quantities with units as distinct types, and how people write them. Never mixes units silently.
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct bytes {
    uint64_t n;
};
struct iops {
    uint64_t n; // operations per second
};
struct bandwidth {
    uint64_t n; // bytes per second
};
// Mesos' fixed point: thousandths, so that 0.1 + 0.2 = 0.3.
struct milli {
    int64_t n;
};
struct mono {
    int64_t ms; // milliseconds of the monotonic clock: timeouts and leases
};
struct wall {
    int64_t ms; // milliseconds since 1970: records
};

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)
#define TIB ((uint64_t)1 << 40)

// "50GiB", "50G" (decimal), "4096": whole or with a fraction ("1.5TiB"); must be a whole number of bytes below 2^63.
MUST_USE struct err *bytes_parse(const char *text, struct bytes *ret_bytes);
// "10Gbps" or "10Gbit/s" (bits) and "200MiB/s", "200MB/s" (bytes): bytes per second.
MUST_USE struct err *bandwidth_parse(const char *text, struct bandwidth *ret_bandwidth);
// "250ms", "2s", "5m", "1h", "1d": milliseconds.
MUST_USE struct err *duration_parse(const char *text, int64_t *ret_ms);

enum { QUANTITY_TEXT = 32 };
// The shortest exact or three-digit form for people: "50 GiB", "1.46 TiB". Returns ret_text.
const char *bytes_text(struct bytes b, char ret_text[QUANTITY_TEXT]);
const char *duration_text(int64_t ms, char ret_text[QUANTITY_TEXT]);

// Thousandths of a double, rounded to nearest; false when not finite or out of range.
MUST_USE bool milli_from_double(double d, struct milli *ret_milli);
static inline double milli_to_double(struct milli m) {
    return (double)m.n / 1000.0;
}

// Rounded up to a multiple of `step` (0: unchanged). False on overflow.
MUST_USE bool bytes_round_up(struct bytes b, struct bytes step, struct bytes *ret_rounded);

#endif
