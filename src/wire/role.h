// SPDX-License-Identifier: Apache-2.0
// Roles: rows and messages; and what each role holds, counted in one pass over the registry.
#ifndef WIRE_ROLE_H
#define WIRE_ROLE_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map role_map;

// In the arena; texts are borrowed from the row and the state. Says nothing of what the role holds.
Granary__Role *role_message(const struct state *s, const struct role_row *row, struct arena *arena, enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *role_row_from(struct intake *in, const Granary__Role *m, struct role_row *ret_row);

// Every role that somebody set, subscribed to or holds something in, by name, with what it holds: how many, into the arena.
size_t role_messages(const struct state *s, struct arena *arena, Granary__Role ***ret_roles);

#endif
