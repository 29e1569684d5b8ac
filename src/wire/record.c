// SPDX-License-Identifier: Apache-2.0
// Journal entries and checkpoint objects. Written field by field of the message in granary_record.proto; the rows in
// them by the nouns' tables. Read back with every check that codec has.
#include "wire/record.h"

#include <string.h>

#include "codec/message.h"
#include "granary_record.pb-c.h"
#include "wire/fields.h"

enum { WIRE_VARINT = 0, WIRE_BYTES = 2 };
enum { ENTRY_SEQ = 1, ENTRY_TIME = 2, ENTRY_PRINCIPAL = 3, ENTRY_REQUEST = 4, ENTRY_EVENTS = 5 };
enum { OBJECT_SEQ = 1, OBJECT_OBJECT = 2 };
enum { EVENT_KIND = 1, EVENT_REMOVED = 2, EVENT_ID = 3 };

// The noun's field in KeptEvent, its offset there, and the event kind that stands for "is there" in a checkpoint.
static const struct kept_noun {
    uint16_t number;
    size_t offset;
    enum event_kind kind;
} kept_nouns[NOUN_COUNT] = {
#define KEPT(NOUN, number, member, kind) [NOUN_##NOUN] = {number, offsetof(Granary__KeptEvent, member), EV_##kind}
    KEPT(VOLUME, 10, volume, volume_changed),
    KEPT(ATTACHMENT, 11, attachment, attachment_changed),
    KEPT(OPERATION, 12, operation, operation_opened),
    KEPT(RESERVATION, 13, reservation, reservation_made),
    KEPT(CLASS, 14, class_, class_applied),
    KEPT(AGENT, 15, agent, agent_added),
    KEPT(PROVIDER, 16, provider, provider_added),
    KEPT(FRAMEWORK, 17, framework, framework_added),
    KEPT(TASK, 18, task, task_added),
    KEPT(ROLE, 19, role, role_set),
    KEPT(POOL, 20, pool, pool_added),
#undef KEPT
};

// ---- writing ----

static void varint_add(struct text *out, uint64_t n) {
    unsigned char *start = (unsigned char *)text_room(out, 10), *to = start;
    for (; n >= 0x80; n >>= 7) *to++ = (unsigned char)(n | 0x80);
    *to++ = (unsigned char)n;
    text_added(out, (size_t)(to - start));
}

static void number_add(struct text *out, unsigned field, uint64_t n) {
    varint_add(out, (uint64_t)field << 3 | WIRE_VARINT);
    varint_add(out, n);
}

static void text_field_add(struct text *out, unsigned field, const char *text) {
    if (!text || !*text) return;
    varint_add(out, (uint64_t)field << 3 | WIRE_BYTES);
    varint_add(out, strlen(text));
    text_add(out, text);
}

// A message inside of another: its size is only known at its end, and stands in front.
static size_t part_begin(struct text *out, unsigned field) {
    varint_add(out, (uint64_t)field << 3 | WIRE_BYTES);
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

static void event_add(const struct state *s, const struct event *e, unsigned field, struct text *out) {
    must(noun_maps[e->noun]);
    size_t begin = part_begin(out, field);
    number_add(out, EVENT_KIND, e->kind);
    if (e->removed) {
        number_add(out, EVENT_REMOVED, 1);
        number_add(out, EVENT_ID, row_id(e->row));
    } else {
        row_add(s, e->noun, e->row, out);
    }
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

static struct err *row_unpack(struct intake *in, enum noun noun, const void *message, const void **ret_row) {
    if (!message) return err_new(ERR_CORRUPT, "the %s is missing", noun_name(noun));
    void *row = arena_zero(in->arena, 1, row_kinds[noun].size);
    TRY(err_wrap(fields_read(in, noun_maps[noun], message, row), "%s", noun_name(noun)));
    if (!row_id(row)) return err_new(ERR_CORRUPT, "a %s without an id", noun_name(noun));
    *ret_row = row;
    return NULL;
}

static struct err *removal_unpack(struct intake *in, enum noun noun, uint64_t id, const void **ret_row) {
    if (!id) return err_new(ERR_CORRUPT, "the removal of a %s without an id", noun_name(noun));
    void *row = arena_zero(in->arena, 1, row_kinds[noun].size);
    memcpy(row, &id, sizeof id);
    *ret_row = row;
    return NULL;
}

static struct err *event_unpack(struct intake *in, const Granary__KeptEvent *m, struct event *ret_event) {
    enum event_kind kind;
    if (!event_kind_parse(m->kind, &kind) || !event_kept(kind))
        return err_new(ERR_CORRUPT, "%u is no kind of kept event that we know", m->kind);
    struct event e = {.kind = kind, .noun = event_noun(kind), .removed = m->removed};
    if (e.removed) {
        TRY(removal_unpack(in, e.noun, m->id, &e.row));
    } else {
        const void *message;
        memcpy(&message, (const char *)m + kept_nouns[e.noun].offset, sizeof message);
        TRY(row_unpack(in, e.noun, message, &e.row));
    }
    *ret_event = e;
    return NULL;
}

// What our own store holds and cannot be read is corrupt, whatever the reader calls it.
static struct err *corrupt(struct err *cause) {
    if (!cause) return NULL;
    struct err *e = err_new(ERR_CORRUPT, "%s", err_text(cause));
    err_free(cause);
    return e;
}

struct err *record_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record) {
    void *unpacked;
    TRY(corrupt(message_unpack(&granary__journal_entry__descriptor, bytes, size, in->arena, &unpacked)));
    const Granary__JournalEntry *m = unpacked;
    struct event *events = arena_zero(in->arena, m->n_events + 1, sizeof *events);
    for (size_t i = 0; i < m->n_events; i++)
        TRY(corrupt(err_wrap(event_unpack(in, m->events[i], &events[i]), "event %zu", i + 1)));
    *ret_record = (struct record){.seq = m->seq,
                                  .wall = {m->time},
                                  .principal = m->principal,
                                  .request = m->request,
                                  .events = events,
                                  .count = m->n_events};
    return NULL;
}

struct err *record_object_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record) {
    void *unpacked;
    TRY(corrupt(message_unpack(&granary__checkpoint_object__descriptor, bytes, size, in->arena, &unpacked)));
    const Granary__CheckpointObject *m = unpacked;
    struct event *event = ARENA_NEW(in->arena, struct event);
    if (m->object->removed) return err_new(ERR_CORRUPT, "a checkpoint's object that is removed");
    TRY(corrupt(event_unpack(in, m->object, event)));
    *ret_record = (struct record){.seq = m->seq, .events = event, .count = 1};
    return NULL;
}

void record_settle(const struct state *s, struct event *e) {
    const void *live = e->removed ? table_get(&s->tables[e->noun], row_id(e->row)) : NULL;
    if (live) e->row = live;
}
