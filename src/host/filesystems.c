// SPDX-License-Identifier: Apache-2.0
// The kernel's list of filesystems, and the programs that make them.
#include "host/filesystems.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/program.h"
#include "sys/file.h"

void filesystems_find(const char *root, struct filesystem_names *ret_names) {
    AUTO_FREE char *path = mem_format("%s/proc/filesystems", root);
    AUTO_TEXT struct text all = {0};
    AUTO_ERR struct err *unread = file_read(path, 64 * 1024, &all); // then none is known
    char *rest = unread ? NULL : all.data;
    for (char *line; (line = strsep(&rest, "\n"));) { // "nodev\t<name>" or "\t<name>"
        if (*line != '\t') continue;
        AUTO_FREE char *mkfs = mem_format("mkfs.%s", line + 1);
        AUTO_FREE char *program = program_find(root, mkfs);
        if (program) vec_push(ret_names, mem_text(line + 1));
    }
}

void filesystems_done(struct filesystem_names *names) {
    VEC_EACH (name, names) free(*name);
    vec_done(names);
}
