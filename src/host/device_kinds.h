// SPDX-License-Identifier: Apache-2.0
// The rows of the device table, one file each.
#ifndef HOST_DEVICE_KINDS_H
#define HOST_DEVICE_KINDS_H

#include "host/device.h"

extern const struct host_device_driver device_loop;      // an image file behind a loop device
extern const struct host_device_driver device_directory; // a directory, bound as it is: no size limit
extern const struct host_device_driver device_block;     // a block device that is there already

// Waits until nobody on this host has the block device for a filesystem, or otherwise for itself, or until it is gone.
// ERR_CONFLICT when that did not come within `ms`.
MUST_USE struct err *block_wait_free(const char *path, int64_t ms);

#endif
