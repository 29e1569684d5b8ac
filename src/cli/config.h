// SPDX-License-Identifier: Apache-2.0
// What the settings of a verb are beside its flags: its configuration file and the environment.
#ifndef CLI_CONFIG_H
#define CLI_CONFIG_H

#include "cli/option.h"

// $GRANARY_CLI_CONFIG of the verbs that ask the master, $GRANARY_CONFIG of processes.
const char *config_variable(enum process_kind kind);
// The settings of that kind and where else they may stand, for --help of a process.
void config_help(enum process_kind kind, struct text *out);
// Gives the file that --config among the options names, or that variable, and the environment. Says what is missing then.
MUST_USE struct err *config_read(const struct options *o, struct settings *settings);

#endif
