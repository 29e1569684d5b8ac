// SPDX-License-Identifier: Apache-2.0
// Verbs that ask the master: each noun has a table of actions, from which help, flags and dispatch are read.
#ifndef CLI_NOUN_H
#define CLI_NOUN_H

#include "cli/client.h"
#include "cli/option.h"

// What an action is given, and where it writes. `out` goes to standard output when it returns, also on an error.
struct call {
    const struct options *options;
    const struct settings *settings;
    struct client *client;
    struct arena *arena;
    bool json; // -o json: what is written is the API's JSON
    struct text *out;
    int *exit; // what the command ends with when nothing went wrong
};
typedef struct err *action_run(struct call *c);

enum action_trait {
    ACTION_WATCH = 1, // a picture that --watch draws again and again
};

struct action {
    const char *name;             // "create"; "" when the noun alone stands for it
    const char *usage;            // "NAME --class CLASS --size SIZE [...]"
    const char *line;             // what it does: begins small, no full stop
    const struct option *options; // NULL: none
    size_t names_least, names_most;
    unsigned traits;
    action_run *run;
    const char *more; // what --help says below: paragraphs, examples
};

struct noun {
    const char *name; // "volume"
    const struct action *actions;
    size_t count;
};
#define NOUN(noun_name, noun_actions)                                                                                  \
    const struct noun noun_##noun_name = {#noun_name, noun_actions, ARRAY_LEN(noun_actions)}

// Runs what the arguments (behind the noun, ending with NULL) say, as a cli_verb_run does.
MUST_USE struct err *noun_run(const struct noun *noun, const char *const *arguments, int *ret_exit);
// What --help says for these arguments: of one action when they begin with one, else of all.
void noun_help(const struct noun *noun, const char *const *arguments, struct text *out);
// The parts of it: usage, flags, examples of one action; the flags that all actions take.
void action_help(const struct noun *noun, const struct action *a, struct text *out);
void global_help(struct text *out);
enum { OPTIONS_MOST = 18 }; // of one action, --watch and the end of the table among them
// The flags of one action, put into `all`, which is returned.
const struct option *action_options(const struct action *a, struct option all[OPTIONS_MOST]);
// The action that the arguments name, NULL when there is none. *ret_used: how many of them are its name.
const struct action *noun_action(const struct noun *noun, const char *const *arguments, size_t *ret_used);

// Most actions end so: the master's JSON with -o json, and true; else false.
bool call_json(struct call *c);
// Each --label KEY=VALUE, into the map 'labels' that the message has.
MUST_USE struct err *labels_give(const struct call *c, ProtobufCMessage *m);
// The positional argument of that index; NULL when it was not given.
const char *call_name(const struct call *c, size_t index);

#endif
