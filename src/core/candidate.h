// SPDX-License-Identifier: Apache-2.0
// Whether a pool satisfies all that is fixed between it and a class, and how much the class prefers it. Knows no figures
// and no agents.
#ifndef CORE_CANDIDATE_H
#define CORE_CANDIDATE_H

#include "core/row.h"

// The first term of the class's pool selector from `from` on that fails, or its term count. Joins are left out: they depend
// on the agent.
uint32_t pool_selector_failure(const struct symbols *s, const struct selector *sel, const struct tag_set *tags,
                               uint32_t from);
// The capabilities that every volume of the class needs.
bool candidate_can(const struct class_spec *spec, const struct pool_facts *f);
// Both.
bool candidate_holds(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f);
// The class's prefer_pool weights that hold, joins left out.
int64_t candidate_score(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f);

#endif
