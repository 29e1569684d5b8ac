// SPDX-License-Identifier: Apache-2.0
// Says on standard error how long work goes: one line that is drawn over on a terminal, else a line per change.
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

// Made by progress_begin, ended by progress_end.
struct progress {
    bool terminal, quiet; // quiet: says nothing
    int64_t begun_ms;     // of the monotonic clock
    int64_t until_ms;     // when to give up; 0: never
    unsigned pauses;
    struct text said;
};

// `most_ms`: how long to wait at most, 0 without bound. `quiet`: says nothing unless it is a terminal.
struct progress progress_begin(bool quiet, int64_t most_ms);
void progress_end(struct progress *p); // clears the line on a terminal
void progress_say(struct progress *p, const char *format, ...) PRINTF(2, 3);
// Waits a little, longer each time (20 ms to 1 s). TIMEOUT when the bound is passed: names what was said last.
MUST_USE struct err *progress_pause(struct progress *p);

#endif
