// SPDX-License-Identifier: Apache-2.0
// Volumes in use on agents that no longer satisfy what their pool and class ask of an agent: such an attachment carries a
// sentence that says so, until it holds again. Nothing is moved: only new offers look elsewhere.
#ifndef CORE_WARNING_H
#define CORE_WARNING_H

#include "core/draft.h"

// Looks at one attachment, and gives it its warning or takes it away.
void attachment_look(struct draft *d, uint64_t attachment);
// Looks again at every attachment of that agent; after its facts changed.
void warnings_of_agent(struct draft *d, uint64_t agent);
// The same for the volumes of pools (ids; those with a number above 0), or of a class, after what they ask of agents changed.
void warnings_of_pools(struct draft *d, const struct map *pools);
void warnings_of_class(struct draft *d, uint64_t class);

#endif
