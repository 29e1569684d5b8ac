// SPDX-License-Identifier: Apache-2.0
// A framework's life: subscribed, disconnected, completed; what becomes of its tasks and offers.
#ifndef CORE_FRAMEWORK_H
#define CORE_FRAMEWORK_H

#include "core/command.h"

MUST_USE struct err *decide_subscribe(struct draft *d, const struct cmd_subscribe *c, struct answer *ret_answer);
void decide_framework_gone(struct draft *d, const struct cmd_id *c);
MUST_USE struct err *decide_teardown(struct draft *d, uint64_t framework);
void decide_kill(struct draft *d, const struct cmd_kill *c);
void decide_acknowledge(struct draft *d, const struct cmd_acknowledge *c);
void decide_acknowledge_operation(struct draft *d, const struct cmd_acknowledge *c);
// Its failover timeout is over.
void framework_complete(struct draft *d, uint64_t framework);
bool framework_has_role(const struct framework_row *f, symbol role);
// Storage of role "*" belongs to a framework by its name: one that comes back without the id it once had still owns it. The
// first one of that name (and principal) stands for all.
uint64_t framework_namesake(const struct state *s, const struct framework_row *f);
// Whose a volume or reservation is that a framework makes under that role.
struct owner framework_owner(const struct state *s, const struct framework_row *f, symbol role);
// The oldest completed frameworks without tasks and storage, beyond `FRAMEWORKS_KEPT`: forgotten.
enum { FRAMEWORKS_KEPT = 50 };
void frameworks_prune(struct draft *d);

#endif
