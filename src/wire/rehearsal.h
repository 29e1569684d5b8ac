// SPDX-License-Identifier: Apache-2.0
// Rehearsals as messages.
#ifndef WIRE_REHEARSAL_H
#define WIRE_REHEARSAL_H

#include "core/rehearse.h"
#include "granary_api.pb-c.h"

// In the arena, borrowing from all of them. `s` names the pools before, `scratch` those after.
Granary__Rehearsal *rehearsal_message(const struct state *s, const struct state *scratch, const struct rehearsal *r,
                                      struct arena *arena);

#endif
