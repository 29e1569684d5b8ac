// SPDX-License-Identifier: Apache-2.0
// Agents as the registry sees them: they come, report, fall silent, return and are cleaned before they are used again.
#ifndef CORE_AGENT_H
#define CORE_AGENT_H

#include "core/command.h"

MUST_USE struct err *decide_agent_hello(struct draft *d, const struct cmd_agent_hello *c, struct answer *ret_answer);
void decide_agent_report(struct draft *d, const struct cmd_agent_report *c);
void decide_agent_heard(struct draft *d, const struct cmd_session *c);
void decide_agent_gone(struct draft *d, const struct cmd_session *c);
MUST_USE struct err *decide_agent_remove(struct draft *d, const char *name);
void decide_attachment_report(struct draft *d, const struct cmd_attachment_report *c);
void decide_task_status(struct draft *d, const struct cmd_task_status *c);
// Whether this is the registry that it knows: of its cluster (NULL: it has none yet), and no older copy, which one that was
// told more than it holds can tell.
MUST_USE struct err *registry_check(const struct state *s, const char *who, const char *cluster, uint64_t highest_seen);
// It was silent for too long.
void agent_lost(struct draft *d, uint64_t agent);
// Out of quarantine when nothing of before is left there.
void agent_settle(struct draft *d, uint64_t agent);

#endif
