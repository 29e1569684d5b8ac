// SPDX-License-Identifier: Apache-2.0
// The filesystems we make: their smallest size and the program that makes them. "raw" is none at all.
#ifndef MODEL_FILESYSTEM_H
#define MODEL_FILESYSTEM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/quantity.h"

struct filesystem {
    const char *name;
    struct bytes smallest; // below it the program refuses
    const char *mkfs;      // NULL for raw
};

// The row of that name, kept for ever; NULL when we do not know it.
const struct filesystem *filesystem_find(const char *name);
// The same with a sentence that names the nearest one, or all.
MUST_USE struct err *filesystem_get(const char *name, const struct filesystem **ret_fs);
// Row i in the order of the table, NULL behind the last.
const struct filesystem *filesystem_at(unsigned i);
static inline bool filesystem_raw(const struct filesystem *fs) {
    return !fs->mkfs;
}

#endif
