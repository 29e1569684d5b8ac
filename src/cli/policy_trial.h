// SPDX-License-Identifier: Apache-2.0
// granary policy lint, rehearse and requests: what a policy would do, before it is switched on.
#ifndef CLI_POLICY_TRIAL_H
#define CLI_POLICY_TRIAL_H

#include "cli/noun.h"

struct err *policy_lint(struct call *c);
struct err *policy_rehearse(struct call *c);
struct err *policy_requests(struct call *c);

#endif
