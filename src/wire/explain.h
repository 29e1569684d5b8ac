// SPDX-License-Identifier: Apache-2.0
// Explanations and errors as messages.
#ifndef WIRE_EXPLAIN_H
#define WIRE_EXPLAIN_H

#include "core/explain.h"
#include "granary_model.pb-c.h"

// In the arena, borrowing from the explanation. `next_page` is set when refusals are left behind a page that goes on.
Granary__Explanation *explanation_message(const struct state *s, const struct explanation *e, struct arena *arena);
// `figures` of no availability are left out.
Granary__Fit *fit_message(const struct state *s, const struct fit *f, const struct figures *figures,
                          struct arena *arena);
// The explanation may be NULL.
Granary__Error *error_message(const struct err *e, Granary__Explanation *explanation, struct arena *arena);

#endif
