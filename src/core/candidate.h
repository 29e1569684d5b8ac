// SPDX-License-Identifier: Apache-2.0
// Whether a pool satisfies all that is fixed between it and a class, and how much the class prefers it. Knows no figures
// and no agents.
#ifndef CORE_CANDIDATE_H
#define CORE_CANDIDATE_H

#include "core/row.h"

// The class's pool selector, its joins left out: those depend on the agent.
bool pool_selector_holds(const struct symbols *s, const struct selector *sel, const struct tag_set *tags);
// The capabilities that every volume of the class needs.
bool candidate_can(const struct class_spec *spec, const struct pool_facts *f);
// Both.
bool candidate_holds(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f);
// The class's prefer_pool weights that hold, joins left out.
int64_t candidate_score(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f);

#endif
