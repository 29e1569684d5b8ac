// SPDX-License-Identifier: Apache-2.0
// Which rows belong to which.
#include "core/relation.h"

#include "core/spread.h"
#include "model/label.h"

#include <stdlib.h>

static size_t one(uint64_t key, uint64_t ret_keys[RELATION_KEYS_MOST]) {
    ret_keys[0] = key;
    return key ? 1 : 0;
}

static size_t keys_of_task_volumes(const struct task_row *t, uint64_t ret_keys[RELATION_KEYS_MOST]) {
    size_t n = 0;
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume) && n < RELATION_KEYS_MOST; i++)
        if (volumes[i].volume) ret_keys[n++] = volumes[i].volume;
    return n;
}

static size_t keys_of_offer_volumes(const struct offer_row *o, uint64_t ret_keys[RELATION_KEYS_MOST]) {
    size_t n = 0;
    for (size_t i = 0; i < blob_count(o->volumes, uint64_t) && n < RELATION_KEYS_MOST; i++)
        ret_keys[n++] = blob_items(o->volumes, uint64_t)[i];
    return n;
}

static size_t keys_of_labels(const char *labels, uint64_t class, struct owner owner,
                             uint64_t ret_keys[RELATION_KEYS_MOST]) {
    size_t n = 0, size;
    for (const char *at = labels_next(labels, NULL, &size); at; at = labels_next(labels, at, &size))
        if (n < LABELS_MOST) ret_keys[n++] = label_group(class, owner, at, size);
    return n;
}

static bool operation_watched(const struct operation_row *o) {
    return o->state == OP_OPEN || o->status_uuid;
}

size_t relation_keys(enum relation relation, const void *row, uint64_t ret_keys[RELATION_KEYS_MOST]) {
    const struct pool_row *pool = row;
    const struct volume_row *volume = row;
    const struct reservation_row *reservation = row;
    const struct attachment_row *attachment = row;
    const struct operation_row *operation = row;
    const struct task_row *task = row;
    const struct offer_row *offer = row;
    switch (relation) {
    case POOLS_OF_PROVIDER: return one(pool->provider, ret_keys);
    case VOLUMES_OF_LABEL:
        return volume_has_place(volume) ? keys_of_labels(volume->labels, volume->class, volume->owner, ret_keys) : 0;
    case RESERVATIONS_OF_LABEL:
        return keys_of_labels(reservation->labels, reservation->class, reservation->owner, ret_keys);
    case VOLUMES_OF_RESERVATION: return one(volume->reservation, ret_keys);
    case RESERVATIONS_OF_AGENT: return one(reservation->agent, ret_keys);
    case ATTACHMENTS_OF_VOLUME: return one(attachment->volume, ret_keys);
    case ATTACHMENTS_OF_AGENT: return one(attachment->agent, ret_keys);
    case OPEN_OPERATIONS_OF_PROVIDER: return one(operation->state == OP_OPEN ? operation->provider : 0, ret_keys);
    case OPEN_OPERATIONS_OF_VOLUME: return one(operation->state == OP_OPEN ? operation->volume : 0, ret_keys);
    case OPERATIONS_OF_FRAMEWORK: return one(operation_watched(operation) ? operation->framework : 0, ret_keys);
    case TASKS_OF_AGENT: return one(task_state_ended(task->state) ? 0 : task->agent, ret_keys);
    case TASKS_OF_FRAMEWORK: return one(task->framework, ret_keys);
    case TASKS_OF_VOLUME: return task_state_ended(task->state) ? 0 : keys_of_task_volumes(task, ret_keys);
    case OFFERS_OF_AGENT: return one(offer->agent, ret_keys);
    case OFFERS_OF_FRAMEWORK: return one(offer->framework, ret_keys);
    case OFFERS_OF_VOLUME: return keys_of_offer_volumes(offer, ret_keys);
    case RELATION_COUNT: break;
    }
    must(relation < RELATION_COUNT);
    return 0;
}

// Most lists have one member: it stands beside the list, so that such a list is one allocation.
struct held_list {
    struct id_list list;
    uint64_t one;
};

static struct id_list *list_new(uint64_t member) {
    struct held_list *held = NEW(struct held_list);
    held->one = member;
    held->list.at = &held->one;
    held->list.count = held->list.capacity = 1;
    return &held->list;
}

static bool list_is_small(const struct id_list *list) {
    return list->at == &((const struct held_list *)list)->one;
}

static void list_free(struct id_list *list) {
    if (!list_is_small(list)) vec_done(list);
    free(list);
}

static void list_make_room(struct id_list *list) {
    struct id_list many = {0};
    if (!list_is_small(list)) return; // grows by itself
    vec_push(&many, list->at[0]);
    *list = many;
}

void relation_lists_done(struct relation_lists *r) {
    MAP_EACH (entry, &r->lists) list_free(entry->value.p);
    map_done(&r->lists);
}

// Where `member` stands or would stand.
static size_t list_place(const struct id_list *list, uint64_t member) {
    size_t low = 0, high = list->count;
    if (high && list->at[high - 1] < member) return high;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (list->at[middle] < member)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void relation_add(struct relation_lists *r, uint64_t key, uint64_t member) {
    union map_value *v = map_put(&r->lists, key, NULL);
    if (!v->p) {
        v->p = list_new(member);
        return;
    }
    struct id_list *list = v->p;
    size_t place = list_place(list, member);
    if (place < list->count && list->at[place] == member) return;
    list_make_room(list);
    vec_push(list, member);
    memmove(list->at + place + 1, list->at + place, (list->count - 1 - place) * sizeof *list->at);
    list->at[place] = member;
}

void relation_remove(struct relation_lists *r, uint64_t key, uint64_t member) {
    struct id_list *list = map_get(&r->lists, key);
    if (!list) return;
    size_t place = list_place(list, member);
    if (place == list->count || list->at[place] != member) return;
    vec_remove(list, place);
    if (list->count) return;
    list_free(list);
    map_remove(&r->lists, key);
}

const struct id_list *relation_get(const struct relation_lists *r, uint64_t key) {
    static const struct id_list none;
    const struct id_list *list = map_get(&r->lists, key);
    return list ? list : &none;
}
