// SPDX-License-Identifier: Apache-2.0
// Runs the suite on every driver of this house, and on one from a shared object named as the argument: the file exports
// `const struct driver driver_example`, with one pool setting "directory".
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "driver/memory.h"
#include "driver_world.h"
#include "sys/file.h"
#include "sys/loopdev.h"
#include "sys/process.h"

static void memory_foreign(void *self, const char *scratch UNUSED) {
    must(memory_add_foreign(self, "main", "p1", "foreign", (struct bytes){1 << 20}));
}

static bool memory_foreign_there(void *self, const char *scratch UNUSED) {
    return memory_count(self) >= 2;
}

// A file of somebody's, with the names that an image, a directory volume and the example's volume would have.
static char *foreign_path(const char *scratch, const char *suffix) {
    return mem_format("%s/pool/foreign%s", scratch, suffix);
}

static void image_foreign(void *self UNUSED, const char *scratch) {
    AUTO_FREE char *path = foreign_path(scratch, ".img");
    AUTO_ERR struct err *e = file_write(path, "precious", 8, 0600);
    must(!e);
}

static bool image_foreign_there(void *self UNUSED, const char *scratch) {
    AUTO_FREE char *path = foreign_path(scratch, ".img");
    AUTO_TEXT struct text found = {0};
    AUTO_ERR struct err *e = file_read(path, 100, &found);
    return !e && strcmp(text_string(&found), "precious") == 0;
}

static void directory_foreign(void *self UNUSED, const char *scratch) {
    AUTO_FREE char *path = foreign_path(scratch, ".dir");
    must(!mkdir(path, 0700));
}

static bool directory_foreign_there(void *self UNUSED, const char *scratch) {
    AUTO_FREE char *path = foreign_path(scratch, ".dir");
    return file_exists(path);
}

static void example_foreign(void *self UNUSED, const char *scratch) {
    AUTO_FREE char *path = foreign_path(scratch, "");
    must(!mkdir(path, 0700));
}

static bool example_foreign_there(void *self UNUSED, const char *scratch) {
    AUTO_FREE char *path = foreign_path(scratch, "");
    return file_exists(path);
}

static const struct driver_pair image_settings[] = {{"directory", "@/pool"}, {"kind", "image"}};
static const struct driver_pair directory_settings[] = {{"directory", "@/pool"}, {"kind", "directory"}};
static const char unsteady[] =
    "create:lose@1, remove:lose@1, grow:unknown@1, attach:lose@1, detach:unknown@1, fence:lose@1, "
    "list:unknown@1, inventory:unknown@1, snapshot:lose@1, *:unknown%5";

static const struct driver_case cases[] = {
    {.name = "null", .driver = &driver_null, .no_pools = true},
    {.name = "memory",
     .driver = &driver_memory,
     .add_foreign = memory_foreign,
     .foreign_there = memory_foreign_there,
     .refuses_second_host = true},
    {.name = "flaky around memory",
     .driver = &driver_flaky,
     .inner = &driver_memory,
     .schedule = unsteady,
     .retries = true,
     .add_foreign = memory_foreign,
     .foreign_there = memory_foreign_there,
     .refuses_second_host = true},
    {.name = "file, directories",
     .driver = &driver_file,
     .pool_settings = directory_settings,
     .pool_setting_count = 2,
     .add_foreign = directory_foreign,
     .foreign_there = directory_foreign_there,
     .host = boot_id},
    {.name = "file, images",
     .driver = &driver_file,
     .pool_settings = image_settings,
     .pool_setting_count = 2,
     .add_foreign = image_foreign,
     .foreign_there = image_foreign_there,
     .host = boot_id,
     .needs_loop = true},
    {.name = "flaky around file",
     .driver = &driver_flaky,
     .inner = &driver_file,
     .schedule = unsteady,
     .retries = true,
     .pool_settings = image_settings,
     .pool_setting_count = 2,
     .add_foreign = image_foreign,
     .foreign_there = image_foreign_there,
     .host = boot_id,
     .needs_loop = true},
};

static bool loop_possible(void) {
    AUTO_ERR struct err *e = loopdev_check();
    return !e && geteuid() == 0;
}

static int conform_object(const char *path) {
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const struct driver *driver = object ? dlsym(object, "driver_example") : NULL;
    if (!driver) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    const struct driver_case of = {.name = driver->name,
                                   .driver = driver,
                                   .pool_settings = directory_settings,
                                   .pool_setting_count = 1,
                                   .add_foreign = example_foreign,
                                   .foreign_there = example_foreign_there,
                                   .host = boot_id};
    return driver_conform(&of);
}

int main(int argc, char **argv) {
    int failed = 0;
    if (argc > 1) return conform_object(argv[1]) != 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        if (cases[i].needs_loop && !loop_possible())
            printf("[ SKIPPED  ] %s: no loop devices, or not root\n", cases[i].name);
        else
            failed += driver_conform(&cases[i]);
    }
    return failed != 0;
}
