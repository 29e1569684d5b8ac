// SPDX-License-Identifier: Apache-2.0
// Which filesystems a host can make on a device and mount. Starts no process.
#ifndef HOST_FILESYSTEMS_H
#define HOST_FILESYSTEMS_H

#include "base/vec.h"

VEC_TYPE(filesystem_names, char *);

// Those that the kernel mounts from devices and that have a mkfs program, as the kernel lists them. `root` goes before
// every path read ("" for this host).
void filesystems_find(const char *root, struct filesystem_names *ret_names);
void filesystems_done(struct filesystem_names *names);

#endif
