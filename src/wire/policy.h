// SPDX-License-Identifier: Apache-2.0
// Policies: rows and messages. A record holds the documents of all its classes; reading it compiles them again.
#ifndef WIRE_POLICY_H
#define WIRE_POLICY_H

#include "core/policy.h"
#include "granary_api.pb-c.h"
#include "wire/fields.h"

extern const struct noun_map policy_map;

// In the arena; texts are borrowed from the row and the state. The API's says how many classes there are, not which.
Granary__Policy *policy_message(const struct state *s, const struct policy_row *row, struct arena *arena,
                                enum detail detail);
// The same with its classes.
Granary__Policy *policy_message_whole(const struct state *s, const struct policy_row *row, struct arena *arena);

// Compiled and checked: the error names the class. Its holder is the intake.
MUST_USE struct err *policy_shared_from(struct intake *in, Granary__Class *const *at, size_t count,
                                        struct policy_shared **ret_doc);
MUST_USE struct err *policy_apply_read(struct intake *in, const Granary__PolicyApply *m,
                                       struct cmd_policy_apply *ret_command);

// The classes of a trial: those of the version that it names, or its own, compiled. `s` holds the versions.
MUST_USE struct err *policy_trial_read(struct intake *in, const struct state *s, const Granary__PolicyTrial *m,
                                       struct policy_shared **ret_doc);

#endif
