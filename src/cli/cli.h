// SPDX-License-Identifier: Apache-2.0
// The verbs of the command `granary`: one row each, from which the list, the help and the dispatch are read.
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "base/text.h"

// name, what follows it on the command line, one line of help; its own flags (NULL: none), the process whose settings are
// flags too, and what a first word says instead (NULL: nothing). Each row has two functions of its own in cli/:
//   struct err *verb_<name>(const char *const *arguments, int *ret_exit)   arguments: behind the verb, ends with NULL
//   void help_<name>(struct text *out)                                     what `granary <name> --help` says below the usage line
#define CLI_VERBS(X)                                                                                                   \
    X(run, "[OPTION...] [--] COMMAND [ARGUMENT...]", "run a command in the cluster, with a volume if asked",           \
      run_flags, PROCESS_CLI, NULL)                                                                                    \
    X(dev, "[OPTION...]", "a whole cluster on this machine, with file-backed pools", dev_flags, PROCESS_DEV, NULL)     \
    X(master, "[SETTING...]", "the registry, the broker and the API", NULL, PROCESS_MASTER, NULL)                      \
    X(agent, "[SETTING...]", "one per host: publishes volumes and runs tasks", NULL, PROCESS_AGENT, &noun_agent)       \
    X(provider, "[SETTING...]", "one per storage system: runs its driver", NULL, PROCESS_PROVIDER, &noun_provider)

// Verbs that ask the master are nouns with actions, in cli/verbs.h.

// Carries out one verb. *ret_exit is 0 when it is called; a verb sets it for an end that is no error of ours. The error,
// if any, is given: its sentence goes to stderr behind "granary VERB: ", and its kind is the exit code.
typedef struct err *cli_verb_run(const char *const *arguments, int *ret_exit);
typedef void cli_verb_help(struct text *out);

#define X(name, usage, help, ...)                                                                                      \
    cli_verb_run verb_##name;                                                                                          \
    cli_verb_help help_##name;
CLI_VERBS(X)
#undef X

// The whole command: main's arguments in, the exit code out.
int cli_main(const char *const *arguments);

// The file of that name beside the running executable. Given: end with free().
MUST_USE struct err *cli_beside(const char *name, char **ret_path);

#endif
