// SPDX-License-Identifier: Apache-2.0
// Candidates for the word that is being typed, one per line, from the same tables as help and dispatch.
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "cli/noun.h"

// Adds `candidate` when it begins with `typed`.
void complete_add(struct text *out, const char *typed, const char *candidate);
// `words`: behind the noun, the last one is being typed. May ask the master for names, a quarter of a second at most.
void complete_noun(const struct noun *noun, const char *const *words, struct text *out);
// The same of a verb with flags of its own and settings of that kind, up to where a command begins.
void complete_flags(const struct option *flags, enum process_kind kind, const char *const *words, struct text *out);

#endif
