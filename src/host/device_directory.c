// SPDX-License-Identifier: Apache-2.0
// Directories as volumes: what is left where nobody may mount a filesystem. Their size is not enforced.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/device_kinds.h"
#include "sys/image_identity.h"

static struct err *directory_attach(struct device *d) {
    d->path = mem_text(d->request.path);
    d->fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return d->fd < 0 ? err_errno(errno, "open directory %s", d->path) : NULL;
}

// The same directory under the same name, and the volume that was asked for.
static struct err *directory_identity(const struct device *d) {
    struct stat held, named;
    if (fstat(d->fd, &held) || lstat(d->path, &named)) return err_errno(errno, "look at %s", d->path);
    if (held.st_dev != named.st_dev || held.st_ino != named.st_ino)
        return err_new(ERR_CONFLICT, "%s is another directory than it was", d->path);
    return image_identity_check(d->request.path, d->request.volume, d->request.cluster);
}

static struct err *directory_detach(struct device *d, int64_t ms) {
    (void)ms;
    if (d->fd >= 0) close(d->fd);
    d->fd = -1;
    return NULL;
}

const struct host_device_driver device_directory = {
    .name = "directory",
    .local = true,
    .attach = directory_attach,
    .identity = directory_identity,
    .detach = directory_detach,
};
