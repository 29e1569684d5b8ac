// SPDX-License-Identifier: Apache-2.0
// ACCEPT: its offers, and its operations in their order.
#include "wire/mesos_accept.h"

#include <string.h>

#include "model/filesystem.h"
#include "model/label.h"
#include "wire/mesos.h"

typedef Mesos__V1__Offer__Operation offer_operation;

// Resources as items. A wrong amount stays below 0 in its item, and the operation is refused for it.
static const struct item *items_read(mesos_resource *const *resources, size_t count, struct arena *arena) {
    struct item *items = arena_zero(arena, count, sizeof *items);
    for (size_t i = 0; i < count; i++) err_free(mesos_item_read(resources[i], arena, &items[i]));
    return items;
}

static void operation_items(mesos_resource *const *resources, size_t count, struct arena *arena,
                            struct accept_operation *o) {
    o->items = items_read(resources, count, arena);
    o->item_count = count;
    for (size_t i = 0; i < count && !o->fs; i++) o->fs = mesos_resource_fs(resources[i]);
}

// What the core will look up. Names that are no filesystem stay as they are: it refuses them by name.
static void fs_intern(struct symbols *s, const struct accept_operation *o) {
    const char *fs = o->target == DISK_BLOCK ? "raw" : o->fs;
    if (fs && filesystem_find(fs)) symbol_make(s, fs);
}

static void tasks_read(struct symbols *s, Mesos__V1__TaskInfo *const *infos, size_t count, struct arena *arena,
                       struct accept_operation *o) {
    struct task_launch *tasks = arena_zero(arena, count, sizeof *tasks);
    for (size_t i = 0; i < count; i++) mesos_launch_read(s, infos[i], arena, &tasks[i]);
    o->tasks = tasks;
    o->task_count = count;
    if (!o->id) return;
    for (size_t i = 0; i < count; i++)
        tasks[i].refusal = "an operation 'id' is not allowed with LAUNCH: watch the task";
}

// Those that a volume may have, of one key the last, and of many the last of them. The others are the framework's alone.
static const char *volume_labels(const Mesos__V1__Labels *m, struct arena *arena) {
    struct label at[LABELS_MOST];
    size_t count = 0;
    for (size_t i = m->n_labels; i > 0 && count < LABELS_MOST; i--) {
        struct label l = {m->labels[i - 1]->key, m->labels[i - 1]->value};
        bool known = !label_good(&l);
        for (size_t n = 0; n < count && !known; n++) known = strcmp(at[n].key, l.key) == 0;
        if (!known) at[count++] = l;
    }
    if (!count) return NULL;
    AUTO_TEXT struct text lines = {0};
    AUTO_ERR struct err *e = labels_make(at, count, &lines);
    return e ? NULL : arena_text(arena, text_string(&lines));
}

static void operation_labels(const mesos_resource *r, struct arena *arena, struct accept_operation *o) {
    const Mesos__V1__Labels *labels = mesos_resource_labels(r);
    if (!labels) return;
    o->mesos_labels = mesos_pack(&labels->base, arena);
    o->labels = volume_labels(labels, arena);
}

static void reserve_read(const Mesos__V1__Offer__Operation__Reserve *reserve, struct arena *arena,
                         struct accept_operation *o) {
    operation_items(reserve->resources, reserve->n_resources, arena, o);
    if (reserve->n_resources) operation_labels(reserve->resources[0], arena, o);
}

static void grow_read(const Mesos__V1__Offer__Operation__GrowVolume *grow, struct arena *arena,
                      struct accept_operation *o) {
    struct item more;
    operation_items(&grow->volume, 1, arena, o);
    AUTO_ERR struct err *wrong = mesos_item_read(grow->addition, arena, &more);
    o->grow_by.n = wrong || more.amount.n < 0 ? 0 : more.amount.n;
}

static void create_disk_read(const Mesos__V1__Offer__Operation__CreateDisk *create, struct arena *arena,
                             struct accept_operation *o) {
    struct item *source = ARENA_NEW(arena, struct item);
    err_free(mesos_item_read(create->source, arena, source));
    o->target = (enum disk_type)create->target_type; // of the same numbers
    o->target_profile = create->target_profile;
    if (!source->profile && create->target_profile && *create->target_profile) source->profile = create->target_profile;
    o->fs = mesos_resource_fs(create->source);
    operation_labels(create->source, arena, o);
    o->items = source;
    o->item_count = 1;
}

// What an operation of its type needs and does not have leaves no items: the core says that it names no resource.
static void storage_read(const offer_operation *m, struct arena *arena, struct accept_operation *o) {
    switch ((int)o->kind) {
    case ACCEPT_RESERVE:
        if (m->reserve) reserve_read(m->reserve, arena, o);
        return;
    case ACCEPT_UNRESERVE:
        if (m->unreserve) operation_items(m->unreserve->resources, m->unreserve->n_resources, arena, o);
        return;
    case ACCEPT_CREATE:
        if (m->create) operation_items(m->create->volumes, m->create->n_volumes, arena, o);
        return;
    case ACCEPT_DESTROY:
        if (m->destroy) operation_items(m->destroy->volumes, m->destroy->n_volumes, arena, o);
        return;
    case ACCEPT_GROW:
        if (m->grow_volume) grow_read(m->grow_volume, arena, o);
        return;
    case ACCEPT_CREATE_DISK:
        if (m->create_disk) create_disk_read(m->create_disk, arena, o);
        return;
    case ACCEPT_DESTROY_DISK:
        if (m->destroy_disk) operation_items(&m->destroy_disk->source, 1, arena, o);
        return;
    default: return;
    }
}

static void operation_read(struct symbols *s, const offer_operation *m, struct arena *arena,
                           struct accept_operation *o) {
    o->kind = m->has_type ? (enum accept_kind)m->type : 0; // of the same numbers
    o->id = m->id && *m->id->value ? m->id->value : NULL;
    if (o->kind == ACCEPT_LAUNCH && m->launch)
        tasks_read(s, m->launch->task_infos, m->launch->n_task_infos, arena, o);
    else if (o->kind == ACCEPT_LAUNCH_GROUP && m->launch_group)
        tasks_read(s, m->launch_group->task_group->tasks, m->launch_group->task_group->n_tasks, arena, o);
    else
        storage_read(m, arena, o);
    fs_intern(s, o);
}

static void accept_read_offers(const Mesos__V1__Scheduler__Call__Accept *accept, struct arena *arena,
                               struct cmd_accept *ret) {
    uint64_t *offers = arena_zero(arena, accept->n_offer_ids, sizeof *offers);
    const char **texts = arena_zero(arena, accept->n_offer_ids, sizeof *texts);
    for (size_t i = 0; i < accept->n_offer_ids; i++) {
        texts[i] = accept->offer_ids[i]->value;
        offers[i] = mesos_number(texts[i]);
    }
    ret->offers = offers;
    ret->offer_texts = texts;
    ret->offer_count = accept->n_offer_ids;
}

void mesos_accept_read(struct symbols *s, const mesos_call *call, uint64_t framework, struct arena *arena,
                       struct cmd_accept *ret) {
    const Mesos__V1__Scheduler__Call__Accept *accept = call->accept;
    struct accept_operation *operations = arena_zero(arena, accept->n_operations, sizeof *operations);
    for (size_t i = 0; i < accept->n_operations; i++) operation_read(s, accept->operations[i], arena, &operations[i]);
    *ret = (struct cmd_accept){
        .framework = framework,
        .operations = operations,
        .operation_count = accept->n_operations,
        .refuse_seconds = mesos_refuse_seconds(accept->filters),
    };
    accept_read_offers(accept, arena, ret);
}
