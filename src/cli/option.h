// SPDX-License-Identifier: Apache-2.0
// The flags of one action, by table, and what stands between them. What a table lacks is a setting, and --config FILE.
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include "base/vec.h"
#include "model/setting.h"

enum option_kind {
    OPTION_FLAG, // no value
    OPTION_TEXT,
    OPTION_SIZE,     // "50GiB"
    OPTION_DURATION, // "5m"
    OPTION_NUMBER,   // whole
    OPTION_REAL,     // "1.5"
    OPTION_LIST,     // texts: may be given several times
};

// A table of them ends with a row without name.
struct option {
    const char *name; // "class": the flag --class
    enum option_kind kind;
    const char *word; // the value in help: "CLASS"; NULL of a flag
    const char *help;
};

struct given { // one flag as it was given
    const struct option *option;
    const char *text;
    uint64_t number; // of sizes, durations (milliseconds) and numbers
    double real;
};

// Borrows the arguments. Zeroed is valid and empty.
struct options {
    VEC(struct given) given;
    VEC(const char *) names; // what is no flag, in order
};
void options_done(struct options *o);

// Reads arguments up to their NULL. What `table` (may be NULL) does not know goes to `settings`; "-o X" is --output, behind
// "--" all are names. --config FILE is found among the options. Refuses, naming the flag and the nearest known one: unknown flags, missing and bad values.
MUST_USE struct err *options_read(const struct option *table, const char *const *arguments, struct settings *settings,
                                  struct options *ret_options);

// The same up to the first name, or behind "--": *ret_rest is what follows, somebody else's command.
MUST_USE struct err *options_read_leading(const struct option *table, const char *const *arguments,
                                          struct settings *settings, struct options *ret_options,
                                          const char *const **ret_rest);

// The row of that name, --config among them; NULL when there is none.
const struct option *option_find(const struct option *table, const char *name);
// The last one given of that name, NULL when there is none. A name that the table lacks is never found.
const struct given *options_find(const struct options *o, const char *name);
bool options_has(const struct options *o, const char *name);
const char *options_text(const struct options *o, const char *name); // NULL when not given
// The n-th one given of that name, NULL when there are not as many.
const char *options_item(const struct options *o, const char *name, size_t n);

// The aligned rows of --help.
void options_help(const struct option *table, struct text *out);

#endif
