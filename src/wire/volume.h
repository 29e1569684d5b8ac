// SPDX-License-Identifier: Apache-2.0
// Volumes: rows and messages. With DETAIL_API with attachments and whether it is busy.
#ifndef WIRE_VOLUME_H
#define WIRE_VOLUME_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map volume_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Volume *volume_message(const struct state *s, const struct volume_row *row, struct arena *arena,
                                enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *volume_row_from(struct intake *in, const Granary__Volume *m, struct volume_row *ret_row);

#endif
