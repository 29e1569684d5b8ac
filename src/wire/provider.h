// SPDX-License-Identifier: Apache-2.0
// Providers: rows and messages. With DETAIL_API the tiers below are listed, but not their pools.
#ifndef WIRE_PROVIDER_H
#define WIRE_PROVIDER_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map provider_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Provider *provider_message(const struct state *s, const struct provider_row *row, struct arena *arena,
                                    enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *provider_row_from(struct intake *in, const Granary__Provider *m, struct provider_row *ret_row);

// The same with the pools of each instance, as the inventory shows it.
Granary__Provider *provider_inventory_message(const struct state *s, const struct provider_row *p, struct arena *arena);

#endif
