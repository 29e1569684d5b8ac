// SPDX-License-Identifier: Apache-2.0
// What version this is.
#include <stdio.h>

#include "cli/cli.h"

struct err *verb_version(const char *const *arguments, int *ret_exit UNUSED) {
    if (*arguments) return err_new(ERR_INVALID, "'%s': it takes no arguments", *arguments);
    puts("granary " GRANARY_VERSION);
    return NULL;
}

void help_version(struct text *out) {
    text_add(out, "Prints the version of this command. The master's own is at /version.");
}
