// SPDX-License-Identifier: Apache-2.0
// A small but real driver: a volume is a directory with its owner noted in it. docs/write-a-driver.md walks through it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "granary/driver.h"

// What open gives and every call gets back: the one pool of this driver.
struct example {
    char *instance, *pool, *directory;
    struct bytes capacity;
};

// Whose a volume is stands beside its data in "data.id", where the agent looks too; what has no such file is not ours.
struct owner {
    unsigned long long size;
    char uuid[37], cluster[256];
};

#define owner_format "{\"volume\": \"%36[^\"]\", \"cluster\": \"%255[^\"]\", \"size\": %llu}"

static char *path_of(const struct driver_call *call, const struct example *e, const char *prefix, const char *name,
                     const char *file) {
    return arena_format(call->arena, "%s/%s%s%s", e->directory, prefix, name, file);
}

static bool owner_read(const char *path, struct owner *ret) {
    FILE *f = fopen(path, "r");
    bool good = f && fscanf(f, owner_format, ret->uuid, ret->cluster, &ret->size) == 3;
    if (f) fclose(f);
    return good;
}

static struct err *owner_write(const char *path, const struct owner *o) {
    FILE *f = fopen(path, "w");
    if (!f) return err_errno(errno, "write '%s'", path);
    bool good =
        fprintf(f, "{\"volume\": \"%s\", \"cluster\": \"%s\", \"size\": %llu}\n", o->uuid, o->cluster, o->size) > 0 &&
        !fflush(f) && !fsync(fileno(f));
    return !fclose(f) && good ? NULL : err_errno(errno, "write '%s'", path);
}

static struct err *example_list(void *self, const struct driver_call *call, const char *token, size_t most,
                                struct driver_objects *ret) {
    struct example *e = self;
    struct dirent **names = NULL;
    struct driver_object *objects = arena_zero(call->arena, most, sizeof *objects);
    struct driver_objects page = {.at = objects};
    int n = scandir(e->directory, &names, NULL, alphasort);
    if (n < 0) return err_errno(errno, "list '%s'", e->directory);
    for (int i = 0; i < n; i++) {
        const char *name = arena_text(call->arena, names[i]->d_name);
        free(names[i]);
        if (page.next || name[0] == '.' || (token && strcmp(name, token) <= 0)) continue;
        if (page.count == most) { // there is more: the next page starts after the last one of this
            page.next = objects[most - 1].name;
            continue;
        }
        struct owner o;
        struct driver_object object = {.name = name, .handle = name, .instance = e->instance, .pool = e->pool};
        if (owner_read(path_of(call, e, "", name, "/data.id"), &o)) {
            object.uuid = arena_text(call->arena, o.uuid);
            object.cluster = arena_text(call->arena, o.cluster);
            object.size.n = o.size;
        }
        objects[page.count++] = object;
    }
    free(names);
    *ret = page;
    return NULL;
}

static struct err *room(struct example *e, const struct driver_call *call, struct bytes *ret_free) {
    struct driver_objects all;
    uint64_t taken = 0;
    TRY(example_list(e, call, NULL, 10000, &all));
    for (size_t i = 0; i < all.count; i++) taken += all.at[i].size.n;
    ret_free->n = e->capacity.n > taken ? e->capacity.n - taken : 0;
    return NULL;
}

static struct err *example_inventory(void *self, const struct driver_call *call, struct driver_inventory *ret) {
    struct example *e = self;
    struct driver_instance *instance = ARENA_NEW(call->arena, struct driver_instance);
    struct driver_pool *pool = ARENA_NEW(call->arena, struct driver_pool);
    *pool = (struct driver_pool){.name = e->pool, .knows = DRIVER_KNOWS_FREE, .granularity = {4096}};
    pool->capabilities = DRIVER_CARVE | DRIVER_LIST | DRIVER_DIRECTORY | DRIVER_ZEROED;
    TRY(room(e, call, &pool->free));
    *instance = (struct driver_instance){.name = e->instance, .pools = pool, .pool_count = 1};
    *ret = (struct driver_inventory){.instances = instance, .instance_count = 1};
    return NULL;
}

// Made under a name with a dot and renamed when it is whole: a crash leaves nothing that looks like a volume.
static struct err *make(struct example *e, const struct driver_call *call, const struct driver_create *create,
                        const char *path, struct owner *o) {
    const struct driver_volume *v = &create->volume;
    const char *begun = path_of(call, e, ".", v->name, "");
    struct bytes size, left;
    if (!bytes_round_up(create->size, (struct bytes){4096}, &size))
        return err_new(ERR_INVALID, "its size is too large");
    TRY(room(e, call, &left));
    if (size.n > left.n)
        return err_new(ERR_FULL, "%llu bytes are asked, %llu are free", (unsigned long long)size.n,
                       (unsigned long long)left.n);
    o->size = size.n;
    snprintf(o->uuid, sizeof o->uuid, "%s", v->uuid);
    snprintf(o->cluster, sizeof o->cluster, "%s", v->cluster);
    if (mkdir(begun, 0700) && errno != EEXIST) return err_errno(errno, "make '%s'", begun);
    if (mkdir(path_of(call, e, ".", v->name, "/data"), 0700) && errno != EEXIST)
        return err_errno(errno, "make '%s/data'", begun);
    TRY(owner_write(path_of(call, e, ".", v->name, "/data.id"), o));
    return rename(begun, path) ? err_errno(errno, "rename '%s' to '%s'", begun, path) : NULL;
}

// Is the volume of that name there, and ours?
static struct err *find(struct example *e, const struct driver_call *call, const struct driver_volume *v,
                        const char *path, struct owner *o, bool *ret_there) {
    if (!text_equal(v->instance, e->instance) || !text_equal(v->pool, e->pool))
        return err_new(ERR_NOT_FOUND, "no such pool");
    *ret_there = owner_read(path_of(call, e, "", v->name, "/data.id"), o);
    bool ours =
        *ret_there ? text_equal(o->uuid, v->uuid) && text_equal(o->cluster, v->cluster) : access(path, F_OK) != 0;
    return ours ? NULL : err_new(ERR_CONFLICT, "'%s' is somebody else's", path);
}

static struct err *example_create(void *self, const struct driver_call *call, const struct driver_create *create,
                                  struct driver_created *ret) {
    const struct driver_volume *v = &create->volume;
    const char *path = path_of(call, self, "", v->name, "");
    struct owner o;
    bool there;
    TRY(find(self, call, v, path, &o, &there));
    if (there && o.size < create->size.n) return err_new(ERR_CONFLICT, "it exists already, and is smaller");
    if (!there) TRY(make(self, call, create, path, &o));
    *ret = (struct driver_created){.handle = v->name, .size = {o.size}, .zeroed = true};
    ret->context = arena_format(call->arena, "{\"device\":\"directory\",\"path\":\"%s/data\"}", path);
    return NULL;
}

// Zeros over what a file holds; holes hold nothing.
static int overwrite_one(const char *path, const struct stat *s, int type, struct FTW *at) {
    static const char zeros[1 << 16];
    (void)at;
    if (type != FTW_F || !S_ISREG(s->st_mode)) return 0;
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    bool good = fd >= 0;
    for (off_t from = 0; good && (from = lseek(fd, from, SEEK_DATA)) >= 0;) {
        off_t left = s->st_size - from;
        ssize_t n = pwrite(fd, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros, from);
        good = n > 0;
        from += n;
    }
    good = good && errno == ENXIO && !fsync(fd); // ENXIO: no data from there on
    if (fd >= 0) close(fd);
    return good ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *at) {
    (void)s, (void)type, (void)at;
    return remove(path);
}

// In the volume alone: links are not followed, other filesystems not entered.
static struct err *each_in(const char *tree, int (*act)(const char *, const struct stat *, int, struct FTW *),
                           const char *verb) {
    int failed = nftw(tree, act, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
    return failed && errno != ENOENT ? err_errno(errno, "%s '%s'", verb, tree) : NULL;
}

static struct err *example_remove(void *self, const struct driver_call *call, const struct driver_volume *v,
                                  bool wipe) {
    const char *path = path_of(call, self, "", v->name, ""), *gone = path_of(call, self, ".", v->name, "");
    struct owner o;
    bool there;
    TRY(find(self, call, v, path, &o, &there));
    if (there && rename(path, gone)) return err_errno(errno, "rename '%s'", path);
    if (wipe) TRY(each_in(gone, overwrite_one, "overwrite"));
    return each_in(gone, remove_one, "delete");
}

static void example_close(void *self) {
    struct example *e = self;
    free(e->instance), free(e->pool), free(e->directory), free(e);
}

static struct err *example_open(const struct driver_config *config, void **ret_self) {
    if (config->pool_count != 1)
        return err_new(ERR_INVALID, "the driver 'example' has one pool, not %zu", config->pool_count);
    const struct driver_pool_config *pool = &config->pools[0];
    const char *directory = driver_text(&pool->settings, "directory");
    if (!pool->capacity.n) return err_new(ERR_INVALID, "pool '%s': 'capacity' is missing", pool->name);
    if (strpbrk(directory, "\"\\")) return err_new(ERR_INVALID, "directory %s: it has a quote in it", directory);
    if (mkdir(directory, 0700) && errno != EEXIST) return err_errno(errno, "make directory '%s'", directory);
    struct example *e = NEW(struct example);
    *e = (struct example){mem_text(pool->instance), mem_text(pool->name), mem_text(directory), pool->capacity};
    *ret_self = e;
    return NULL;
}

static const struct driver_setting pool_settings[] = {
    {"directory", DRIVER_PATH, .required = true, .help = "where the volumes lie"},
    {.name = NULL},
};

const struct driver driver_example = {
    .name = "example",
    .help = "directories as volumes, as in docs/write-a-driver.md",
    .capabilities = DRIVER_CARVE | DRIVER_LIST | DRIVER_DIRECTORY | DRIVER_ZEROED,
    .pool_settings = pool_settings,
    .open = example_open,
    .close = example_close,
    .inventory = example_inventory,
    .create = example_create,
    .remove = example_remove,
    .list = example_list,
};
