// SPDX-License-Identifier: Apache-2.0
// The objects of the driver 'memory': a million of them must not make a call slow.
#include "driver/memory_object.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

static void object_free(struct object *o) {
    if (!o) return;
    VEC_EACH (host, &o->hosts) free(host->name);
    VEC_EACH (tag, &o->tags) {
        free((char *)tag->key);
        free((char *)tag->value);
    }
    vec_done(&o->hosts);
    vec_done(&o->tags);
    free(o->name);
    free(o->uuid);
    free(o->cluster);
    free(o->handle);
    free(o);
}

void objects_done(struct objects *all) {
    VEC_EACH (object, &all->order) object_free(*object);
    vec_done(&all->order);
    vec_done(&all->numbers);
    map_done(&all->by_uuid);
    map_done(&all->by_name);
}

struct object *object_find(const struct objects *all, const char *uuid) {
    return map_get_text(&all->by_uuid, uuid);
}

struct object *object_by_name(const struct objects *all, const char *name) {
    return map_get_text(&all->by_name, name);
}

// The place of the first number that is at least that one.
static size_t place_of(const struct objects *all, uint64_t number) {
    size_t low = 0, high = all->numbers.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (all->numbers.at[middle] < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct object *object_by_handle(const struct objects *all, const char *handle) {
    uint64_t number;
    if (!text_starts(handle, "mem-") || !text_to_u64(handle + strlen("mem-"), &number)) return NULL;
    size_t i = place_of(all, number);
    return i < all->order.count && all->numbers.at[i] == number ? all->order.at[i] : NULL;
}

struct object *object_after(const struct objects *all, uint64_t number) {
    for (size_t i = place_of(all, number + 1); i < all->order.count; i++)
        if (all->order.at[i]) return all->order.at[i];
    return NULL;
}

struct object *object_add(struct objects *all, const char *name, const char *uuid, const char *cluster, bool snapshot) {
    struct object *o = NEW(struct object);
    o->number = ++all->last_number;
    o->name = mem_text(name);
    o->uuid = mem_text(uuid);
    o->cluster = mem_text(cluster);
    o->handle = mem_format("mem-%llu", (unsigned long long)o->number);
    o->snapshot = snapshot;
    vec_push(&all->order, o);
    vec_push(&all->numbers, o->number);
    all->live++;
    map_put_text(&all->by_name, name, NULL)->p = o;
    if (uuid && !snapshot) map_put_text(&all->by_uuid, uuid, NULL)->p = o;
    return o;
}

static void objects_squeeze(struct objects *all) {
    size_t kept = 0;
    if (all->order.count < 2 * all->live + 64) return;
    for (size_t i = 0; i < all->order.count; i++) {
        if (!all->order.at[i]) continue;
        all->order.at[kept] = all->order.at[i];
        all->numbers.at[kept++] = all->numbers.at[i];
    }
    vec_cut(&all->order, kept);
    vec_cut(&all->numbers, kept);
}

void object_delete(struct objects *all, struct object *o) {
    map_remove_text(&all->by_name, o->name);
    if (o->uuid && !o->snapshot) map_remove_text(&all->by_uuid, o->uuid);
    all->order.at[place_of(all, o->number)] = NULL;
    all->live--;
    object_free(o);
    objects_squeeze(all);
}

struct host *object_host(struct object *o, const char *name) {
    VEC_EACH (host, &o->hosts)
        if (text_equal(host->name, name)) return host;
    return NULL;
}

void object_tag(struct object *o, const struct driver_pair *tag) {
    VEC_EACH (old, &o->tags) {
        if (!text_equal(old->key, tag->key)) continue;
        free((char *)old->value);
        old->value = mem_text(tag->value);
        return;
    }
    vec_push(&o->tags, ((struct driver_pair){mem_text(tag->key), mem_text(tag->value)}));
}
