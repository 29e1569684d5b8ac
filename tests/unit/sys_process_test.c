// SPDX-License-Identifier: Apache-2.0
// Helpers with deadlines, and telling one process from another that has its pid.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/file.h"
#include "sys/process.h"

static void a_helpers_words_and_code_come_back(void **state) {
    (void)state;
    const char *const good[] = {"sh", "-c", "echo out; echo err >&2", NULL};
    AUTO_TEXT struct text words = {0};
    int code = -1;
    assert_null(process_run(good, 0, 5000, &words, &code));
    assert_int_equal(code, 0);
    assert_string_equal(text_string(&words), "out\nerr\n");
    const char *const bad[] = {"sh", "-c", "echo no such thing; exit 3", NULL};
    AUTO_ERR struct err *failed = process_run(bad, 0, 5000, NULL, &code);
    assert_int_equal(err_kind(failed), ERR_IO);
    assert_int_equal(code, 3);
    assert_string_equal(err_text(failed), "sh exited with 3: no such thing");
}

static void a_helper_that_hangs_is_killed_at_the_deadline(void **state) {
    (void)state;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    const char *const argv[] = {"sh", "-c", "trap '' TERM; exec sleep 1000", NULL};
    AUTO_ERR struct err *failed = process_run(argv, 0, 200, NULL, NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_int_equal(err_kind(failed), ERR_TIMEOUT);
    assert_true(after.tv_sec - before.tv_sec < 5);
    // One that closed its outputs and goes on is killed all the same.
    const char *const quiet[] = {"sh", "-c", "exec sleep 1000 >/dev/null 2>&1", NULL};
    AUTO_ERR struct err *again = process_run(quiet, 0, 200, NULL, NULL);
    assert_int_equal(err_kind(again), ERR_TIMEOUT);
}

static void a_descriptor_goes_along_as_number_three_and_no_other(void **state) {
    (void)state;
    int ends[2], leak = dup(0); // not close-on-exec
    assert_int_equal(pipe(ends), 0);
    const char *const argv[] = {"sh", "-c", "echo hi >&3; ls /proc/self/fd | wc -l", NULL};
    AUTO_TEXT struct text words = {0};
    assert_null(process_run(argv, ends[1], 5000, &words, NULL));
    char got[8] = {0};
    assert_int_equal(read(ends[0], got, sizeof got - 1), 3);
    assert_string_equal(got, "hi\n");
    assert_string_equal(text_string(&words), "5\n"); // 0 to 3, and the directory that ls reads
    close(ends[0]);
    close(ends[1]);
    close(leak);
}

static void high_descriptors_do_not_overwrite_each_other(void **state) {
    (void)state;
    int said[2], extra[2];
    char got[8] = {0};
    assert_int_equal(pipe(said) || pipe(extra), 0);
    assert_int_equal(dup2(extra[1], 101), 101);
    assert_int_equal(dup2(said[1], 103), 103);
    const char *const argv[] = {"sh", "-c", "echo out; echo extra >&3", NULL};
    struct process_spec spec = {.argv = argv, .out = 103, .extra = 101};
    struct process p = {0};
    int status = 1;
    assert_null(process_start(&spec, &p));
    assert_null(process_wait(&p, 5000, &status));
    assert_int_equal(read(said[0], got, sizeof got), 4);
    assert_memory_equal(got, "out\n", 4);
    assert_int_equal(read(extra[0], got, sizeof got), 6);
    assert_memory_equal(got, "extra\n", 6);
    const int all[] = {101, 103, said[0], said[1], extra[0], extra[1]};
    for (size_t i = 0; i < ARRAY_LEN(all); i++) close(all[i]);
}

static void what_cannot_be_started_is_an_error(void **state) {
    (void)state;
    const char *const argv[] = {"/does/not/exist", NULL};
    AUTO_ERR struct err *failed = process_run(argv, 0, 1000, NULL, NULL);
    assert_non_null(strstr(err_text(failed), "start '/does/not/exist': No such file"));
}

static void a_scope_ends_its_child(void **state) {
    (void)state;
    int pidfd = -1;
    {
        const char *const argv[] = {"sleep", "1000", NULL};
        struct process_spec spec = {.argv = argv};
        AUTO_CHILD struct process p = {0};
        assert_null(process_start(&spec, &p));
        uint64_t start = 0;
        assert_null(process_start_time(p.pid, &start));
        assert_null(process_open(p.pid, start, &pidfd));
        assert_false(pidfd_ended(pidfd));
        int wrong = -1;
        AUTO_ERR struct err *other = process_open(p.pid, start + 1, &wrong);
        assert_int_equal(err_kind(other), ERR_NOT_FOUND);
    }
    assert_true(pidfd_ended(pidfd));
    close(pidfd);
}

static void an_ended_process_counts_as_gone_before_it_is_reaped(void **state) {
    (void)state;
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    uint64_t start = 0;
    AUTO_ERR struct err *gone = process_start_time(pid, &start);
    assert_int_equal(err_kind(gone), ERR_NOT_FOUND);
    waitpid(pid, NULL, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_helpers_words_and_code_come_back),
        cmocka_unit_test(a_helper_that_hangs_is_killed_at_the_deadline),
        cmocka_unit_test(a_descriptor_goes_along_as_number_three_and_no_other),
        cmocka_unit_test(high_descriptors_do_not_overwrite_each_other),
        cmocka_unit_test(what_cannot_be_started_is_an_error),
        cmocka_unit_test(a_scope_ends_its_child),
        cmocka_unit_test(an_ended_process_counts_as_gone_before_it_is_reaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
