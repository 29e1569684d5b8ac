// SPDX-License-Identifier: Apache-2.0
// The event loop over libevent's core: one thread, level-triggered, and a lock-free letter box for other threads.
#include "sys/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/vec.h"
#include "sys/clock.h"

struct letter {
    struct letter *next;
    loop_done *done, *dropped; // one of them runs; dropped may be NULL
    void *arg;
};

struct loop_signal {
    struct event *event;
    loop_done *done;
    void *arg;
};

struct loop {
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    bool stopping;
    atomic_bool running;
    pthread_t thread; // while running: whose posts need no ring, as letters are read before it sleeps
    loop_done *idle;
    void *idle_arg;
    VEC(struct loop_signal *) signals;
    _Atomic(struct letter *) letters; // newest first; pushed by any thread, taken whole by the loop's
};

struct loop_timer {
    struct loop *loop;
    struct event *event;
    int64_t due; // libevent counts from the turn's beginning: what it calls too early is put to sleep again
    loop_done *done;
    void *arg;
};

struct loop_watch {
    struct event *event;
    loop_ready *ready;
    void *arg;
};

struct mono loop_now(const struct loop *l) {
    (void)l;
    return (struct mono){clock_mono_ms()};
}

struct wall wall_now(void) {
    return (struct wall){clock_wall_ms()};
}

// ---- letters from other threads

void loop_post(struct loop *l, loop_done *done, void *arg) {
    loop_give(l, done, NULL, arg);
}

void loop_give(struct loop *l, loop_done *done, loop_done *dropped, void *arg) {
    struct letter *letter = NEW(struct letter), *before = atomic_load(&l->letters);
    bool own = atomic_load_explicit(&l->running, memory_order_relaxed) && pthread_equal(pthread_self(), l->thread);
    *letter = (struct letter){NULL, done, dropped, arg};
    do {
        letter->next = before;
    } while (!atomic_compare_exchange_weak(&l->letters, &before, letter));
    if (before || own) return; // whoever put the first letter rings; ours may be read and freed already
    uint64_t one = 1;
    must(write(l->wake_fd, &one, sizeof one) == sizeof one);
}

// All letters in the order of posting.
static struct letter *letters_take(struct loop *l) {
    struct letter *newest = atomic_exchange(&l->letters, NULL), *oldest = NULL;
    while (newest) {
        struct letter *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

// False when there were none.
static bool letters_read(struct loop *l) {
    struct letter *letter = letters_take(l);
    bool any = letter;
    while (letter) {
        struct letter next = *letter;
        free(letter);
        next.done(next.arg);
        letter = next.next;
    }
    return any;
}

static void loop_woken(evutil_socket_t fd, short what, void *arg) {
    (void)what;
    uint64_t count;
    must(read(fd, &count, sizeof count) == sizeof count ||
         errno == EAGAIN); // before the take, else a ring could be lost
    letters_read(arg);
}

// ---- the loop

static struct err *loop_open(struct loop *l) {
    struct event_config *config = event_config_new();
    must(config);
    // Precise: else timers have the 4 ms grain of the coarse clock. Costs one system call per turn.
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_PRECISE_TIMER);
    l->base = event_base_new_with_config(config);
    event_config_free(config);
    if (!l->base) return err_errno(errno, "open the event loop");
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake_fd < 0) return err_errno(errno, "open the event loop's eventfd");
    l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, loop_woken, l);
    must(l->wake);
    return event_add(l->wake, NULL) == 0 ? NULL : err_errno(errno, "watch the event loop's eventfd");
}

struct err *loop_new(struct loop **ret_loop) {
    struct loop *l = NEW(struct loop);
    l->wake_fd = -1;
    struct err *e = loop_open(l);
    if (e) {
        loop_free(l);
        return e;
    }
    *ret_loop = l;
    return NULL;
}

void loop_free(struct loop *l) {
    if (!l) return;
    VEC_EACH (s, &l->signals) {
        event_free((*s)->event);
        free(*s);
    }
    vec_done(&l->signals);
    for (struct letter *letter = letters_take(l), *next; letter; letter = next) {
        next = letter->next;
        if (letter->dropped) letter->dropped(letter->arg);
        free(letter);
    }
    if (l->wake) event_free(l->wake);
    if (l->wake_fd >= 0) close(l->wake_fd);
    if (l->base) event_base_free(l->base);
    free(l);
}

// The end of a turn: what it posted itself is read before the loop sleeps, without a ring. A post that posts again waits for
// the next turn, so that descriptors have theirs.
static bool turn_end(struct loop *l) {
    if (l->idle) l->idle(l->idle_arg);
    if (l->stopping || !letters_read(l)) return true;
    if (l->idle) l->idle(l->idle_arg);
    return !atomic_load(&l->letters);
}

void loop_run(struct loop *l) {
    l->thread = pthread_self();
    atomic_store(&l->running, true);
    for (;;) {
        bool sleep = turn_end(l);
        if (l->stopping) break;
        // Handles all that is ready, after a sleep if nothing is.
        must(event_base_loop(l->base, sleep ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK) >= 0);
    }
    atomic_store(&l->running, false);
    l->stopping = false;
}

void loop_stop(struct loop *l) {
    l->stopping = true;
}

void loop_on_idle(struct loop *l, loop_done *done, void *arg) {
    l->idle = done;
    l->idle_arg = arg;
}

struct event_base *loop_base(struct loop *l) {
    return l->base;
}

// ---- signals

static void signal_came(evutil_socket_t number, short what, void *arg) {
    (void)number, (void)what;
    struct loop_signal *s = arg;
    s->done(s->arg);
}

void loop_on_signal(struct loop *l, int signal, loop_done *done, void *arg) {
    struct loop_signal *s = NEW(struct loop_signal);
    *s = (struct loop_signal){evsignal_new(l->base, signal, signal_came, s), done, arg};
    must(s->event && event_add(s->event, NULL) == 0);
    vec_push(&l->signals, s);
}

// ---- timers

static void timer_arm(struct loop_timer *t, int64_t ms) {
    if (ms < 0) ms = 0;
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    must(evtimer_add(t->event, &after) == 0);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg) {
    (void)fd, (void)what;
    struct loop_timer *t = arg;
    int64_t left = t->due - loop_now(t->loop).ms;
    if (left > 0) {
        timer_arm(t, left);
        return;
    }
    t->done(t->arg); // may free t
}

struct loop_timer *loop_timer_new(struct loop *l, loop_done *done, void *arg) {
    struct loop_timer *t = NEW(struct loop_timer);
    *t = (struct loop_timer){.loop = l, .event = evtimer_new(l->base, timer_fired, t), .done = done, .arg = arg};
    must(t->event);
    return t;
}

void loop_timer_set(struct loop_timer *t, int64_t ms) {
    t->due = loop_now(t->loop).ms + ms;
    timer_arm(t, ms);
}

void loop_timer_at(struct loop_timer *t, struct mono due) {
    if (due.ms == INT64_MAX) {
        loop_timer_stop(t);
        return;
    }
    int64_t left = due.ms - loop_now(t->loop).ms;
    loop_timer_set(t, left > 0 ? left : 0);
}

void loop_timer_stop(struct loop_timer *t) {
    evtimer_del(t->event);
}

void loop_timer_free(struct loop_timer *t) {
    if (!t) return;
    event_free(t->event);
    free(t);
}

// ---- descriptors

static void watch_ready(evutil_socket_t fd, short what, void *arg) {
    struct loop_watch *w = arg;
    w->ready(fd, (what & EV_READ ? LOOP_READ : 0) | (what & EV_WRITE ? LOOP_WRITE : 0), w->arg); // may free w
}

struct loop_watch *loop_watch_new(struct loop *l, int fd, int what, loop_ready *ready, void *arg) {
    struct loop_watch *w = NEW(struct loop_watch);
    int events = EV_PERSIST | (what & LOOP_READ ? EV_READ : 0) | (what & LOOP_WRITE ? EV_WRITE : 0);
    *w = (struct loop_watch){event_new(l->base, fd, (short)events, watch_ready, w), ready, arg};
    must(w->event && event_add(w->event, NULL) == 0);
    return w;
}

void loop_watch_free(struct loop_watch *w) {
    if (!w) return;
    event_free(w->event);
    free(w);
}
