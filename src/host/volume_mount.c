// SPDX-License-Identifier: Apache-2.0
// Three shapes of volume: a filesystem on a block device, a raw device handed on as a node, a directory bound as it is.
#include "host/volume_mount.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/abilities.h"
#include "host/blank.h"
#include "host/deadlines.h"
#include "host/plan.h"
#include "sys/file.h"
#include "sys/process.h"

static bool is_raw(const struct volume_mount *m) {
    return text_equal(m->fs, "raw");
}

struct err *volume_mount_init(struct volume_mount *m, const struct sheet *spec, const char *target) {
    *m = (struct volume_mount){.fs = sheet_text(spec, "fs"), .target = target};
    if (!uuid_parse(sheet_text(spec, "fs_uuid"), &m->uuid)) m->uuid = (struct uuid){0};
    m->uid = (uint32_t)sheet_u64(spec, "owner_uid");
    m->gid = (uint32_t)sheet_u64(spec, "owner_gid");
    m->mode = (uint32_t)sheet_u64(spec, "mode");
    if (!m->mode) m->mode = 0755;
    m->read_only = sheet_flag(spec, "read_only");
    m->discard = sheet_flag(spec, "discard");
    return directory_make(target, 0700);
}

static struct plan_fs plan_of(const struct volume_mount *m) {
    return (struct plan_fs){.fs = m->fs,
                            .uuid = m->uuid,
                            .owner_uid = m->uid,
                            .owner_gid = m->gid,
                            .discard = m->discard,
                            .read_only = m->read_only};
}

static struct err *directory_empty_check(const struct device *d) {
    DIR *dir = opendir(d->path);
    if (!dir) return err_errno(errno, "list %s", d->path);
    struct err *failed = NULL;
    for (struct dirent *e; !failed && (e = readdir(dir));) {
        if (text_equal(e->d_name, ".") || text_equal(e->d_name, "..")) continue;
        failed = err_new(ERR_CONFLICT, "%s is to be a new volume but holds '%s'", d->path, e->d_name);
    }
    closedir(dir);
    return failed;
}

struct err *volume_mount_blank(struct volume_mount *m, const struct device *d, bool zero_first) {
    if (m->read_only) return err_new(ERR_INVALID, "a new volume cannot be formatted read-only");
    if (!d->driver->block) return directory_empty_check(d);
    if (is_raw(m)) return err_new(ERR_INVALID, "a raw volume is not formatted here: its owner does that");
    TRY(plan_size_check(m->fs, d->size));
    return zero_first ? NULL : err_wrap(blank_check(d->fd, d->size), "format %s", d->path);
}

struct err *volume_mount_format(struct volume_mount *m, const struct device *d, bool zero_first) {
    if (!d->driver->block) return NULL;
    if (uuid_is_zero(m->uuid)) {
        unsigned char entropy[16];
        entropy_fill(entropy, sizeof entropy);
        m->uuid = uuid_from_entropy(entropy);
    }
    if (zero_first) {
        TRY(err_wrap(blank_make(d->fd, d->size), "zero %s", d->path));
        TRY(err_wrap(blank_check(d->fd, d->size), "format %s", d->path));
    }
    struct plan_fs request = plan_of(m);
    struct plan_command command;
    plan_mkfs(&request, &command);
    TRY(err_wrap(process_run(command.argv, d->fd, MKFS_MS, NULL, NULL), "format %s", d->path));
    return volume_mount_verify(m, d); // what we just made is what we find
}

// The exit code tells a repaired filesystem from a broken one.
static struct err *filesystem_check(const struct volume_mount *m, const struct device *d) {
    struct plan_fs request = plan_of(m);
    struct plan_command command;
    int good = 0, code = -1;
    plan_check(&request, &command, &good);
    if (!command.count) return NULL;
    struct err *failed = process_run(command.argv, d->fd, FS_CHECK_MS, NULL, &code);
    if (!failed || code < 0 || code > good) return err_wrap(failed, "check %s before mounting", d->path);
    err_free(failed);
    return NULL;
}

struct err *volume_mount_verify(struct volume_mount *m, const struct device *d) {
    if (!d->driver->block || is_raw(m)) return NULL;
    char type[FS_NAME], want[UUID_TEXT], have[UUID_TEXT];
    struct uuid found;
    TRY(err_wrap(fs_identify(d->fd, type, &found), "%s", d->path));
    if (!*type) return err_new(ERR_CONFLICT, "%s holds no filesystem, %s was expected", d->path, m->fs);
    if (!text_equal(type, m->fs)) return err_new(ERR_CONFLICT, "%s holds %s, not %s", d->path, type, m->fs);
    uuid_text(m->uuid, want);
    uuid_text(found, have);
    if (!uuid_is_zero(m->uuid) && !uuid_equal(m->uuid, found))
        return err_new(ERR_CONFLICT, "%s holds filesystem %s, not %s: is it another volume?", d->path, have, want);
    m->uuid = found;
    return filesystem_check(m, d);
}

static struct err *filesystem_mount(const struct volume_mount *m, const struct device *d) {
    struct plan_fs request = plan_of(m);
    struct plan_mount plan;
    plan_mount(&request, &plan);
    if (mount(d->path, m->target, plan.fs, plan.flags, plan.data))
        return err_errno(errno, "mount %s (%s)", d->path, m->fs);
    // It must be the device that we hold, not one that took its name. btrfs gives mounts device numbers of their own.
    struct stat device, root;
    if (fstat(d->fd, &device) || stat(m->target, &root)) return err_errno(errno, "look at the mounted %s", d->path);
    if (device.st_rdev == root.st_dev || text_equal(m->fs, "btrfs")) return NULL;
    return err_new(ERR_CONFLICT, "mounting %s gave device %u:%u", d->path, major(root.st_dev), minor(root.st_dev));
}

static struct err *directory_mount(const struct volume_mount *m, const struct device *d) {
    AUTO_FD int tree = open_tree(d->fd, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    if (tree < 0) return err_errno(errno, "clone directory %s", d->path);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                          (m->read_only ? (uint64_t)MOUNT_ATTR_RDONLY : 0)};
    if (mount_setattr(tree, "", AT_EMPTY_PATH, &attr, sizeof attr))
        return err_errno(errno, "set flags of directory %s", d->path);
    if (move_mount(tree, "", AT_FDCWD, m->target, MOVE_MOUNT_F_EMPTY_PATH))
        return err_errno(errno, "bind directory %s", d->path);
    return NULL;
}

// A small filesystem of its own for the node: nothing is made in the host's /dev.
static struct err *raw_mount(const struct volume_mount *m, const struct device *d) {
    if (mount("granary", m->target, "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=0700"))
        return err_errno(errno, "make a place for the node of %s", d->path);
    struct stat s;
    AUTO_FREE char *node = mem_format("%s/device", m->target);
    if (fstat(d->fd, &s) || mknod(node, S_IFBLK | 0600, s.st_rdev))
        return err_errno(errno, "make a node of %s", d->path);
    if (chown(node, m->uid, m->gid) || chmod(node, m->mode & 0666))
        return err_errno(errno, "set the owner of %s's node", d->path);
    return NULL;
}

struct err *volume_mount_make(struct volume_mount *m, const struct device *d) {
    struct err *failed = !d->driver->block ? directory_mount(m, d)
                         : is_raw(m)       ? raw_mount(m, d)
                                           : filesystem_mount(m, d);
    struct statx at; // a mount that failed half-way is undone like a whole one
    m->mounted = !statx(AT_FDCWD, m->target, AT_SYMLINK_NOFOLLOW, 0, &at) && at.stx_attributes & STATX_ATTR_MOUNT_ROOT;
    return failed;
}

struct err *volume_mount_own(const struct volume_mount *m) {
    if (is_raw(m)) return NULL;
    // In a user namespace only our own id exists: the directory is ours already.
    if (geteuid() == 0 && chown(m->target, m->uid, m->gid))
        return err_errno(errno, "set the owner of the volume's root");
    if (chmod(m->target, m->mode)) return err_errno(errno, "set the mode of the volume's root");
    AUTO_FD int fd = open(m->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd)) return err_errno(errno, "flush the new volume");
    return NULL;
}

struct err *volume_mount_grow(const struct volume_mount *m, const struct device *d) {
    if (!d->driver->block || is_raw(m)) return NULL;
    if (m->read_only) return err_new(ERR_CONFLICT, "%s is mounted read-only: its filesystem cannot grow", d->path);
    struct plan_command command;
    plan_grow(m->fs, d->path, m->target, &command);
    return err_wrap(process_run(command.argv, 0, FS_GROW_MS, NULL, NULL), "grow the filesystem on %s", d->path);
}

bool volume_mount_grows_online(const struct volume_mount *m, const struct device *d) {
    return !d->driver->block || !text_equal(m->fs, "ext4") || abilities_ext4_grows_mounted();
}

static struct err *unmounted_grow(const struct volume_mount *m, const struct device *d) {
    struct plan_command command;
    for (unsigned step = 0; plan_grow_unmounted(m->fs, step, &command); step++) {
        int code = -1;
        struct err *failed = process_run(command.argv, d->fd, FS_GROW_MS, NULL, &code);
        bool repaired = step == 0 && code == 1; // e2fsck corrected something: as good as 0
        if (failed && !repaired) return failed;
        err_free(failed);
    }
    return NULL;
}

struct err *volume_mount_regrow(struct volume_mount *m, const struct device *d) {
    TRY(volume_mount_undo(m));
    struct err *failed = err_wrap(unmounted_grow(m, d), "grow the filesystem on %s", d->path);
    struct err *again = volume_mount_make(m, d);
    if (!failed) return again;
    if (!again) return failed;
    failed = err_wrap(failed, "(and it could not be mounted again: %s)", err_text(again));
    err_free(again);
    return failed;
}

struct err *volume_mount_clone(const struct volume_mount *m, int *ret_fd) {
    if (!m->mounted) return err_new(ERR_CONFLICT, "the volume is not mounted any more");
    AUTO_FREE char *from = mem_format("%s%s", m->target, is_raw(m) ? "/device" : "");
    int fd = open_tree(AT_FDCWD, from, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (fd < 0) return err_errno(errno, "clone the mount %s", from);
    *ret_fd = fd;
    return NULL;
}

struct err *volume_mount_undo(struct volume_mount *m) {
    if (!m->mounted) return NULL;
    if (umount2(m->target, UMOUNT_NOFOLLOW)) return err_errno(errno, "unmount %s", m->target);
    m->mounted = false;
    return NULL;
}
