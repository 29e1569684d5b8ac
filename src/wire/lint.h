// SPDX-License-Identifier: Apache-2.0
// What lint found, as a message.
#ifndef WIRE_LINT_H
#define WIRE_LINT_H

#include "core/lint.h"
#include "granary_api.pb-c.h"

// In the arena, borrowing from the findings and `scratch`.
Granary__LintAnswer *lint_message(const struct state *scratch, const struct findings *found, struct arena *arena);

#endif
