// SPDX-License-Identifier: Apache-2.0
// The loop: timers in order and never early, letters from threads in order, watches, signals, the idle hook.
#include "sys/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"

struct world {
    struct loop *loop;
    struct text trace;
    int count, idle_count, count_at_idle;
    struct loop_timer *timer;
    struct loop_watch *watch;
    int pipe[2];
};

static int world_make(void **state) {
    struct world *w = calloc(1, sizeof *w);
    *state = w;
    return loop_new(&w->loop) || pipe(w->pipe);
}

static int world_end(void **state) {
    struct world *w = *state;
    loop_timer_free(w->timer);
    loop_watch_free(w->watch);
    loop_free(w->loop);
    text_done(&w->trace);
    close(w->pipe[0]);
    close(w->pipe[1]);
    free(w);
    return 0;
}

static void trace_a(void *arg) {
    text_add_char(&((struct world *)arg)->trace, 'a');
}
static void trace_b(void *arg) {
    text_add_char(&((struct world *)arg)->trace, 'b');
}
static void trace_c_and_stop(void *arg) {
    struct world *w = arg;
    text_add_char(&w->trace, 'c');
    loop_stop(w->loop);
}

static void timers_fire_in_order_of_their_time_and_never_early(void **state) {
    struct world *w = *state;
    struct loop_timer *last = loop_timer_new(w->loop, trace_c_and_stop, w),
                      *first = loop_timer_new(w->loop, trace_a, w);
    struct loop_timer *middle = loop_timer_new(w->loop, trace_b, w), *stopped = loop_timer_new(w->loop, trace_b, w);
    int64_t start = loop_now(w->loop).ms;
    loop_timer_set(last, 33);
    loop_timer_set(first, 0);
    loop_timer_set(middle, 15);
    loop_timer_set(stopped, 5);
    loop_timer_stop(stopped);
    loop_run(w->loop);
    assert_true(loop_now(w->loop).ms - start >= 33);
    assert_string_equal(text_string(&w->trace), "abc");
    loop_timer_free(last);
    loop_timer_free(first);
    loop_timer_free(middle);
    loop_timer_free(stopped);
}

static void timer_ends_itself(void *arg) {
    struct world *w = arg;
    loop_timer_free(w->timer);
    w->timer = NULL;
    loop_stop(w->loop);
}

static void a_timer_may_be_set_anew_and_freed_by_its_own_call(void **state) {
    struct world *w = *state;
    w->timer = loop_timer_new(w->loop, timer_ends_itself, w);
    int64_t start = loop_now(w->loop).ms;
    loop_timer_set(w->timer, 10000);
    loop_timer_set(w->timer, 1);
    loop_run(w->loop);
    assert_null(w->timer);
    assert_true(loop_now(w->loop).ms - start < 5000);
}

enum { LETTERS = 20000 };
struct letter_check {
    struct world *world;
    int number;
};

static void letter_came(void *arg) {
    struct letter_check *letter = arg;
    assert_int_equal(letter->number, letter->world->count);
    if (++letter->world->count == LETTERS) loop_stop(letter->world->loop);
    free(letter);
}

static void *letters_send(void *arg) {
    struct world *w = arg;
    for (int i = 0; i < LETTERS; i++) {
        struct letter_check *letter = malloc(sizeof *letter);
        *letter = (struct letter_check){w, i};
        loop_post(w->loop, letter_came, letter);
    }
    return NULL;
}

static void letters_of_a_thread_all_come_in_their_order(void **state) {
    struct world *w = *state;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, letters_send, w), 0);
    loop_run(w->loop);
    pthread_join(thread, NULL);
    assert_int_equal(w->count, LETTERS);
}

static void letter_posts_another(void *arg) {
    struct world *w = arg;
    trace_a(arg);
    loop_post(w->loop, trace_c_and_stop, w);
}

static void a_letter_may_post_another(void **state) {
    struct world *w = *state;
    loop_post(w->loop, letter_posts_another, w);
    loop_post(w->loop, trace_b, w);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "abc");
}

static void byte_came(int fd, int what, void *arg) {
    struct world *w = arg;
    char byte;
    assert_int_equal(what, LOOP_READ);
    assert_int_equal(read(fd, &byte, 1), 1);
    text_add_char(&w->trace, byte);
    if (byte != 'z') return;
    loop_watch_free(w->watch);
    w->watch = NULL;
    loop_stop(w->loop);
}

static void a_watch_calls_as_long_as_there_is_something_to_read(void **state) {
    struct world *w = *state;
    w->watch = loop_watch_new(w->loop, w->pipe[0], LOOP_READ, byte_came, w);
    assert_int_equal(write(w->pipe[1], "xyz", 3), 3);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "xyz");
}

static void raise_user_signal(void *arg) {
    (void)arg;
    raise(SIGUSR1);
}

static void a_signal_is_handled_in_the_loop(void **state) {
    struct world *w = *state;
    loop_on_signal(w->loop, SIGUSR1, trace_c_and_stop, w);
    loop_post(w->loop, raise_user_signal, w);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "c");
}

static void count_up(void *arg) {
    ((struct world *)arg)->count++;
}

static void idle_came(void *arg) {
    struct world *w = arg;
    w->idle_count++;
    if (w->count == 0) return;
    w->count_at_idle = w->count;
    loop_stop(w->loop);
}

static void the_idle_hook_sees_everything_that_was_ready_done(void **state) {
    struct world *w = *state;
    loop_on_idle(w->loop, idle_came, w);
    for (int i = 0; i < 7; i++) loop_post(w->loop, count_up, w);
    loop_run(w->loop);
    assert_int_equal(w->count_at_idle, 7);
    assert_in_range(w->idle_count, 2, 3); // once before the first sleep
}

static void what_was_given_and_never_came_is_dropped(void **state) {
    struct world *w = *state;
    struct loop *other;
    assert_null(loop_new(&other));
    loop_give(other, trace_a, trace_b, w);
    loop_post(other, trace_a, w);
    loop_free(other);
    assert_string_equal(text_string(&w->trace), "b");
    loop_give(w->loop, trace_c_and_stop, trace_b, w);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "bc");
}

static void stop_before_run_runs_nothing(void **state) {
    struct world *w = *state;
    loop_post(w->loop, trace_a, w);
    loop_stop(w->loop);
    loop_run(w->loop);
    assert_string_equal(text_string(&w->trace), "");
}

int main(void) {
#define CASE(f) cmocka_unit_test_setup_teardown(f, world_make, world_end)
    const struct CMUnitTest tests[] = {
        CASE(timers_fire_in_order_of_their_time_and_never_early),
        CASE(a_timer_may_be_set_anew_and_freed_by_its_own_call),
        CASE(letters_of_a_thread_all_come_in_their_order),
        CASE(a_letter_may_post_another),
        CASE(a_watch_calls_as_long_as_there_is_something_to_read),
        CASE(a_signal_is_handled_in_the_loop),
        CASE(the_idle_hook_sees_everything_that_was_ready_done),
        CASE(what_was_given_and_never_came_is_dropped),
        CASE(stop_before_run_runs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
