// SPDX-License-Identifier: Apache-2.0
// The agents as a script reads them: those that can use some pool of the class now, or the one that the request names. Found,
// and each column made, when the script first asks: a script that does not ask pays for an empty table.
#ifndef CORE_SCRIPT_AGENTS_H
#define CORE_SCRIPT_AGENTS_H

#include "core/script_pools.h"

enum { SCRIPT_AGENTS_MOST = 1000 }; // those of the lowest ids

// Pushes the table, after script_pools_push.
void script_agents_push(struct script_pools *p);

#endif
