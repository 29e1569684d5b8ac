// SPDX-License-Identifier: Apache-2.0
// Loop devices. The kernel attaches one file twice without a word, so every device is asked what it holds before.
#include "sys/loopdev.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

enum { ATTACH_TRIES = 64, WAIT_STEP_MS = 5 };

static void sleep_ms(int64_t ms) {
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

const char *loopdev_path(const struct loopdev *d, char ret_path[LOOPDEV_PATH]) {
    snprintf(ret_path, LOOPDEV_PATH, "/dev/loop%d", d->number);
    return ret_path;
}

struct err *loopdev_check(void) {
    AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control >= 0) return NULL;
    int number = errno;
    return err_new(ERR_UNSUPPORTED, "loop devices cannot be made here: open /dev/loop-control: %s", strerror(number));
}

// Does /dev/loop<number> hold the file? A device that is not set up answers ENXIO.
static struct err *loop_holds(int number, const struct stat *file, bool *ret_holds) {
    char path[LOOPDEV_PATH];
    struct loopdev named = {.number = number};
    *ret_holds = false;
    AUTO_FD int fd = open(loopdev_path(&named, path), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) return NULL;
    if (fd < 0) return err_errno(errno, "open %s to see what it holds", path);
    struct loop_info64 info = {0};
    if (ioctl(fd, LOOP_GET_STATUS64, &info)) {
        if (errno == ENXIO) return NULL;
        return err_errno(errno, "ask %s what it holds", path);
    }
    *ret_holds = info.lo_device == file->st_dev && info.lo_inode == file->st_ino;
    return NULL;
}

// Those that are set up have a directory "loop" in sysfs; only they are opened.
static struct err *loop_asked(int number, const struct stat *file, bool *ret_holds) {
    AUTO_FREE char *used = mem_format("/sys/block/loop%d/loop", number);
    bool set_up;
    TRY(file_look(used, &set_up));
    return set_up ? loop_holds(number, file, ret_holds) : NULL;
}

// All devices are in sysfs.
struct err *loopdev_holder(const char *image, int *ret_number) {
    struct stat file;
    *ret_number = -1;
    if (stat(image, &file)) return err_errno(errno, "image %s", image);
    DIR *dir = opendir("/sys/block");
    if (!dir) return err_errno(errno, "list the loop devices in /sys/block");
    struct err *failed = NULL;
    for (struct dirent *e; errno = 0, !failed && *ret_number < 0 && (e = readdir(dir));) {
        uint64_t number = 0;
        if (!text_starts(e->d_name, "loop") || !text_to_u64(e->d_name + 4, &number)) continue;
        bool holds = false;
        failed = loop_asked((int)number, &file, &holds);
        if (holds) *ret_number = (int)number;
    }
    if (errno) failed = err_errno(errno, "list the loop devices in /sys/block");
    closedir(dir);
    return failed;
}

// Without udev the node may be missing: it is made where devtmpfs or we put it.
static int loop_open(int number, bool read_only) {
    char path[LOOPDEV_PATH];
    struct loopdev named = {.number = number};
    int fd = -1;
    for (int i = 0; fd < 0 && i < 50; i++) {
        fd = open(loopdev_path(&named, path), (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT) return -1;
        if (fd < 0) sleep_ms(2);
    }
    return fd;
}

static int loop_configure(int fd, int file, bool read_only, bool direct) {
    struct loop_config config = {.fd = (unsigned)file};
    config.info.lo_flags =
        LO_FLAGS_AUTOCLEAR | (read_only ? LO_FLAGS_READ_ONLY : 0u) | (direct ? LO_FLAGS_DIRECT_IO : 0u);
    return ioctl(fd, LOOP_CONFIGURE, &config);
}

// One free device, configured; false with errno when it was lost to another user, or for good.
static bool loop_try(int control, int file, bool read_only, struct loopdev *d) {
    d->number = ioctl(control, LOOP_CTL_GET_FREE);
    if (d->number < 0) return false;
    d->fd = loop_open(d->number, read_only);
    if (d->fd < 0) return false;
    if (!loop_configure(d->fd, file, read_only, true)) return true;
    if (errno == EINVAL && !loop_configure(d->fd, file, read_only, false)) return true;
    int number = errno;
    close(d->fd);
    d->fd = -1;
    errno = number;
    return false;
}

struct err *loopdev_attach(const char *image, bool read_only, struct loopdev *ret_device) {
    TRY(loopdev_check());
    int holder = -1;
    TRY(loopdev_holder(image, &holder));
    if (holder >= 0) return err_new(ERR_CONFLICT, "image %s is held by /dev/loop%d already", image, holder);
    AUTO_FD int file = open(image, (read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) return err_errno(errno, "open image %s", image);
    AUTO_FD int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    if (control < 0) return err_errno(errno, "open /dev/loop-control");
    struct loopdev d = {.fd = -1, .read_only = read_only};
    bool done = false;
    for (int i = 0; !done && i < ATTACH_TRIES; i++) {
        done = loop_try(control, file, read_only, &d);
        if (!done && errno != EBUSY) break;
        if (!done) sleep_ms(1 + i % 8);
    }
    if (!done) {
        if (errno == EBUSY)
            return err_new(ERR_UNAVAILABLE, "image %s: no free loop device in %d tries", image, ATTACH_TRIES);
        return err_errno(errno, "image %s: set up a loop device", image);
    }
    struct loop_info64 info = {0};
    if (!ioctl(d.fd, LOOP_GET_STATUS64, &info)) d.direct_io = info.lo_flags & LO_FLAGS_DIRECT_IO;
    *ret_device = d;
    return NULL;
}

void loopdev_close(struct loopdev *d) {
    if (d->fd >= 0) close(d->fd);
    d->fd = -1;
}

struct err *loopdev_resize(const struct loopdev *d) {
    if (ioctl(d->fd, LOOP_SET_CAPACITY, 0))
        return err_errno(errno, "/dev/loop%d: take on its file's new size", d->number);
    return NULL;
}

struct err *loopdev_wait_gone(const char *image, int64_t ms) {
    for (int64_t waited = 0;; waited += WAIT_STEP_MS) {
        int holder = -1;
        TRY(loopdev_holder(image, &holder));
        if (holder < 0) return NULL;
        if (waited >= ms)
            return err_new(ERR_TIMEOUT, "/dev/loop%d still holds %s after %lld ms", holder, image, (long long)ms);
        sleep_ms(WAIT_STEP_MS);
    }
}
