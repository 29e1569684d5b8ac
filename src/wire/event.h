// SPDX-License-Identifier: Apache-2.0
// Events as the API streams them: what happened, to what, and what it is now.
#ifndef WIRE_EVENT_H
#define WIRE_EVENT_H

#include "core/event.h"
#include "granary_model.pb-c.h"
#include "wire/fields.h"

// In the arena, borrowing from the row and the state as it is after the event. A removed row is shown by its last image.
// Offers show no object.
Granary__Event *event_message(const struct state *s, const struct event *e, uint64_t seq, struct wall wall,
                              const char *principal, struct arena *arena);
// What people call the row: a volume's name, "volume on agent" of an attachment, a number. In the arena or borrowed.
const char *row_title(const struct state *s, enum noun noun, const void *row, struct arena *arena);

#endif
