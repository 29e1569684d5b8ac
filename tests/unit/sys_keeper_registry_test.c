// SPDX-License-Identifier: Apache-2.0
// The registry with plain children as keepers: needs neither root nor loop devices.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/keeper_registry.h"
#include "sys/process.h"

struct place {
    char dir[64], image[80];
    struct process child;
};

static int set_up(void **state) {
    struct place *p = NEW(struct place);
    snprintf(p->dir, sizeof p->dir, "/tmp/granary-registry-XXXXXX");
    if (!mkdtemp(p->dir)) return -1;
    snprintf(p->image, sizeof p->image, "%s/volume", p->dir);
    if (mkdir(p->image, 0755)) return -1;
    *state = p;
    return 0;
}

static int tear_down(void **state) {
    struct place *p = *state;
    process_kill(&p->child);
    AUTO_ERR struct err *left = tree_remove(p->dir);
    free(p);
    return left ? -1 : 0;
}

static struct keeper_record child_record(struct place *p, uint64_t epoch) {
    const char *const argv[] = {"sleep", "1000", NULL};
    struct process_spec spec = {.argv = argv};
    assert_null(process_start(&spec, &p->child));
    struct keeper_record r = {.pid = p->child.pid, .epoch = epoch, .agent = "n1", .what = "attachment 4"};
    snprintf(r.boot, sizeof r.boot, "%s", boot_id());
    assert_null(process_start_time(r.pid, &r.start));
    return r;
}

static size_t running(const char *image) {
    struct keeper_records all = {0};
    assert_null(keeper_list(image, &all));
    size_t count = all.count;
    vec_done(&all);
    return count;
}

static void a_fence_ends_the_keeper_and_refuses_its_epoch(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 7);
    assert_null(keeper_register(p->image, &r));
    assert_int_equal(running(p->image), 1);
    AUTO_ERR struct err *busy = keeper_registry_remove(p->image);
    assert_int_equal(err_kind(busy), ERR_CONFLICT);
    AUTO_TEXT struct text proof = {0};
    assert_null(keeper_fence(p->image, 0, 5000, &proof));
    assert_true(pidfd_ended(p->child.pidfd));
    assert_non_null(strstr(text_string(&proof), "killed attachment 4 of agent 'n1' at epoch 7"));
    assert_non_null(strstr(text_string(&proof), "epochs up to 7 are refused"));
    assert_int_equal(running(p->image), 0);
    AUTO_ERR struct err *late = keeper_register(p->image, &r);
    assert_int_equal(err_kind(late), ERR_CONFLICT);
    assert_null(keeper_registry_remove(p->image));
}

static void a_newer_keeper_is_left_alone(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 8);
    assert_null(keeper_register(p->image, &r));
    assert_null(keeper_fence(p->image, 7, 5000, NULL));
    assert_false(pidfd_ended(p->child.pidfd));
    struct keeper_record older = r;
    older.epoch = 7;
    AUTO_ERR struct err *refused = keeper_register(p->image, &older);
    assert_non_null(strstr(err_text(refused), "epoch 7 is refused"));
}

static void only_what_was_seen_to_be_gone_is_gone(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 8);
    assert_null(keeper_register(p->image, &r));
    AUTO_ERR struct err *held = keeper_gone(p->image, 8, 0, NULL);
    assert_int_equal(err_kind(held), ERR_UNAVAILABLE);
    assert_non_null(strstr(err_text(held), "attachment 4 of agent 'n1'"));
    assert_null(keeper_gone(p->image, 7, 0, NULL)); // the newer one has it by right
    process_kill(&p->child);
    assert_null(keeper_gone(p->image, 8, 0, NULL));
    assert_int_equal(rmdir(p->image), 0);
    assert_null(keeper_gone(p->image, 8, 0, NULL)); // certainly not there
    assert_int_equal(symlink(p->image, p->image), 0);
    AUTO_ERR struct err *unseen = keeper_gone(p->image, 8, 0, NULL);
    assert_int_equal(err_kind(unseen), ERR_IO);
    assert_non_null(strstr(err_text(unseen), "look at"));
}

static void a_floor_that_cannot_be_read_lets_nobody_in(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 3);
    AUTO_FREE char *floor = mem_format("%s.floor", p->image);
    assert_int_equal(symlink("file/below", floor), 0);
    AUTO_FREE char *file = mem_format("%s/file", p->dir);
    assert_null(file_write(file, "", 0, 0600));
    AUTO_ERR struct err *refused = keeper_register(p->image, &r);
    assert_int_equal(err_kind(refused), ERR_IO);
    AUTO_ERR struct err *fenced = keeper_fence(p->image, 3, 5000, NULL);
    assert_int_equal(err_kind(fenced), ERR_IO);
}

static void a_record_of_another_process_with_that_pid_kills_nobody(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 1);
    r.start--;
    assert_null(keeper_register(p->image, &r));
    assert_int_equal(running(p->image), 0);
    assert_null(keeper_fence(p->image, 1, 5000, NULL));
    assert_false(pidfd_ended(p->child.pidfd));
    r.start++;
    r.epoch = 2;
    snprintf(r.boot, sizeof r.boot, "an earlier boot");
    assert_null(keeper_register(p->image, &r));
    assert_null(keeper_fence(p->image, 2, 5000, NULL));
    assert_false(pidfd_ended(p->child.pidfd));
}

static void a_record_without_a_boot_is_judged_by_its_process(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 1);
    *r.boot = 0; // could not be read then
    assert_null(keeper_register(p->image, &r));
    assert_int_equal(running(p->image), 1);
    bool over = true;
    assert_null(boot_over("", &over));
    assert_false(over);
    assert_null(boot_over("an earlier boot", &over));
    assert_true(over);
}

static void a_record_that_goes_while_it_is_looked_for_is_nobodys(void **state) {
    struct place *p = *state;
    struct keeper_record r = child_record(p, 1);
    assert_null(keeper_register(p->image, &r));
    AUTO_FREE char *listed = mem_format("%s.keepers/77", p->image);
    assert_int_equal(symlink("nowhere", listed), 0); // in the list, and not there
    assert_int_equal(running(p->image), 1);
}

static void the_lock_is_waited_for_and_not_longer(void **state) {
    struct place *p = *state;
    AUTO_FD int lock = -1, again = -1;
    assert_null(image_lock(p->image, 100, &lock));
    AUTO_ERR struct err *held = image_lock(p->image, 50, &again);
    assert_int_equal(err_kind(held), ERR_TIMEOUT);
}

static void an_identity_is_compared(void **state) {
    struct place *p = *state;
    struct uuid one = {{1}}, two = {{2}};
    AUTO_ERR struct err *none = image_identity_check(p->image, one, NULL);
    assert_non_null(none);
    assert_null(image_identity_write(p->image, one, "c1", "db"));
    assert_null(image_identity_check(p->image, one, "c1"));
    assert_null(image_identity_check(p->image, one, NULL));
    AUTO_ERR struct err *other = image_identity_check(p->image, two, "c1");
    assert_int_equal(err_kind(other), ERR_CONFLICT);
    AUTO_ERR struct err *foreign = image_identity_check(p->image, one, "c2");
    assert_int_equal(err_kind(foreign), ERR_CONFLICT);
    AUTO_FREE char *path = mem_format("%s.id", p->image);
    assert_null(file_write(path, "{}", 2, 0600));
    AUTO_ERR struct err *corrupt = image_identity_check(p->image, one, "c1");
    assert_int_equal(err_kind(corrupt), ERR_CORRUPT);
}

#define PLACE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        PLACE_TEST(a_fence_ends_the_keeper_and_refuses_its_epoch),
        PLACE_TEST(a_newer_keeper_is_left_alone),
        PLACE_TEST(only_what_was_seen_to_be_gone_is_gone),
        PLACE_TEST(a_floor_that_cannot_be_read_lets_nobody_in),
        PLACE_TEST(a_record_of_another_process_with_that_pid_kills_nobody),
        PLACE_TEST(a_record_without_a_boot_is_judged_by_its_process),
        PLACE_TEST(a_record_that_goes_while_it_is_looked_for_is_nobodys),
        PLACE_TEST(the_lock_is_waited_for_and_not_longer),
        PLACE_TEST(an_identity_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
