// SPDX-License-Identifier: Apache-2.0
// Operations: rows and messages.
#ifndef WIRE_OPERATION_H
#define WIRE_OPERATION_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map operation_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Operation *operation_message(const struct state *s, const struct operation_row *row, struct arena *arena,
                                      enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *operation_row_from(struct intake *in, const Granary__Operation *m, struct operation_row *ret_row);

#endif
