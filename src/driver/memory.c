// SPDX-License-Identifier: Apache-2.0
// Storage that exists in memory only, strict and deterministic. Pools that name one store are views of it. Its lock is
// a spinning one, as every call is short and the simulator links no threads; who waits lets others run, for at a
// real-time priority the holder would never come back.
#include "driver/memory.h"

#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "base/text.h"
#include "driver/memory_object.h"

struct store {
    char *name;
    struct bytes capacity, taken, headroom;
    uint64_t iops, bandwidth, volumes; // that it says it has; 0: it does not say
};

struct pool {
    char *instance, *name;
    size_t store;
    uint32_t numerator, denominator;
    struct bytes smallest, largest, granularity;
    bool zeroed;
};

struct memory {
    atomic_flag lock;
    VEC(struct store) stores;
    VEC(struct pool) pools;
    struct objects objects;
};

static void memory_lock(struct memory *m) {
    while (atomic_flag_test_and_set_explicit(&m->lock, memory_order_acquire)) sched_yield();
}

static void memory_unlock(struct memory *m) {
    atomic_flag_clear_explicit(&m->lock, memory_order_release);
}

// ---- open and close ----

static void memory_close(void *self) {
    struct memory *m = self;
    if (!m) return;
    VEC_EACH (store, &m->stores) free(store->name);
    VEC_EACH (pool, &m->pools) {
        free(pool->instance);
        free(pool->name);
    }
    vec_done(&m->stores);
    vec_done(&m->pools);
    objects_done(&m->objects);
    free(m);
}

static void store_says(struct store *s, const struct driver_pairs *settings) {
    const struct {
        const char *key;
        uint64_t *to;
    } figures[] = {{"store-iops", &s->iops}, {"store-bandwidth", &s->bandwidth}, {"store-volumes", &s->volumes}};
    for (size_t i = 0; i < ARRAY_LEN(figures); i++)
        if (driver_text(settings, figures[i].key)) *figures[i].to = driver_number(settings, figures[i].key);
}

static struct err *store_add(struct memory *m, const struct driver_pool_config *config, size_t *ret_store) {
    const char *named = driver_text(&config->settings, "store");
    AUTO_FREE char *own = named ? mem_text(named) : mem_format("%s/%s", config->instance, config->name);
    for (size_t i = 0; i < m->stores.count; i++) {
        struct store *s = &m->stores.at[i];
        if (!text_equal(s->name, own)) continue;
        if (config->capacity.n && config->capacity.n != s->capacity.n)
            return err_new(ERR_INVALID, "pool '%s/%s': its store '%s' has another capacity already", config->instance,
                           config->name, own);
        if (config->headroom.n > s->headroom.n) s->headroom = config->headroom;
        store_says(s, &config->settings);
        *ret_store = i;
        return NULL;
    }
    if (!config->capacity.n)
        return err_new(ERR_INVALID, "pool '%s/%s': key 'capacity' is missing (bytes of its store)", config->instance,
                       config->name);
    *ret_store = m->stores.count;
    vec_push(&m->stores,
             ((struct store){.name = mem_take(own), .capacity = config->capacity, .headroom = config->headroom}));
    store_says(vec_last(&m->stores), &config->settings);
    return NULL;
}

static struct err *pool_add(struct memory *m, const struct driver_pool_config *config) {
    size_t store = 0;
    TRY(store_add(m, config, &store));
    struct pool *p = vec_add(&m->pools);
    p->instance = mem_text(config->instance);
    p->name = mem_text(config->name);
    p->store = store;
    p->numerator = config->charge_numerator;
    p->denominator = config->charge_denominator;
    p->smallest = driver_size(&config->settings, "smallest");
    p->largest = driver_size(&config->settings, "largest");
    p->granularity = driver_size(&config->settings, "granularity");
    p->zeroed = driver_bool(&config->settings, "zeroed");
    return NULL;
}

static struct err *memory_open(const struct driver_config *config, void **ret_self) {
    struct memory *m = NEW(struct memory);
    atomic_flag_clear(&m->lock);
    for (size_t i = 0; i < config->pool_count; i++) {
        struct err *e = pool_add(m, &config->pools[i]);
        if (!e) continue;
        memory_close(m);
        return e;
    }
    *ret_self = m;
    return NULL;
}

// ---- tiers ----

static struct bytes charge(const struct pool *p, struct bytes size) {
    unsigned __int128 product = (unsigned __int128)size.n * p->numerator + p->denominator - 1;
    product /= p->denominator;
    return (struct bytes){product > UINT64_MAX ? UINT64_MAX : (uint64_t)product};
}

static struct bytes store_free(const struct store *s) {
    return (struct bytes){s->capacity.n > s->taken.n ? s->capacity.n - s->taken.n : 0};
}

static struct driver_pool pool_report(const struct memory *m, const struct pool *p, struct arena *arena) {
    const struct store *s = &m->stores.at[p->store];
    return (struct driver_pool){
        .name = arena_text(arena, p->name),
        .store = arena_text(arena, s->name),
        .charge_numerator = p->numerator,
        .charge_denominator = p->denominator,
        .knows = DRIVER_KNOWS_FREE | DRIVER_KNOWS_PHYSICAL | (s->iops ? DRIVER_KNOWS_IOPS : 0u) |
                 (s->bandwidth ? DRIVER_KNOWS_BANDWIDTH : 0u) | (s->volumes ? DRIVER_KNOWS_VOLUMES : 0u),
        .iops = {s->iops},
        .bandwidth = {s->bandwidth},
        .volumes = s->volumes,
        .free = store_free(s),
        .physical_free = store_free(s),
        .headroom = s->headroom,
        .smallest = p->smallest,
        .largest = p->largest,
        .granularity = p->granularity,
        .capabilities = DRIVER_CARVE | DRIVER_GROW | DRIVER_SNAPSHOT | DRIVER_CLONE | DRIVER_FENCE | DRIVER_TAG |
                        DRIVER_LIST | DRIVER_MULTI_ATTACH | DRIVER_RAW_BLOCK | (p->zeroed ? DRIVER_ZEROED : 0u),
    };
}

static bool first_of_instance(const struct memory *m, size_t pool) {
    for (size_t i = 0; i < pool; i++)
        if (text_equal(m->pools.at[i].instance, m->pools.at[pool].instance)) return false;
    return true;
}

static struct driver_instance instance_report(const struct memory *m, const char *name, struct arena *arena) {
    struct driver_pool *pools = arena_zero(arena, m->pools.count, sizeof *pools);
    size_t count = 0;
    VEC_EACH (pool, &m->pools)
        if (text_equal(pool->instance, name)) pools[count++] = pool_report(m, pool, arena);
    return (struct driver_instance){.name = arena_text(arena, name), .pools = pools, .pool_count = count};
}

static struct err *memory_inventory(void *self, const struct driver_call *call,
                                    struct driver_inventory *ret_inventory) {
    struct memory *m = self;
    memory_lock(m);
    struct driver_instance *instances = arena_zero(call->arena, m->pools.count + 1, sizeof *instances);
    size_t count = 0;
    for (size_t i = 0; i < m->pools.count; i++)
        if (first_of_instance(m, i)) instances[count++] = instance_report(m, m->pools.at[i].instance, call->arena);
    memory_unlock(m);
    *ret_inventory = (struct driver_inventory){.instances = instances, .instance_count = count};
    return NULL;
}

// ---- volumes ----

static struct pool *pool_find(struct memory *m, const char *instance, const char *name) {
    VEC_EACH (pool, &m->pools)
        if (text_equal(pool->instance, instance) && text_equal(pool->name, name)) return pool;
    return NULL;
}

// Takes store bytes, or says how many there are.
static struct err *store_take(struct memory *m, const struct pool *p, struct bytes from, struct bytes to) {
    struct store *s = &m->stores.at[p->store];
    uint64_t before = charge(p, from).n, after = charge(p, to).n;
    char want[QUANTITY_TEXT], have[QUANTITY_TEXT];
    if (after > before && after - before > store_free(s).n)
        return err_new(ERR_FULL, "%s are asked of store '%s', %s are free",
                       bytes_text((struct bytes){after - before}, want), s->name, bytes_text(store_free(s), have));
    s->taken.n = s->taken.n - before + after;
    return NULL;
}

static struct err *size_fit(const struct pool *p, struct bytes asked, struct bytes *ret_size) {
    struct bytes size = asked.n < p->smallest.n ? p->smallest : asked;
    char text[QUANTITY_TEXT];
    if (!bytes_round_up(size, p->granularity, &size) || (p->largest.n && size.n > p->largest.n))
        return err_new(ERR_INVALID, "over the largest volume of this pool, %s", bytes_text(p->largest, text));
    *ret_size = size;
    return NULL;
}

static struct err *object_make(struct memory *m, const struct driver_create *create, struct object **ret_object) {
    struct pool *p = pool_find(m, create->volume.instance, create->volume.pool);
    struct bytes size;
    if (!p) return err_new(ERR_NOT_FOUND, "no such pool");
    if (create->source) {
        struct object *source = object_by_handle(&m->objects, create->source);
        if (!source) return err_new(ERR_NOT_FOUND, "its source '%s' does not exist", create->source);
        if (source->size.n > create->size.n) return err_new(ERR_INVALID, "its source '%s' is larger", create->source);
    }
    if (object_by_name(&m->objects, create->volume.name))
        return err_new(ERR_CONFLICT, "the name '%s' is taken at the storage by somebody else's object",
                       create->volume.name);
    TRY(size_fit(p, create->size, &size));
    TRY(store_take(m, p, (struct bytes){0}, size));
    struct object *o = object_add(&m->objects, create->volume.name, create->volume.uuid, create->volume.cluster, false);
    o->pool = (size_t)(p - m->pools.at);
    o->size = size;
    *ret_object = o;
    return NULL;
}

static struct err *created_object(struct memory *m, const struct driver_create *create, struct object **ret_object) {
    struct object *o = object_find(&m->objects, create->volume.uuid);
    if (!o) return object_make(m, create, ret_object);
    if (!text_equal(o->cluster, create->volume.cluster))
        return err_new(ERR_CONFLICT, "this volume belongs to cluster '%s' at the storage", o->cluster);
    if (o->size.n < create->size.n) return err_new(ERR_CONFLICT, "it exists already, and is smaller");
    *ret_object = o;
    return NULL;
}

static struct err *memory_create(void *self, const struct driver_call *call, const struct driver_create *create,
                                 struct driver_created *ret_created) {
    struct memory *m = self;
    struct object *o = NULL;
    memory_lock(m);
    struct err *e = created_object(m, create, &o);
    if (!e) {
        bool zeroed = m->pools.at[o->pool].zeroed;
        *ret_created =
            (struct driver_created){arena_text(call->arena, o->handle),
                                    arena_format(call->arena, "{\"device\":\"memory\",\"path\":\"%s\"}", o->handle),
                                    o->size, zeroed || create->zero};
    }
    memory_unlock(m);
    return e;
}

static void object_remove(struct memory *m, struct object *o) {
    struct err *e = store_take(m, &m->pools.at[o->pool], o->size, (struct bytes){0});
    must(!e);
    object_delete(&m->objects, o);
}

static struct err *memory_remove(void *self, const struct driver_call *call UNUSED, const struct driver_volume *volume,
                                 bool wipe UNUSED) {
    struct memory *m = self;
    struct err *e = NULL;
    memory_lock(m);
    struct object *o = object_find(&m->objects, volume->uuid);
    if (o && o->hosts.count)
        e = err_new(ERR_CONFLICT, "host '%s' has it attached", o->hosts.at[0].name);
    else if (o)
        object_remove(m, o);
    memory_unlock(m);
    return e;
}

static struct driver_object object_report(const struct memory *m, const struct object *o, struct arena *arena) {
    const struct pool *p = &m->pools.at[o->pool];
    const char **hosts = arena_zero(arena, o->hosts.count + 1, sizeof *hosts);
    for (size_t i = 0; i < o->hosts.count; i++) hosts[i] = arena_text(arena, o->hosts.at[i].name);
    return (struct driver_object){
        .name = arena_text(arena, o->name),
        .handle = arena_text(arena, o->handle),
        .instance = arena_text(arena, p->instance),
        .pool = arena_text(arena, p->name),
        .cluster = arena_text(arena, o->cluster),
        .uuid = o->snapshot ? NULL : arena_text(arena, o->uuid),
        .context = o->uuid ? arena_format(arena, "{\"device\":\"memory\",\"path\":\"%s\"}", o->handle) : NULL,
        .size = o->size,
        .attached_to = hosts,
        .attached_count = o->hosts.count,
    };
}

// Pages go by number, so that what is deleted between two pages moves nothing.
static struct err *memory_list(void *self, const struct driver_call *call, const char *token, size_t most,
                               struct driver_objects *ret_objects) {
    struct memory *m = self;
    uint64_t after = 0, last = 0;
    if (token && !text_to_u64(token, &after)) return err_new(ERR_INVALID, "'%s' is no page of this list", token);
    memory_lock(m);
    struct driver_object *objects = arena_zero(call->arena, most, sizeof *objects);
    size_t count = 0;
    const struct object *o = object_after(&m->objects, after);
    for (; o && count < most; o = object_after(&m->objects, last)) {
        objects[count++] = object_report(m, o, call->arena);
        last = o->number;
    }
    bool more = o != NULL;
    memory_unlock(m);
    const char *next = more ? arena_format(call->arena, "%llu", (unsigned long long)last) : NULL;
    *ret_objects = (struct driver_objects){.at = objects, .count = count, .next = next};
    return NULL;
}

static struct err *object_grow(struct memory *m, const struct driver_volume *volume, struct bytes size,
                               struct bytes *ret_size) {
    struct object *o = object_find(&m->objects, volume->uuid);
    if (!o) return err_new(ERR_NOT_FOUND, "it does not exist at the storage");
    struct pool *p = &m->pools.at[o->pool];
    struct bytes fit;
    TRY(size_fit(p, size, &fit));
    if (fit.n > o->size.n) {
        TRY(store_take(m, p, o->size, fit));
        o->size = fit;
    }
    *ret_size = o->size;
    return NULL;
}

static struct err *memory_grow(void *self, const struct driver_call *call UNUSED, const struct driver_volume *volume,
                               struct bytes size, struct bytes *ret_size) {
    struct memory *m = self;
    memory_lock(m);
    struct err *e = object_grow(m, volume, size, ret_size);
    memory_unlock(m);
    return e;
}

// ---- snapshots and tags ----

static struct err *snapshot_make(struct memory *m, const struct driver_volume *volume, const char *name,
                                 struct object **ret_object) {
    struct object *named = object_by_name(&m->objects, name);
    if (named && (!named->snapshot || !text_equal(named->uuid, volume->uuid)))
        return err_new(ERR_CONFLICT, "the name '%s' is taken by another object", name);
    *ret_object = named;
    if (named) return NULL;
    struct object *of = object_find(&m->objects, volume->uuid);
    if (!of) return err_new(ERR_NOT_FOUND, "it does not exist at the storage");
    TRY(store_take(m, &m->pools.at[of->pool], (struct bytes){0}, of->size));
    struct object *made = object_add(&m->objects, name, volume->uuid, volume->cluster, true);
    made->pool = of->pool;
    made->size = of->size;
    *ret_object = made;
    return NULL;
}

static struct err *memory_snapshot(void *self, const struct driver_call *call, const struct driver_volume *volume,
                                   const char *name, struct driver_snapshot *ret_snapshot) {
    struct memory *m = self;
    struct object *o = NULL;
    memory_lock(m);
    struct err *e = snapshot_make(m, volume, name, &o);
    if (!e) *ret_snapshot = (struct driver_snapshot){arena_text(call->arena, o->handle), o->size, true};
    memory_unlock(m);
    return e;
}

static struct err *memory_snapshot_remove(void *self, const struct driver_call *call UNUSED, const char *handle) {
    struct memory *m = self;
    struct err *e = NULL;
    memory_lock(m);
    struct object *o = object_by_handle(&m->objects, handle);
    if (o && !o->snapshot)
        e = err_new(ERR_CONFLICT, "'%s' is a volume, not a snapshot", handle);
    else if (o)
        object_remove(m, o);
    memory_unlock(m);
    return e;
}

static struct err *memory_tag(void *self, const struct driver_call *call UNUSED, const struct driver_volume *volume,
                              const struct driver_pairs *tags) {
    struct memory *m = self;
    memory_lock(m);
    struct object *o = object_find(&m->objects, volume->uuid);
    for (size_t i = 0; o && i < tags->count; i++) object_tag(o, &tags->at[i]);
    memory_unlock(m);
    return o ? NULL : err_new(ERR_NOT_FOUND, "it does not exist at the storage");
}

// ---- hosts ----

static struct err *object_attach(struct object *o, const struct driver_attach *attach) {
    struct host *h = object_host(o, attach->host);
    if (h && h->epoch > attach->epoch)
        return err_new(ERR_CONFLICT, "epoch %llu is over: the host has it with epoch %llu",
                       (unsigned long long)attach->epoch, (unsigned long long)h->epoch);
    if (!h && o->hosts.count && !attach->many_hosts)
        return err_new(ERR_CONFLICT, "host '%s' has it attached", o->hosts.at[0].name);
    if (!h && o->hosts.count == MEMORY_HOSTS) return err_new(ERR_CONFLICT, "%d hosts have it attached", MEMORY_HOSTS);
    if (!h) {
        vec_push(&o->hosts, (struct host){.name = mem_text(attach->host)});
        h = &o->hosts.at[o->hosts.count - 1];
    }
    h->epoch = attach->epoch;
    return NULL;
}

static struct err *memory_attach(void *self, const struct driver_call *call, const struct driver_attach *attach,
                                 const char **ret_context) {
    struct memory *m = self;
    memory_lock(m);
    struct object *o = object_find(&m->objects, attach->volume.uuid);
    struct err *e = o ? object_attach(o, attach) : err_new(ERR_NOT_FOUND, "it does not exist at the storage");
    if (!e) *ret_context = arena_format(call->arena, "{\"device\":\"memory\",\"path\":\"%s\"}", o->handle);
    memory_unlock(m);
    return e;
}

// Both detach and fence: the storage forgets the host, unless a newer attachment is there.
static bool host_forget(struct memory *m, const struct driver_attach *attach) {
    struct object *o = object_find(&m->objects, attach->volume.uuid);
    struct host *h = o ? object_host(o, attach->host) : NULL;
    if (!h || h->epoch > attach->epoch) return false;
    free(h->name);
    vec_remove(&o->hosts, h - o->hosts.at);
    return true;
}

static struct err *memory_detach(void *self, const struct driver_call *call UNUSED,
                                 const struct driver_attach *attach) {
    struct memory *m = self;
    memory_lock(m);
    host_forget(m, attach);
    memory_unlock(m);
    return NULL;
}

static struct err *memory_fence(void *self, const struct driver_call *call, const struct driver_attach *attach,
                                const char **ret_proof) {
    struct memory *m = self;
    memory_lock(m);
    bool had = host_forget(m, attach);
    memory_unlock(m);
    *ret_proof = arena_format(call->arena, "the storage %s host '%s' up to epoch %llu",
                              had ? "unmapped the volume from" : "has no mapping to", attach->host,
                              (unsigned long long)attach->epoch);
    return NULL;
}

// ---- what the simulator asks ----

bool memory_add_foreign(void *self, const char *instance, const char *pool, const char *name, struct bytes size) {
    struct memory *m = self;
    struct pool *p = pool_find(m, instance, pool);
    if (!p || object_by_name(&m->objects, name)) return false;
    AUTO_ERR struct err *e = store_take(m, p, (struct bytes){0}, size);
    if (e) return false;
    struct object *o = object_add(&m->objects, name, NULL, NULL, false);
    o->pool = (size_t)(p - m->pools.at);
    o->size = size;
    return true;
}

size_t memory_count(void *self) {
    return ((struct memory *)self)->objects.live;
}

bool memory_may_write(void *self, const char *uuid, const char *host) {
    struct object *o = object_find(&((struct memory *)self)->objects, uuid);
    return o && object_host(o, host);
}

const struct driver_setting memory_pool_settings[] = {
    {"store", DRIVER_TEXT, .help = "name of the backing store; pools that name the same are views of it"},
    {"smallest", DRIVER_SIZE, .fallback = "1MiB", .help = "smallest volume"},
    {"largest", DRIVER_SIZE, .help = "largest volume"},
    {"granularity", DRIVER_SIZE, .fallback = "1MiB", .help = "sizes are rounded up to a multiple of this"},
    {"store-iops", DRIVER_NUMBER, .help = "operations per second that the store says it can do"},
    {"store-bandwidth", DRIVER_NUMBER, .help = "bytes per second that the store says it can do"},
    {"store-volumes", DRIVER_NUMBER, .help = "volumes that the store says it can hold"},
    {"zeroed", DRIVER_BOOL, .fallback = "true", .help = "new volumes read as zeros"},
    {.name = NULL},
};

const struct driver driver_memory = {
    .name = "memory",
    .help = "storage in memory, for tests: nothing can be mounted, and all is gone at its end",
    .capabilities = DRIVER_CARVE | DRIVER_GROW | DRIVER_SNAPSHOT | DRIVER_CLONE | DRIVER_FENCE | DRIVER_TAG |
                    DRIVER_LIST | DRIVER_MULTI_ATTACH | DRIVER_RAW_BLOCK | DRIVER_ZEROED,
    .parallel = true,
    .pool_settings = memory_pool_settings,
    .open = memory_open,
    .close = memory_close,
    .inventory = memory_inventory,
    .create = memory_create,
    .remove = memory_remove,
    .list = memory_list,
    .grow = memory_grow,
    .snapshot = memory_snapshot,
    .snapshot_remove = memory_snapshot_remove,
    .attach = memory_attach,
    .detach = memory_detach,
    .fence = memory_fence,
    .tag = memory_tag,
};
