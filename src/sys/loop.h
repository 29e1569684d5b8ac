// SPDX-License-Identifier: Apache-2.0
// The event loop of a process: descriptors, timers, signals, and waking it from another thread. One per process; only
// loop_post and loop_give may be called from another thread. Wraps libevent, which nothing above sys/ and net/ sees.
#ifndef SYS_LOOP_H
#define SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/quantity.h"

struct loop;       // opaque; made by loop_new, ended by loop_free
struct loop_timer; // opaque; ended by loop_timer_free; free of a fired one is fine
struct loop_watch; // opaque; ended by loop_watch_free

MUST_USE struct err *loop_new(struct loop **ret_loop);
void loop_free(struct loop *l); // accepts NULL
// Runs until loop_stop.
void loop_run(struct loop *l);
void loop_stop(struct loop *l);

struct mono loop_now(const struct loop *l); // the monotonic clock, read anew
struct wall wall_now(void);

typedef void loop_done(void *arg);
// Calls `done(arg)` once after `ms` milliseconds (0: in the next turn). Re-armed by loop_timer_set.
MUST_USE struct loop_timer *loop_timer_new(struct loop *l, loop_done *done, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t ms);     // replaces an earlier time
void loop_timer_at(struct loop_timer *t, struct mono due); // the same, by the moment; of INT64_MAX: stopped
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); // accepts NULL

enum { LOOP_READ = 1, LOOP_WRITE = 2 };
typedef void loop_ready(int fd, int what, void *arg);
// Calls `ready` each time `fd` can be read or written; the descriptor stays the caller's and must outlive the watch.
MUST_USE struct loop_watch *loop_watch_new(struct loop *l, int fd, int what, loop_ready *ready, void *arg);
void loop_watch_free(struct loop_watch *w); // accepts NULL
// Calls `done` when the process gets that signal. Lives as long as the loop.
void loop_on_signal(struct loop *l, int signal, loop_done *done, void *arg);
// From any thread: `done(arg)` runs in the loop's thread, in the order of posting.
void loop_post(struct loop *l, loop_done *done, void *arg);
// The same for what then has no other owner: when the loop is freed before, `dropped(arg)` runs instead.
void loop_give(struct loop *l, loop_done *done, loop_done *dropped, void *arg);
// Runs before the loop sleeps, after all that was ready was handled: where batches end (one per loop).
void loop_on_idle(struct loop *l, loop_done *done, void *arg);

struct event_base;
struct event_base *loop_base(struct loop *l); // for net/ only

#endif
