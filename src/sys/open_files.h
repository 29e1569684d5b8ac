// SPDX-License-Identifier: Apache-2.0
// How many files this process may have open.
#ifndef SYS_OPEN_FILES_H
#define SYS_OPEN_FILES_H

#include <stdint.h>

#include "base/err.h"

// As many as the hard limit allows. Children inherit that.
MUST_USE struct err *open_files_raise(void);
// The soft limit that this process was given, whether it was raised since or not.
uint64_t open_files_given(void);

#endif
