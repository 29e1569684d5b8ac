// SPDX-License-Identifier: Apache-2.0
// Which database file of a store directory is the live one, and the copy that is made after a failed flush. Files are
// named registry-<n>.db; the highest n is live, so that one rename switches over.
#ifndef STORE_SALVAGE_H
#define STORE_SALVAGE_H

#include <stdint.h>

#include "base/err.h"

// The live generation; 1 when the directory has none yet.
MUST_USE struct err *generation_find(const char *directory, uint64_t *ret_generation);
MUST_USE char *generation_path(const char *directory, uint64_t generation);
// Removes copies that were never finished and generations before the live one.
MUST_USE struct err *generation_sweep(const char *directory, uint64_t live);
// Copies the live database, with its log, into generation + 1, syncs it, drops it from the page cache, checks it from
// disk against the original, switches over and removes the old one. The old one stays when any of that fails.
MUST_USE struct err *salvage_copy(const char *directory, uint64_t generation);

#endif
