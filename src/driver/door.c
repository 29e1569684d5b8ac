// SPDX-License-Identifier: Apache-2.0
// The one guarded door to drivers: checks, counts, adds context, and then calls. What a driver answers is checked too.
#include "driver/door.h"

#include <jansson.h>
#include <stdatomic.h>
#include <string.h>

#include "base/id.h"
#include "base/mem.h"
#include "base/text.h"
#include "driver/settings.h"

enum { HANDLE_LONGEST = 255, CONTEXT_LONGEST = 4096, STORAGE_NAME_LONGEST = 31 };

struct door {
    const struct driver *driver;
    void *self;
    char *provider;
    bool ours; // opened here
    struct arena arena;
    atomic_uint_least64_t calls[DRIVER_ACT_COUNT], failures[DRIVER_ACT_COUNT], running[DRIVER_ACT_COUNT];
};

const char *driver_act_name(enum driver_act act) {
    static const char *const names[] = {
#define X(act, function, words) words,
        DRIVER_ACTS(X)
#undef X
    };
    must(act < DRIVER_ACT_COUNT);
    return names[act];
}

struct door *door_around(const struct driver *driver, const char *provider, void *self) {
    struct door *d = NEW(struct door);
    must(driver->name && driver->open && driver->close && driver->inventory);
    d->driver = driver;
    d->self = self;
    d->provider = mem_text(provider);
    return d;
}

struct err *door_open(const struct driver *driver, const struct driver_config *config, struct door **ret_door) {
    struct door *d = door_around(driver, config->provider, NULL);
    struct driver_config checked;
    struct err *e = config_check(driver, config, &d->arena, &checked);
    if (!e) e = err_wrap(driver->open(&checked, &d->self), "provider '%s'", config->provider);
    d->ours = !e;
    if (e) {
        door_close(d);
        return e;
    }
    *ret_door = d;
    return NULL;
}

void door_close(struct door *d) {
    if (!d) return;
    if (d->ours) d->driver->close(d->self);
    arena_done(&d->arena);
    free(d->provider);
    free(d);
}

void *door_self(const struct door *d) {
    return d->self;
}

bool door_has(const struct door *d, enum driver_act act) {
    switch (act) {
#define X(act, function, words)                                                                                        \
    case DRIVER_ACT_##act: return d->driver->function != NULL;
        DRIVER_ACTS(X)
#undef X
    case DRIVER_ACT_COUNT: break;
    }
    return false;
}

struct door_count door_count(const struct door *d, enum driver_act act) {
    must(act < DRIVER_ACT_COUNT);
    return (struct door_count){d->calls[act], d->failures[act], d->running[act]};
}

// ---- what goes in ----

static bool storage_name_valid(const char *name) {
    if (!name || !*name || strlen(name) > STORAGE_NAME_LONGEST) return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(name);
}

static struct err *volume_check(const struct driver_volume *v) {
    struct uuid uuid;
    if (!v->uuid || !uuid_parse(v->uuid, &uuid))
        return err_new(ERR_INVALID, "'%s' is not a UUID", v->uuid ? v->uuid : "");
    if (!v->cluster || !*v->cluster) return err_new(ERR_INVALID, "the cluster is not named");
    if (!storage_name_valid(v->name))
        return err_new(ERR_INVALID, "'%s' is not a name for a storage system: 1 to 31 of a-z, 0-9 and '-'",
                       v->name ? v->name : "");
    if (!v->instance || !v->pool) return err_new(ERR_INVALID, "instance and pool are not named");
    if (v->handle && strlen(v->handle) > HANDLE_LONGEST) return err_new(ERR_TOO_LARGE, "its handle is over 255 bytes");
    if (v->context && strlen(v->context) > CONTEXT_LONGEST) return err_new(ERR_TOO_LARGE, "its context is over 4 KiB");
    return NULL;
}

static struct err *attach_check(const struct driver_attach *a) {
    TRY(volume_check(&a->volume));
    if (!a->host || !*a->host)
        return err_new(ERR_INVALID, "agent '%s' has no identity in this storage system", a->agent ? a->agent : "");
    if (!a->epoch) return err_new(ERR_INVALID, "an attachment without an epoch");
    return NULL;
}

static struct err *request_check(const struct driver_request *r) {
    switch (r->act) {
    case DRIVER_ACT_INVENTORY: return NULL;
    case DRIVER_ACT_LIST: return r->most ? NULL : err_new(ERR_INVALID, "a page of no objects");
    case DRIVER_ACT_CREATE:
        TRY(volume_check(&r->create.volume));
        return r->create.size.n && r->create.size.n <= INT64_MAX
                   ? NULL
                   : err_new(ERR_INVALID, "no size is given, or too large a one");
    case DRIVER_ACT_GROW:
        TRY(volume_check(&r->volume));
        return r->size.n && r->size.n <= INT64_MAX ? NULL
                                                   : err_new(ERR_INVALID, "no size is given, or too large a one");
    case DRIVER_ACT_SNAPSHOT:
        TRY(volume_check(&r->volume));
        return storage_name_valid(r->text) ? NULL : err_new(ERR_INVALID, "the snapshot has no valid name");
    case DRIVER_ACT_SNAPSHOT_REMOVE: return r->text && *r->text ? NULL : err_new(ERR_INVALID, "no snapshot is named");
    case DRIVER_ACT_REMOVE:
    case DRIVER_ACT_TAG: return volume_check(&r->volume);
    case DRIVER_ACT_ATTACH:
    case DRIVER_ACT_DETACH:
    case DRIVER_ACT_FENCE: return attach_check(&r->attach);
    case DRIVER_ACT_COUNT: break;
    }
    return err_new(ERR_INVALID, "no such call");
}

// ---- what comes back ----

static struct err *context_check(const char *context) {
    if (!context) return NULL;
    if (strlen(context) > CONTEXT_LONGEST) return err_new(ERR_INTERNAL, "the driver answered a context over 4 KiB");
    json_t *json = json_loads(context, JSON_REJECT_DUPLICATES, NULL);
    bool object = json_is_object(json);
    json_decref(json);
    return object ? NULL
                  : err_new(ERR_INTERNAL, "the driver answered a context that is not a JSON object: %s", context);
}

static struct err *created_check(const struct driver_request *r, const struct driver_created *c) {
    if (!c->handle || !*c->handle || strlen(c->handle) > HANDLE_LONGEST)
        return err_new(ERR_INTERNAL, "the driver answered no handle, or one over 255 bytes");
    if (c->size.n < r->create.size.n)
        return err_new(ERR_INTERNAL, "the driver made %llu bytes where %llu were asked", (unsigned long long)c->size.n,
                       (unsigned long long)r->create.size.n);
    return context_check(c->context);
}

static struct err *objects_check(const struct driver_request *r, const struct driver_objects *o) {
    if (o->count > r->most)
        return err_new(ERR_INTERNAL, "the driver answered %zu objects in a page of %zu", o->count, r->most);
    if (o->next && r->text && text_equal(o->next, r->text))
        return err_new(ERR_INTERNAL, "the driver's list does not advance past '%s'", r->text);
    for (size_t i = 0; i < o->count; i++) {
        if (!o->at[i].name && !o->at[i].handle)
            return err_new(ERR_INTERNAL, "the driver listed an object without a name");
        TRY(context_check(o->at[i].context));
    }
    for (size_t i = 0; i < o->unseen_count; i++)
        if (!o->unseen[i].instance || !o->unseen[i].pool || !o->unseen[i].why)
            return err_new(ERR_INTERNAL, "the driver did not see a pool, and not which or why");
    return NULL;
}

static struct err *pool_check(const struct driver_pool *p) {
    if (!p->name) return err_new(ERR_INTERNAL, "the driver reported a pool without a name");
    if (p->largest.n && p->largest.n < p->smallest.n)
        return err_new(ERR_INTERNAL, "the driver reported pool '%s' with a largest volume below the smallest", p->name);
    return NULL;
}

static struct err *inventory_check(const struct driver_inventory *inventory) {
    for (size_t i = 0; i < inventory->instance_count; i++) {
        const struct driver_instance *instance = &inventory->instances[i];
        if (!instance->name) return err_new(ERR_INTERNAL, "the driver reported an instance without a name");
        for (size_t j = 0; j < instance->pool_count; j++) TRY(pool_check(&instance->pools[j]));
    }
    return NULL;
}

static struct err *answer_check(const struct driver_request *r, const struct driver_answer *a) {
    switch (r->act) {
    case DRIVER_ACT_INVENTORY: return inventory_check(&a->inventory);
    case DRIVER_ACT_LIST: return objects_check(r, &a->objects);
    case DRIVER_ACT_CREATE: return created_check(r, &a->created);
    case DRIVER_ACT_GROW:
        if (a->size.n >= r->size.n) return NULL;
        return err_new(ERR_INTERNAL, "the driver says that it grew, but the volume is smaller than asked");
    case DRIVER_ACT_ATTACH: return context_check(a->context);
    case DRIVER_ACT_FENCE:
        return a->proof && *a->proof ? NULL : err_new(ERR_INTERNAL, "the driver answered a fence without a proof");
    default: return NULL;
    }
}

// ---- the call ----

static const struct driver_volume *request_volume(const struct driver_request *r) {
    if (r->act == DRIVER_ACT_CREATE) return &r->create.volume;
    if (r->act == DRIVER_ACT_ATTACH || r->act == DRIVER_ACT_DETACH || r->act == DRIVER_ACT_FENCE)
        return &r->attach.volume;
    return &r->volume;
}

// "create volume 'db-3' in pool 'file/main/fast': ..."
static struct err *explain(const struct door *d, const struct driver_request *r, struct err *e) {
    const struct driver_volume *v = request_volume(r);
    const char *act = driver_act_name(r->act);
    if (!e) return NULL;
    if (!v->uuid) return err_wrap(e, "%s of provider '%s'", act, d->provider);
    const char *label = v->label ? v->label : v->uuid;
    if (r->act >= DRIVER_ACT_ATTACH && r->act <= DRIVER_ACT_FENCE && r->attach.agent)
        return err_wrap(e, "%s volume '%s' of pool '%s/%s/%s' %s agent '%s'", act, label, d->provider,
                        v->instance ? v->instance : "", v->pool ? v->pool : "",
                        r->act == DRIVER_ACT_ATTACH ? "to" : "from", r->attach.agent);
    return err_wrap(e, "%s volume '%s' in pool '%s/%s/%s'", act, label, d->provider, v->instance ? v->instance : "",
                    v->pool ? v->pool : "");
}

static struct err *call_driver(const struct driver *t, void *self, const struct driver_call *call,
                               const struct driver_request *r, struct driver_answer *a) {
    switch (r->act) {
    case DRIVER_ACT_INVENTORY: return t->inventory(self, call, &a->inventory);
    case DRIVER_ACT_LIST: return t->list(self, call, r->text, r->most, &a->objects);
    case DRIVER_ACT_CREATE: return t->create(self, call, &r->create, &a->created);
    case DRIVER_ACT_REMOVE: return t->remove(self, call, &r->volume, r->wipe);
    case DRIVER_ACT_GROW: return t->grow(self, call, &r->volume, r->size, &a->size);
    case DRIVER_ACT_SNAPSHOT: return t->snapshot(self, call, &r->volume, r->text, &a->snapshot);
    case DRIVER_ACT_SNAPSHOT_REMOVE: return t->snapshot_remove(self, call, r->text);
    case DRIVER_ACT_ATTACH: return t->attach(self, call, &r->attach, &a->context);
    case DRIVER_ACT_DETACH: return t->detach(self, call, &r->attach);
    case DRIVER_ACT_FENCE: return t->fence(self, call, &r->attach, &a->proof);
    case DRIVER_ACT_TAG: return t->tag(self, call, &r->volume, &r->tags);
    case DRIVER_ACT_COUNT: break;
    }
    return err_new(ERR_INVALID, "no such call");
}

static struct err *run_checked(struct door *d, const struct driver_call *call, const struct driver_request *r,
                               struct driver_answer *ret_answer) {
    struct driver_answer answer = {0};
    TRY(request_check(r));
    if (!door_has(d, r->act)) {
        if (r->act != DRIVER_ACT_ATTACH && r->act != DRIVER_ACT_DETACH)
            return err_new(ERR_UNSUPPORTED, "the driver '%s' cannot do that", d->driver->name);
        answer.context = r->attach.volume.context; // every host finds it by what create answered
        *ret_answer = answer;
        return NULL;
    }
    TRY(call_driver(d->driver, d->self, call, r, &answer));
    TRY(answer_check(r, &answer));
    *ret_answer = answer;
    return NULL;
}

struct err *door_run(struct door *d, const struct driver_call *call, const struct driver_request *request,
                     struct driver_answer *ret_answer) {
    must(request->act < DRIVER_ACT_COUNT && call->arena);
    d->calls[request->act]++;
    d->running[request->act]++;
    struct err *e = run_checked(d, call, request, ret_answer);
    d->running[request->act]--;
    if (e) d->failures[request->act]++;
    return explain(d, request, e);
}
