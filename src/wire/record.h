// SPDX-License-Identifier: Apache-2.0
// Kept events and whole objects as the store keeps them, and back. Passing events and passing fields are never in a record.
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include "base/text.h"
#include "core/event.h"
#include "core/state.h"
#include "wire/intake.h"

enum { RECORD_SCHEMA = 1 }; // a registry of a later one is refused

// Of the whole registry: its first journal entry, and an object of the checkpoint.
struct record_cluster {
    struct cluster cluster;
    uint64_t last_id; // highest id given so far: none is given twice
};

// ---- journal: all kept events of one command ----

// Appends one packed JournalEntry; false, and nothing appended, when no event is kept. `seq` is that of the last event;
// principal and request may be NULL.
bool record_pack(const struct state *s, const struct event *events, size_t count, uint64_t seq, struct wall wall,
                 const char *principal, const char *request, struct text *out);
void record_pack_cluster(const struct record_cluster *c, uint64_t seq, struct wall wall, struct text *out);

struct record {
    uint64_t seq;
    struct wall wall;
    const char *principal, *request;      // NULL: none
    const struct record_cluster *cluster; // NULL: not in this one
    const struct event *events;
    size_t count;
};
// Rows and texts live in the intake's arena, classes until intake_done. A removed event's row has its id only: see
// record_settle. ERR_CORRUPT for what makes no sense, UNSUPPORTED for a later schema.
MUST_USE struct err *record_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record);
// Gives a removal its last image, the live row: before event_check and state_apply, event by event.
void record_settle(const struct state *s, struct event *e);

// ---- checkpoint: one object ----

void record_object_pack(const struct state *s, enum noun noun, const void *row, uint64_t seq, struct text *out);
void record_object_pack_cluster(const struct record_cluster *c, uint64_t seq, struct text *out);
// As record_unpack: one event that puts the row, or the cluster.
MUST_USE struct err *record_object_unpack(struct intake *in, const void *bytes, size_t size, struct record *ret_record);

#endif
