// SPDX-License-Identifier: Apache-2.0
// Clocks as milliseconds.
#include "sys/clock.h"

#include <time.h>

#include "base/must.h"

static int64_t clock_ms(clockid_t id) {
    struct timespec t;
    must(clock_gettime(id, &t) == 0);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_mono_ms(void) {
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t clock_wall_ms(void) {
    return clock_ms(CLOCK_REALTIME);
}
