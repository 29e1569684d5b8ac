// SPDX-License-Identifier: Apache-2.0
// A task's directory without its spec is one that the host was told to forget; it changed last when that was done.
#include "daemon/agent_sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "base/vec.h"
#include "host/paths.h"
#include "sys/file.h"

enum { AT_ONCE_MOST = 32 };

static bool is_old(const char *dir, int64_t keep_ms) {
    AUTO_FREE char *spec = mem_format("%s/spec", dir);
    struct stat found;
    if (file_exists(spec) || stat(dir, &found) != 0) return false;
    int64_t changed = (int64_t)found.st_mtim.tv_sec * 1000 + found.st_mtim.tv_nsec / 1000000;
    return wall_now().ms - changed >= keep_ms;
}

VEC_TYPE(numbers, uint64_t);

static int number_order(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

// Of all tasks that have a directory, sorted.
static void numbers_read(const char *work_dir, struct numbers *ret_numbers) {
    AUTO_FREE char *tasks = mem_format("%s/tasks", work_dir);
    DIR *dir = opendir(tasks);
    uint64_t number;
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));)
        if (text_to_u64(e->d_name, &number)) vec_push(ret_numbers, number);
    closedir(dir);
    if (ret_numbers->count) qsort(ret_numbers->at, ret_numbers->count, sizeof *ret_numbers->at, number_order);
}

size_t agent_sandboxes_remove(struct host *h, const char *work_dir, int64_t keep_ms, uint64_t *after) {
    struct numbers all = {0};
    size_t begun = 0;
    bool full = host_sandboxes_going(h) >= AT_ONCE_MOST;
    numbers_read(work_dir, &all);
    for (size_t i = 0; !full && i < all.count; i++) {
        if (all.at[i] <= *after) continue;
        *after = all.at[i];
        AUTO_FREE char *path = thing_dir(work_dir, THING_TASK, *after);
        if (!is_old(path, keep_ms)) continue;
        host_forget_task(h, (task_id){*after}); // a crash may have cut that off
        begun += host_remove_sandbox(h, (task_id){*after});
        full = host_sandboxes_going(h) >= AT_ONCE_MOST;
    }
    vec_done(&all);
    if (!full) *after = 0;
    return begun;
}

struct err *agent_sandbox_read(const struct host *h, const struct agent_job *work, struct text *ret_printed) {
    AUTO_FREE char *sandbox = host_sandbox(h, (task_id){work->number});
    AUTO_FREE char *path = mem_format("%s/%s", sandbox, work->error ? "stderr" : "stdout");
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) return err_new(ERR_NOT_FOUND, "what it printed is not kept any more");
    if (fd < 0) return err_errno(errno, "open %s", path);
    struct stat found;
    if (fstat(fd, &found) != 0) return err_errno(errno, "look at %s", path);
    if (!S_ISREG(found.st_mode)) return err_new(ERR_DENIED, "%s: the task put something else in its place", path);
    if (work->offset >= (uint64_t)found.st_size) return NULL;
    ssize_t n = pread(fd, text_room(ret_printed, work->most), work->most, (off_t)work->offset);
    if (n < 0) return err_errno(errno, "read %s", path);
    text_added(ret_printed, (size_t)n);
    return NULL;
}
