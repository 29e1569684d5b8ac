// SPDX-License-Identifier: Apache-2.0
// The limit of open files, and what it was before it was raised.
#include "sys/open_files.h"

#include <errno.h>
#include <stddef.h>
#include <sys/resource.h>

static rlim_t given; // 0: not raised

struct err *open_files_raise(void) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files)) return err_errno(errno, "read the limit of open files");
    given = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    if (!setrlimit(RLIMIT_NOFILE, &files)) return NULL;
    return err_errno(errno, "raise the limit of open files from %llu to %llu", (unsigned long long)given,
                     (unsigned long long)files.rlim_max);
}

uint64_t open_files_given(void) {
    struct rlimit files = {.rlim_cur = given};
    if (!given) (void)getrlimit(RLIMIT_NOFILE, &files);
    return files.rlim_cur;
}
