// SPDX-License-Identifier: Apache-2.0
// What waits to be done in the background, in the order of asking: objects, checkpoint marks, trims, ballast, reads.
#ifndef STORE_BACKLOG_H
#define STORE_BACKLOG_H

#include "base/list.h"
#include "base/text.h"
#include "base/vec.h"
#include "store/store.h"

enum item_kind { ITEM_PUT, ITEM_THROUGH, ITEM_TRIM, ITEM_RESTORE, ITEM_RELEASE, ITEM_READ };

typedef struct err *item_entry(void *arg, const struct store_record *r);

struct item {
    struct list link;
    enum item_kind kind;
    uint64_t seq; // of THROUGH, TRIM; where READ starts
    size_t limit; // of READ
    item_entry *entry;
    VEC(struct store_object) objects; // of PUT, pointing into bytes
    size_t written;                   // how many of them are
    struct text bytes;
    store_done *done;
    void *arg;
};

VEC_TYPE(slice, struct store_object);

MUST_USE struct item *item_new(enum item_kind kind, uint64_t seq, store_done *done, void *arg);
void item_objects(struct item *item, const struct store_object *objects, size_t count); // copies
// Takes it out of its list, tells who waits, frees.
void item_finish(struct item *item, const struct err *error, uint64_t durable);
void item_free(struct item *item);

// Fills `slice` with the next objects of the PUTs at the head: at most `limit` objects and about 256 KiB, none with a
// number above `durable`. Borrows from the items.
void backlog_slice(const struct list *backlog, size_t limit, uint64_t durable, struct slice *slice);
// The first `count` objects are written: finishes the items that are through.
void backlog_written(struct list *backlog, size_t count, uint64_t durable);

#endif
