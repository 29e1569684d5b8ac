// SPDX-License-Identifier: Apache-2.0
// Worker threads with one queue; completions go back through the loop. Never looks into a job.
#include "sys/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "base/list.h"
#include "base/mem.h"

struct task {
    struct list link; // in pool.queue until a worker takes it
    pool_work *work, *done;
    void *job;
};

struct pool {
    struct loop *loop;
    pthread_mutex_t lock; // guards what follows
    pthread_cond_t more;
    struct list queue;
    unsigned waiting;
    unsigned sleeping; // workers that wait for a task
    bool rung;         // one of them is on its way
    bool closing;
    bool left;        // by its owner: nobody hears of what still runs
    unsigned workers; // started; written by the owner's thread only
    pthread_t threads[];
};

// In the loop's thread. Needs no pool: a completion may come after pool_free.
static void task_finish(void *arg) {
    struct task *task = arg;
    pool_work *done = task->done;
    void *job = task->job;
    free(task);
    if (done) done(job);
}

// Locked. One worker is rung for at a time, and rings for the next when it is up: so tasks that take no time are done by
// few, and tasks that block soon have all.
static void pool_ring(struct pool *p) {
    if (list_empty(&p->queue) || !p->sleeping || p->rung) return;
    p->rung = true;
    must(pthread_cond_signal(&p->more) == 0);
}

// Locked.
static void pool_sleep(struct pool *p) {
    p->sleeping++;
    must(pthread_cond_wait(&p->more, &p->lock) == 0);
    p->sleeping--;
    p->rung = false;
}

// The next task, or NULL when the pool closes and nothing is left: what was submitted is always run.
static struct task *pool_next(struct pool *p) {
    struct task *task = NULL;
    must(pthread_mutex_lock(&p->lock) == 0);
    while (list_empty(&p->queue) && !p->closing) pool_sleep(p);
    if (!list_empty(&p->queue)) {
        task = LIST_ITEM(p->queue.next, struct task, link);
        list_remove(&task->link);
        p->waiting--;
    }
    pool_ring(p);
    must(pthread_mutex_unlock(&p->lock) == 0);
    return task;
}

// The loop may be gone when the pool was left.
static void task_post(struct pool *p, struct task *task) {
    must(pthread_mutex_lock(&p->lock) == 0);
    if (p->left)
        free(task);
    else
        loop_give(p->loop, task_finish, free, task);
    must(pthread_mutex_unlock(&p->lock) == 0);
}

static void *pool_worker(void *arg) {
    struct pool *p = arg;
    for (struct task *task; (task = pool_next(p));) {
        task->work(task->job);
        task_post(p, task);
    }
    return NULL;
}

static struct err *pool_start(struct pool *p, const char *name) {
    char short_name[16]; // the kernel's limit
    size_t n = 0;
    for (; name[n] && n < sizeof short_name - 1; n++) short_name[n] = name[n];
    short_name[n] = 0;
    int failed = pthread_create(&p->threads[p->workers], NULL, pool_worker, p);
    if (failed) return err_errno(failed, "start worker %u of pool '%s'", p->workers, name);
    (void)pthread_setname_np(p->threads[p->workers], short_name); // for people who look with ps; never matters
    p->workers++;
    return NULL;
}

struct err *pool_new(struct loop *l, unsigned workers, const char *name, struct pool **ret_pool) {
    must(workers > 0);
    struct pool *p = mem_zero(1, sizeof *p + workers * sizeof p->threads[0]);
    p->loop = l;
    must(pthread_mutex_init(&p->lock, NULL) == 0);
    must(pthread_cond_init(&p->more, NULL) == 0);
    list_init(&p->queue);
    // Signals belong to the loop's thread: workers inherit a mask that blocks them all.
    sigset_t all, before;
    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    struct err *failed = NULL;
    for (unsigned i = 0; i < workers && !failed; i++) failed = pool_start(p, name);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    if (failed) {
        pool_free(p);
        return failed;
    }
    *ret_pool = p;
    return NULL;
}

void pool_submit(struct pool *p, pool_work *work, pool_work *done, void *job) {
    struct task *task = NEW(struct task);
    task->work = work;
    task->done = done;
    task->job = job;
    must(pthread_mutex_lock(&p->lock) == 0);
    must(!p->closing);
    list_add_last(&p->queue, &task->link);
    p->waiting++;
    pool_ring(p);
    must(pthread_mutex_unlock(&p->lock) == 0);
}

unsigned pool_waiting(const struct pool *p) {
    pthread_mutex_t *lock = (pthread_mutex_t *)(uintptr_t)&p->lock; // counting changes nothing that callers can see
    must(pthread_mutex_lock(lock) == 0);
    unsigned waiting = p->waiting;
    must(pthread_mutex_unlock(lock) == 0);
    return waiting;
}

static void pool_close(struct pool *p, bool leave) {
    must(pthread_mutex_lock(&p->lock) == 0);
    p->closing = true;
    p->left = leave;
    if (leave) {
        LIST_EACH (task, &p->queue, struct task, link) {
            list_remove(&task->link);
            free(task);
        }
    }
    must(pthread_mutex_unlock(&p->lock) == 0);
    must(pthread_cond_broadcast(&p->more) == 0);
}

static void pool_end(struct pool *p) {
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void pool_free(struct pool *p) {
    if (!p) return;
    pool_close(p, false);
    for (unsigned i = 0; i < p->workers; i++) must(pthread_join(p->threads[i], NULL) == 0);
    pool_end(p);
}

bool pool_leave(struct pool *p, int64_t ms) {
    if (!p) return true;
    struct timespec until;
    unsigned running = 0;
    pool_close(p, true);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (until.tv_nsec / 1000000 + ms) / 1000;
    until.tv_nsec = (until.tv_nsec / 1000000 + ms) % 1000 * 1000000;
    for (unsigned i = 0; i < p->workers; i++) {
        if (pthread_clockjoin_np(p->threads[i], NULL, CLOCK_MONOTONIC, &until) == 0) continue;
        must(pthread_detach(p->threads[i]) == 0);
        running++;
    }
    if (running) return false;
    pool_end(p);
    return true;
}
