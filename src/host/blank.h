// SPDX-License-Identifier: Apache-2.0
// Is a device blank, and what filesystem does it hold. A probe may only veto a format; only the ledger allows one.
#ifndef HOST_BLANK_H
#define HOST_BLANK_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

// NULL only when the whole of these could be read and is zero, and libblkid finds nothing: the first and the last MiB,
// the places of known superblocks, and samples in between. `fd` is of the block device, which nobody else may have
// mounted.
MUST_USE struct err *blank_check(int fd, uint64_t size);
// Overwrites the whole device with zeros, letting the storage do it where it can.
MUST_USE struct err *blank_make(int fd, uint64_t size);

enum { FS_NAME = 16 };
// The filesystem on the device: type ("" when there is none) and UUID.
MUST_USE struct err *fs_identify(int fd, char ret_type[FS_NAME], struct uuid *ret_uuid);

#endif
