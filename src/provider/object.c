// SPDX-License-Identifier: Apache-2.0
// What the storage holds: our volumes by UUID, and what others made. Read page by page; what operations change while the list
// is read, they know better.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "provider/machine.h"

enum {
    PAGE_TRIES = 8,      // of one page, before the list is read from its beginning
    OBJECTS_PART = 16384 // volumes in one message: 256 KiB
};

// ---- the table ----

struct object *object_get(struct provider *p, const char *uuid) {
    return map_get_text(&p->objects, uuid);
}

static struct held *held_get(struct provider *p, const char *instance, const char *pool) {
    if (!instance || !pool) return NULL;
    AUTO_FREE char *key = mem_format("%s/%s", instance, pool);
    union map_value *v = map_put_text(&p->helds, key, NULL);
    if (!v->p) v->p = NEW(struct held);
    return v->p;
}

uint64_t held_low(const struct provider *p, const char *instance, const char *pool) {
    AUTO_FREE char *key = mem_format("%s/%s", instance, pool);
    const struct held *h = map_get_text(&p->helds, key);
    return h ? h->low : 0;
}

void counting_begin(struct provider *p) {
    p->inventory++;
    MAP_EACH (entry, &p->helds) {
        struct held *h = entry->value.p;
        h->low = h->now;
    }
}

// Before a change: fixes what it counted for when the inventory began.
static void object_fix(struct provider *p, struct object *o) {
    if (o->inventory == p->inventory) return;
    o->inventory = p->inventory;
    o->counted = o->removing ? (struct bytes){0} : o->size;
}

// From now on it counts for `most` at most.
static void object_lower(struct provider *p, struct object *o, struct bytes most) {
    object_fix(p, o);
    if (o->counted.n <= most.n) return;
    if (o->held) o->held->low -= o->counted.n - most.n;
    o->counted = most;
}

void object_resize(struct provider *p, struct object *o, struct bytes size) {
    object_lower(p, o, size);
    if (o->held && !o->removing) o->held->now = o->held->now - o->size.n + size.n;
    o->size = size;
}

void object_removing(struct provider *p, struct object *o, bool removing) {
    if (o->removing == removing) return;
    object_lower(p, o, removing ? (struct bytes){0} : o->size);
    if (o->held) o->held->now = removing ? o->held->now - o->size.n : o->held->now + o->size.n;
    o->removing = removing;
}

void object_drop(struct provider *p, const char *uuid) {
    struct object *o = object_get(p, uuid);
    if (!o) return;
    object_removing(p, o, true);
    map_remove_text(&p->objects, uuid);
    arena_done(&o->arena);
    free(o);
}

static void listing_clear(struct listing *l) {
    arena_done(&l->arena);
    vec_done(&l->objects);
    map_done(&l->changed);
    memset(&l->changed, 0, sizeof l->changed);
    map_done(&l->unseen);
    memset(&l->unseen, 0, sizeof l->unseen);
}

void objects_free(struct provider *p) {
    MAP_EACH (entry, &p->objects) {
        struct object *o = entry->value.p;
        arena_done(&o->arena);
        free(o);
    }
    map_done(&p->objects);
    MAP_EACH (entry, &p->helds) free(entry->value.p);
    map_done(&p->helds);
    map_done(&p->unseen);
    listing_clear(&p->listing);
}

// ---- reading the list ----

void listing_touch(struct provider *p, const char *uuid) {
    if (p->listing.running) map_put_text(&p->listing.changed, uuid, NULL);
}

static void page_ask(struct provider *p) {
    struct arena arena = {0}; // the job's: it may outlive this listing
    struct driver_request r = {
        .act = DRIVER_ACT_LIST, .most = p->setup.page, .text = arena_text(&arena, p->listing.token)};
    job_start(p, JOB_LIST, &r, p->setup.timeout_ms[DRIVER_ACT_LIST])->arena = arena;
}

void listing_run(struct provider *p) {
    struct listing *l = &p->listing;
    if (l->retry_at.ms > p->now.ms || !job_room(p)) return;
    if (l->paused) {
        l->paused = false;
        page_ask(p);
        return;
    }
    if (!l->wanted || l->running) return;
    listing_clear(l);
    l->wanted = false;
    l->running = true;
    l->token = NULL;
    MAP_EACH (entry, &p->operations) {
        struct operation *o = entry->value.p;
        if (o->state == RUNNING) listing_touch(p, o->line->uuid);
    }
    page_ask(p);
}

bool listing_due(const struct provider *p) {
    const struct listing *l = &p->listing;
    return (l->paused || (l->wanted && !l->running)) && job_room(p);
}

// But for the hosts: who is attached is not asked here.
static struct driver_object object_copy(const struct driver_object *o, struct arena *arena) {
    struct driver_object copy = *o;
    copy.name = arena_text(arena, o->name);
    copy.handle = arena_text(arena, o->handle);
    copy.instance = arena_text(arena, o->instance);
    copy.pool = arena_text(arena, o->pool);
    copy.cluster = arena_text(arena, o->cluster);
    copy.uuid = arena_text(arena, o->uuid);
    copy.context = arena_text(arena, o->context);
    copy.attached_to = NULL;
    copy.attached_count = 0;
    return copy;
}

// Ours, if the storage says so, or else if the name does.
static bool object_ours(const struct provider *p, const struct driver_object *o, struct uuid *ret_uuid) {
    if (!p->cluster) return false;
    if (o->uuid) return o->cluster && text_equal(o->cluster, p->cluster) && uuid_parse(o->uuid, ret_uuid);
    return o->name && storage_name_parse(o->name, p->cluster, ret_uuid);
}

static struct object *object_new(struct provider *p, const char *uuid) {
    struct object *o = NEW(struct object);
    o->inventory = p->inventory; // it counts for nothing in one that began before
    map_put_text(&p->objects, uuid, NULL)->p = o;
    return o;
}

void object_learn(struct provider *p, const char *uuid, const struct driver_object *from) {
    struct object *o = object_get(p, uuid);
    struct held *held = held_get(p, from->instance, from->pool);
    bool removing = o && o->removing;
    if (o && o->held != held) { // it moved
        object_drop(p, uuid);
        o = NULL;
    }
    if (!o) o = object_new(p, uuid);
    struct arena arena = {0};
    struct driver_object copy = object_copy(from, &arena);
    arena_done(&o->arena);
    o->arena = arena;
    o->held = held;
    o->handle = copy.handle;
    o->name = copy.name;
    o->instance = copy.instance;
    o->pool = copy.pool;
    o->context = copy.context;
    object_resize(p, o, copy.size);
    object_removing(p, o, removing);
}

static bool pool_among(const struct map *pools, const char *instance, const char *pool) {
    AUTO_FREE char *key = mem_format("%s/%s", instance ? instance : "", pool ? pool : "");
    return map_find_text(pools, key);
}

bool listing_missed(struct provider *p, const char *instance, const char *pool) {
    bool missed = pool_among(&p->unseen, instance, pool);
    p->listing.wanted |= missed;
    return missed;
}

static void unseen_take(struct provider *p, const struct driver_unseen *u) {
    struct listing *l = &p->listing;
    if (pool_among(&l->unseen, u->instance, u->pool)) return;
    AUTO_FREE char *key = mem_format("%s/%s", u->instance, u->pool);
    map_put_text(&l->unseen, key, NULL);
    provider_log(p, "pool '%s' could not be listed, its volumes are left as they were: %s", key, u->why);
}

// The whole list is there: it replaces the table, but for what operations changed meanwhile and what it could not see.
static void listing_adopt(struct provider *p) {
    struct listing *l = &p->listing;
    struct map listed = {0};
    p->foreign = 0;
    VEC_EACH (from, &l->objects) {
        struct uuid uuid;
        char text[UUID_TEXT];
        if (!object_ours(p, from, &uuid)) {
            p->foreign++;
            continue;
        }
        uuid_text(uuid, text);
        map_put_text(&listed, text, NULL);
        if (!map_find_text(&l->changed, text)) object_learn(p, text, from);
    }
    MAP_EACH (entry, &p->objects) {
        const struct object *o = entry->value.p;
        if (!map_find_bytes(&listed, entry->key.bytes, entry->size) &&
            !map_find_bytes(&l->changed, entry->key.bytes, entry->size) &&
            !pool_among(&l->unseen, o->instance, o->pool))
            object_drop(p, entry->key.bytes);
    }
    map_done(&listed);
}

static void listing_end(struct provider *p) {
    struct listing *l = &p->listing;
    listing_adopt(p);
    p->report.wanted |= map_count(&l->unseen) < map_count(&p->unseen);
    map_done(&p->unseen);
    p->unseen = l->unseen;
    memset(&l->unseen, 0, sizeof l->unseen);
    listing_clear(l);
    l->running = false;
    l->attempts = 0;
    l->retry_at.ms = 0;
    p->objects_fresh = true;
    provider_log(p, "the storage was listed ours=%zu foreign=%zu", map_count(&p->objects), p->foreign);
    if (p->session == CONNECTED) objects_say(p);
}

// The same page again, or, if that does not help or cannot, the whole list.
static void listing_fail(struct provider *p, enum err_kind kind, const char *why) {
    struct listing *l = &p->listing;
    l->attempts++;
    l->paused = outcome_open(kind) && l->attempts % PAGE_TRIES != 0;
    if (!l->paused) {
        l->running = false;
        l->wanted = true;
    }
    l->retry_at.ms = p->now.ms + provider_back_off(p, 0, l->attempts);
    provider_log(p, "the storage could not be listed, trying again why=\"%s\"", why);
}

void listing_done(struct provider *p, struct job *j UNUSED, const struct provider_input *input) {
    struct listing *l = &p->listing;
    if (input->error) {
        listing_fail(p, input->error_kind, input->error);
        return;
    }
    const struct driver_objects *page = &input->answer->objects;
    for (size_t i = 0; i < page->count; i++) vec_push(&l->objects, object_copy(&page->at[i], &l->arena));
    for (size_t i = 0; i < page->unseen_count; i++) unseen_take(p, &page->unseen[i]);
    l->token = arena_text(&l->arena, page->next);
    l->attempts = 0;
    if (page->next)
        page_ask(p); // goes on outside the budget: its worker is free just now
    else
        listing_end(p);
}

// ---- telling ----

static Granary__ObjectList *list_new(struct provider *p) {
    Granary__ObjectList *list = ARENA_NEW(&p->out->arena, Granary__ObjectList);
    granary__object_list__init(list);
    list->has_volumes = true;
    list->volumes.data = arena_zero(&p->out->arena, OBJECTS_PART, sizeof(struct uuid));
    provider_say(p)->objects = list;
    return list;
}

void objects_say(struct provider *p) {
    Granary__ObjectList *list = list_new(p);
    list->has_foreign = true;
    list->foreign = (uint32_t)p->foreign;
    MAP_EACH (entry, &p->objects) {
        struct uuid uuid;
        must(uuid_parse(entry->key.bytes, &uuid));
        if (list->volumes.len == OBJECTS_PART * sizeof uuid) {
            list->has_more = list->more = true;
            list = list_new(p);
        }
        memcpy(list->volumes.data + list->volumes.len, uuid.bytes, sizeof uuid);
        list->volumes.len += sizeof uuid;
    }
}
