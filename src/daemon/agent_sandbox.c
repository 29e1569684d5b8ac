// SPDX-License-Identifier: Apache-2.0
// A task's directory without its spec is one that the host was told to forget; it changed last when that was done.
#include "daemon/agent_sandbox.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/text.h"
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

struct agent_sandboxes agent_sandboxes_remove(struct host *h, const char *work_dir, int64_t keep_ms) {
    AUTO_FREE char *tasks = mem_format("%s/tasks", work_dir);
    struct agent_sandboxes found = {0};
    size_t count = 0; // with those that go already
    DIR *dir = opendir(tasks);
    if (!dir) return found;
    for (struct dirent *e; count < AT_ONCE_MOST && (e = readdir(dir));) {
        uint64_t number;
        if (!text_to_u64(e->d_name, &number)) continue;
        AUTO_FREE char *path = thing_dir(work_dir, THING_TASK, number);
        if (!is_old(path, keep_ms)) continue;
        host_forget_task(h, (task_id){number}); // a crash may have cut that off
        found.begun += host_remove_sandbox(h, (task_id){number});
        count++;
    }
    closedir(dir);
    found.more = count == AT_ONCE_MOST;
    return found;
}
