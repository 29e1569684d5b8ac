// SPDX-License-Identifier: Apache-2.0
// granary volume: carve, look at, grow, publish and release volumes. How they are shown: volume_show.h.
#include <stdio.h>
#include <string.h>

#include "cli/output.h"
#include "cli/verbs.h"
#include "cli/volume_show.h"
#include "cli/volume_wait.h"
#include "granary_api.pb-c.h"
#include "model/class.h"

// ---- what the actions share ----

static void volume_path(const struct call *c, const char *tail, struct text *path) {
    text_add(path, "/v1/volumes");
    path_add(path, call_name(c, 0));
    text_add(path, tail);
    path_query(path, "role", options_text(c->options, "role"));
}

static struct progress waiting(const struct call *c) {
    const struct given *most = options_find(c->options, "patience");
    return progress_begin(c->json, most ? (int64_t)most->number : 0);
}

static bool waits(const struct call *c) {
    return !options_has(c->options, "no-wait");
}

// Asks for something of one volume; *ret_volume is what the master says it is now, NULL when it is gone already.
static struct err *volume_ask(struct call *c, const char *method, const char *tail, const ProtobufCMessage *body,
                              Granary__Volume **ret_volume) {
    AUTO_TEXT struct text path = {0};
    volume_path(c, tail, &path);
    void *message = NULL;
    TRY(client_ask(c->client, method, path.data, body, &granary__volume__descriptor, c->arena, &message));
    *ret_volume = message;
    return NULL;
}

// The end of most actions: JSON of the volume, or a sentence.
static void volume_tell(struct call *c, const Granary__Volume *v, const char *sentence) {
    if (c->json && v)
        message_write(&v->base, c->out);
    else if (!c->json)
        text_addf(c->out, "volume '%s' %s\n", call_name(c, 0), sentence);
}

// ---- create ----

static struct err *create_body(const struct call *c, Granary__VolumeCreate *body) {
    const struct given *size = options_find(c->options, "size"), *iops = options_find(c->options, "iops"),
                       *count = options_find(c->options, "count");
    const char *class = options_text(c->options, "class");
    if (!class) return err_new(ERR_INVALID, "--class is missing; 'granary class list' shows what there is");
    if (!size) return err_new(ERR_INVALID, "--size is missing, such as --size 50GiB");
    if (count && (!count->number || count->number > VOLUMES_A_REQUEST))
        return err_new(ERR_INVALID, "--count %s: must be 1 to %d", count->text, VOLUMES_A_REQUEST);
    body->name = (char *)call_name(c, 0);
    body->class_ = (char *)class;
    body->size = size->number;
    if (options_has(c->options, "role")) body->role = (char *)options_text(c->options, "role");
    body->fs = (char *)options_text(c->options, "fs");
    body->has_iops = iops != NULL;
    body->iops = iops ? iops->number : 0;
    body->has_count = count != NULL;
    body->count = count ? (uint32_t)count->number : 0;
    body->has_wait = options_has(c->options, "wait");
    body->wait = body->has_wait;
    return labels_give(c, &body->base);
}

static struct err *created_wait(struct call *c, struct progress *p, Granary__VolumeCreated *created) {
    for (size_t i = 0; i < created->n_volumes; i++) {
        Granary__Volume **v = &created->volumes[i];
        if (!(*v)->uuid) return err_new(ERR_INTERNAL, "volume '%s': the master gave it no UUID", (*v)->name);
        const char *what = created->n_volumes == 1 ? arena_format(c->arena, "create volume '%s'", (*v)->name)
                                                   : arena_format(c->arena, "create volume '%s' (%zu of %zu)",
                                                                  (*v)->name, i + 1, created->n_volumes);
        TRY(volume_wait(c, p, what, (*v)->uuid, (*v)->operation, volume_judge_ready, NULL, v));
    }
    created->n_operations = 0; // as they were when they began: of no use any more
    return NULL;
}

static void created_write(struct call *c, const Granary__VolumeCreated *created) {
    if (c->json) {
        message_write(&created->base, c->out);
        return;
    }
    for (size_t i = 0; i < created->n_volumes; i++) {
        const Granary__Volume *v = created->volumes[i];
        text_addf(c->out, "volume '%s' %s: %s of %s in %s\n", v->name, v->state ? v->state : "accepted",
                  show_bytes(v->size, c->arena), v->class_ ? v->class_ : "?",
                  v->pool ? v->pool : "a pool to be chosen");
    }
}

static struct err *volume_create(struct call *c) {
    Granary__VolumeCreate body = GRANARY__VOLUME_CREATE__INIT;
    TRY(create_body(c, &body));
    void *message;
    TRY(client_ask(c->client, "POST", "/v1/volumes", &body.base, &granary__volume_created__descriptor, c->arena,
                   &message));
    Granary__VolumeCreated *created = message;
    if (!created)
        return err_new(ERR_INTERNAL, "create volume '%s': the master accepted it without saying more", body.name);
    if (waits(c)) {
        struct progress p = waiting(c);
        struct err *e = created_wait(c, &p, created);
        progress_end(&p);
        TRY(e);
    }
    created_write(c, created);
    return NULL;
}

// ---- list, show ----

static struct err *volume_list(struct call *c) {
    AUTO_TEXT struct text path = {0};
    static const char *const filters[] = {"role", "class", "state", "label"};
    text_add(&path, "/v1/volumes");
    bool filtered = false;
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        path_query(&path, filters[i], options_text(c->options, filters[i]));
        filtered = filtered || options_has(c->options, filters[i]);
    }
    void *list;
    TRY(client_list(c->client, path.data, &granary__volume_list__descriptor, c->arena, &list));
    if (!call_json(c)) volumes_write(list, filtered, c->out, c->arena);
    return NULL;
}

static struct err *volume_show(struct call *c) {
    Granary__Volume *v;
    TRY(volume_ask(c, "GET", "", NULL, &v));
    if (!v) return err_new(ERR_INTERNAL, "volume '%s': the master answered nothing", call_name(c, 0));
    if (!call_json(c)) volume_write(v, c->out, c->arena);
    return NULL;
}

// ---- changes of one volume ----

// One request, and the wait for its end. `said`, `done`: how the sentence goes on, without and with the wait.
struct change {
    const char *verb, *tail, *said, *done;
    volume_judge *judge;
    const void *wish;
    bool by_operation; // its failure ends the wait; else the volume says enough
};

static struct err *change_wait(struct call *c, const struct change *change, Granary__Volume **v) {
    if (!(*v)->uuid) return err_new(ERR_INTERNAL, "volume '%s': the master says no UUID", call_name(c, 0));
    uint64_t operation = change->by_operation ? (*v)->operation : 0;
    const char *what = arena_format(c->arena, "%s volume '%s'", change->verb, call_name(c, 0));
    struct progress p = waiting(c);
    struct err *e = volume_wait(c, &p, what, (*v)->uuid, operation, change->judge, change->wish, v);
    progress_end(&p);
    return e;
}

static struct err *volume_change(struct call *c, const struct change *change, const ProtobufCMessage *body) {
    Granary__Volume *v;
    bool delete = strcmp(change->verb, "delete") == 0;
    TRY(volume_ask(c, delete ? "DELETE" : "POST", change->tail, body, &v));
    if (v && waits(c)) TRY(change_wait(c, change, &v));
    volume_tell(c, v, waits(c) || (delete &&!v) ? change->done : change->said);
    return NULL;
}

static struct err *volume_grow(struct call *c) {
    const struct given *size = options_find(c->options, "size");
    if (!size) return err_new(ERR_INVALID, "--size is missing: how large the volume shall be in all");
    Granary__VolumeGrow body = GRANARY__VOLUME_GROW__INIT;
    body.size = size->number;
    struct change change = {"grow", "/grow", "is growing", NULL, volume_judge_size, &size->number, true};
    change.done = arena_format(c->arena, "has %s", show_bytes(size->number, c->arena));
    return volume_change(c, &change, &body.base);
}

static struct err *volume_delete(struct call *c) {
    struct change change = {"delete", "", "is being released", "is released", volume_judge_gone, NULL, false};
    return volume_change(c, &change, NULL);
}

static struct err *volume_publish(struct call *c) {
    const char *agent = options_text(c->options, "agent");
    if (!agent) return err_new(ERR_INVALID, "--agent is missing; 'granary agents' lists them");
    Granary__VolumePublish body = GRANARY__VOLUME_PUBLISH__INIT;
    body.agent = (char *)agent;
    body.has_read_only = body.read_only = options_has(c->options, "read-only");
    struct change change = {"publish", "/publish", NULL, NULL, volume_judge_published, agent, false};
    change.said = arena_format(c->arena, "is being published on agent '%s'", agent);
    change.done = arena_format(c->arena, "is published on agent '%s'", agent);
    return volume_change(c, &change, &body.base);
}

static struct err *volume_unpublish(struct call *c) {
    struct change change = {
        "unpublish", "/unpublish", "is being unpublished", "is unpublished", volume_judge_unpublished, NULL, false};
    return volume_change(c, &change, NULL);
}

// ---- the table ----

#define ROLE                                                                                                           \
    { "role", OPTION_TEXT, "ROLE", "whose volume it is (\"*\")" }
#define NO_WAIT                                                                                                        \
    {"no-wait", OPTION_FLAG, NULL, "do not wait for the end"}, {                                                       \
        "patience", OPTION_DURATION, "TIME", "how long to wait for the end (without bound)"                            \
    }

static const struct option create_options[] = {
    {"class", OPTION_TEXT, "CLASS", "what kind of storage: see 'granary class list'"},
    {"size", OPTION_SIZE, "SIZE", "such as 50GiB"},
    {"role", OPTION_TEXT, "ROLE", "for whom (\"*\")"},
    {"fs", OPTION_TEXT, "FS", "filesystem, or raw (the class's)"},
    {"iops", OPTION_NUMBER, "N", "operations per second to reserve (the class's)"},
    {"label", OPTION_LIST, "KEY=VALUE", "a label of the volume; may be given several times"},
    {"count", OPTION_NUMBER, "N", "make NAME-1 to NAME-N, all or none"},
    {"wait", OPTION_FLAG, NULL, "when the provider is away, wait for it instead of being refused"},
    NO_WAIT,
    {0},
};
static const struct option list_options[] = {
    {"role", OPTION_TEXT, "ROLE", "only those of this role"},
    {"class", OPTION_TEXT, "CLASS", "only those of this class"},
    {"label", OPTION_TEXT, "KEY=VALUE", "only those with this label"},
    {"state", OPTION_TEXT, "STATE", "only those that are wanted, making, ready, releasing or failed"},
    {0},
};
static const struct option show_options[] = {ROLE, {0}};
static const struct option grow_options[] = {
    {"size", OPTION_SIZE, "SIZE", "how large it shall be in all"}, ROLE, NO_WAIT, {0}};
static const struct option change_options[] = {ROLE, NO_WAIT, {0}};
static const struct option publish_options[] = {
    {"agent", OPTION_TEXT, "AGENT", "where to attach and mount it"},
    {"read-only", OPTION_FLAG, NULL, "mount it read-only"},
    ROLE,
    NO_WAIT,
    {0},
};

static const struct action actions[] = {
    {"create", "NAME --class CLASS --size SIZE [...]", "carves a volume and waits until it is ready", create_options, 1,
     1, 0, volume_create,
     "Everything is placed, or nothing. When nothing fits, the answer says why and what would pass (exit code 6).\n\n"
     "examples:\n"
     "  granary volume create db --class gold --size 50GiB\n"
     "  granary volume create db-2 --class gold --size 50GiB --label app=shop\n"
     "  granary volume create log --class bulk --size 1TiB --count 3 --role batch --no-wait"},
    {"list", "[--role R] [--class C] [--state S]", "the volumes, one line each", list_options, 0, 0, ACTION_WATCH,
     volume_list,
     "examples:\n  granary volume list --watch\n  granary volume list --state failed\n"
     "  granary volume list -o json | jq -r '.volumes[] | select(.busy) | .name'"},
    {"show", "NAME|UUID", "all about one volume: where it is, what is on it, who has it", show_options, 1, 1, 0,
     volume_show,
     "An attachment has a warning while its agent no longer satisfies what pool or class ask; nothing is moved for "
     "it.\n\n"
     "example:\n  granary volume show db"},
    {"grow", "NAME|UUID --size SIZE", "makes a volume larger; it is never shrunk", grow_options, 1, 1, 0, volume_grow,
     "example:\n  granary volume grow db --size 100GiB"},
    {"delete", "NAME|UUID", "releases a volume, as its class says: delete, keep, or wipe", change_options, 1, 1, 0,
     volume_delete,
     "It is refused while a task uses it. A promise of its space ends when the storage has given it back.\n\n"
     "example:\n  granary volume delete db"},
    {"publish", "NAME|UUID --agent AGENT", "attaches, formats if new, and mounts a volume on an agent", publish_options,
     1, 1, 0, volume_publish,
     "It stays there until it is unpublished.\n\nexample:\n  granary volume publish db --agent n1"},
    {"unpublish", "NAME|UUID", "unmounts and detaches a published volume", change_options, 1, 1, 0, volume_unpublish,
     "example:\n  granary volume unpublish db"},
};
NOUN(volume, actions);
