// SPDX-License-Identifier: Apache-2.0
// Explanations for people: what fits, the funnel, the nearest refusals, and what would pass.
#ifndef CLI_EXPLANATION_H
#define CLI_EXPLANATION_H

#include <stdbool.h>

#include "base/text.h"
#include "granary_model.pb-c.h"

// The whole of it. `all`: every refusal, not the nearest ones only.
void explanation_write(const Granary__Explanation *e, bool all, struct text *out);
// What goes below an error's sentence `above` (may be NULL): the nearest refusals that it has not named, and the
// suggestions, each on a line of its own.
void explanation_hint(const Granary__Explanation *e, const char *above, struct text *out);

#endif
