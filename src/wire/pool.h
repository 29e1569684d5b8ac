// SPDX-License-Identifier: Apache-2.0
// Pools: rows and messages. With DETAIL_API with effective tags and the figures of the ledger.
#ifndef WIRE_POOL_H
#define WIRE_POOL_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map pool_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Pool *pool_message(const struct state *s, const struct pool_row *row, struct arena *arena, enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *pool_row_from(struct intake *in, const Granary__Pool *m, struct pool_row *ret_row);

#endif
