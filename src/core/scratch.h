// SPDX-License-Identifier: Apache-2.0
// A second registry with the same rows, to be changed by commands as the real one is, and thrown away: what-if. The first
// is only read.
#ifndef CORE_SCRATCH_H
#define CORE_SCRATCH_H

#include "core/command.h"

// The same rows, symbols under the same numbers, and all that is derived; offers are left out, they are void. Ended by
// state_free. Classes and facts are shared with `s`, which must live as long.
MUST_USE struct state *scratch_new(const struct state *s);
// Decides and applies, or fails and changes nothing. Chance comes from the ids given so far, so that the same commands on
// the same registry do the same.
MUST_USE struct err *scratch_do(struct state *scratch, struct now now, const struct command *c,
                                struct answer *ret_answer);
// The same where nobody reads the answer.
MUST_USE struct err *scratch_try(struct state *scratch, struct now now, const struct command *c);

#endif
