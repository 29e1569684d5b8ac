// SPDX-License-Identifier: Apache-2.0
// The nouns that ask the master, and what their verbs share: lines of one object. Each noun is in cli/verb_<noun>.c.
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/noun.h"
#include "cli/table.h"

// name, what follows it, one line of help
#define CLI_NOUNS(X)                                                                                                   \
    X(inventory, "", "the storage tiers: what is reported, granted and free")                                          \
    X(agents, "[show|remove NAME]", "the agents, their resources and tags")                                            \
    X(class, "apply|list|show|delete", "what consumers may ask for, and what that means")                              \
    X(policy, "apply|list|show|lint|rehearse|requests|switch|rollback", "all classes together, in versions")           \
    X(volume, "create|list|show|grow|delete|publish|unpublish", "volumes, from carving to release")                    \
    X(reservation, "create|list|show|delete", "parts of a pool promised to a role")                                    \
    X(request, "apply FILE|-", "volumes that one agent can use together, all or none")                                 \
    X(explain, "[volume NAME]", "why a request fits or not, and what would")                                           \
    X(blast, "KEY=VALUE", "what stops and what is at risk when a failure domain ends")                                 \
    X(plan, "FILE|-", "what would happen if the cluster were changed")                                                 \
    X(events, "", "what happens, line by line")                                                                        \
    X(roles, "", "the roles and what they hold")                                                                       \
    X(role, "set NAME", "a role's weight")                                                                             \
    X(operations, "[show ID]", "asked-for changes, open and lately ended")                                             \
    X(offers, "", "outstanding offers")                                                                                \
    X(tasks, "", "the tasks")                                                                                          \
    X(task, "output ID", "what a task printed")                                                                        \
    X(frameworks, "", "the frameworks")                                                                                \
    X(framework, "teardown ID", "ends a framework and its tasks")                                                      \
    X(health, "", "whether the master serves, and changes")                                                            \
    X(version, "", "what version this is, and the master's")

#define X(name, usage, line) extern const struct noun noun_##name;
CLI_NOUNS(X)
#undef X
// Beside the processes of the same names: granary agent remove, granary provider remove.
extern const struct noun noun_agent, noun_provider;

// `name: value` lines of one object: begin, rows, table_write_plain. A NULL or empty value is left out; an empty name
// continues the row above.
void fields_begin(struct table *t);
void field_row(struct table *t, const char *name, const char *value);

#endif
