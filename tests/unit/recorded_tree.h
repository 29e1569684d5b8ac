// SPDX-License-Identifier: Apache-2.0
// A host's /proc and /sys as a directory, for tests of what is read of them. Removed by the test, with tree_remove.
#ifndef TESTS_RECORDED_TREE_H
#define TESTS_RECORDED_TREE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

#define TREE "/tmp/granary-tree-XXXXXX"

static inline void tree_begin(char *root) {
    assert_non_null(mkdtemp(root));
}

// The whole path; the directory above it is there then.
static inline char *tree_path(const char *root, const char *path) {
    char *whole = mem_format("%s%s", root, path);
    AUTO_FREE char *dir = mem_text(whole);
    *strrchr(dir, '/') = 0;
    assert_null(directory_make(dir, 0755));
    return whole;
}

static inline void tree_put(const char *root, const char *path, const char *words) {
    AUTO_FREE char *whole = tree_path(root, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_true(fputs(words, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static inline void tree_program(const char *root, const char *path, const char *words) {
    AUTO_FREE char *whole = tree_path(root, path);
    assert_null(file_write(whole, words, strlen(words), 0755));
}

static inline void tree_link(const char *root, const char *path, const char *target) {
    AUTO_FREE char *whole = tree_path(root, path);
    assert_int_equal(symlink(target, whole), 0);
}

// Something with a device that has a driver.
static inline void tree_device(const char *root, const char *path, const char *driver) {
    AUTO_FREE char *link = mem_format("%s/device/driver", path);
    AUTO_FREE char *target = mem_format("../../../../bus/drivers/%s", driver);
    tree_link(root, link, target);
}

static inline void tree_interface(const char *root, const char *name, const char *state, const char *mbps) {
    const char *const files[][2] = {{"operstate", state}, {"speed", mbps}, {"mtu", "1500\n"}, {"flags", "0x1003\n"}};
    for (size_t i = 0; i < 4; i++) {
        AUTO_FREE char *path = mem_format("/sys/class/net/%s/%s", name, files[i][0]);
        if (files[i][1]) tree_put(root, path, files[i][1]);
    }
}

#endif
