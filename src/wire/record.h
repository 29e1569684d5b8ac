// SPDX-License-Identifier: Apache-2.0
// Kept events and whole objects as the store keeps them, and back. Passing events and passing fields are never in a record.
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include "base/text.h"
#include "core/event.h"
#include "core/state.h"
#include "wire/intake.h"

// ---- journal: all kept events of one command ----

// Appends one packed JournalEntry; false, and nothing appended, when no event is kept. `seq` is that of the last event;
// principal and request may be NULL.
bool record_pack(const struct state *s, const struct event *events, size_t count, uint64_t seq, struct wall wall,
                 const char *principal, const char *request, struct text *out);

struct record {
    uint64_t seq;
    struct wall wall;
    const char *principal, *request; // NULL: none
    const struct event *events;
    size_t count;
};
// Rows and texts live in the intake's arena, classes until intake_done. A removal shows its kept fields as they were last,
// or its id only. ERR_CORRUPT for what makes no sense.
MUST_USE struct err *record_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record);

// ---- checkpoint: one object ----

void record_object_pack(const struct state *s, enum noun noun, const void *row, uint64_t seq, struct text *out);
// As record_unpack: one event, which puts the row.
MUST_USE struct err *record_object_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record);

#endif
