// SPDX-License-Identifier: Apache-2.0
// Measurements go to a worker and come back to the loop: the first one always tells, later ones what changed.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "daemon/measure.h"
#include "recorded_tree.h"

enum { PATIENCE_MS = 20000, INTERVAL_MS = 1000 };

static atomic_bool hangs, asked; // the resolver does; it was asked

// Stands before the C library's: no name leads anywhere, after a while.
int getaddrinfo(const char *name UNUSED, const char *service UNUSED, const struct addrinfo *hints UNUSED,
                struct addrinfo **ret UNUSED) {
    atomic_store(&asked, true);
    while (atomic_load(&hangs)) usleep(1000);
    return EAI_AGAIN;
}

struct bench {
    struct loop *loop;
    struct measure *measure;
    struct loop_timer *late;
    unsigned changes;
    char root[32], address[32], key[64];
    int listening;
};

static void changed(void *arg) {
    struct bench *b = arg;
    b->changes++;
    loop_stop(b->loop);
}

static void too_late(void *arg) {
    struct bench *b = arg;
    loop_stop(b->loop);
}

static void wait_changes(struct bench *b, unsigned count) {
    loop_timer_set(b->late, PATIENCE_MS);
    if (b->changes < count) loop_run(b->loop);
    assert_int_equal(b->changes, count);
}

static int bench_setup(void **state) {
    struct bench *b = *state = NEW(struct bench);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof to;
    b->listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(bind(b->listening, (const void *)&to, sizeof to) == 0 && listen(b->listening, 8) == 0);
    assert_int_equal(getsockname(b->listening, (void *)&to, &size), 0);
    snprintf(b->address, sizeof b->address, "127.0.0.1:%u", ntohs(to.sin_port));
    snprintf(b->key, sizeof b->key, "reach/127.0.0.1/%u", ntohs(to.sin_port));
    snprintf(b->root, sizeof b->root, "%s", TREE);
    tree_begin(b->root);
    assert_null(loop_new(&b->loop));
    b->late = loop_timer_new(b->loop, too_late, b);
    assert_null(measure_new(b->loop, b->root, INTERVAL_MS, changed, b, &b->measure));
    return 0;
}

static int bench_teardown(void **state) {
    struct bench *b = *state;
    measure_free(b->measure);
    loop_timer_free(b->late);
    loop_free(b->loop);
    if (b->listening >= 0) close(b->listening);
    err_free(tree_remove(b->root));
    free(b);
    return 0;
}

static bool has(const struct bench *b, const char *key) {
    VEC_EACH (tag, measure_tags(b->measure))
        if (strcmp(tag->key, key) == 0) return true;
    return false;
}

static void the_first_measurement_tells_also_when_there_is_nothing(void **state) {
    struct bench *b = *state;
    wait_changes(b, 1);
    assert_int_equal(measure_tags(b->measure)->count, 0);
}

static void an_address_is_measured_as_soon_as_it_is_known(void **state) {
    struct bench *b = *state;
    measure_addresses(b->measure, (char *[]){b->address}, 1); // while the first one may be away
    while (!has(b, b->key)) wait_changes(b, b->changes + 1);
    assert_true(b->changes <= 2);
}

// What is asked for between the end of a measurement and its return is not lost with it.
static void an_address_that_comes_with_a_result_is_measured_next(void **state) {
    struct bench *b = *state;
    loop_timer_set(b->late, 0); // stops the loop in the turn that sends the first one off
    loop_run(b->loop);
    assert_int_equal(b->changes, 0);
    usleep(300 * 1000); // it has ended, and nobody has looked
    measure_addresses(b->measure, (char *[]){b->address}, 1);
    wait_changes(b, 1);
    wait_changes(b, 2);
    assert_true(has(b, b->key));
}

static void addresses_known_before_stay(void **state) {
    struct bench *b = *state;
    measure_addresses(b->measure, (char *[]){b->address}, 1);
    while (!has(b, b->key)) wait_changes(b, b->changes + 1);
    char refuses[] = "127.0.0.1:1";
    measure_addresses(b->measure, (char *[]){refuses}, 1);
    wait_changes(b, b->changes + 1); // its path
    assert_true(has(b, b->key) && has(b, "net/paths/127.0.0.1/1") && !has(b, "reach/127.0.0.1/1"));
}

static void a_way_that_is_lost_is_known_within_the_interval(void **state) {
    struct bench *b = *state;
    measure_addresses(b->measure, (char *[]){b->address}, 1);
    while (!has(b, b->key)) wait_changes(b, b->changes + 1);
    close(b->listening);
    b->listening = -1;
    int64_t began = loop_now(b->loop).ms;
    while (has(b, b->key)) wait_changes(b, b->changes + 1);
    assert_in_range(loop_now(b->loop).ms - began, 0, 3 * INTERVAL_MS); // a busy machine has its share
}

static void a_resolver_that_hangs_holds_up_neither_others_nor_the_end(void **state) {
    struct bench *b = *state;
    static struct measure *left; // what is left behind is still known to somebody
    char name[] = "storage.test:3260";
    atomic_store(&hangs, true);
    atomic_store(&asked, false);
    measure_addresses(b->measure, (char *[]){name}, 1);
    for (int i = 0; i < PATIENCE_MS && !atomic_load(&asked); i += 10) {
        loop_timer_set(b->late, 10);
        loop_run(b->loop);
    }
    assert_true(atomic_load(&asked));
    measure_addresses(b->measure, (char *[]){b->address}, 1);
    while (!has(b, b->key)) wait_changes(b, b->changes + 1);
    left = b->measure;
    int64_t began = loop_now(b->loop).ms;
    measure_free(left);
    int64_t took = loop_now(b->loop).ms - began;
    b->measure = NULL;
    atomic_store(&hangs, false);
    usleep(100000); // so that it is gone before the test is
    assert_in_range(took, 0, 1000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
int main(void) {
    const struct CMUnitTest tests[] = {
        T(the_first_measurement_tells_also_when_there_is_nothing),
        T(an_address_is_measured_as_soon_as_it_is_known),
        T(an_address_that_comes_with_a_result_is_measured_next),
        T(addresses_known_before_stay),
        T(a_way_that_is_lost_is_known_within_the_interval),
        T(a_resolver_that_hangs_holds_up_neither_others_nor_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
