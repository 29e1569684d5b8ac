// SPDX-License-Identifier: Apache-2.0
// Loop devices by what they hold: finds who holds a file, attaches a file that nobody holds. Compares (dev, inode),
// never names. The caller holds the image's lock (keeper_registry.h) around loopdev_attach.
#ifndef SYS_LOOPDEV_H
#define SYS_LOOPDEV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

struct loopdev {
    int fd;     // of the block device; -1: none. Closing it frees the device once nothing else uses it
    int number; // /dev/loop<number>
    bool direct_io, read_only;
};
enum { LOOPDEV_PATH = 24 };

// Sets up a device over the file with autoclear, direct I/O where the file's disk takes it. ERR_CONFLICT when any loop
// device of this host holds the file already; ERR_UNSUPPORTED without loop devices; ERR_UNAVAILABLE when all are taken.
MUST_USE struct err *loopdev_attach(const char *image, bool read_only, struct loopdev *ret_device);
void loopdev_close(struct loopdev *d); // accepts zeroed with fd -1
const char *loopdev_path(const struct loopdev *d, char ret_path[LOOPDEV_PATH]);
// The number of a loop device that holds the file, or -1. ERR_IO when a device could not be asked.
MUST_USE struct err *loopdev_holder(const char *image, int *ret_number);
// The device takes on the size its file has now.
MUST_USE struct err *loopdev_resize(const struct loopdev *d);
// Waits until no loop device holds the file: ERR_TIMEOUT names the device that still does.
MUST_USE struct err *loopdev_wait_gone(const char *image, int64_t ms);
// Nothing when loop devices can be made here, else why not.
MUST_USE struct err *loopdev_check(void);

#endif
