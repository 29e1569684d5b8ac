// SPDX-License-Identifier: Apache-2.0
// What lies in the directories of the driver 'file': where a volume is, which objects there are, how much they hold.
// Changes nothing but the note of a directory's size.
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "driver/file.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/keeper_registry.h"
#include "sys/process.h"

struct err *file_pool_reach(const struct file_pool *p) {
    struct stat s;
    if (stat(p->directory, &s))
        return err_new(ERR_UNAVAILABLE, "directory '%s' cannot be reached: %s", p->directory, strerror(errno));
    if (s.st_dev == p->device) return NULL;
    return err_new(ERR_UNAVAILABLE,
                   "directory '%s' is on another filesystem than when the provider was started: mount the one it was "
                   "on, or start the provider again",
                   p->directory);
}

struct err *file_pool_find(const struct file_driver *f, const struct driver_volume *volume,
                           const struct file_pool **ret_pool) {
    for (size_t i = 0; i < f->pool_count; i++) {
        const struct file_pool *p = &f->pools[i];
        if (!text_equal(p->instance, volume->instance) || !text_equal(p->name, volume->pool)) continue;
        *ret_pool = p;
        return file_pool_reach(p);
    }
    return err_new(ERR_NOT_FOUND, "the provider's configuration has no such pool");
}

static const char *kind_suffix(bool image) {
    return image ? ".img" : ".dir";
}

static const char *pool_suffix(const struct file_pool *p) {
    return kind_suffix(p->image);
}

char *file_pool_path(const struct file_pool *p, const char *name, struct arena *arena) {
    return arena_format(arena, "%s/%s%s", p->directory, name, pool_suffix(p));
}

const char *file_volume_path(const struct file_pool *p, const struct driver_volume *v, struct arena *arena) {
    size_t size = strlen(p->directory);
    const char *h = v->handle;
    if (h && strncmp(h, p->directory, size) == 0 && h[size] == '/' && h[size + 1] != '.' &&
        !strchr(h + size + 1, '/') && text_ends(h, pool_suffix(p)))
        return h;
    return file_pool_path(p, v->name, arena);
}

struct err *file_identity_check(const char *path, const struct driver_volume *v) {
    struct uuid uuid;
    must(uuid_parse(v->uuid, &uuid)); // the door checked it
    return image_identity_check(path, uuid, v->cluster);
}

struct err *file_volume_look(const char *path, bool *ret_there, bool *ret_remains) {
    static const char *const beside[] = {".id", ".keepers", ".floor"};
    TRY(file_look(path, ret_there));
    *ret_remains = *ret_there;
    for (size_t i = 0; !*ret_remains && i < ARRAY_LEN(beside); i++) {
        AUTO_FREE char *other = mem_format("%s%s", path, beside[i]);
        TRY(file_look(other, ret_remains));
    }
    return NULL;
}

char *file_context(const struct file_pool *p, const char *path, struct arena *arena) {
    json_t *json = json_pack("{s:s, s:s}", "device", p->image ? "loop" : "directory", "path", path);
    if (json && p->image && p->sparse) json_object_set_new(json, "sparse", json_true());
    AUTO_FREE char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return arena_text(arena, text);
}

// ---- sizes ----

struct err *file_size_write(const char *path, struct bytes size) {
    AUTO_FREE char *beside = mem_format("%s.size", path);
    AUTO_TEXT struct text text = {0};
    text_add_u64(&text, size.n);
    return file_write(beside, text.data, text.size, 0600);
}

static struct err *directory_size(const char *path, struct bytes *ret_size) {
    AUTO_FREE char *beside = mem_format("%s.size", path);
    AUTO_TEXT struct text text = {0};
    AUTO_ERR struct err *e = file_read(beside, 32, &text);
    if (!e && text_to_u64(text_string(&text), &ret_size->n)) return NULL;
    return err_new(ERR_CORRUPT, "the size of '%s' cannot be read: %s", path,
                   e ? err_text(e) : "its file '.size' holds no number");
}

struct err *file_volume_size(const struct file_pool *p, const char *path, struct bytes *ret_size) {
    struct stat s;
    if (lstat(path, &s))
        return errno == ENOENT ? err_new(ERR_NOT_FOUND, "'%s' does not exist", path)
                               : err_errno(errno, "look at '%s'", path);
    if (p->image ? !S_ISREG(s.st_mode) : !S_ISDIR(s.st_mode))
        return err_new(ERR_CONFLICT, "'%s' is no %s", path, p->image ? "file" : "directory");
    if (!p->image) return directory_size(path, ret_size);
    ret_size->n = (uint64_t)s.st_size;
    return NULL;
}

// ---- what is there ----

VEC_TYPE(names, char *);

static void names_done(struct names *n) {
    VEC_EACH (name, n) free(*name);
    vec_done(n);
}

static int name_order(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

// Adds what is before that ending in the names of the directory's entries; hidden ones are left out.
static struct err *entries_add(const char *directory, const char *ending, struct names *ret_names) {
    DIR *dir = opendir(directory);
    if (!dir) return err_errno(errno, "list directory '%s'", directory);
    for (struct dirent *e; errno = 0, (e = readdir(dir));) {
        if (!text_ends(e->d_name, ending) || e->d_name[0] == '.') continue;
        vec_push(ret_names, mem_format("%.*s", (int)(strlen(e->d_name) - strlen(ending)), e->d_name));
    }
    struct err *failed = errno ? err_errno(errno, "list directory '%s'", directory) : NULL;
    closedir(dir);
    return failed;
}

struct err *file_kind_check(const struct file_pool *p) {
    struct names others = {0};
    AUTO_FREE char *identity = mem_format("%s.id", kind_suffix(!p->image));
    struct err *e = entries_add(p->directory, identity, &others);
    if (!e && others.count)
        e = err_new(ERR_CONFLICT,
                    "directory '%s' holds volumes that are %s, such as '%s%s': say which kind it is for, or take "
                    "another directory",
                    p->directory, p->image ? "directories" : "images", others.at[0], kind_suffix(!p->image));
    names_done(&others);
    return e;
}

// Object names in the pool, sorted: of volumes, and of identities whose volume is missing (a create or delete was cut).
// Whether the pool was there is asked after it was read: what is mounted elsewhere looks empty.
static struct err *pool_names(const struct file_pool *p, struct names *ret_names) {
    AUTO_FREE char *identity = mem_format("%s.id", pool_suffix(p));
    TRY(entries_add(p->directory, pool_suffix(p), ret_names));
    TRY(entries_add(p->directory, identity, ret_names));
    TRY(file_pool_reach(p));
    if (ret_names->count) qsort(ret_names->at, ret_names->count, sizeof *ret_names->at, name_order);
    size_t kept = 0;
    for (size_t i = 0; i < ret_names->count; i++) {
        if (kept && text_equal(ret_names->at[kept - 1], ret_names->at[i]))
            free(ret_names->at[i]);
        else
            ret_names->at[kept++] = ret_names->at[i];
    }
    vec_cut(ret_names, kept);
    return NULL;
}

// False without an identity, or with one that cannot be read: then it is nobody's of ours.
static bool volume_identity(const char *path, struct uuid *ret_uuid, char **ret_cluster) {
    AUTO_ERR struct err *e = image_identity_read(path, ret_uuid, ret_cluster);
    return !e;
}

// ---- space ----

static uint64_t tree_blocks(const char *path) {
    char *const roots[] = {(char *)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, NULL);
    uint64_t bytes = 0;
    if (!tree) return 0;
    for (FTSENT *e; (e = fts_read(tree));)
        if (e->fts_info != FTS_DP && e->fts_info != FTS_NS && e->fts_statp)
            bytes += (uint64_t)e->fts_statp->st_blocks * 512;
    fts_close(tree);
    return bytes;
}

// What the volume holds on disk of what it was promised: blocks beyond its size, as those of the map of its extents, are not ours.
static uint64_t volume_held(const struct file_pool *p, const char *path) {
    struct stat s;
    struct bytes size;
    AUTO_ERR struct err *e = file_volume_size(p, path, &size);
    if (e || lstat(path, &s)) return 0;
    uint64_t blocks = p->image ? (uint64_t)s.st_blocks * 512 : tree_blocks(path);
    return blocks < size.n ? blocks : size.n;
}

static uint64_t volume_charge(const struct file_pool *p, const char *path) {
    struct bytes size;
    AUTO_ERR struct err *e = file_volume_size(p, path, &size);
    return e ? 0 : file_pool_charge(p, size);
}

// Bytes of each of our volumes in the pool, as `measure` says, by path.
static struct err *volumes_measure(const struct file_pool *p, const char *cluster,
                                   uint64_t (*measure)(const struct file_pool *, const char *), struct map *to) {
    struct names names = {0};
    struct err *e = pool_names(p, &names);
    AUTO_ARENA struct arena arena = {0};
    for (size_t i = 0; !e && i < names.count; i++) {
        const char *path = file_pool_path(p, names.at[i], &arena);
        struct uuid uuid;
        AUTO_FREE char *owner = NULL;
        if (!volume_identity(path, &uuid, &owner) || (cluster && !text_equal(owner, cluster))) continue;
        map_put_text(to, path, NULL)->n = measure(p, path);
    }
    names_done(&names);
    return e;
}

// Of all pools on that filesystem. What lies in another one that is away is not counted: the total is lower for it, never
// too high.
static struct err *store_held(const struct file_driver *f, const struct file_pool *of, const char *cluster,
                              struct map *held) {
    for (size_t i = 0; i < f->pool_count; i++) {
        const struct file_pool *p = &f->pools[i];
        if (p->device != of->device) continue;
        struct err *e = volumes_measure(p, cluster, volume_held, held);
        AUTO_ERR struct err *away = e && p != of ? file_pool_reach(p) : NULL;
        if (!away) TRY(e);
        err_free(e);
    }
    return NULL;
}

// What was there both times, and the less of both: with free space read in between, the sum is never too high.
static uint64_t held_both(const struct map *before, const struct map *after) {
    uint64_t sum = 0;
    MAP_EACH (entry, before) {
        union map_value *second = map_find_bytes(after, entry->key.bytes, entry->size);
        if (second) sum += entry->value.n < second->n ? entry->value.n : second->n;
    }
    return sum;
}

static struct err *space_read(const struct file_driver *f, const struct file_pool *p, const char *cluster,
                              struct map *before, struct map *after, struct file_space *ret_space) {
    struct statvfs fs;
    TRY(store_held(f, p, cluster, before));
    if (statvfs(p->directory, &fs)) return err_errno(errno, "free space of '%s'", p->directory);
    TRY(store_held(f, p, cluster, after));
    uint64_t physical = (uint64_t)fs.f_bavail * fs.f_frsize, held = held_both(before, after);
    ret_space->total.n = physical + held;
    ret_space->free.n = physical;
    return NULL;
}

struct err *file_pool_space(const struct file_driver *f, const struct file_pool *p, const char *cluster,
                            struct file_space *ret_space) {
    struct map before = {0}, after = {0};
    struct err *e = space_read(f, p, cluster, &before, &after, ret_space);
    map_done(&before);
    map_done(&after);
    return e;
}

uint64_t file_pool_charge(const struct file_pool *p, struct bytes size) {
    unsigned __int128 charge = (unsigned __int128)size.n * p->numerator + p->denominator - 1;
    return (uint64_t)(charge / p->denominator);
}

struct err *file_pool_left(const struct file_pool *p, const char *cluster, struct bytes *ret_left) {
    struct map charges = {0};
    uint64_t taken = 0;
    struct err *e = p->capacity.n ? volumes_measure(p, cluster, volume_charge, &charges) : NULL;
    MAP_EACH (entry, &charges) taken += entry->value.n;
    map_done(&charges);
    if (e) return e;
    ret_left->n = !p->capacity.n ? UINT64_MAX : p->capacity.n > taken ? p->capacity.n - taken : 0;
    return NULL;
}

// ---- list ----

static bool keeper_runs(const char *path) {
    AUTO_FREE char *records = mem_format("%s.keepers", path);
    struct keeper_records found = {0};
    bool there = false;
    AUTO_ERR struct err *e = file_look(records, &there);
    if (!e && there) e = keeper_list(path, &found);
    bool runs = e || found.count; // who cannot be asked may run
    vec_done(&found);
    return runs;
}

static struct driver_object object_report(const struct file_pool *p, const char *name, struct arena *arena) {
    const char *path = file_pool_path(p, name, arena);
    struct driver_object o = {.name = arena_text(arena, name),
                              .handle = path,
                              .instance = arena_text(arena, p->instance),
                              .pool = arena_text(arena, p->name)};
    struct uuid uuid;
    AUTO_FREE char *cluster = NULL;
    err_free(file_volume_size(p, path, &o.size)); // what cannot be read stays 0
    if (!volume_identity(path, &uuid, &cluster)) return o;
    char text[UUID_TEXT];
    uuid_text(uuid, text);
    o.uuid = arena_text(arena, text);
    o.cluster = arena_text(arena, cluster);
    o.context = file_context(p, path, arena);
    if (!keeper_runs(path)) return o;
    const char **hosts = arena_zero(arena, 1, sizeof *hosts);
    hosts[0] = boot_id();
    o.attached_to = hosts;
    o.attached_count = 1;
    return o;
}

static struct driver_unseen unseen_report(const struct file_pool *p, const struct err *why, struct arena *arena) {
    return (struct driver_unseen){arena_text(arena, p->instance), arena_text(arena, p->name),
                                  arena_text(arena, err_text(why))};
}

// A token is "<number of the pool>/<last name>".
static struct err *token_parse(const struct file_driver *f, const char *token, size_t *ret_pool,
                               const char **ret_name) {
    const char *slash = strchr(token, '/');
    AUTO_FREE char *number = mem_format("%.*s", slash ? (int)(slash - token) : 0, token);
    uint64_t pool;
    if (!slash || !text_to_u64(number, &pool) || pool >= f->pool_count)
        return err_new(ERR_INVALID, "'%s' is no page of this list", token);
    *ret_pool = (size_t)pool;
    *ret_name = slash + 1;
    return NULL;
}

struct err *file_list(void *self, const struct driver_call *call, const char *token, size_t most,
                      struct driver_objects *ret_objects) {
    struct file_driver *f = self;
    struct driver_object *objects = arena_zero(call->arena, most, sizeof *objects);
    struct driver_unseen *unseen = arena_zero(call->arena, f->pool_count, sizeof *unseen);
    size_t first = 0, count = 0, unseen_count = 0;
    const char *after = NULL, *next = NULL;
    if (token) TRY(token_parse(f, token, &first, &after));
    for (size_t i = first; i < f->pool_count && !next; i++) {
        struct names names = {0};
        struct err *e = pool_names(&f->pools[i], &names);
        AUTO_ERR struct err *away = e ? file_pool_reach(&f->pools[i]) : NULL;
        if (away) unseen[unseen_count++] = unseen_report(&f->pools[i], away, call->arena);
        for (size_t j = 0; !e && !next && j < names.count; j++) {
            if (i == first && after && strcmp(names.at[j], after) <= 0) continue;
            if (count == most)
                next = arena_format(call->arena, "%zu/%s", i, j ? names.at[j - 1] : "");
            else
                objects[count++] = object_report(&f->pools[i], names.at[j], call->arena);
        }
        names_done(&names);
        if (!away) TRY(e);
        err_free(e);
    }
    *ret_objects = (struct driver_objects){objects, count, next, unseen, unseen_count};
    return NULL;
}
