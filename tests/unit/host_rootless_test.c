// SPDX-License-Identifier: Apache-2.0
// The same without root: directory volumes in a user namespace. Run by root, the test gives root up first.
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "host_world.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"

static struct host_publish directory_published(struct world *w, char ret_path[128]) {
    world_directory(w, "d", world_uuid(1), ret_path);
    struct host_publish spec = world_spec(1, 1, ret_path, world_uuid(1));
    spec.device = "directory";
    spec.may_format = true;
    expect_fine(world_publish(w, &spec));
    return spec;
}

static void what_is_lacking_is_said_plainly(void **state) {
    struct world *w = *state;
    const struct host_abilities *a = host_abilities(w->host);
    assert_false(a->root || a->loop);
    bool said = false;
    for (size_t i = 0; i < a->note_count; i++)
        said = said || text_starts(a->notes[i], "Not root: volumes are directories");
    assert_true(said);
    char path[128];
    world_image(w, "v", 8 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    expect_err(world_publish(w, &spec), ERR_UNSUPPORTED, "use directory volumes");
}

static void a_directory_volume_is_used_at_a_path_that_the_host_has_not(void **state) {
    struct world *w = *state;
    char path[128];
    directory_published(w, path);
    world_launch(w, 1, "echo kept > /granary-nowhere/deep/f && ls /usr/bin/env && id -u", 1, "/granary-nowhere/deep",
                 false);
    world_wait_end(w, 1);
    expect_text(world_output(w, 1, "stderr"), "");
    AUTO_FREE char *want = mem_format("/usr/bin/env\n%u", geteuid());
    expect_text(world_output(w, 1, "stdout"), want);
    assert_false(file_exists("/granary-nowhere"));
    AUTO_FREE char *file = mem_format("%s/f", path);
    assert_true(file_exists(file));
    world_launch(w, 2, "cat data/f; echo x > data/f && exit 1; exit 5", 1, "data", true);
    world_wait_end(w, 2);
    assert_int_equal(w->tasks[2].end.code, 5);
    expect_text(world_output(w, 2, "stdout"), "kept");
    expect_fine(world_unpublish(w, 1, 1));
}

static void a_task_is_killed_and_its_volume_fenced(void **state) {
    struct world *w = *state;
    char path[128];
    directory_published(w, path);
    world_launch(w, 1, "trap '' TERM; echo up; while :; do sleep 0.02; done", 1, "data", false);
    expect_err(world_unpublish(w, 1, 1), ERR_CONFLICT, "in use by task");
    world_wait_output(w, 1, "stdout", "up");
    expect_fine(world_kill(w, 1, 100));
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.code, SIGKILL);
    world_launch(w, 2, "sleep 1000", 1, "data", false);
    expect_fine(keeper_fence(path, 1, PATIENCE_MS, NULL));
    world_wait_end(w, 2);
    world_wait_lost(w, 1);
    assert_int_equal(w->tasks[2].end.kind, HOST_END_LOST);
}

static void nobody_else_can_be_named_as_user(void **state) {
    struct world *w = *state;
    struct host_launch l = {.task = {1}, .framework = "f", .id = "t", .user = "root", .command = "true"};
    host_launch(w->host, &l);
    world_wait_end(w, 1);
    assert_non_null(strstr(w->tasks[1].message, "this agent does not run as root"));
}

// A copy that anybody may run, started as nobody; the exit code is its.
static int run_as_nobody(char **argv) {
    char dir[] = "/tmp/granary-rootless-XXXXXX";
    assert_non_null(mkdtemp(dir));
    AUTO_FREE char *copy = mem_format("%s/test", dir);
    AUTO_TEXT struct text self = {0};
    expect_fine(file_read("/proc/self/exe", 256 << 20, &self));
    expect_fine(file_write(copy, self.data, self.size, 0755));
    assert_int_equal(chmod(dir, 0755), 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (setgroups(0, NULL) || setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534)) _exit(99);
        execv(copy, argv);
        _exit(98);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    expect_fine(tree_remove(dir));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

#define HOST_TEST(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

int main(int argc, char **argv) {
    world_main(argc, argv);
    if (geteuid() == 0) return run_as_nobody(argv);
    struct host_abilities a;
    abilities_probe("/tmp", &a);
    if (!a.namespaces) {
        print_message("skipped: this host lets users make no user namespaces\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        HOST_TEST(what_is_lacking_is_said_plainly),
        HOST_TEST(a_directory_volume_is_used_at_a_path_that_the_host_has_not),
        HOST_TEST(a_task_is_killed_and_its_volume_fenced),
        HOST_TEST(nobody_else_can_be_named_as_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
