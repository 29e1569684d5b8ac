// SPDX-License-Identifier: Apache-2.0
// The one table of settings for each kind of process, and their merge: default < YAML file < environment < flags. Pure: reads
// no file and no environment itself; the edge feeds what it read.
#ifndef MODEL_SETTING_H
#define MODEL_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/quantity.h"
#include "base/text.h"

#define PROCESS_KINDS(X) X(MASTER, "master") X(AGENT, "agent") X(PROVIDER, "provider") X(DEV, "dev") X(CLI, "cli")
enum process_kind {
#define X(kind, name) PROCESS_##kind,
    PROCESS_KINDS(X)
#undef X
};
const char *process_kind_name(enum process_kind kind);

enum setting_kind {
    SETTING_TEXT,
    SETTING_CHOICE,   // one of the words in `choices`
    SETTING_SIZE,     // bytes: "50GiB"
    SETTING_DURATION, // milliseconds: "5s"
    SETTING_RATE,     // bytes per second: "10Gbps"
    SETTING_NUMBER,   // whole
    SETTING_SCALAR,   // thousandths: "1.5"
    SETTING_BOOL,     // true or false; a flag without a value is true
    SETTING_LIST,     // texts: a YAML list, a flag given several times, commas in the environment; "" is none
    SETTING_TREE,     // a part of the YAML file that somebody else reads; file only
};

struct setting {
    const char *name; // "data-dir": key of the file, flag --data-dir, variable GRANARY_DATA_DIR
    enum setting_kind kind;
    const char *fallback; // NULL: none; a list's is divided by commas
    bool required;
    uint64_t least, most;               // of numbers, in the unit of the kind; most 0: no bound
    const char *choices;                // divided by '|'
    struct err *(*check)(const char *); // of each text; NULL: anything
    const char *word;                   // the value in help: "ADDRESS"
    const char *help;                   // begins small, no full stop
};

// The settings of a process in the order of help; *ret_count of them, kept for ever.
const struct setting *setting_table(enum process_kind kind, size_t *ret_count);
// NULL when that process has none of that name.
const struct setting *setting_find(enum process_kind kind, const char *name);
void setting_variable(const struct setting *setting, struct text *out); // "GRANARY_DATA_DIR"
// The text of --help below the usage line: one aligned row per setting.
void setting_help(enum process_kind kind, struct text *out);

// Later ones win. Order of feeding does not matter.
enum setting_source { FROM_DEFAULT, FROM_FILE, FROM_ENVIRONMENT, FROM_FLAG };

// One value as the edge found it. All borrowed for the call, but `tree`, which is kept until settings_free.
struct setting_given {
    const char *name;
    const char *value; // NULL for a tree
    const void *tree;  // the edge's own node
    enum setting_source source;
    const char *file; // of FROM_FILE
    unsigned line;    // from 1
};

struct settings; // opaque; made by settings_new, ended by settings_free
MUST_USE struct settings *settings_new(enum process_kind kind);
void settings_free(struct settings *s); // accepts NULL
enum process_kind settings_kind(const struct settings *s);

// Takes one value. A name that is unknown is an error that says where it stands and which known name is nearest; so are a
// value that is not of its kind or out of bounds, and a key twice in one file (but the items of a list).
MUST_USE struct err *settings_give(struct settings *s, const struct setting_given *given);
// Takes all variables of this process from "NAME=value" texts ending with NULL; leaves others alone.
MUST_USE struct err *settings_give_environment(struct settings *s, const char *const *variables);
// Takes the flags from arguments ending with NULL: --name value, --name=value, --bool. Stops at the first argument that is no
// flag, or behind "--"; *ret_used says how many were taken.
MUST_USE struct err *settings_give_flags(struct settings *s, const char *const *arguments, size_t *ret_used);
// When all was given: what is required but missing, and what does not go together.
MUST_USE struct err *settings_complete(const struct settings *s);

// The merged value. A name that the process has not, or of another kind, is our own bug. Texts are borrowed until
// settings_free. Numbers without default are 0 when not given.
bool settings_has(const struct settings *s, const char *name); // given, or has a default
enum setting_source settings_source(const struct settings *s, const char *name);
const char *settings_text(const struct settings *s, const char *name); // also of choices; NULL when there is none
struct bytes settings_size(const struct settings *s, const char *name);
int64_t settings_duration(const struct settings *s, const char *name); // ms
struct bandwidth settings_rate(const struct settings *s, const char *name);
uint64_t settings_number(const struct settings *s, const char *name);
struct milli settings_scalar(const struct settings *s, const char *name);
bool settings_bool(const struct settings *s, const char *name);
const char *const *settings_list(const struct settings *s, const char *name, size_t *ret_count);
const void *settings_tree(const struct settings *s, const char *name); // NULL when not given
// "name: value (from master.yaml:12)", one line each, for a daemon's log at start. Values of trees are left out.
void settings_show(const struct settings *s, struct text *out);

// "31000-32000" or "31000": both ends included.
MUST_USE struct err *port_range_parse(const char *text, uint32_t *ret_begin, uint32_t *ret_end);
// "ebs=27", "ebs+nvme=27": a bus that the volumes of these drivers share. ret_size: how many bytes of `text` name them.
MUST_USE struct err *attach_bus_parse(const char *text, size_t *ret_size, uint32_t *ret_slots);
// "ebs", "ebs+nvme": names of drivers.
MUST_USE struct err *bus_drivers_check(const char *drivers);

#endif
