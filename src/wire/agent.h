// SPDX-License-Identifier: Apache-2.0
// Agents: rows and messages. A record keeps the state only when it is one that outlives a restart.
#ifndef WIRE_AGENT_H
#define WIRE_AGENT_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map agent_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Agent *agent_message(const struct state *s, const struct agent_row *row, struct arena *arena,
                              enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *agent_row_from(struct intake *in, const Granary__Agent *m, struct agent_row *ret_row);

const char *agent_state_name(enum agent_state state);

#endif
