// SPDX-License-Identifier: Apache-2.0
// How a volume becomes a device on this host: a small table, listed by hand. Runs inside a keeper, so it may block.
#ifndef HOST_DEVICE_H
#define HOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "sys/loopdev.h"

struct device_request {
    const char *path, *serial, *cluster; // borrowed
    struct uuid volume;
    uint64_t size; // expected, 0: any
    bool read_only;
};

struct device {
    const struct host_device_driver *driver;
    struct device_request request;
    int fd;        // of the block device, or of the directory; -1: none
    char *path;    // "/dev/loop3", or the directory; owned
    uint64_t size; // bytes; 0 for directories
    bool direct_io;
    struct loopdev loop; // of `loop`
};

struct host_device_driver {
    const char *name;
    bool block; // gives a block device: it is formatted and mounted; else a directory that is bound
    bool local; // keepers register beside the path: a fence can find them
    struct err *(*attach)(struct device *d);                // sets fd, path and size
    struct err *(*identity)(const struct device *d);        // is it still the volume that was asked for, and its size
    struct err *(*resize)(struct device *d, uint64_t size); // NULL: cannot grow while attached
    struct err *(*detach)(struct device *d, int64_t ms);    // closes, and waits until the device is gone
};

const struct host_device_driver *device_driver_find(const char *name); // NULL when there is none
const char *device_driver_names(void);                                 // "loop, directory, block"

// The guarded door: each checks, calls and adds context. Borrows what the request points to for the device's life.
MUST_USE struct err *device_attach(const char *driver, const struct device_request *request, struct device *ret_device);
MUST_USE struct err *device_identity(const struct device *d);
MUST_USE struct err *device_resize(struct device *d, uint64_t size);
MUST_USE struct err *device_detach(struct device *d, int64_t ms);

// The agent's half of an attach: the context a storage driver returned is a JSON object with "device" (a name of the
// table), "path" (or "image" for an image file), and optionally "serial" (text) and "sparse" (true: pass deletions
// down). The texts are given: end with free().
struct device_context {
    char *device, *path, *serial;
    bool sparse;
};
MUST_USE struct err *device_context_parse(const char *json, struct device_context *ret_context);
void device_context_done(struct device_context *c); // accepts zeroed

#endif
