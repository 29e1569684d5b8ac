// SPDX-License-Identifier: Apache-2.0
// Attachments: rows and messages.
#ifndef WIRE_ATTACHMENT_H
#define WIRE_ATTACHMENT_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map attachment_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Attachment *attachment_message(const struct state *s, const struct attachment_row *row, struct arena *arena,
                                        enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *attachment_row_from(struct intake *in, const Granary__Attachment *m,
                                         struct attachment_row *ret_row);

#endif
