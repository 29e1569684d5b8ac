// SPDX-License-Identifier: Apache-2.0
// Container paths, part by part.
#include "base/path.h"

#include <string.h>

struct err *container_path_check(const char *path) {
    if (!path || !*path) return err_new(ERR_INVALID, "the container path is empty");
    if (strlen(path) > CONTAINER_PATH_LONGEST)
        return err_new(ERR_INVALID, "container path '%.40s...' is longer than %d bytes", path, CONTAINER_PATH_LONGEST);
    bool any = false;
    for (const char *at = path; *at;) {
        size_t size = strcspn(at, "/");
        if (size == 2 && strncmp(at, "..", 2) == 0)
            return err_new(ERR_INVALID, "container path '%s' contains '..'", path);
        any = any || (size && !(size == 1 && *at == '.'));
        at += size + (at[size] == '/');
    }
    return any ? NULL
               : err_new(ERR_INVALID, "container path '%s' names no directory below the root or the sandbox", path);
}
