// SPDX-License-Identifier: Apache-2.0
// Which sandboxes are removed, in which order, beside a host that only notes what it is asked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/mem.h"
#include "daemon/agent_sandbox.h"
#include "sys/file.h"

enum { AT_ONCE = 32 };

struct host {
    VEC(uint64_t) asked, going;
    uint64_t known; // a task that it was not told to forget
};

static struct place {
    char work[64];
    struct host host;
    uint64_t after;
} place;

void host_forget_task(struct host *h UNUSED, task_id task UNUSED) {}

char *host_sandbox(const struct host *h UNUSED, task_id task) {
    return mem_format("%s/tasks/%llu/sandbox", place.work, (unsigned long long)task.n);
}

bool host_remove_sandbox(struct host *h, task_id task) {
    if (task.n == h->known) return false;
    vec_push(&h->asked, task.n);
    vec_push(&h->going, task.n);
    return true;
}

size_t host_sandboxes_going(const struct host *h) {
    return h->going.count;
}

static int place_begin(void **state UNUSED) {
    place = (struct place){.work = "/tmp/granary-sandbox-XXXXXX"};
    return mkdtemp(place.work) == NULL;
}

static int place_end(void **state UNUSED) {
    vec_done(&place.host.asked);
    vec_done(&place.host.going);
    AUTO_ERR struct err *left = tree_remove(place.work);
    return left != NULL;
}

static void sandboxes_make(uint64_t from, uint64_t to) {
    for (uint64_t i = from; i <= to; i++) {
        AUTO_FREE char *path = host_sandbox(NULL, (task_id){i});
        assert_null(directory_make(path, 0700));
    }
}

static size_t turn(void) {
    return agent_sandboxes_remove(&place.host, place.work, 0, &place.after);
}

static void what_cannot_be_removed_stands_in_nobodys_way(void **state UNUSED) {
    sandboxes_make(1, 40);
    assert_int_equal(turn(), AT_ONCE);
    assert_int_equal(place.after, 32);
    place.host.going.count = 0; // all failed: their directories are still there
    assert_int_equal(turn(), 8);
    assert_int_equal(place.host.asked.at[39], 40);
    assert_int_equal(place.after, 0); // the round is over
    place.host.going.count = 0;
    assert_int_equal(turn(), AT_ONCE); // in the next one they are tried again
    assert_int_equal(place.host.asked.at[40], 1);
}

static void no_more_go_than_can_at_once(void **state UNUSED) {
    sandboxes_make(1, 40);
    assert_int_equal(turn(), AT_ONCE);
    assert_int_equal(turn(), 0);
    assert_int_equal(place.after, 32);
    place.host.going.count -= 3;
    assert_int_equal(turn(), 3);
    assert_int_equal(place.after, 35);
}

static void only_what_was_left_alone_long_enough_goes(void **state UNUSED) {
    sandboxes_make(1, 3);
    AUTO_FREE char *spec = mem_format("%s/tasks/2/spec", place.work);
    assert_null(file_write(spec, "", 0, 0600)); // it was not told to forget this one
    place.host.known = 3;
    assert_int_equal(turn(), 1);
    assert_int_equal(place.host.asked.at[0], 1);
    assert_int_equal(agent_sandboxes_remove(&place.host, place.work, 3600000, &place.after), 0);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, place_begin, place_end)
    const struct CMUnitTest tests[] = {
        T(what_cannot_be_removed_stands_in_nobodys_way),
        T(no_more_go_than_can_at_once),
        T(only_what_was_left_alone_long_enough_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
