// SPDX-License-Identifier: Apache-2.0
// Journal entries and checkpoint objects. Written field by field of the message in granary_record.proto; the rows in
// them by the nouns' tables. Read back with every check that codec has.
#include "wire/record.h"

#include <string.h>

#include "codec/message.h"
#include "codec/utf8.h"
#include "wire/fields.h"
#include "wire/packed.h"

enum { ENTRY_SEQ = 1, ENTRY_TIME = 2, ENTRY_PRINCIPAL = 3, ENTRY_REQUEST = 4, ENTRY_EVENTS = 5 };
enum { OBJECT_SEQ = 1, OBJECT_OBJECT = 2 };
enum { EVENT_KIND = 1, EVENT_REMOVED = 2, EVENT_ID = 3 };

// The noun's field in KeptEvent, and the event kind that stands for "is there" in a checkpoint.
static const struct kept_noun {
    uint16_t number;
    enum event_kind kind;
} kept_nouns[NOUN_COUNT] = {
#define KEPT(NOUN, number, kind) [NOUN_##NOUN] = {number, EV_##kind}
    KEPT(VOLUME, 10, volume_changed),
    KEPT(ATTACHMENT, 11, attachment_changed),
    KEPT(OPERATION, 12, operation_opened),
    KEPT(RESERVATION, 13, reservation_made),
    KEPT(CLASS, 14, class_applied),
    KEPT(AGENT, 15, agent_added),
    KEPT(PROVIDER, 16, provider_added),
    KEPT(FRAMEWORK, 17, framework_added),
    KEPT(TASK, 18, task_added),
    KEPT(ROLE, 19, role_set),
    KEPT(POOL, 20, pool_added),
    KEPT(POLICY, 22, policy_made),
#undef KEPT
};

// ---- writing ----

static void varint_add(struct text *out, uint64_t n) {
    unsigned char *start = (unsigned char *)text_room(out, VARINT_LONGEST);
    text_added(out, (size_t)(varint_put(start, n) - start));
}

static void number_add(struct text *out, unsigned field, uint64_t n) {
    varint_add(out, (uint64_t)field << 3 | PACKED_VARINT);
    varint_add(out, n);
}

static void text_field_add(struct text *out, unsigned field, const char *text) {
    if (!text || !*text) return;
    varint_add(out, (uint64_t)field << 3 | PACKED_BYTES);
    varint_add(out, strlen(text));
    text_add(out, text);
}

// A message inside of another: its size is only known at its end, and stands in front.
static size_t part_begin(struct text *out, unsigned field) {
    varint_add(out, (uint64_t)field << 3 | PACKED_BYTES);
    return out->size;
}

static void part_end(struct text *out, size_t begin) {
    size_t size = out->size - begin;
    varint_add(out, size);
    unsigned char head[10];
    size_t length = out->size - begin - size;
    memcpy(head, out->data + begin + size, length);
    memmove(out->data + begin + length, out->data + begin, size);
    memcpy(out->data + begin, head, length);
}

static void row_add(const struct state *s, enum noun noun, const void *row, struct text *out) {
    const struct noun_map *map = noun_maps[noun];
    size_t begin = part_begin(out, kept_nouns[noun].number);
    if (map->fill) {
        AUTO_ARENA struct arena arena = {0};
        message_pack(fields_message(s, map, row, &arena), out);
    } else {
        fields_pack(s, map, row, out);
    }
    part_end(out, begin);
}

static uint64_t row_id(const void *row) {
    uint64_t id;
    memcpy(&id, row, sizeof id);
    return id;
}

static bool row_named(const struct noun_map *map, const void *row) {
    const char *name = NULL;
    if (map->name) memcpy(&name, (const char *)row + map->name, sizeof name);
    return !map->name || name;
}

// A removal carries its last image too: why an attachment could end is on record nowhere else.
static void event_add(const struct state *s, const struct event *e, unsigned field, struct text *out) {
    must(noun_maps[e->noun]);
    size_t begin = part_begin(out, field);
    number_add(out, EVENT_KIND, e->kind);
    if (e->removed) {
        number_add(out, EVENT_REMOVED, 1);
        number_add(out, EVENT_ID, row_id(e->row));
    }
    if (!e->removed || row_named(noun_maps[e->noun], e->row)) row_add(s, e->noun, e->row, out);
    part_end(out, begin);
}

bool record_pack(const struct state *s, const struct event *events, size_t count, uint64_t seq, struct wall wall,
                 const char *principal, const char *request, struct text *out) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) kept += event_kept(events[i].kind);
    if (!kept) return false;
    number_add(out, ENTRY_SEQ, seq);
    number_add(out, ENTRY_TIME, (uint64_t)wall.ms);
    text_field_add(out, ENTRY_PRINCIPAL, principal);
    text_field_add(out, ENTRY_REQUEST, request);
    for (size_t i = 0; i < count; i++)
        if (event_kept(events[i].kind)) event_add(s, &events[i], ENTRY_EVENTS, out);
    return true;
}

void record_object_pack(const struct state *s, enum noun noun, const void *row, uint64_t seq, struct text *out) {
    number_add(out, OBJECT_SEQ, seq);
    event_add(s, &(struct event){.kind = kept_nouns[noun].kind, .noun = noun, .row = row}, OBJECT_OBJECT, out);
}

// ---- reading ----

static struct err *broken(const char *what) {
    return err_new(ERR_CORRUPT, "%s: its bytes are broken or cut", what);
}

// What our own store holds and cannot be read is corrupt, whatever the reader calls it.
static struct err *corrupt(struct err *cause) {
    if (!cause || err_kind(cause) == ERR_CORRUPT) return cause;
    struct err *e = err_new(ERR_CORRUPT, "%s", err_text(cause));
    err_free(cause);
    return e;
}

static struct err *fields_take(struct intake *in, const struct noun_map *map, const struct packed *p, void *row) {
    if (!map->read) return fields_unpack(in, map, p->bytes, p->size, row);
    void *message;
    TRY(message_unpack(map->type, p->bytes, p->size, in->arena, &message));
    return fields_read(in, map, message, row);
}

static struct err *row_unpack(struct intake *in, enum noun noun, const struct packed *p, const void **ret_row) {
    if (!p->bytes) return err_new(ERR_CORRUPT, "the %s is missing", noun_name(noun));
    void *row = arena_zero(in->arena, 1, row_kinds[noun].size);
    TRY(corrupt(err_wrap(fields_take(in, noun_maps[noun], p, row), "%s", noun_name(noun))));
    if (!row_id(row)) return err_new(ERR_CORRUPT, "a %s without an id", noun_name(noun));
    if (!row_named(noun_maps[noun], row)) return err_new(ERR_CORRUPT, "a %s without a name", noun_name(noun));
    *ret_row = row;
    return NULL;
}

// One without its last image is fine: it says which row goes.
static struct err *removal_unpack(struct intake *in, enum noun noun, uint64_t id, const struct packed *image,
                                  const void **ret_row) {
    if (!id) return err_new(ERR_CORRUPT, "the removal of a %s without an id", noun_name(noun));
    if (image->bytes) {
        TRY(row_unpack(in, noun, image, ret_row));
        if (row_id(*ret_row) == id) return NULL;
        return err_new(ERR_CORRUPT, "the removal of %s %llu shows %llu", noun_name(noun), (unsigned long long)id,
                       (unsigned long long)row_id(*ret_row));
    }
    void *row = arena_zero(in->arena, 1, row_kinds[noun].size);
    memcpy(row, &id, sizeof id);
    *ret_row = row;
    return NULL;
}

// The fields of a KeptEvent that say what it is; `body` is its last field that holds bytes.
struct kept_head {
    uint64_t kind, removed, id;
    struct packed body;
};

static struct err *head_read(const struct packed *from, struct kept_head *ret) {
    struct packed p = packed_of(from->bytes, from->size);
    while (packed_next(&p)) {
        if (p.kind == PACKED_BYTES) ret->body = p;
        if (p.kind != PACKED_VARINT) continue;
        if (p.number == EVENT_KIND) ret->kind = p.n;
        if (p.number == EVENT_REMOVED) ret->removed = p.n;
        if (p.number == EVENT_ID) ret->id = p.n;
    }
    return p.broken ? broken("a kept event") : NULL;
}

static struct err *event_unpack(struct intake *in, const struct packed *from, struct event *ret_event) {
    struct kept_head head = {0};
    enum event_kind kind;
    TRY(head_read(from, &head));
    if (head.kind > UINT32_MAX || !event_kind_parse((uint32_t)head.kind, &kind) || !event_kept(kind))
        return err_new(ERR_CORRUPT, "%llu is no kind of kept event that we know", (unsigned long long)head.kind);
    struct event e = {.kind = kind, .noun = event_noun(kind), .removed = head.removed != 0};
    if (head.body.number != kept_nouns[e.noun].number) head.body.bytes = NULL;
    TRY(e.removed ? removal_unpack(in, e.noun, head.id, &head.body, &e.row)
                  : row_unpack(in, e.noun, &head.body, &e.row));
    *ret_event = e;
    return NULL;
}

static size_t events_count(const void *bytes, size_t size) {
    struct packed p = packed_of(bytes, size);
    size_t count = 0;
    while (packed_next(&p)) count += p.number == ENTRY_EVENTS && p.kind == PACKED_BYTES;
    return count;
}

static struct err *text_read(struct intake *in, const struct packed *p, const char *what, const char **ret) {
    if (utf8_valid((const char *)p->bytes, p->size) != p->size)
        return err_new(ERR_CORRUPT, "%s: it is no UTF-8 text", what);
    *ret = arena_text_n(in->arena, (const char *)p->bytes, p->size);
    return NULL;
}

static struct err *entry_field(struct intake *in, const struct packed *p, struct record *r, struct event *events) {
    if (p->kind == PACKED_VARINT) {
        if (p->number == ENTRY_SEQ) r->seq = p->n;
        if (p->number == ENTRY_TIME) r->wall.ms = (int64_t)p->n;
    } else if (p->kind == PACKED_BYTES) {
        if (p->number == ENTRY_PRINCIPAL) return text_read(in, p, "principal", &r->principal);
        if (p->number == ENTRY_REQUEST) return text_read(in, p, "request", &r->request);
        if (p->number != ENTRY_EVENTS) return NULL;
        TRY(err_wrap(event_unpack(in, p, &events[r->count]), "event %zu", r->count + 1));
        r->count++;
    }
    return NULL;
}

struct err *record_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record) {
    struct event *events = arena_zero(in->arena, events_count(bytes, size) + 1, sizeof *events);
    struct record r = {.events = events};
    struct packed p = packed_of(bytes, size);
    while (packed_next(&p)) TRY(entry_field(in, &p, &r, events));
    if (p.broken || !r.seq) return broken("a journal entry");
    *ret_record = r;
    return NULL;
}

struct err *record_object_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record) {
    struct packed p = packed_of(bytes, size), object = {0};
    struct record r = {.count = 1};
    while (packed_next(&p)) {
        if (p.number == OBJECT_SEQ && p.kind == PACKED_VARINT) r.seq = p.n;
        if (p.number == OBJECT_OBJECT && p.kind == PACKED_BYTES) object = p;
    }
    if (p.broken || !object.bytes) return broken("a checkpoint's object");
    struct event *event = ARENA_NEW(in->arena, struct event);
    TRY(event_unpack(in, &object, event));
    if (event->removed) return err_new(ERR_CORRUPT, "a checkpoint's object that is removed");
    r.events = event;
    *ret_record = r;
    return NULL;
}
