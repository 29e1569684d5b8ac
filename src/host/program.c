// SPDX-License-Identifier: Apache-2.0
// The usual directories, whatever PATH says: keepers and helpers look in the same ones.
#include "host/program.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"

char *program_find(const char *root, const char *name) {
    static const char *const dirs[] = {"/sbin", "/usr/sbin", "/bin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        char *path = mem_format("%s%s/%s", root, dirs[i], name);
        if (!access(path, X_OK)) return path;
        free(path);
    }
    return NULL;
}
