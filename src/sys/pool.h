// SPDX-License-Identifier: Apache-2.0
// Worker threads for calls that block (store flushes, driver calls): plain values in, plain values out. The mutexes of the house
// are here and in ahead.h. A job never touches state of the loop's thread.
#ifndef SYS_POOL_H
#define SYS_POOL_H

#include "sys/loop.h"

struct pool; // opaque; ended by pool_free, which waits for running jobs, or by pool_leave

typedef void pool_work(void *job);
// `done(job)` runs in the loop's thread after `work(job)` ran in a worker. The job is the caller's; both get it back.
// With one worker, jobs run and finish in the order of submission.
MUST_USE struct err *pool_new(struct loop *l, unsigned workers, const char *name, struct pool **ret_pool);
void pool_submit(struct pool *p, pool_work *work, pool_work *done, void *job);
unsigned pool_waiting(const struct pool *p); // submitted and not started
void pool_free(struct pool *p);              // accepts NULL
// At the end of a process, for calls that nobody can cut short and that change nothing, as the resolver's: drops what was not
// begun and waits for what runs, at most `ms`. False: something still runs. It and its job are left behind, and its `done`
// never comes, so what the job points to must stay.
MUST_USE bool pool_leave(struct pool *p, int64_t ms); // accepts NULL

#endif
