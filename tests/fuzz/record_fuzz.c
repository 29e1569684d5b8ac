// SPDX-License-Identifier: Apache-2.0
// Any bytes as a journal entry or a checkpoint's object. What is accepted is written again and read again the same.
#include "fuzz.h"
#include "wire/record.h"

struct reading { // what one set of bytes gave, in memory of its own
    struct arena arena;
    struct intake in;
    struct record record;
};

static struct err *reading_make(struct reading *r, struct symbols *symbols, bool object, const void *bytes,
                                size_t size) {
    *r = (struct reading){0};
    r->in = (struct intake){.symbols = symbols, .arena = &r->arena};
    return (object ? record_object_unpack : record_unpack)(&r->in, bytes, size, &r->record);
}

static void reading_done(struct reading *r) {
    intake_done(&r->in);
    arena_done(&r->arena);
}

static void write_again(const struct state *s, const struct record *r, bool object, struct text *out) {
    if (object)
        record_object_pack(s, r->events[0].noun, r->events[0].row, r->seq, out);
    else
        record_pack(s, r->events, r->count, r->seq, r->wall, r->principal, r->request, out);
}

static void check_again(struct state *s, const struct record *first, bool object) {
    AUTO_TEXT struct text once = {0}, twice = {0};
    struct reading again;
    write_again(s, first, object, &once);
    if (!once.size) return; // an entry without events is never written
    must(!reading_make(&again, &s->symbols, object, once.data, once.size));
    must(again.record.count == first->count && again.record.seq == first->seq);
    write_again(s, &again.record, object, &twice);
    must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    reading_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (!size) return 0;
    bool object = bytes[0] & 1;
    struct state *s = state_new((struct uuid){{1}}, 1, (struct timing){.heartbeat_ms = 1});
    struct reading r;
    struct err *e = reading_make(&r, &s->symbols, object, bytes + 1, size - 1);
    if (!e) check_again(s, &r.record, object);
    must(!e || err_kind(e) == ERR_CORRUPT);
    err_free(e);
    reading_done(&r);
    state_free(s);
    return 0;
}
