// SPDX-License-Identifier: Apache-2.0
// What the files of the driver 'file' share: its pools and where a volume lies in them. Nobody else includes this.
#ifndef DRIVER_FILE_H
#define DRIVER_FILE_H

#include <sys/types.h>

#include "driver/drivers.h"

enum { FILE_GRAIN = 1 << 20 }; // sizes are multiples of this

struct file_pool {
    char *instance, *name;
    char *directory; // absolute, without links
    char *store;     // names the filesystem
    dev_t device;
    bool image;  // else volumes are directories
    bool sparse; // factor below 1: space is not allocated at creation
    uint32_t numerator, denominator;
    struct bytes capacity, headroom;
};

struct file_driver {
    struct file_pool *pools;
    size_t pool_count;
};

// ERR_UNAVAILABLE while the pool's directory is not on the filesystem on which it was opened, as then nothing in it tells
// anything about its volumes.
MUST_USE struct err *file_pool_reach(const struct file_pool *p);
// The pool, or ERR_NOT_FOUND; else as file_pool_reach.
MUST_USE struct err *file_pool_find(const struct file_driver *f, const struct driver_volume *volume,
                                    const struct file_pool **ret_pool);
// "<directory>/<name>.img", or ".dir".
char *file_pool_path(const struct file_pool *p, const char *name, struct arena *arena);
// The volume's path: as its handle says, if that is a path in this pool's directory, else by its name.
const char *file_volume_path(const struct file_pool *p, const struct driver_volume *v, struct arena *arena);
// Is the identity at `path` this volume's? As image_identity_check.
MUST_USE struct err *file_identity_check(const char *path, const struct driver_volume *v);
// Does the volume's directory or image exist, or anything else that says that it was here: its identity, keepers, floor?
MUST_USE struct err *file_volume_look(const char *path, bool *ret_there, bool *ret_remains);
// ERR_CONFLICT when volumes of the other kind lie in the directory of the pool: as this kind it would not show them.
MUST_USE struct err *file_kind_check(const struct file_pool *p);
// What the agent finds the volume by: {"device":"loop","path":path,"sparse":true}, or with "directory". NULL when the
// path is not UTF-8, which open refuses.
char *file_context(const struct file_pool *p, const char *path, struct arena *arena);

struct file_space {
    struct bytes total; // of the pool's store, for us: what is free and what volumes of this driver hold
    struct bytes free;  // physically
};
// Reads the space of the store that `p` is on. Never too high, also while volumes come and go: a volume counts only if
// it was there before and after free space was read. `cluster` NULL: volumes of any cluster are ours.
MUST_USE struct err *file_pool_space(const struct file_driver *f, const struct file_pool *p, const char *cluster,
                                     struct file_space *ret_space);
// What a volume of that size takes of the pool's capacity, and what the volumes of that cluster leave of it; without a
// capacity, UINT64_MAX.
uint64_t file_pool_charge(const struct file_pool *p, struct bytes size);
MUST_USE struct err *file_pool_left(const struct file_pool *p, const char *cluster, struct bytes *ret_left);
// The size of the volume at `path`; ERR_NOT_FOUND when it certainly does not exist.
MUST_USE struct err *file_volume_size(const struct file_pool *p, const char *path, struct bytes *ret_size);
// Directories have no size of their own: it is written beside them.
MUST_USE struct err *file_size_write(const char *path, struct bytes size);

struct err *file_list(void *self, const struct driver_call *call, const char *token, size_t most,
                      struct driver_objects *ret_objects);

struct err *file_create(void *self, const struct driver_call *call, const struct driver_create *create,
                        struct driver_created *ret_created);
struct err *file_remove(void *self, const struct driver_call *call, const struct driver_volume *volume, bool wipe);
struct err *file_grow(void *self, const struct driver_call *call, const struct driver_volume *volume, struct bytes size,
                      struct bytes *ret_size);

struct err *file_attach(void *self, const struct driver_call *call, const struct driver_attach *attach,
                        const char **ret_context);
struct err *file_detach(void *self, const struct driver_call *call, const struct driver_attach *attach);
struct err *file_fence(void *self, const struct driver_call *call, const struct driver_attach *attach,
                       const char **ret_proof);

#endif
