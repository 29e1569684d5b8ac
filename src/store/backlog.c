// SPDX-License-Identifier: Apache-2.0
// Cuts what waits in the background into slices that a journal batch can afford to wait for.
#include "store/backlog.h"

#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"

struct item *item_new(enum item_kind kind, uint64_t seq, store_done *done, void *arg) {
    struct item *item = NEW(struct item);
    item->kind = kind;
    item->seq = seq;
    item->done = done;
    item->arg = arg;
    return item;
}

void item_objects(struct item *item, const struct store_object *objects, size_t count) {
    size_t total = 0;
    for (size_t i = 0; i < count; i++) total += objects[i].size + (objects[i].key.name ? objects[i].key.name_size : 0);
    char *at = text_room(&item->bytes, total + 1); // so that no pointer below moves, and none is NULL
    vec_room(&item->objects, count);
    for (size_t i = 0; i < count; i++) {
        struct store_object copy = objects[i];
        if (copy.key.name) {
            if (copy.key.name_size) memcpy(at, copy.key.name, copy.key.name_size);
            copy.key.name = at;
            at += copy.key.name_size;
        }
        if (copy.bytes) {
            if (copy.size) memcpy(at, copy.bytes, copy.size);
            copy.bytes = at;
            at += copy.size;
        }
        vec_push(&item->objects, copy);
    }
}

void item_free(struct item *item) {
    list_remove(&item->link);
    vec_done(&item->objects);
    text_done(&item->bytes);
    free(item);
}

void item_finish(struct item *item, const struct err *error, uint64_t durable) {
    list_remove(&item->link);
    if (item->done) item->done(item->arg, error, durable);
    item_free(item);
}

void backlog_slice(const struct list *backlog, size_t limit, uint64_t durable, struct slice *slice) {
    size_t bytes = 0;
    vec_clear(slice);
    for (const struct list *link = backlog->next; link != backlog; link = link->next) {
        const struct item *item = LIST_ITEM(link, const struct item, link);
        if (item->kind != ITEM_PUT) return;
        for (size_t i = item->written; i < item->objects.count; i++) {
            const struct store_object *o = &item->objects.at[i];
            if (slice->count == limit || bytes > 256 * KIB || o->seq > durable) return;
            vec_push(slice, *o);
            bytes += o->size;
        }
    }
}

void backlog_written(struct list *backlog, size_t count, uint64_t durable) {
    LIST_EACH (item, backlog, struct item, link) {
        if (item->kind != ITEM_PUT) return;
        size_t left = item->objects.count - item->written;
        size_t here = left < count ? left : count;
        item->written += here;
        count -= here;
        if (item->written < item->objects.count) return;
        item_finish(item, NULL, durable);
    }
}
