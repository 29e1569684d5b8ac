// SPDX-License-Identifier: Apache-2.0
// The pools that satisfy all that is fixed between them and a class, in order of what the class prefers. Knows no figures
// and no agents.
#ifndef CORE_CANDIDATE_H
#define CORE_CANDIDATE_H

#include "core/row.h"

struct candidate {
    uint64_t pool;
    int64_t score; // the class's prefer_pool weights that hold
};
VEC_TYPE(candidate_list, struct candidate); // best score first, then lowest id

// The class's pool selector, its joins left out: those depend on the agent.
bool pool_selector_holds(const struct symbols *s, const struct selector *sel, const struct tag_set *tags);
// The capabilities that every volume of the class needs.
bool candidate_can(const struct class_spec *spec, const struct pool_facts *f);
// Both.
bool candidate_holds(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f);
int64_t candidate_score(const struct symbols *s, const struct class_spec *spec, const struct pool_facts *f);
void candidate_insert(struct candidate_list *c, struct candidate candidate);
void candidate_remove(struct candidate_list *c, uint64_t pool);

#endif
