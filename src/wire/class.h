// SPDX-License-Identifier: Apache-2.0
// Classes: rows and messages. A record holds the document; reading it compiles it again.
#ifndef WIRE_CLASS_H
#define WIRE_CLASS_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map class_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Class *class_message(const struct state *s, const struct class_row *row, struct arena *arena,
                              enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *class_row_from(struct intake *in, const Granary__Class *m, struct class_row *ret_row);

// The document as an operator wrote it, compiled and checked. Its holder is the intake.
MUST_USE struct err *class_shared_from(struct intake *in, const Granary__Class *m, struct class_shared **ret_doc);

// The document alone, as an operator would write it. In the arena, borrowing from `doc`.
Granary__Class *class_document_message(const struct state *s, struct class_shared *doc, struct arena *arena);

#endif
