// SPDX-License-Identifier: Apache-2.0
// Files that are whole or not there, and a removal that keeps to its tree: links, mounts and depth included.
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/mem.h"

struct world {
    char directory[64];
    char path[128];
};

static int world_begin(void **state) {
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    snprintf(w->directory, sizeof w->directory, "/tmp/granary-file-XXXXXX");
    return mkdtemp(w->directory) == NULL;
}

static int world_end(void **state) {
    struct world *w = *state;
    struct err *failed = tree_remove(w->directory);
    if (failed) print_error("%s\n", err_text(failed));
    free(w);
    return failed != NULL;
}

static const char *at(struct world *w, const char *name) {
    snprintf(w->path, sizeof w->path, "%s/%s", w->directory, name);
    return w->path;
}

static void expect_err(enum err_kind kind, const char *part, struct err *e) {
    assert_non_null(e);
    if (!strstr(err_text(e), part)) fail_msg("'%s' is not in: %s", part, err_text(e));
    assert_string_equal(err_kind_name(err_kind(e)), err_kind_name(kind));
    err_free(e);
}

static void a_written_file_is_read_back_and_replaced(void **state) {
    struct world *w = *state;
    AUTO_TEXT struct text found = {0};
    assert_null(file_write(at(w, "f"), "one", 3, 0640));
    assert_null(file_write(at(w, "f"), "second", 6, 0600));
    text_add(&found, "before ");
    assert_null(file_read(at(w, "f"), 6, &found));
    assert_string_equal(text_string(&found), "before second");
    struct stat s;
    assert_int_equal(stat(at(w, "f"), &s), 0);
    assert_int_equal(s.st_mode & 07777, 0600);
    assert_false(file_exists(at(w, "f.new")));
}

static void a_file_over_the_limit_is_refused_and_adds_nothing(void **state) {
    struct world *w = *state;
    AUTO_FREE char *large = mem_zero(1, 200000);
    AUTO_TEXT struct text found = {0};
    assert_null(file_write(at(w, "f"), large, 200000, 0600));
    text_add(&found, "before");
    expect_err(ERR_TOO_LARGE, "larger than 199999 bytes", file_read(at(w, "f"), 199999, &found));
    assert_string_equal(text_string(&found), "before");
    assert_null(file_read(at(w, "f"), 200000, &found));
    assert_int_equal(found.size, 200006);
    expect_err(ERR_NOT_FOUND, "open", file_read(at(w, "none"), 1, &found));
    expect_err(ERR_IO, "read", file_read(w->directory, 1, &found));
}

static void a_write_that_fails_leaves_the_old_file(void **state) {
    struct world *w = *state;
    AUTO_TEXT struct text found = {0};
    assert_null(file_write(at(w, "f"), "old", 3, 0600));
    assert_int_equal(symlink("/dev/null", at(w, "f.new")), 0); // where the new one would be made: not followed
    expect_err(ERR_IO, "f.new", file_write(at(w, "f"), "new", 3, 0600));
    assert_null(file_read(at(w, "f"), 10, &found));
    assert_string_equal(text_string(&found), "old");
}

static void directories_are_made_all_the_way(void **state) {
    struct world *w = *state;
    assert_null(directory_make(at(w, "a/b//c/"), 0700));
    assert_null(directory_make(at(w, "a/b/c"), 0700));
    assert_true(file_exists(at(w, "a/b/c")));
    assert_null(directory_sync(at(w, "a/b")));
    assert_null(file_write(at(w, "a/file"), "", 0, 0600));
    expect_err(ERR_CONFLICT, "not a directory", directory_make(at(w, "a/file"), 0700));
    struct err *through = directory_make(at(w, "a/file/below"), 0700);
    expect_err(ERR_CONFLICT, "not a directory", through);
}

static void a_tree_goes_and_what_its_links_name_stays(void **state) {
    struct world *w = *state;
    assert_null(directory_make(at(w, "kept"), 0700));
    assert_null(file_write(at(w, "kept/file"), "x", 1, 0600));
    assert_null(directory_make(at(w, "tree/a/b"), 0700));
    assert_null(file_write(at(w, "tree/a/file"), "x", 1, 0400));
    assert_int_equal(symlink("../../kept", at(w, "tree/a/link")), 0);
    assert_int_equal(mkfifo(at(w, "tree/a/fifo"), 0600), 0);
    assert_null(tree_remove(at(w, "tree")));
    assert_false(file_exists(at(w, "tree")));
    assert_true(file_exists(at(w, "kept/file")));
    assert_null(tree_remove(at(w, "tree"))); // gone is gone
    assert_int_equal(symlink("kept", at(w, "link")), 0);
    assert_null(tree_remove(at(w, "link")));
    assert_true(file_exists(at(w, "kept/file")));
    expect_err(ERR_INVALID, "must end in the name", tree_remove(at(w, "kept/..")));
    expect_err(ERR_INVALID, "must end in the name", tree_remove(at(w, "kept/")));
}

static void only_no_such_file_counts_as_no(void **state) {
    struct world *w = *state;
    bool there = true;
    assert_null(file_look(at(w, "none"), &there));
    assert_false(there);
    assert_int_equal(symlink("none", at(w, "dangling")), 0);
    assert_null(file_look(at(w, "dangling"), &there));
    assert_true(there);
    assert_null(file_write(at(w, "file"), "", 0, 0600));
    expect_err(ERR_IO, "Not a directory", file_look(at(w, "file/below"), &there));
}

static void a_wiped_tree_is_zeros_and_what_its_links_name_stays(void **state) {
    struct world *w = *state;
    char *large = mem_zero(1, 3 << 20), found[4] = "";
    AUTO_TEXT struct text kept = {0};
    memset(large, 's', 3 << 20);
    assert_null(file_write(at(w, "kept"), "kept", 4, 0600));
    assert_null(directory_make(at(w, "tree/a"), 0700));
    assert_null(file_write(at(w, "tree/a/file"), large, 3 << 20, 0600));
    free(large);
    assert_int_equal(symlink("../../kept", at(w, "tree/a/link")), 0);
    assert_int_equal(mkfifo(at(w, "tree/a/fifo"), 0600), 0); // nobody reads it
    AUTO_FD int fd = open(at(w, "tree/a/file"), O_RDONLY);
    assert_null(tree_wipe(at(w, "tree")));
    assert_false(file_exists(at(w, "tree")));
    assert_int_equal(pread(fd, found, 4, (3 << 20) - 4), 4);
    assert_memory_equal(found, "\0\0\0\0", 4);
    assert_null(file_read(at(w, "kept"), 10, &kept));
    assert_string_equal(text_string(&kept), "kept");
}

static void depth_costs_neither_stack_nor_descriptors(void **state) {
    struct world *w = *state;
    assert_null(directory_make(at(w, "deep/.removing-0"), 0700)); // a name that the removal would like to use
    int here = open(at(w, "deep"), O_RDONLY | O_DIRECTORY);
    for (int i = 0; i < 3000; i++) {
        assert_int_equal(mkdirat(here, "down", 0700), 0);
        if (i % 100 == 0) close(openat(here, "file", O_CREAT | O_WRONLY, 0600));
        int next = openat(here, "down", O_RDONLY | O_DIRECTORY);
        assert_true(next >= 0);
        close(here);
        here = next;
    }
    close(here);
    assert_null(tree_remove(at(w, "deep")));
    assert_false(file_exists(at(w, "deep")));
}

static int child_code(pid_t child) {
    int status;
    assert_true(child >= 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

// As a task's user leaves it: for root nothing of this would be denied.
static _Noreturn void denied_child(struct world *w) {
    char found[6];
    if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))) _exit(77);
    assert_null(directory_make(at(w, "tree/read"), 0700));
    assert_null(directory_make(at(w, "tree/none/below"), 0700));
    assert_null(file_write(at(w, "kept"), "theirs", 6, 0400));
    assert_null(file_write(at(w, "tree/read/file"), "secret", 6, 0444));
    assert_null(file_write(at(w, "tree/none/file"), "x", 1, 0));
    AUTO_FREE char *kept = mem_text(at(w, "kept"));
    assert_int_equal(symlink(kept, at(w, "tree/read/link")), 0);
    AUTO_FD int file = open(at(w, "tree/read/file"), O_RDONLY), theirs = open(kept, O_RDONLY);
    static const char *const names[] = {"tree/none/below", "tree/none", "tree/read", "tree"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) assert_int_equal(chmod(at(w, names[i]), i == 2 ? 0555 : 0), 0);
    assert_null(tree_wipe(at(w, "tree")));
    assert_false(file_exists(at(w, "tree")));
    assert_int_equal(pread(file, found, 6, 0), 6);
    assert_memory_equal(found, "\0\0\0\0\0\0", 6);
    assert_int_equal(pread(theirs, found, 6, 0), 6);
    assert_memory_equal(found, "theirs", 6);
    struct stat left;
    assert_int_equal(stat(kept, &left), 0);
    assert_int_equal(left.st_mode & 0777, 0400); // links are not followed
    _exit(0);
}

static void what_denies_its_owner_goes_all_the_same(void **state) {
    struct world *w = *state;
    assert_int_equal(chmod(w->directory, 0777), 0);
    pid_t child = fork();
    if (child == 0) denied_child(w);
    assert_int_equal(child_code(child), 0);
}

// A tmpfs and a bind mount of the same filesystem, in a mount namespace that ends with the child.
static _Noreturn void mounts_child(struct world *w) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) _exit(77);
    assert_null(directory_make(at(w, "tree/tmpfs"), 0700));
    assert_int_equal(mount("none", at(w, "tree/tmpfs"), "tmpfs", 0, NULL), 0);
    assert_null(file_write(at(w, "tree/tmpfs/file"), "x", 1, 0600));
    assert_null(directory_make(at(w, "kept"), 0700));
    assert_null(file_write(at(w, "kept/file"), "x", 1, 0600));
    assert_null(directory_make(at(w, "tree/bind"), 0700));
    AUTO_FREE char *kept = mem_text(at(w, "kept"));
    assert_int_equal(mount(kept, at(w, "tree/bind"), NULL, MS_BIND, NULL), 0);
    assert_null(file_write(at(w, "tree/other"), "x", 1, 0600));
    struct err *failed = tree_remove(at(w, "tree"));
    assert_non_null(strstr(err_text(failed), "1 more"));
    expect_err(ERR_CONFLICT, "is a mount point", failed);
    err_free(tree_wipe(at(w, "tree")));
    AUTO_TEXT struct text found = {0};
    assert_null(file_read(at(w, "kept/file"), 10, &found));
    assert_string_equal(text_string(&found), "x");
    assert_true(file_exists(at(w, "tree/tmpfs/file")));
    assert_false(file_exists(at(w, "tree/other"))); // what could be removed is
    expect_err(ERR_CONFLICT, "is a mount point", tree_remove(at(w, "tree/bind")));
    assert_int_equal(umount(at(w, "tree/bind")), 0);
    assert_int_equal(umount(at(w, "tree/tmpfs")), 0);
    _exit(0);
}

static void mounts_are_not_crossed(void **state) {
    struct world *w = *state;
    pid_t child = fork();
    if (child == 0) mounts_child(w);
    int code = child_code(child);
    if (code == 77) {
        print_message("no mount namespace here: mounts are not tried\n");
        skip();
    }
    assert_int_equal(code, 0);
}

static void chance_differs(void **state) {
    (void)state;
    unsigned char a[300] = {0}, b[300] = {0};
    entropy_fill(a, sizeof a);
    entropy_fill(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void descriptors_are_handed_over(void **state) {
    (void)state;
    int kept = -1, first = -1;
    {
        AUTO_FD int fd = open("/dev/null", O_RDONLY);
        AUTO_FD int closed = open("/dev/null", O_RDONLY);
        first = closed;
        kept = fd_take(&fd);
        assert_int_equal(fd, -1);
    }
    assert_int_equal(fcntl(kept, F_GETFD), 0);
    assert_int_equal(fcntl(first, F_GETFD), -1);
    close(kept);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(a_written_file_is_read_back_and_replaced),
        ROW(a_file_over_the_limit_is_refused_and_adds_nothing),
        ROW(a_write_that_fails_leaves_the_old_file),
        ROW(directories_are_made_all_the_way),
        ROW(a_tree_goes_and_what_its_links_name_stays),
        ROW(only_no_such_file_counts_as_no),
        ROW(a_wiped_tree_is_zeros_and_what_its_links_name_stays),
        ROW(depth_costs_neither_stack_nor_descriptors),
        ROW(what_denies_its_owner_goes_all_the_same),
        ROW(mounts_are_not_crossed),
        cmocka_unit_test(chance_differs),
        cmocka_unit_test(descriptors_are_handed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
