// SPDX-License-Identifier: Apache-2.0
// Offers as the API shows them. They pass: there is no record of one.
#ifndef WIRE_OFFER_H
#define WIRE_OFFER_H

#include "granary_model.pb-c.h"
#include "wire/fields.h"

// In the arena; texts are borrowed from the state. `now` turns the time it was made into one for people.
Granary__Offer *offer_message(const struct state *s, const struct offer_row *row, struct arena *arena, struct now now);

#endif
