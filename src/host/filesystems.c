// SPDX-License-Identifier: Apache-2.0
// The kernel's list of filesystems, and the programs that make them.
#include "host/filesystems.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

static bool program_there(const char *root, const char *name) {
    static const char *const dirs[] = {"/sbin", "/usr/sbin", "/bin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"};
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        AUTO_FREE char *path = mem_format("%s%s/%s", root, dirs[i], name);
        if (!access(path, X_OK)) return true;
    }
    return false;
}

void filesystems_find(const char *root, struct filesystem_names *ret_names) {
    AUTO_FREE char *path = mem_format("%s/proc/filesystems", root);
    AUTO_TEXT struct text all = {0};
    AUTO_ERR struct err *unread = file_read(path, 64 * 1024, &all); // then none is known
    char *rest = unread ? NULL : all.data;
    for (char *line; (line = strsep(&rest, "\n"));) { // "nodev\t<name>" or "\t<name>"
        if (*line != '\t') continue;
        AUTO_FREE char *mkfs = mem_format("mkfs.%s", line + 1);
        if (program_there(root, mkfs)) vec_push(ret_names, mem_text(line + 1));
    }
}

void filesystems_done(struct filesystem_names *names) {
    VEC_EACH (name, names) free(*name);
    vec_done(names);
}
