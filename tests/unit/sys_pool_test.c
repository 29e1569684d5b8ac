// SPDX-License-Identifier: Apache-2.0
// The pool: jobs away from the loop's thread, answers in it, in order with one worker, none lost at the end.
#include "sys/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"

struct world {
    struct loop *loop;
    struct pool *pool;
    struct text trace;
    int left;
    atomic_int at_once, most_at_once;
    atomic_bool gate;
};

struct job {
    struct world *world;
    int number;
    pthread_t worker;
};

static int world_begin(void **state) {
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    return loop_new(&w->loop) != NULL;
}

static int world_end(void **state) {
    struct world *w = *state;
    pool_free(w->pool);
    loop_free(w->loop);
    text_done(&w->trace);
    free(w);
    return 0;
}

static void job_work(void *arg) {
    struct job *j = arg;
    j->worker = pthread_self();
    int now = atomic_fetch_add(&j->world->at_once, 1) + 1;
    for (int most = j->world->most_at_once; now > most;) {
        if (atomic_compare_exchange_weak(&j->world->most_at_once, &most, now)) break;
    }
    usleep(1000);
    atomic_fetch_sub(&j->world->at_once, 1);
}

static void job_wait(void *arg) {
    struct job *j = arg;
    while (!atomic_load(&j->world->gate)) usleep(500);
}

static void job_done(void *arg) {
    struct job *j = arg;
    text_addf(&j->world->trace, "%d ", j->number);
    if (--j->world->left == 0) loop_stop(j->world->loop);
}

static void jobs_submit(struct world *w, struct job *jobs, int count, pool_work *work) {
    w->left = count;
    for (int i = 0; i < count; i++) {
        jobs[i] = (struct job){.world = w, .number = i};
        pool_submit(w->pool, work, job_done, &jobs[i]);
    }
}

static void one_worker_keeps_the_order(void **state) {
    struct world *w = *state;
    struct job jobs[10];
    assert_null(pool_new(w->loop, 1, "a name longer than the kernel's", &w->pool));
    jobs_submit(w, jobs, 10, job_work);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "0 1 2 3 4 5 6 7 8 9 ");
    assert_int_equal(w->most_at_once, 1);
    assert_false(pthread_equal(jobs[0].worker, pthread_self()));
}

static void many_workers_work_at_once_and_answer_all(void **state) {
    struct world *w = *state;
    struct job jobs[60];
    assert_null(pool_new(w->loop, 6, "many", &w->pool));
    jobs_submit(w, jobs, 60, job_work);
    loop_run(w->loop);
    assert_int_equal(w->left, 0);
    assert_in_range(w->most_at_once, 2, 6);
}

// Ends when all six are at it: a pool that lets one of its workers sleep never gets here.
static void job_meet(void *arg) {
    struct job *j = arg;
    atomic_fetch_add(&j->world->at_once, 1);
    while (atomic_load(&j->world->at_once) < 6) usleep(500);
}

static void jobs_that_block_have_every_worker(void **state) {
    struct world *w = *state;
    struct job jobs[6];
    assert_null(pool_new(w->loop, 6, "many", &w->pool));
    usleep(20000); // all asleep
    jobs_submit(w, jobs, 6, job_meet);
    loop_run(w->loop);
    assert_int_equal(w->left, 0);
}

static void a_worker_that_hangs_leaves_the_others_free(void **state) {
    struct world *w = *state;
    struct job stuck = {.world = w, .number = 99}, jobs[5];
    assert_null(pool_new(w->loop, 2, "two", &w->pool));
    pool_submit(w->pool, job_wait, job_done, &stuck);
    jobs_submit(w, jobs, 5, job_work);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "0 1 2 3 4 ");
    w->left = 1;
    atomic_store(&w->gate, true);
    loop_run(w->loop);
    assert_true(text_ends(text_string(&w->trace), "99 "));
}

static void what_waits_is_counted(void **state) {
    struct world *w = *state;
    struct job jobs[4];
    assert_null(pool_new(w->loop, 1, "one", &w->pool));
    jobs_submit(w, jobs, 4, job_wait);
    assert_in_range(pool_waiting(w->pool), 3, 4);
    atomic_store(&w->gate, true);
    loop_run(w->loop);
    assert_int_equal(pool_waiting(w->pool), 0);
}

static void the_end_waits_and_answers_still_come(void **state) {
    struct world *w = *state;
    struct job jobs[8];
    assert_null(pool_new(w->loop, 2, "end", &w->pool));
    jobs_submit(w, jobs, 8, job_work);
    pool_free(w->pool);
    w->pool = NULL;
    assert_int_equal(w->left, 8); // answers come by the loop alone
    loop_run(w->loop);
    assert_int_equal(w->left, 0);
}

static void loop_turn(struct world *w) {
    loop_post(w->loop, (loop_done *)loop_stop, w->loop);
    loop_run(w->loop);
}

static void a_call_that_hangs_is_left_behind(void **state) {
    struct world *w = *state;
    static struct pool *left; // what is left behind is still known to somebody
    struct job jobs[3];
    assert_null(pool_new(w->loop, 2, "left", &left));
    w->pool = left;
    jobs_submit(w, jobs, 3, job_wait);
    w->pool = NULL;
    while (pool_waiting(left) > 1) usleep(500);
    int64_t began = loop_now(w->loop).ms;
    assert_false(pool_leave(left, 30));
    assert_in_range(loop_now(w->loop).ms - began, 30, 10000); // the gate is never opened meanwhile
    atomic_store(&w->gate, true);
    usleep(50000);
    loop_turn(w);
    assert_string_equal(text_string(&w->trace), "");
    assert_int_equal(w->left, 3);
}

static void a_pool_is_left_whole_when_nothing_hangs(void **state) {
    struct world *w = *state;
    struct job jobs[2];
    assert_null(pool_new(w->loop, 1, "whole", &w->pool));
    jobs_submit(w, jobs, 2, job_work);
    while (pool_waiting(w->pool)) usleep(500);
    assert_true(pool_leave(w->pool, 10000));
    w->pool = NULL;
    assert_true(pool_leave(NULL, 0));
}

static void job_mask(void *arg) {
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    ((struct job *)arg)->number = sigismember(&mask, SIGTERM);
}

static void signals_are_left_to_the_loops_thread(void **state) {
    struct world *w = *state;
    struct job jobs[1];
    sigset_t mine;
    assert_null(pool_new(w->loop, 1, "mask", &w->pool));
    jobs_submit(w, jobs, 1, job_mask);
    loop_run(w->loop);
    assert_int_equal(jobs[0].number, 1);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_int_equal(sigismember(&mine, SIGTERM), 0);
}

#define ROW(test) cmocka_unit_test_setup_teardown(test, world_begin, world_end)

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(one_worker_keeps_the_order),
        ROW(many_workers_work_at_once_and_answer_all),
        ROW(jobs_that_block_have_every_worker),
        ROW(a_worker_that_hangs_leaves_the_others_free),
        ROW(what_waits_is_counted),
        ROW(the_end_waits_and_answers_still_come),
        ROW(a_call_that_hangs_is_left_behind),
        ROW(a_pool_is_left_whole_when_nothing_hangs),
        ROW(signals_are_left_to_the_loops_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
