// SPDX-License-Identifier: Apache-2.0
// Says which expectation of ours broke, and ends the process.
#include "base/must.h"

#include <stdio.h>
#include <stdlib.h>

void must_failed(const char *condition, const char *file, int line) {
    fprintf(stderr, "granary: bug: %s:%d: expected %s\n", file, line, condition);
    abort();
}
