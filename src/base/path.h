// SPDX-License-Identifier: Apache-2.0
// Where a task sees a volume: one rule for whoever asks, decides and mounts.
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/err.h"

enum { CONTAINER_PATH_LONGEST = 255 };
// Absolute, or relative to the sandbox. ERR_INVALID: empty, too long, with "..", or the root or the sandbox itself.
MUST_USE struct err *container_path_check(const char *path); // accepts NULL

#endif
