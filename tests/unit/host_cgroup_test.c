// SPDX-License-Identifier: Apache-2.0
// Where limits of tasks can be set, on recorded trees of version 1, version 2 and both.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/cgroup.h"
#include "sys/file.h"

struct world {
    char root[64];
};

static int set_up(void **state) {
    struct world *w = NEW(struct world);
    strcpy(w->root, "/tmp/granary-cgroup-XXXXXX");
    *state = w;
    return mkdtemp(w->root) ? 0 : -1;
}

static int tear_down(void **state) {
    struct world *w = *state;
    AUTO_ERR struct err *e = tree_remove(w->root);
    free(w);
    return e ? -1 : 0;
}

static void put(struct world *w, const char *path, const char *words) {
    AUTO_FREE char *whole = mem_format("%s%s", w->root, path);
    AUTO_FREE char *dir = mem_text(whole);
    *strrchr(dir, '/') = 0;
    assert_null(directory_make(dir, 0755));
    assert_null(file_write(whole, words, strlen(words), 0644));
}

static void expect_file(struct world *w, const char *path, const char *words) {
    AUTO_FREE char *whole = mem_format("%s%s", w->root, path);
    AUTO_TEXT struct text found = {0};
    assert_null(file_read(whole, 4096, &found));
    assert_string_equal(text_string(&found), words);
}

typedef void place_find(const char *root, enum cgroup_controller controller, struct cgroup_place *ret_place);

static void expect_by(place_find *find, struct world *w, enum cgroup_controller c, enum cgroup_version version,
                      const char *parent) {
    struct cgroup_place place;
    find(w->root, c, &place);
    assert_int_equal(place.version, version);
    if (version == CGROUP_NONE) return;
    AUTO_FREE char *whole = mem_format("%s%s", w->root, parent);
    assert_string_equal(place.parent, whole);
}

static void expect_place(struct world *w, enum cgroup_controller c, enum cgroup_version version, const char *parent) {
    expect_by(cgroup_find, w, c, version, parent);
}

#define V1                                                                                                             \
    "30 23 0:25 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n"                             \
    "31 23 0:26 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n"
#define V2 "29 23 0:24 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define SLICE "/sys/fs/cgroup/system.slice"

// A host as systemd leaves it: the agent is a service of system.slice, and cpu is handed on by nobody.
static void service(struct world *w) {
    put(w, "/proc/self/mountinfo", V2);
    put(w, "/proc/self/cgroup", "0::/system.slice/agent.service\n");
    put(w, "/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    put(w, "/sys/fs/cgroup/cgroup.subtree_control", "memory pids\n");
    put(w, SLICE "/cgroup.controllers", "memory pids\n");
    put(w, SLICE "/cgroup.subtree_control", "memory pids\n");
    put(w, SLICE "/agent.service/cgroup.controllers", "memory pids\n");
    // Processes are in it: the kernel would refuse. No file can do that, so this one cannot be written at all.
    put(w, SLICE "/agent.service/cgroup.subtree_control/busy", "");
}

static void version_1_has_a_place_for_each_controller(void **state) {
    struct world *w = *state;
    put(w, "/proc/self/mountinfo", V1);
    put(w, "/proc/self/cgroup", "4:memory:/mine\n3:cpu,cpuacct:/\n");
    put(w, "/sys/fs/cgroup/memory/mine/x", "");
    put(w, "/sys/fs/cgroup/cpu,cpuacct/x", "");
    expect_place(w, CGROUP_CPU, CGROUP_V1, "/sys/fs/cgroup/cpu,cpuacct");
    expect_place(w, CGROUP_MEMORY, CGROUP_V1, "/sys/fs/cgroup/memory/mine");
}

static void version_2_uses_what_is_handed_on_already(void **state) {
    struct world *w = *state;
    service(w);
    expect_place(w, CGROUP_MEMORY, CGROUP_V2, SLICE);
    expect_file(w, SLICE "/cgroup.subtree_control", "memory pids\n");
}

static void version_2_makes_the_groups_above_hand_on_what_is_missing(void **state) {
    struct world *w = *state;
    service(w);
    expect_place(w, CGROUP_CPU, CGROUP_NONE, NULL); // to look changes nothing
    expect_file(w, "/sys/fs/cgroup/cgroup.subtree_control", "memory pids\n");
    expect_by(cgroup_prepare, w, CGROUP_CPU, CGROUP_V2, SLICE);
    expect_file(w, "/sys/fs/cgroup/cgroup.subtree_control", "+cpury pids\n"); // written over, as files are
    expect_file(w, SLICE "/cgroup.subtree_control", "+cpury pids\n");
    put(w, SLICE "/cgroup.subtree_control", "memory cpu\n"); // what the kernel would say now
    expect_place(w, CGROUP_CPU, CGROUP_V2, SLICE);
}

static void expect_later(struct world *w, enum cgroup_controller c, bool later) {
    struct cgroup_place place;
    cgroup_find(w->root, c, &place);
    assert_int_equal(place.version, CGROUP_NONE);
    assert_int_equal(place.later, later);
}

static void what_is_not_handed_on_yet_is_told_from_what_is_not_there(void **state) {
    struct world *w = *state;
    expect_later(w, CGROUP_CPU, false);
    service(w);
    expect_later(w, CGROUP_CPU, true);
    put(w, "/sys/fs/cgroup/cgroup.controllers", "memory pids\n"); // cpu is with version 1, or not in this kernel
    expect_later(w, CGROUP_CPU, false);
    put(w, "/proc/self/cgroup", "0::/\n");
    put(w, "/sys/fs/cgroup/cgroup.subtree_control", "\n");
    expect_later(w, CGROUP_MEMORY, true);
    expect_later(w, CGROUP_CPU, false);
}

static void the_root_group_is_a_place_itself(void **state) {
    struct world *w = *state;
    put(w, "/proc/self/mountinfo", V2);
    put(w, "/proc/self/cgroup", "0::/\n");
    put(w, "/sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    put(w, "/sys/fs/cgroup/cgroup.subtree_control", "\n");
    expect_by(cgroup_prepare, w, CGROUP_MEMORY, CGROUP_V2, "/sys/fs/cgroup");
    expect_file(w, "/sys/fs/cgroup/cgroup.subtree_control", "+memory");
}

static void a_controller_that_the_kernel_lacks_has_no_place(void **state) {
    struct world *w = *state;
    service(w);
    put(w, "/sys/fs/cgroup/cgroup.controllers", "memory pids\n");
    expect_by(cgroup_prepare, w, CGROUP_CPU, CGROUP_NONE, NULL);
    expect_file(w, SLICE "/cgroup.subtree_control", "memory pids\n");
}

static void both_versions_stand_beside_each_other(void **state) {
    struct world *w = *state;
    service(w);
    put(w, "/proc/self/mountinfo",
        "29 23 0:24 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "31 23 0:26 / /sys/fs/cgroup/memory rw shared:10 - cgroup cgroup rw,memory\n");
    put(w, "/proc/self/cgroup", "4:memory:/\n0::/\n");
    put(w, "/sys/fs/cgroup/memory/x", "");
    put(w, "/sys/fs/cgroup/unified/cgroup.controllers", "cpu\n");
    put(w, "/sys/fs/cgroup/unified/cgroup.subtree_control", "cpu\n");
    expect_place(w, CGROUP_MEMORY, CGROUP_V1, "/sys/fs/cgroup/memory");
    expect_place(w, CGROUP_CPU, CGROUP_V2, "/sys/fs/cgroup/unified");
}

static void a_host_without_any_has_no_place(void **state) {
    struct world *w = *state;
    expect_place(w, CGROUP_CPU, CGROUP_NONE, NULL);
    put(w, "/proc/self/mountinfo",
        "29 23 0:24 /docker/1 /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"); // not the whole of it
    put(w, "/proc/self/cgroup", "0::/\n");
    expect_place(w, CGROUP_CPU, CGROUP_NONE, NULL);
}

static void limits_are_written_as_each_version_has_them(void **state) {
    struct world *w = *state;
    struct cgroup_place place = {.version = CGROUP_V2};
    char dir[CGROUP_PATH];
    snprintf(place.parent, sizeof place.parent, "%s", w->root);
    put(w, "/task/cpu.max", "");
    put(w, "/task/memory.max", "");
    assert_null(cgroup_make(CGROUP_CPU, &place, "task", 1500, dir));
    assert_null(cgroup_make(CGROUP_MEMORY, &place, "task", 64 << 20, dir));
    expect_file(w, "/task/cpu.max", "150000 100000");
    expect_file(w, "/task/memory.max", "67108864");
    place.version = CGROUP_V1;
    put(w, "/task/cpu.shares", "");
    put(w, "/task/cpu.cfs_quota_us", "");
    put(w, "/task/memory.limit_in_bytes", "");
    assert_null(cgroup_make(CGROUP_CPU, &place, "task", 500, dir));
    assert_null(cgroup_make(CGROUP_MEMORY, &place, "task", 1, dir));
    expect_file(w, "/task/cpu.shares", "512");
    expect_file(w, "/task/cpu.cfs_quota_us", "50000");
    expect_file(w, "/task/memory.limit_in_bytes", "33554432"); // below that not even a shell starts
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(version_1_has_a_place_for_each_controller),
        T(version_2_uses_what_is_handed_on_already),
        T(version_2_makes_the_groups_above_hand_on_what_is_missing),
        T(what_is_not_handed_on_yet_is_told_from_what_is_not_there),
        T(the_root_group_is_a_place_itself),
        T(a_controller_that_the_kernel_lacks_has_no_place),
        T(both_versions_stand_beside_each_other),
        T(a_host_without_any_has_no_place),
        T(limits_are_written_as_each_version_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
