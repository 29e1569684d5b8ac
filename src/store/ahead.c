// SPDX-License-Identifier: Apache-2.0
// Objects and entries as bytes in blocks: a head of fixed size, the name, what is kept.
#include "store/ahead.h"

#include <string.h>

#include "sys/ahead.h"

enum { BLOCK_BYTES = 1 << 20 };

struct maker {
    const struct store_driver *driver;
    void *state;
    struct ahead *to;
    struct text block;
};

struct head {
    struct store_object object; // its pointers say only whether there is something
    bool entry;
};

static struct err *head_give(struct maker *m, const struct head *h) {
    text_add_n(&m->block, h, sizeof *h);
    if (h->object.key.name) text_add_n(&m->block, h->object.key.name, h->object.key.name_size);
    if (h->object.bytes) text_add_n(&m->block, h->object.bytes, h->object.size);
    return m->block.size < BLOCK_BYTES ? NULL : ahead_give(m->to, &m->block);
}

static struct err *object_give(void *arg, const struct store_object *o) {
    return head_give(arg, &(struct head){.object = *o});
}

static struct err *entry_give(void *arg, const struct store_record *r) {
    return head_give(arg, &(struct head){{.seq = r->seq, .bytes = r->bytes, .size = r->size}, .entry = true});
}

static struct err *all_give(void *arg, struct ahead *to) {
    struct maker *m = arg;
    m->to = to;
    TRY(m->driver->recover(m->state, &(struct store_reader){object_give, entry_give, m}));
    return m->block.size ? ahead_give(to, &m->block) : NULL;
}

static struct err *block_take(void *arg, const struct text *block) {
    const struct store_reader *reader = arg;
    for (const char *at = block->data, *end = at + block->size; at < end;) {
        struct head h;
        memcpy(&h, at, sizeof h);
        at += sizeof h;
        struct store_object *o = &h.object;
        if (o->key.name) o->key.name = at, at += o->key.name_size;
        if (o->bytes) o->bytes = at, at += o->size;
        struct store_record r = {o->seq, o->bytes, o->size};
        TRY(h.entry ? reader->entry(reader->arg, &r) : reader->object(reader->arg, o));
    }
    return NULL;
}

struct err *store_recover_ahead(const struct store_driver *driver, void *state, const struct store_reader *reader) {
    struct maker m = {.driver = driver, .state = state};
    struct store_reader mine = *reader;
    struct err *e = ahead_run(&(struct ahead_work){all_give, &m, block_take, &mine});
    text_done(&m.block);
    return e;
}
