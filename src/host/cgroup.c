// SPDX-License-Identifier: Apache-2.0
// Control groups, found through what the kernel says of ourselves.
#include "host/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

static const char *const NAMES[CGROUP_CONTROLLERS] = {[CGROUP_CPU] = "cpu", [CGROUP_MEMORY] = "memory"};
enum { PERIOD_US = 100000, LEAST_QUOTA_US = 1000, LEAST_SHARES = 2 };
#define LEAST_MEMORY ((uint64_t)32 << 20) // below that not even a shell starts

// Is `word` one of the comma- or space-separated words?
static bool word_in(const char *words, const char *word) {
    size_t length = strlen(word);
    for (const char *at = words; *at;) {
        size_t n = strcspn(at, ", \n");
        if (n == length && !strncmp(at, word, n)) return true;
        at += n + (at[n] != 0);
    }
    return false;
}

// The line "id:controllers:path" of /proc/self/cgroup; version 2 has the empty list.
static bool own_path(const char *root, const char *controller, char ret_path[CGROUP_PATH]) {
    AUTO_TEXT struct text all = {0};
    AUTO_FREE char *file = mem_format("%s/proc/self/cgroup", root);
    AUTO_ERR struct err *failed = file_read(file, 64 * 1024, &all);
    if (failed) return false;
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));) {
        char *words = strchr(line, ':');
        char *path = words ? strchr(words + 1, ':') : NULL;
        if (!path) continue;
        *path++ = 0;
        if (*controller ? !word_in(words + 1, controller) : words[1] != 0) continue;
        snprintf(ret_path, CGROUP_PATH, "%s", text_equal(path, "/") ? "" : path);
        return true;
    }
    return false;
}

// Where that hierarchy is mounted whole: fields of mountinfo are id parent dev root target options ... - type source super.
static bool mount_point(const char *root, const char *type, const char *controller, char ret_path[CGROUP_PATH]) {
    AUTO_TEXT struct text all = {0};
    AUTO_FREE char *file = mem_format("%s/proc/self/mountinfo", root);
    AUTO_ERR struct err *failed = file_read(file, 4 << 20, &all);
    if (failed) return false;
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));) {
        char whole[256], target[CGROUP_PATH], kind[32], super[512];
        const char *tail = strstr(line, " - ");
        if (!tail || sscanf(tail, " - %31s %*s %511s", kind, super) != 2) continue;
        if (sscanf(line, "%*d %*d %*s %255s %511s", whole, target) != 2 || !text_equal(whole, "/")) continue;
        if (!text_equal(kind, type) || (*controller && !word_in(super, controller))) continue;
        snprintf(ret_path, CGROUP_PATH, "%s%s", root, target);
        return true;
    }
    return false;
}

static struct err *value_set(const char *dir, const char *file, const char *value) {
    AUTO_FREE char *path = mem_format("%s/%s", dir, file);
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0) return err_errno(errno, "write '%s' to %s", value, path);
    return NULL;
}

static bool group_has(const char *dir, const char *file, const char *controller) {
    AUTO_FREE char *path = mem_format("%s/%s", dir, file);
    AUTO_TEXT struct text words = {0};
    AUTO_ERR struct err *failed = file_read(path, 4096, &words);
    return !failed && word_in(text_string(&words), controller);
}

static bool hands_on(const char *dir, const char *controller) {
    return group_has(dir, "cgroup.subtree_control", controller) && !access(dir, W_OK);
}

// Makes the group hand it on, and before that all above it that have to. The kernel refuses where processes are in the group.
static bool hand_on(const char *top, const char *dir, const char *controller) {
    if (hands_on(dir, controller)) return true;
    AUTO_FREE char *above = mem_text(dir);
    char *slash = strrchr(above, '/');
    if (slash) *slash = 0;
    if (!group_has(dir, "cgroup.controllers", controller) && (text_equal(dir, top) || !hand_on(top, above, controller)))
        return false;
    AUTO_FREE char *value = mem_format("+%s", controller);
    AUTO_ERR struct err *refused = value_set(dir, "cgroup.subtree_control", value);
    return !refused;
}

// Whether the kernel would let us is known only when it is tried: a group may be one in which processes are.
static bool may_hand_on(const char *top, const char *own, const char *controller) {
    AUTO_FREE char *group = mem_text(own);
    while (!group_has(group, "cgroup.controllers", controller)) {
        if (text_equal(group, top)) return false;
        *strrchr(group, '/') = 0;
    }
    return !access(group, W_OK);
}

// Version 2: children get a controller only where the parent hands it on, and then the parent may hold no process: so it is
// our own group if that hands it on (the root group may), else our sibling's place. What does so already comes first.
static bool v2_parent(const char *top, const char *own, const char *controller, bool change,
                      char ret_parent[CGROUP_PATH]) {
    AUTO_FREE char *beside = mem_text(own);
    if (!text_equal(own, top)) *strrchr(beside, '/') = 0;
    const char *const places[] = {own, beside};
    const char *found = NULL;
    for (size_t i = 0; !found && i < ARRAY_LEN(places); i++)
        if (hands_on(places[i], controller)) found = places[i];
    for (size_t i = 0; change && !found && i < ARRAY_LEN(places); i++)
        if (hand_on(top, places[i], controller)) found = places[i];
    if (found) snprintf(ret_parent, CGROUP_PATH, "%s", found);
    return found != NULL;
}

static void place_find(const char *root, enum cgroup_controller controller, bool change,
                       struct cgroup_place *ret_place) {
    *ret_place = (struct cgroup_place){.version = CGROUP_NONE};
    char path[CGROUP_PATH], at[CGROUP_PATH], own[CGROUP_PATH * 2];
    const char *name = NAMES[controller];
    if (mount_point(root, "cgroup", name, at) && own_path(root, name, path)) {
        snprintf(own, sizeof own, "%s%s", at, path);
        if (strlen(own) >= CGROUP_PATH - 80 || access(own, W_OK)) return;
        ret_place->version = CGROUP_V1;
        memcpy(ret_place->parent, own, strlen(own) + 1);
        return;
    }
    if (!mount_point(root, "cgroup2", "", at) || !own_path(root, "", path)) return;
    snprintf(own, sizeof own, "%s%s", at, path);
    if (strlen(own) >= CGROUP_PATH - 80) return;
    if (v2_parent(at, own, name, change, ret_place->parent))
        ret_place->version = CGROUP_V2;
    else
        ret_place->later = may_hand_on(at, own, name);
}

void cgroup_find(const char *root, enum cgroup_controller controller, struct cgroup_place *ret_place) {
    place_find(root, controller, false, ret_place);
}

void cgroup_prepare(const char *root, enum cgroup_controller controller, struct cgroup_place *ret_place) {
    place_find(root, controller, true, ret_place);
}

static struct err *cpu_set(enum cgroup_version version, const char *dir, uint64_t milli) {
    uint64_t quota = milli * PERIOD_US / 1000 > LEAST_QUOTA_US ? milli * PERIOD_US / 1000 : LEAST_QUOTA_US;
    AUTO_FREE char *max = mem_format("%llu %d", (unsigned long long)quota, PERIOD_US);
    if (version == CGROUP_V2) return value_set(dir, "cpu.max", max);
    uint64_t weight = milli * 1024 / 1000 > LEAST_SHARES ? milli * 1024 / 1000 : LEAST_SHARES;
    AUTO_FREE char *shares = mem_format("%llu", (unsigned long long)weight);
    TRY(value_set(dir, "cpu.shares", shares));
    max[strcspn(max, " ")] = 0;
    return value_set(dir, "cpu.cfs_quota_us", max);
}

static struct err *memory_set(enum cgroup_version version, const char *dir, uint64_t bytes) {
    AUTO_FREE char *limit = mem_format("%llu", (unsigned long long)(bytes > LEAST_MEMORY ? bytes : LEAST_MEMORY));
    return value_set(dir, version == CGROUP_V2 ? "memory.max" : "memory.limit_in_bytes", limit);
}

struct err *cgroup_make(enum cgroup_controller controller, const struct cgroup_place *place, const char *name,
                        uint64_t limit, char ret_dir[CGROUP_PATH]) {
    if (snprintf(ret_dir, CGROUP_PATH, "%s/%s", place->parent, name) >= CGROUP_PATH)
        return err_new(ERR_INVALID, "the control group's path under %s is too long", place->parent);
    if (mkdir(ret_dir, 0755) && errno != EEXIST) return err_errno(errno, "make control group %s", ret_dir);
    return controller == CGROUP_CPU ? cpu_set(place->version, ret_dir, limit)
                                    : memory_set(place->version, ret_dir, limit);
}

struct err *cgroup_enter(const char *dir) {
    return value_set(dir, "cgroup.procs", "0");
}

bool cgroup_ran_out(const char *dir) {
    static const char *const files[] = {"memory.events", "memory.oom_control"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *path = mem_format("%s/%s", dir, files[i]);
        AUTO_TEXT struct text words = {0};
        AUTO_ERR struct err *failed = file_read(path, 4096, &words);
        const char *count = failed ? NULL : strstr(text_string(&words), "oom_kill ");
        if (count && strtoull(count + strlen("oom_kill "), NULL, 10) > 0) return true;
    }
    return false;
}

void cgroup_remove(const char *name, int ms) {
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) {
        struct cgroup_place place;
        cgroup_find("", (enum cgroup_controller)c, &place);
        if (place.version == CGROUP_NONE) continue;
        AUTO_FREE char *dir = mem_format("%s/%s", place.parent, name);
        for (int i = 0; rmdir(dir) && errno == EBUSY && i < ms; i += 2)
            nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}
