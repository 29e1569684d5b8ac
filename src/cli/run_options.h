// SPDX-License-Identifier: Apache-2.0
// What `granary run` was asked for: its flags, read and checked before anything is asked of the master.
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/quantity.h"
#include "cli/option.h"

extern const struct option run_flags[];

struct run_options {
    struct settings *settings; // where the master is; ended by run_options_done
    const char *class;         // NULL: no volume is made
    const char *name;          // of the volume; NULL: no volume, or one with a name of its own (run_options_name)
    const char *role, *fs, *mount, *user;
    struct bytes size;
    struct milli cpus, mem; // mem in MiB, as in Mesos
    const char *const *environment;
    size_t environment_count;
    const char *const *command; // ends with NULL
    size_t command_count;
    bool restart, remove;
    bool unnamed;        // its volume's name was made up
    int64_t patience_ms; // until the task runs; 0: no limit
};

// Texts are borrowed from the arguments, or live in the arena. ERR_INVALID names the flag.
MUST_USE struct err *run_options_read(const char *const *arguments, struct arena *arena,
                                      struct run_options *ret_options);
void run_options_done(struct run_options *o);
// Gives the volume a name when it is to be made and has none.
void run_options_name(struct run_options *o, const unsigned char entropy[4], struct arena *arena);
bool run_options_has_volume(const struct run_options *o);

#endif
