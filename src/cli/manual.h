// SPDX-License-Identifier: Apache-2.0
// The page docs/cli.md, from the same tables as --help. Prints nothing itself.
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include "cli/noun.h"

void manual_begin(struct text *out); // what holds for all verbs: flags, output, exit codes
void manual_verb(const char *name, const char *line, struct text *out);
void manual_noun(const struct noun *noun, struct text *out);
// A verb that is no noun.
void manual_block(const char *name, const char *usage, const char *help, struct text *out);

#endif
