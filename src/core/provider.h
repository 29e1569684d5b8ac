// SPDX-License-Identifier: Apache-2.0
// Providers as the registry sees them: who they are, what they report, what they answer.
#ifndef CORE_PROVIDER_H
#define CORE_PROVIDER_H

#include "core/command.h"

MUST_USE struct err *decide_provider_hello(struct draft *d, const struct cmd_provider_hello *c,
                                           struct answer *ret_answer);
MUST_USE struct err *decide_provider_report(struct draft *d, const struct cmd_provider_report *c);
void decide_provider_objects(struct draft *d, const struct cmd_provider_objects *c);
void decide_provider_result(struct draft *d, const struct cmd_provider_result *c);
void decide_provider_heard(struct draft *d, const struct cmd_session *c);
void decide_provider_gone(struct draft *d, const struct cmd_session *c);
MUST_USE struct err *decide_provider_remove(struct draft *d, const char *name);
// It was silent for too long, or its stream broke.
void provider_away(struct draft *d, uint64_t provider);

#endif
