// SPDX-License-Identifier: Apache-2.0
// What an operator put into the master's configuration: types of tag keys, failure domains, weights of roles, a directory of classes.
#ifndef DAEMON_MASTER_SEED_H
#define DAEMON_MASTER_SEED_H

#include "master/master.h"
#include "model/setting.h"

// Types of tag keys: before anything is read, since selectors are compiled by them.
MUST_USE struct err *master_seed_types(struct master *m, const struct settings *s);
// Failure domains: before anything is read too, since the index counts by them.
MUST_USE struct err *master_seed_domains(struct master *m, const struct settings *s);
// Role weights and classes: applied at each start; what is as it was changes nothing.
MUST_USE struct err *master_seed(struct master *m, const struct settings *s, const struct instant *at,
                                 struct outputs *out);

#endif
