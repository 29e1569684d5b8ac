// SPDX-License-Identifier: Apache-2.0
// A block device that the storage side already attached to this host, named by a stable path and checked by serial.
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/deadlines.h"
#include "host/device_kinds.h"
#include "sys/file.h"

enum { STEP_MS = 20 };

static void step_sleep(void) {
    nanosleep(&(struct timespec){.tv_nsec = STEP_MS * 1000000L}, NULL);
}

// Stable names may come a while after the attachment at the storage.
static struct err *block_attach(struct device *d) {
    int flags = (d->request.read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    for (int64_t waited = 0; (d->fd = open(d->request.path, flags)) < 0; waited += STEP_MS) {
        if (errno != ENOENT && errno != ENXIO) return err_errno(errno, "open %s", d->request.path);
        if (waited >= DEVICE_APPEAR_MS)
            return err_new(ERR_TIMEOUT, "%s did not appear within %d s", d->request.path, DEVICE_APPEAR_MS / 1000);
        step_sleep();
    }
    struct stat s;
    if (fstat(d->fd, &s)) return err_errno(errno, "look at %s", d->request.path);
    if (!S_ISBLK(s.st_mode)) return err_new(ERR_INVALID, "%s is not a block device", d->request.path);
    if (ioctl(d->fd, BLKGETSIZE64, &d->size)) return err_errno(errno, "read the size of %s", d->request.path);
    char *real = realpath(d->request.path, NULL);
    d->path = real ? real : mem_text(d->request.path);
    return NULL;
}

static struct err *serial_read(const struct stat *s, struct text *ret_serial) {
    static const char *const files[] = {"device/serial", "serial", "device/wwid", "wwid"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *path = mem_format("/sys/dev/block/%u:%u/%s", major(s->st_rdev), minor(s->st_rdev), files[i]);
        if (file_exists(path)) return file_read(path, 4096, ret_serial);
    }
    return err_new(ERR_NOT_FOUND, "sysfs has no serial for this device");
}

static struct err *block_identity(const struct device *d) {
    struct stat held, named;
    if (fstat(d->fd, &held) || stat(d->request.path, &named)) return err_errno(errno, "look at %s", d->request.path);
    if (held.st_rdev != named.st_rdev) return err_new(ERR_CONFLICT, "%s names another device now", d->request.path);
    if (!d->request.serial) return NULL;
    AUTO_TEXT struct text serial = {0};
    TRY(serial_read(&held, &serial));
    char *found = serial.data ? serial.data : (char[1]){0};
    found[strcspn(found, "\n")] = 0;
    while (*found == ' ') found++;
    for (size_t n = strlen(found); n && found[n - 1] == ' '; n--) found[n - 1] = 0;
    if (text_equal(found, d->request.serial)) return NULL;
    return err_new(ERR_CONFLICT, "its serial is '%s', expected was '%s'", found, d->request.serial);
}

static struct err *block_resize(struct device *d, uint64_t size) {
    for (int64_t waited = 0;; waited += STEP_MS) {
        if (ioctl(d->fd, BLKGETSIZE64, &d->size)) return err_errno(errno, "read the size of %s", d->path);
        if (!size || d->size == size || waited >= DEVICE_APPEAR_MS) return NULL;
        step_sleep();
    }
}

struct err *block_wait_free(const char *path, int64_t ms) {
    for (int64_t waited = 0;; waited += STEP_MS) {
        AUTO_FD int taken = open(path, O_RDONLY | O_EXCL | O_CLOEXEC);
        if (taken >= 0 || errno == ENOENT || errno == ENXIO || errno == ENODEV) return NULL;
        if (errno != EBUSY) return err_errno(errno, "open %s exclusively", path);
        if (waited >= ms) return err_new(ERR_CONFLICT, "%s is still in use on this host", path);
        step_sleep();
    }
}

// The storage side takes it away; here it must be let go of: nobody else may have it open for a filesystem.
static struct err *block_detach(struct device *d, int64_t ms) {
    if (d->fd < 0) return NULL;
    AUTO_FREE char *again = mem_format("/proc/self/fd/%d", d->fd);
    if (ms) TRY(block_wait_free(again, ms)); // it stays open, so that the next try looks again
    if (!d->request.read_only) ioctl(d->fd, BLKFLSBUF, 0);
    close(d->fd);
    d->fd = -1;
    return NULL;
}

const struct host_device_driver device_block = {
    .name = "block",
    .block = true,
    .attach = block_attach,
    .identity = block_identity,
    .resize = block_resize,
    .detach = block_detach,
};
