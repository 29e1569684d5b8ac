// SPDX-License-Identifier: Apache-2.0
// Image files behind loop devices. One image, one device: scan and set-up happen under the image's lock.
#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/device_kinds.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/keeper_registry.h"

enum { LOCK_MS = 10000 };

static struct err *size_read(struct device *d) {
    if (ioctl(d->fd, BLKGETSIZE64, &d->size)) return err_errno(errno, "read the size of %s", d->path);
    return NULL;
}

static struct err *loop_attach(struct device *d) {
    TRY(image_identity_check(d->request.path, d->request.volume, d->request.cluster));
    AUTO_FD int lock = -1;
    TRY(image_lock(d->request.path, LOCK_MS, &lock));
    TRY(loopdev_attach(d->request.path, d->request.read_only, &d->loop));
    char path[LOOPDEV_PATH];
    d->path = mem_text(loopdev_path(&d->loop, path));
    d->fd = d->loop.fd;
    d->direct_io = d->loop.direct_io;
    return size_read(d);
}

static struct err *loop_identity(const struct device *d) {
    int holder = -1;
    TRY(loopdev_holder(d->request.path, &holder));
    if (holder != d->loop.number)
        return err_new(ERR_CONFLICT, "%s does not hold image %s any more", d->path, d->request.path);
    return image_identity_check(d->request.path, d->request.volume, d->request.cluster);
}

static struct err *loop_resize(struct device *d, uint64_t size) {
    (void)size; // the file's size is the storage side's; the device takes it on
    TRY(loopdev_resize(&d->loop));
    return size_read(d);
}

static struct err *loop_detach(struct device *d, int64_t ms) {
    loopdev_close(&d->loop);
    d->fd = -1;
    return loopdev_wait_gone(d->request.path, ms);
}

const struct host_device_driver device_loop = {
    .name = "loop",
    .block = true,
    .local = true,
    .attach = loop_attach,
    .identity = loop_identity,
    .resize = loop_resize,
    .detach = loop_detach,
};
