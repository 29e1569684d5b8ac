// SPDX-License-Identifier: Apache-2.0
// Frameworks: rows and messages.
#ifndef WIRE_FRAMEWORK_H
#define WIRE_FRAMEWORK_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map framework_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Framework *framework_message(const struct state *s, const struct framework_row *row, struct arena *arena,
                                      enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *framework_row_from(struct intake *in, const Granary__Framework *m, struct framework_row *ret_row);

#endif
