// SPDX-License-Identifier: Apache-2.0
// What agents and providers keep on disk: who they are, and the records of what they were told.
#include "daemon/identity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "daemon/record_store.h"
#include "sys/file.h"

static char directory[64];

static int set_up(void **state) {
    (void)state;
    strcpy(directory, "/tmp/granary-identity-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    err_free(tree_remove(directory));
    return 0;
}

static void expect_err(struct err *e, enum err_kind kind) {
    assert_non_null(e);
    assert_int_equal(err_kind(e), kind);
    err_free(e);
}

static void an_identity_is_made_once_and_read_again(void **state) {
    (void)state;
    AUTO_FREE char *path = mem_format("%s/identity", directory);
    struct identity first = {0}, second = {0};
    assert_null(identity_open(path, &first));
    assert_null(first.cluster);
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
    assert_null(identity_keep(&first, "c", 99));
    unsigned char secret[IDENTITY_SECRET];
    memcpy(secret, first.secret, sizeof secret);
    identity_done(&first);
    assert_null(identity_open(path, &second));
    assert_memory_equal(second.secret, secret, sizeof secret);
    assert_string_equal(second.cluster, "c");
    assert_int_equal(second.highest_seen, 99);
    identity_done(&second);
}

static void two_processes_cannot_share_an_identity(void **state) {
    (void)state;
    AUTO_FREE char *path = mem_format("%s/identity", directory);
    struct identity first = {0}, second = {0};
    assert_null(identity_open(path, &first));
    expect_err(identity_open(path, &second), ERR_CONFLICT);
    identity_done(&first);
    assert_null(identity_open(path, &second));
    identity_done(&second);
}

static void an_identity_without_secret_is_not_replaced(void **state) {
    (void)state;
    AUTO_FREE char *path = mem_format("%s/identity", directory);
    assert_null(file_write(path, "id=7\n", 5, 0600));
    struct identity i = {0};
    expect_err(identity_open(path, &i), ERR_CORRUPT);
}

static void an_identity_behind_a_broken_link_is_not_replaced(void **state) {
    (void)state;
    AUTO_FREE char *path = mem_format("%s/identity", directory);
    assert_int_equal(symlink("on-a-disk-that-is-not-mounted", path), 0);
    struct identity i = {0};
    expect_err(identity_open(path, &i), ERR_NOT_FOUND);
    struct stat found;
    assert_int_equal(lstat(path, &found), 0);
    assert_true(S_ISLNK(found.st_mode));
}

static void records_are_kept_replaced_and_removed(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    struct agent_record_list none = {0}, two = {0}, one = {0};
    assert_null(records_load(directory, &arena, &none));
    assert_int_equal(none.count, 0);
    assert_null(record_keep(directory, &(struct agent_record){AGENT_RECORD_TASK, 20, "old", 3}));
    assert_null(record_keep(directory, &(struct agent_record){AGENT_RECORD_TASK, 20, "newer", 5}));
    assert_null(record_keep(directory, &(struct agent_record){AGENT_RECORD_ATTACHMENT, 20, "a\0b", 3}));
    assert_null(records_load(directory, &arena, &two));
    assert_int_equal(two.count, 2);
    VEC_EACH (r, &two) {
        assert_int_equal(r->number, 20);
        bool task = r->kind == AGENT_RECORD_TASK;
        assert_int_equal(r->size, task ? 5 : 3);
        assert_memory_equal(r->bytes, task ? "newer" : "a\0b", r->size);
    }
    assert_null(record_keep(directory, &(struct agent_record){AGENT_RECORD_TASK, 20, NULL, 0}));
    assert_null(record_keep(directory, &(struct agent_record){AGENT_RECORD_TASK, 20, NULL, 0})); // gone already
    assert_null(records_load(directory, &arena, &one));
    assert_int_equal(one.count, 1);
    vec_done(&two);
    vec_done(&one);
}

static void files_of_other_names_are_no_records(void **state) {
    (void)state;
    AUTO_ARENA struct arena arena = {0};
    AUTO_FREE char *path = mem_format("%s/task-20.new", directory);
    struct agent_record_list all = {0};
    assert_null(file_write(path, "x", 1, 0600));
    assert_null(records_load(directory, &arena, &all));
    assert_int_equal(all.count, 0);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(an_identity_is_made_once_and_read_again),    T(two_processes_cannot_share_an_identity),
        T(an_identity_without_secret_is_not_replaced), T(an_identity_behind_a_broken_link_is_not_replaced),
        T(records_are_kept_replaced_and_removed),      T(files_of_other_names_are_no_records),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
