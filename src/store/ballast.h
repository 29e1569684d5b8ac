// SPDX-License-Identifier: Apache-2.0
// A file of real blocks beside the database, given back to the disk when it is full.
#ifndef STORE_BALLAST_H
#define STORE_BALLAST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// Makes `<directory>/ballast` of `size` bytes, synced, whole or not at all; one that is there already is left as it is.
// ERR_FULL when there is no room.
MUST_USE struct err *ballast_make(const char *directory, uint64_t size);
MUST_USE struct err *ballast_drop(const char *directory); // none is fine
bool ballast_there(const char *directory);

#endif
