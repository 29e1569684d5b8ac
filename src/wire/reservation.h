// SPDX-License-Identifier: Apache-2.0
// Reservations: rows and messages.
#ifndef WIRE_RESERVATION_H
#define WIRE_RESERVATION_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map reservation_map;

// In the arena; texts are borrowed from the row and the state.
Granary__Reservation *reservation_message(const struct state *s, const struct reservation_row *row, struct arena *arena,
                                          enum detail detail);
// From a record, into a zeroed row.
MUST_USE struct err *reservation_row_from(struct intake *in, const Granary__Reservation *m,
                                          struct reservation_row *ret_row);

#endif
