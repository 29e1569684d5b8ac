// SPDX-License-Identifier: Apache-2.0
// What this host remembers of a volume, whichever attachment it was: the highest epoch it was told, and whether a
// format of it ever began here. Durable before anything is done.
#ifndef HOST_VOLUME_FILE_H
#define HOST_VOLUME_FILE_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

// Stores the epoch; ERR_CONFLICT when a higher one was seen.
MUST_USE struct err *volume_epoch_take(const char *work_dir, struct uuid volume, uint64_t epoch);
// Uses up the grant to format: ERR_CONFLICT when a format of this volume began here before.
MUST_USE struct err *volume_format_begin(const char *work_dir, struct uuid volume, uint64_t epoch);

#endif
