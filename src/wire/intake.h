// SPDX-License-Identifier: Apache-2.0
// What reading messages into the core needs: where texts are interned, where values live, what time it is, and the shared
// objects made on the way. Knows no noun.
#ifndef WIRE_INTAKE_H
#define WIRE_INTAKE_H

#include "core/draft.h"

struct intake {
    struct symbols *symbols; // borrowed: the state's
    struct arena *arena;     // borrowed: what is read lives there
    struct now now;          // of the command: tags and reports without a time get it
    VEC(struct shared *) made;
};

// A new shared object: one holder, which is the intake. Rows that are applied hold it for themselves.
void intake_keep(struct intake *in, struct shared *made);
// Lets go of what was made: after the events were applied, or instead.
void intake_done(struct intake *in);

#endif
