// SPDX-License-Identifier: Apache-2.0
// Plans: what if, read from a message and answered as one.
#ifndef WIRE_PLAN_H
#define WIRE_PLAN_H

#include "core/plan.h"
#include "granary_api.pb-c.h"
#include "wire/intake.h"

enum { PLAN_MOST = 1000 }; // changes of a kind, and requests

// `s` is what `like` names things of; the intake's symbols are the scratch registry's. What is read lives in the intake and
// its arena.
MUST_USE struct err *plan_read(struct intake *in, const struct state *s, const Granary__Plan *m, struct plan *ret_plan);
// In the arena, borrowing from all of them.
Granary__PlanAnswer *plan_message(const struct state *scratch, const struct plan *plan, const struct planned *planned,
                                  struct arena *arena);

#endif
