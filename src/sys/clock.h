// SPDX-License-Identifier: Apache-2.0
// The two clocks, read anew at each call.
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include <stdint.h>

int64_t clock_mono_ms(void); // milliseconds of the monotonic clock: timeouts
int64_t clock_wall_ms(void); // milliseconds since 1970: records and people

#endif
