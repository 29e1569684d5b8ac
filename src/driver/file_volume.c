// SPDX-License-Identifier: Apache-2.0
// Makes, grows and deletes volumes of the driver 'file'. A volume gets its name only when it is whole, its identity
// lies beside it before that, and what was begun and not finished is begun anew.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "driver/file.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"

enum { LOCK_WAIT_MS = 5000 };

// ENOSPC and its kin in our words: everything else keeps the system's.
static struct err *space_err(int number, const struct file_driver *f, const struct file_pool *p, struct bytes asked,
                             const char *path) {
    struct file_space space;
    char want[QUANTITY_TEXT], have[QUANTITY_TEXT];
    if (number != ENOSPC && number != EDQUOT && number != EFBIG) return err_errno(number, "allocate '%s'", path);
    AUTO_ERR struct err *e = file_pool_space(f, p, NULL, &space);
    if (e) space.free.n = 0;
    return err_new(ERR_FULL, "no room for %s in directory '%s': its filesystem has %s free. Nothing was kept of it",
                   bytes_text(asked, want), p->directory, bytes_text(space.free, have));
}

// ---- allocation ----

// Gives an open image its size: for real, or as a hole.
static struct err *image_extend(int fd, uint64_t from, uint64_t to, const struct file_driver *f,
                                const struct file_pool *p, const char *path) {
    if (p->sparse) return ftruncate(fd, (off_t)to) ? space_err(errno, f, p, (struct bytes){to - from}, path) : NULL;
    int failed;
    while ((failed = fallocate(fd, 0, (off_t)from, (off_t)(to - from))) != 0 && errno == EINTR) {
    }
    if (!failed) return NULL;
    if ((errno == EOPNOTSUPP || errno == ENOSYS) && file_zero(fd, from, to)) return NULL;
    return space_err(errno, f, p, (struct bytes){to - from}, path);
}

static struct err *sync_and_name(int fd, const char *unnamed, const char *path, const struct file_pool *p) {
    if (fsync(fd)) return err_errno(errno, "sync '%s'", unnamed);
    if (rename(unnamed, path)) return err_errno(errno, "rename '%s' to '%s'", unnamed, path);
    return directory_sync(p->directory);
}

static struct err *image_make(const struct file_driver *f, const struct file_pool *p, const char *path, uint64_t size) {
    AUTO_FREE char *unnamed = mem_format("%s.new", path);
    AUTO_FD int fd = open(unnamed, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_errno(errno, "make '%s'", unnamed);
    struct err *e = image_extend(fd, 0, size, f, p, path);
    if (!e) e = sync_and_name(fd, unnamed, path, p);
    if (e) (void)unlink(unnamed); // the first error is the one to tell
    return e;
}

static struct err *directory_volume_make(const struct file_pool *p, const char *path, uint64_t size) {
    TRY(file_size_write(path, (struct bytes){size}));
    if (mkdir(path, 0700) && errno != EEXIST) return err_errno(errno, "make directory '%s'", path);
    return directory_sync(p->directory);
}

// ---- create ----

// What the capacity in the configuration leaves. What is there physically, allocation itself will say.
static struct err *capacity_check(const struct file_pool *p, const char *cluster, uint64_t more) {
    struct bytes left, charge = {file_pool_charge(p, (struct bytes){more})};
    char want[QUANTITY_TEXT], have[QUANTITY_TEXT];
    TRY(file_pool_left(p, cluster, &left));
    if (charge.n <= left.n) return NULL;
    return err_new(ERR_FULL, "no room for %s: directory '%s' has %s left of the configured capacity",
                   bytes_text(charge, want), p->directory, bytes_text(left, have));
}

static void remains_remove(const char *path) {
    static const char *const suffixes[] = {".id", ".size", ".new", ".lock"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        AUTO_FREE char *beside = mem_format("%s%s", path, suffixes[i]);
        (void)unlink(beside); // missing is fine; what stays is listed as a volume without an image
    }
}

// Under the lock, with no volume of that name there.
static struct err *volume_make(const struct file_driver *f, const struct file_pool *p, const char *path,
                               const struct driver_create *create, uint64_t size) {
    const struct driver_volume *v = &create->volume;
    struct uuid uuid;
    must(uuid_parse(v->uuid, &uuid)); // the door checked it
    struct err *e = capacity_check(p, v->cluster, size);
    if (!e) e = image_identity_write(path, uuid, v->cluster, v->label);
    if (!e) e = p->image ? image_make(f, p, path, size) : directory_volume_make(p, path, size);
    if (e) remains_remove(path);
    return e;
}

static struct err *volume_claim(const struct file_driver *f, const struct file_pool *p, const char *path,
                                const struct driver_create *create, struct bytes *ret_size) {
    AUTO_FREE char *identity = mem_format("%s.id", path);
    struct bytes size;
    bool named, there;
    if (!bytes_round_up(create->size, (struct bytes){FILE_GRAIN}, &size))
        return err_new(ERR_INVALID, "its size is too large");
    TRY(file_look(identity, &named));
    TRY(file_look(path, &there));
    if (named) TRY(file_identity_check(path, &create->volume));
    if (there && !named) return err_new(ERR_CONFLICT, "'%s' exists and has no identity: somebody else made it", path);
    if (there) {
        TRY(file_volume_size(p, path, ret_size));
    } else {
        TRY(volume_make(f, p, path, create, size.n));
        *ret_size = size;
    }
    if (ret_size->n < create->size.n) return err_new(ERR_CONFLICT, "'%s' exists already, and is smaller", path);
    return NULL;
}

struct err *file_create(void *self, const struct driver_call *call, const struct driver_create *create,
                        struct driver_created *ret_created) {
    const struct file_driver *f = self;
    const struct file_pool *p;
    struct bytes size = {0};
    TRY(file_pool_find(f, &create->volume, &p));
    if (create->source) return err_new(ERR_UNSUPPORTED, "the driver 'file' cannot clone");
    if (create->many_hosts) return err_new(ERR_UNSUPPORTED, "an image has one writer");
    const char *path = file_volume_path(p, &create->volume, call->arena);
    AUTO_FD int lock = -1;
    TRY(image_lock(path, LOCK_WAIT_MS, &lock));
    TRY(volume_claim(f, p, path, create, &size));
    *ret_created =
        (struct driver_created){arena_text(call->arena, path), file_context(p, path, call->arena), size, true};
    return NULL;
}

// ---- delete ----

static struct err *keepers_check(const char *path) {
    struct keeper_records records = {0};
    struct err *e = keeper_list(path, &records);
    if (!e && records.count)
        e = err_new(ERR_CONFLICT, "%s of agent '%s' (process %d) still holds it", records.at[0].what,
                    records.at[0].agent, (int)records.at[0].pid);
    vec_done(&records);
    return e;
}

// Under the lock no keeper can set up a loop device, so an image that none holds now is held by none until it is gone.
static struct err *image_unlink(const struct file_pool *p, const char *path, bool wipe) {
    AUTO_FD int lock = -1;
    int holder = -1;
    bool there;
    struct bytes size;
    TRY(image_lock(path, LOCK_WAIT_MS, &lock));
    TRY(file_look(path, &there));
    if (!there) return NULL;
    TRY(file_volume_size(p, path, &size)); // of a file, and nothing else of that name
    TRY(loopdev_holder(path, &holder));
    if (holder >= 0) return err_new(ERR_CONFLICT, "/dev/loop%d still holds '%s'", holder, path);
    TRY(wipe ? tree_wipe(path) : tree_remove(path));
    return directory_sync(p->directory);
}

// A directory is mounted by name: renamed first, it can get no new holder while we look for old ones.
static struct err *directory_unlink(const struct file_pool *p, const char *path, bool wipe) {
    AUTO_FREE char *gone = mem_format("%s.gone", path);
    if (rename(path, gone) && errno != ENOENT) return err_errno(errno, "rename '%s'", path);
    struct err *e = keepers_check(path);
    if (e) {
        (void)rename(gone, path); // the keeper's error is the one to tell; the next call finds it under either name
        return e;
    }
    TRY(wipe ? tree_wipe(gone) : tree_remove(gone));
    return directory_sync(p->directory);
}

struct err *file_remove(void *self, const struct driver_call *call, const struct driver_volume *volume, bool wipe) {
    const struct file_driver *f = self;
    const struct file_pool *p;
    TRY(file_pool_find(f, volume, &p));
    const char *path = file_volume_path(p, volume, call->arena);
    AUTO_FREE char *identity = mem_format("%s.id", path);
    bool named, there;
    TRY(file_look(identity, &named));
    TRY(file_look(path, &there));
    if (!named && !there) return keeper_registry_remove(path);
    TRY(file_identity_check(path, volume));
    TRY(keepers_check(path));
    TRY(p->image ? image_unlink(p, path, wipe) : directory_unlink(p, path, wipe));
    TRY(keeper_registry_remove(path));
    remains_remove(path); // last: as long as the identity is there, the volume is listed
    return directory_sync(p->directory);
}

// ---- grow ----

static struct err *image_grow(const struct file_driver *f, const struct file_pool *p, const char *path, uint64_t from,
                              uint64_t to) {
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return err_errno(errno, "open '%s'", path);
    struct err *e = image_extend(fd, from, to, f, p, path);
    struct stat s;
    if (e && !fstat(fd, &s) && (uint64_t)s.st_size > from &&
        ftruncate(fd, (off_t)from)) { // back to the size that was valid
        err_free(e);
        return err_errno(errno, "give back what growing '%s' took", path);
    }
    if (e) return e;
    return fsync(fd) ? err_errno(errno, "sync '%s'", path) : NULL;
}

struct err *file_grow(void *self, const struct driver_call *call, const struct driver_volume *volume, struct bytes size,
                      struct bytes *ret_size) {
    const struct file_driver *f = self;
    const struct file_pool *p;
    struct bytes to, from;
    TRY(file_pool_find(f, volume, &p));
    const char *path = file_volume_path(p, volume, call->arena);
    if (!bytes_round_up(size, (struct bytes){FILE_GRAIN}, &to))
        return err_new(ERR_INVALID, "the new size is too large");
    AUTO_FD int lock = -1;
    TRY(file_volume_size(p, path, &from));
    TRY(image_lock(path, LOCK_WAIT_MS, &lock));
    TRY(file_identity_check(path, volume));
    TRY(file_volume_size(p, path, &from));
    if (from.n < to.n) {
        TRY(capacity_check(p, volume->cluster, to.n - from.n));
        TRY(p->image ? image_grow(f, p, path, from.n, to.n) : file_size_write(path, to));
        from = to;
    }
    *ret_size = from;
    return NULL;
}
