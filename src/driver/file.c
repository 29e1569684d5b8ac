// SPDX-License-Identifier: Apache-2.0
// Files as storage: a directory is a pool, a volume is an image in it with its identity written beside it. This file
// opens the pools and reports them. Where no loop device can be made, volumes are directories.
#include "driver/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"
#include "sys/loopdev.h"
#include "sys/process.h"

static void pool_done(struct file_pool *p) {
    free(p->instance);
    free(p->name);
    free(p->directory);
    free(p->store);
}

static void file_close(void *self) {
    struct file_driver *f = self;
    if (!f) return;
    for (size_t i = 0; i < f->pool_count; i++) pool_done(&f->pools[i]);
    free(f->pools);
    free(f);
}

static struct err *images_check(void) {
    TRY(loopdev_check());
    return geteuid() == 0 ? NULL : err_new(ERR_UNSUPPORTED, "images need root, to make loop devices");
}

// What would hide volumes that are there is not chosen: who asks for them would hear that they do not exist.
static struct err *kind_auto(struct file_pool *p) {
    AUTO_ERR struct err *none = images_check();
    p->image = !none;
    return err_wrap(file_kind_check(p), "key 'kind' is 'auto', which means %s here (%s)",
                    p->image ? "images" : "directories", none ? err_text(none) : "loop devices can be made");
}

static struct err *kind_choose(const char *kind, struct file_pool *p) {
    if (text_equal(kind, "auto")) return kind_auto(p);
    p->image = text_equal(kind, "image");
    return p->image ? err_wrap(images_check(), "key 'kind' is 'image'") : NULL;
}

// Pools on one filesystem share a store. The name of the store must outlive a reboot, so it is not the device number.
static void store_name(const struct file_driver *f, const struct statvfs *fs, struct file_pool *p) {
    p->store = mem_format("fs-%llx", (unsigned long long)fs->f_fsid);
    for (size_t i = 0; i < f->pool_count; i++) {
        const struct file_pool *other = &f->pools[i];
        if (other->device == p->device || text_equal(other->store, p->store)) {
            free(p->store);
            p->store = other->device == p->device
                           ? mem_text(other->store)
                           : mem_format("fs-%llx-%s-%s", (unsigned long long)fs->f_fsid, p->instance, p->name);
            return;
        }
    }
}

static struct err *directory_open(const struct file_driver *f, const char *path, struct file_pool *p) {
    char real[PATH_MAX];
    struct stat s;
    struct statvfs fs;
    TRY(directory_make(path, 0700));
    if (!realpath(path, real)) return err_errno(errno, "directory '%s'", path);
    if (stat(real, &s) || statvfs(real, &fs)) return err_errno(errno, "directory '%s'", path);
    if (access(real, R_OK | W_OK | X_OK)) return err_errno(errno, "directory '%s' cannot be written", path);
    AUTO_ARENA struct arena arena = {0};
    if (!file_context(p, real, &arena)) return err_new(ERR_INVALID, "directory '%s': its name is not UTF-8", path);
    p->directory = mem_text(real);
    p->device = s.st_dev;
    for (size_t i = 0; i < f->pool_count; i++)
        if (text_equal(f->pools[i].directory, real))
            return err_new(ERR_INVALID, "directory '%s' is that of pool '%s/%s' already", path, f->pools[i].instance,
                           f->pools[i].name);
    store_name(f, &fs, p);
    return NULL;
}

static struct err *pool_open(const struct file_driver *f, const struct driver_pool_config *config,
                             struct file_pool *p) {
    p->instance = mem_text(config->instance);
    p->name = mem_text(config->name);
    p->numerator = config->charge_numerator ? config->charge_numerator : 1;
    p->denominator = config->charge_denominator ? config->charge_denominator : 1;
    p->sparse = p->numerator < p->denominator;
    p->capacity = config->capacity;
    p->headroom = config->headroom;
    TRY(directory_open(f, driver_text(&config->settings, "directory"), p));
    return kind_choose(driver_text(&config->settings, "kind"), p);
}

static struct err *file_open(const struct driver_config *config, void **ret_self) {
    (void)boot_id(); // read once, before there are threads
    struct file_driver *f = NEW(struct file_driver);
    f->pools = mem_zero(config->pool_count + 1, sizeof *f->pools);
    for (size_t i = 0; i < config->pool_count; i++) {
        const struct driver_pool_config *pool = &config->pools[i];
        struct err *e = err_wrap(pool_open(f, pool, &f->pools[i]), "pool '%s/%s'", pool->instance, pool->name);
        f->pool_count++; // half-built ones are ended too
        if (!e) continue;
        file_close(f);
        return e;
    }
    *ret_self = f;
    return NULL;
}

// ---- inventory ----

static struct driver_pairs pool_tags(const struct file_pool *p, struct arena *arena) {
    struct driver_pair *tags = arena_zero(arena, 3, sizeof *tags);
    tags[0] = (struct driver_pair){"file/kind", p->image ? "image" : "directory"};
    tags[1] = (struct driver_pair){"file/allocation", !p->image ? "none" : p->sparse ? "sparse" : "full"};
    tags[2] = (struct driver_pair){"host/boot-id", boot_id()};
    return (struct driver_pairs){tags, 3};
}

static struct err *pool_report(const struct file_driver *f, const struct file_pool *p, const struct driver_call *call,
                               struct driver_pool *ret_pool) {
    struct file_space space;
    struct bytes left;
    AUTO_ERR struct err *away = file_pool_reach(p);
    if (away) {
        *ret_pool = (struct driver_pool){.name = arena_text(call->arena, p->name),
                                         .unreachable = arena_text(call->arena, err_text(away))};
        return NULL;
    }
    TRY(err_wrap(file_pool_space(f, p, call->cluster, &space), "pool '%s/%s'", p->instance, p->name));
    TRY(err_wrap(file_pool_left(p, call->cluster, &left), "pool '%s/%s'", p->instance, p->name));
    *ret_pool = (struct driver_pool){
        .name = arena_text(call->arena, p->name),
        .facts.tags = pool_tags(p, call->arena),
        .store = arena_text(call->arena, p->store),
        .charge_numerator = p->numerator,
        .charge_denominator = p->denominator,
        .knows = DRIVER_KNOWS_TOTAL | DRIVER_KNOWS_FREE | DRIVER_KNOWS_PHYSICAL,
        .total = space.total,
        .free = left.n < space.free.n ? left : space.free,
        .physical_free = space.free,
        .headroom = p->headroom,
        .smallest = {FILE_GRAIN},
        .granularity = {FILE_GRAIN},
        .capabilities = DRIVER_CARVE | DRIVER_GROW | DRIVER_FENCE | DRIVER_LIST | DRIVER_ZEROED |
                        (p->image ? (unsigned)DRIVER_RAW_BLOCK : (unsigned)DRIVER_DIRECTORY),
    };
    return NULL;
}

static struct err *instance_report(const struct file_driver *f, const char *name, const struct driver_call *call,
                                   struct driver_instance *ret_instance) {
    struct driver_pool *pools = arena_zero(call->arena, f->pool_count, sizeof *pools);
    size_t count = 0;
    for (size_t i = 0; i < f->pool_count; i++)
        if (text_equal(f->pools[i].instance, name)) TRY(pool_report(f, &f->pools[i], call, &pools[count++]));
    *ret_instance =
        (struct driver_instance){.name = arena_text(call->arena, name), .pools = pools, .pool_count = count};
    return NULL;
}

static bool instance_reported(const struct driver_instance *instances, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (text_equal(instances[i].name, name)) return true;
    return false;
}

static struct err *file_inventory(void *self, const struct driver_call *call, struct driver_inventory *ret_inventory) {
    struct file_driver *f = self;
    struct driver_instance *instances = arena_zero(call->arena, f->pool_count + 1, sizeof *instances);
    size_t count = 0;
    for (size_t i = 0; i < f->pool_count; i++) {
        const char *name = f->pools[i].instance;
        if (!instance_reported(instances, count, name)) TRY(instance_report(f, name, call, &instances[count++]));
    }
    *ret_inventory = (struct driver_inventory){.instances = instances, .instance_count = count};
    return NULL;
}

static const struct driver_setting file_pool_settings[] = {
    {"directory", DRIVER_PATH, .required = true, .help = "where the volumes lie; it is made if need be"},
    {"kind", DRIVER_CHOICE, .fallback = "auto", .choices = "auto image directory",
     .help =
         "what a volume is: an image for a loop device, or a directory, which nothing holds to its size; auto: images "
         "where loop devices can be made, and refused where volumes of the other kind lie"},
    {.name = NULL},
};

const struct driver driver_file = {
    .name = "file",
    .help = "directories of this host as pools, image files as volumes",
    .capabilities =
        DRIVER_CARVE | DRIVER_GROW | DRIVER_FENCE | DRIVER_LIST | DRIVER_RAW_BLOCK | DRIVER_ZEROED | DRIVER_DIRECTORY,
    .parallel = true,
    .pool_settings = file_pool_settings,
    .open = file_open,
    .close = file_close,
    .inventory = file_inventory,
    .create = file_create,
    .remove = file_remove,
    .list = file_list,
    .grow = file_grow,
    .attach = file_attach,
    .detach = file_detach,
    .fence = file_fence,
};
