// SPDX-License-Identifier: Apache-2.0
// The settings of a process from file, environment and flags, and the log set up by them.
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include "base/arena.h"
#include "model/setting.h"

// Reads --config FILE (or $GRANARY_CONFIG) if given, the environment, and the flags in `arguments` (ends with NULL; the
// process name is not among them). Trees of the file are struct yaml_node in the arena. The settings are given.
MUST_USE struct err *config_load(enum process_kind kind, const char *const *arguments, struct arena *arena,
                                 struct settings **ret_settings);
// True when --help or -h is among the arguments.
bool config_wants_help(const char *const *arguments);
void config_log(const struct settings *s);

#endif
