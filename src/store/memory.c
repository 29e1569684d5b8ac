// SPDX-License-Identifier: Apache-2.0
// The store that keeps everything in a memory disk: naive on purpose, it is what the others are measured against. Pure.
#include "store/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/quantity.h"
#include "base/text.h"
#include "base/vec.h"

enum { ROW_COST = 32 }; // what a record costs beside its bytes, so that empty ones fill a disk too

struct row {
    uint64_t seq;
    bool dead; // a tombstone
    struct text bytes;
};

struct put {
    struct text key;
    struct row row;
};

struct memory_disk {
    VEC(struct row) journal;
    size_t trimmed;          // rows of the journal that are gone
    struct map objects;      // sortable key -> struct row
    VEC(struct put) pending; // put and not yet durable
    uint64_t through, limit, used, ballast;
    uint32_t schema;
    bool open;
};

struct memory {
    struct memory_disk *disk;
    bool own_disk;
    uint64_t ballast, flushes;
};

// ---- rows and keys

static struct row row_new(uint64_t seq, const void *bytes, size_t size) {
    struct row row = {.seq = seq, .dead = !bytes};
    if (size) text_add_n(&row.bytes, bytes, size);
    return row;
}

static uint64_t row_cost(const struct row *row) {
    return row->bytes.size + ROW_COST;
}

static void key_number(struct text *key, uint64_t n, int bytes) {
    for (int i = bytes - 1; i >= 0; i--) text_add_char(key, (char)(unsigned char)(n >> (8 * i)));
}

// Compares as recovery wants it: by noun, ids before names.
static struct text key_pack(const struct store_key *k) {
    struct text key = {0};
    key_number(&key, k->noun, 4);
    text_add_char(&key, k->name ? 1 : 0);
    if (k->name)
        text_add_n(&key, k->name, k->name_size);
    else
        key_number(&key, k->id, 8);
    return key;
}

static uint64_t number_unpack(const unsigned char *at, int bytes) {
    uint64_t n = 0;
    for (int i = 0; i < bytes; i++) n = n << 8 | at[i];
    return n;
}

static struct store_key key_unpack(const struct map_entry *e) {
    const unsigned char *at = (const unsigned char *)e->key.bytes;
    struct store_key key = {.noun = (uint32_t)number_unpack(at, 4)};
    if (at[4]) {
        key.name = at + 5;
        key.name_size = e->size - 5;
    } else {
        key.id = number_unpack(at + 5, 8);
    }
    return key;
}

// ---- the disk

struct memory_disk *memory_disk_new(void) {
    return NEW(struct memory_disk);
}

void memory_disk_limit(struct memory_disk *d, uint64_t bytes) {
    d->limit = bytes;
}

// Takes the row.
static void disk_keep(struct memory_disk *d, const struct text *key, struct row row) {
    union map_value *place = map_put_bytes(&d->objects, key->data, key->size, NULL);
    struct row *old = place->p;
    if (old && old->seq > row.seq) {
        text_done(&row.bytes);
        return;
    }
    if (old) {
        d->used -= row_cost(old);
        text_done(&old->bytes);
    } else {
        place->p = old = NEW(struct row);
    }
    *old = row;
    d->used += row_cost(&row);
}

static void disk_flush(struct memory_disk *d) {
    VEC_EACH (p, &d->pending) {
        d->used -= row_cost(&p->row);
        disk_keep(d, &p->key, p->row);
        text_done(&p->key);
    }
    vec_clear(&d->pending);
}

void memory_disk_crash(struct memory_disk *d) {
    must(!d->open);
    VEC_EACH (p, &d->pending) {
        d->used -= row_cost(&p->row);
        text_done(&p->key);
        text_done(&p->row.bytes);
    }
    vec_clear(&d->pending);
}

struct memory_disk *memory_disk_clone(const struct memory_disk *d) {
    struct memory_disk *copy = memory_disk_new();
    size_t first =
        d->trimmed ? d->trimmed - 1 : 0; // with the last that is gone: it may be all that says how far we are
    for (size_t i = first; i < d->journal.count; i++) {
        const struct row *r = &d->journal.at[i];
        vec_push(&copy->journal, row_new(r->seq, text_string(&r->bytes), r->bytes.size));
    }
    MAP_EACH (e, &d->objects) {
        const struct row *r = e->value.p;
        struct row *row = mem_zero(1, sizeof *row);
        *row = row_new(r->seq, r->dead ? NULL : text_string(&r->bytes), r->bytes.size);
        map_put_bytes(&copy->objects, e->key.bytes, e->size, NULL)->p = row;
    }
    VEC_EACH (p, &d->pending) {
        struct put *put = vec_add(&copy->pending);
        text_add_n(&put->key, p->key.data, p->key.size);
        put->row = row_new(p->row.seq, p->row.dead ? NULL : text_string(&p->row.bytes), p->row.bytes.size);
    }
    copy->trimmed = d->trimmed - first;
    copy->through = d->through;
    copy->limit = d->limit;
    copy->used = d->used;
    copy->ballast = d->ballast;
    copy->schema = d->schema;
    return copy;
}

void memory_disk_free(struct memory_disk *d) {
    if (!d) return;
    must(!d->open);
    memory_disk_crash(d);
    VEC_EACH (r, &d->journal) text_done(&r->bytes);
    MAP_EACH (e, &d->objects) {
        struct row *row = e->value.p;
        text_done(&row->bytes);
        free(row);
    }
    vec_done(&d->journal);
    vec_done(&d->pending);
    map_done(&d->objects);
    free(d);
}

static struct err *disk_room(const struct memory_disk *d, uint64_t more) {
    if (!d->limit || d->used + d->ballast + more <= d->limit) return NULL;
    return err_new(ERR_FULL, "the memory disk is full: %llu of %llu bytes are used and %llu more are needed",
                   (unsigned long long)(d->used + d->ballast), (unsigned long long)d->limit, (unsigned long long)more);
}

// ---- the driver

static struct err *memory_ballast_restore(void *state) {
    struct memory *m = state;
    if (m->disk->ballast) return NULL;
    TRY(disk_room(m->disk, m->ballast));
    m->disk->ballast = m->ballast;
    return NULL;
}

static struct err *memory_ballast_release(void *state) {
    struct memory *m = state;
    m->disk->ballast = 0;
    return NULL;
}

static void memory_close(void *state) {
    struct memory *m = state;
    m->disk->open = false;
    if (m->own_disk) memory_disk_free(m->disk);
    free(m);
}

static struct err *memory_open(const struct store_options *options, void **ret_state) {
    struct memory_disk *disk = options->disk;
    if (disk && disk->open) return err_new(ERR_CONFLICT, "the memory disk is open in another store");
    if (disk) TRY(store_schema_check(disk->schema, options->schema));
    struct memory *m = NEW(struct memory);
    m->own_disk = !disk;
    m->disk = disk ? disk : memory_disk_new();
    m->ballast = options->ballast ? options->ballast : 8 * MIB;
    m->disk->schema = options->schema;
    m->disk->open = true;
    err_free(memory_ballast_restore(m)); // a disk that is full already is opened without one
    *ret_state = m;
    return NULL;
}

static int entry_compare(const void *a, const void *b) {
    const struct map_entry *x = *(const struct map_entry *const *)a, *y = *(const struct map_entry *const *)b;
    int order = memcmp(x->key.bytes, y->key.bytes, x->size < y->size ? x->size : y->size);
    return order ? order : (x->size > y->size) - (x->size < y->size);
}

static struct err *objects_recover(const struct memory_disk *d, const struct store_reader *reader) {
    AUTO_FREE const struct map_entry **sorted = mem_zero(map_count(&d->objects), sizeof *sorted);
    size_t count = 0;
    MAP_EACH (e, &d->objects) sorted[count++] = e;
    qsort(sorted, count, sizeof *sorted, entry_compare);
    for (size_t i = 0; i < count; i++) {
        const struct row *row = sorted[i]->value.p;
        struct store_object o = {.key = key_unpack(sorted[i]), .seq = row->seq};
        o.bytes = row->dead ? NULL : text_string(&row->bytes);
        o.size = row->bytes.size;
        TRY(reader->object(reader->arg, &o));
    }
    return NULL;
}

// An opening makes durable what it shows: otherwise a later crash could take back what recovery was built on.
static struct err *memory_recover(void *state, const struct store_reader *reader) {
    struct memory *m = state;
    struct memory_disk *d = m->disk;
    disk_flush(d);
    TRY(objects_recover(d, reader));
    for (size_t i = d->trimmed; i < d->journal.count; i++) {
        const struct row *row = &d->journal.at[i];
        if (row->seq <= d->through) continue;
        struct store_record record = {row->seq, text_string(&row->bytes), row->bytes.size};
        TRY(reader->entry(reader->arg, &record));
    }
    return NULL;
}

static struct err *memory_append(void *state, const struct store_record *records, size_t count) {
    struct memory *m = state;
    uint64_t cost = 0;
    for (size_t i = 0; i < count; i++) cost += records[i].size + ROW_COST;
    TRY(disk_room(m->disk, cost));
    for (size_t i = 0; i < count; i++) {
        vec_push(&m->disk->journal, row_new(records[i].seq, records[i].bytes ? records[i].bytes : "", records[i].size));
    }
    m->disk->used += cost;
    disk_flush(m->disk);
    m->flushes++;
    return NULL;
}

static struct err *memory_read(void *state, uint64_t from, bool (*entry)(void *arg, const struct store_record *r),
                               void *arg) {
    const struct memory_disk *d = ((struct memory *)state)->disk;
    for (size_t i = d->trimmed; i < d->journal.count; i++) {
        const struct row *row = &d->journal.at[i];
        struct store_record record = {row->seq, text_string(&row->bytes), row->bytes.size};
        if (row->seq >= from && !entry(arg, &record)) break;
    }
    return NULL;
}

static struct err *memory_put(void *state, const struct store_object *objects, size_t count) {
    struct memory_disk *d = ((struct memory *)state)->disk;
    uint64_t cost = 0;
    for (size_t i = 0; i < count; i++) cost += objects[i].size + ROW_COST;
    TRY(disk_room(d, cost));
    for (size_t i = 0; i < count; i++) {
        const struct store_object *o = &objects[i];
        struct put put = {key_pack(&o->key), row_new(o->seq, o->bytes, o->bytes ? o->size : 0)};
        d->used += row_cost(&put.row);
        vec_push(&d->pending, put);
    }
    return NULL;
}

static struct err *memory_through(void *state, uint64_t seq) {
    struct memory *m = state;
    struct memory_disk *d = m->disk;
    disk_flush(d);
    MAP_EACH (e, &d->objects) {
        struct row *row = e->value.p;
        if (!row->dead || row->seq > seq) continue;
        d->used -= row_cost(row);
        text_done(&row->bytes);
        free(row);
        map_remove_bytes(&d->objects, e->key.bytes, e->size);
    }
    if (seq > d->through) d->through = seq;
    m->flushes++;
    return NULL;
}

static struct err *memory_trim(void *state, uint64_t seq, size_t limit, bool *ret_more) {
    struct memory_disk *d = ((struct memory *)state)->disk;
    for (; limit && d->trimmed < d->journal.count && d->journal.at[d->trimmed].seq <= seq; limit--, d->trimmed++) {
        d->used -= row_cost(&d->journal.at[d->trimmed]);
        text_done(&d->journal.at[d->trimmed].bytes);
    }
    *ret_more = d->trimmed < d->journal.count && d->journal.at[d->trimmed].seq <= seq;
    // The last row stays in place, gone or not: it says how far the numbers went.
    if (d->trimmed < 2 || d->trimmed * 2 < d->journal.count) return NULL;
    size_t drop = d->trimmed - 1;
    vec_skip(&d->journal, drop);
    d->trimmed = 1;
    return NULL;
}

static void memory_measure(void *state, struct store_measure *ret_measure) {
    const struct memory *m = state;
    const struct memory_disk *d = m->disk;
    *ret_measure = (struct store_measure){
        .durable = d->journal.count ? vec_last(&d->journal)->seq : 0,
        .first = d->trimmed < d->journal.count ? d->journal.at[d->trimmed].seq : 0,
        .through = d->through,
        .bytes = d->used,
        .flushes = m->flushes,
        .ballast = d->ballast > 0,
    };
}

const struct store_driver store_memory = {
    .name = "memory",
    .open = memory_open,
    .close = memory_close,
    .recover = memory_recover,
    .append = memory_append,
    .read = memory_read,
    .put = memory_put,
    .through = memory_through,
    .trim = memory_trim,
    .ballast_release = memory_ballast_release,
    .ballast_restore = memory_ballast_restore,
    .measure = memory_measure,
};
