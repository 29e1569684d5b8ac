// SPDX-License-Identifier: Apache-2.0
// Tasks: rows and messages.
#ifndef WIRE_TASK_H
#define WIRE_TASK_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map task_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Task *task_message(const struct state *s, const struct task_row *row, struct arena *arena, enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *task_row_from(struct intake *in, const Granary__Task *m, struct task_row *ret_row);

#endif
