// SPDX-License-Identifier: Apache-2.0
// Why `granary run` still waits: what the master explains of its volume, and what its agents have free. Changes nothing.
#ifndef CLI_RUN_WHY_H
#define CLI_RUN_WHY_H

#include "base/text.h"
#include "cli/run_options.h"
#include "granary_api.pb-c.h"

// One line, or nothing when the master does not say. `volume`: it is made, or being made. Asks for a second at most.
void run_why(const struct run_options *o, bool volume, struct text *out);
// Which of the agents have too little free for the task; nothing when one has enough. Pure.
void run_why_agents(const struct run_options *o, const Granary__AgentList *list, struct text *out);

#endif
