// SPDX-License-Identifier: Apache-2.0
// A ring of blocks between two threads. Buffers go round: what was taken is filled again.
#include "sys/ahead.h"

#include <pthread.h>
#include <signal.h>

enum { BLOCKS = 4 };

struct ahead {
    const struct ahead_work *work;
    pthread_mutex_t lock; // guards what follows; a block is touched by one side only between given and taken
    pthread_cond_t changed;
    struct text blocks[BLOCKS];
    unsigned given, taken; // given - taken are full
    bool made, stopped;    // no more will be given; no more will be taken
    struct err *failed;    // the maker's; read after the thread ended
};

static void ahead_lock(struct ahead *a) {
    must(pthread_mutex_lock(&a->lock) == 0);
}

static void ahead_unlock(struct ahead *a) {
    must(pthread_cond_broadcast(&a->changed) == 0);
    must(pthread_mutex_unlock(&a->lock) == 0);
}

static void ahead_wait(struct ahead *a) {
    must(pthread_cond_wait(&a->changed, &a->lock) == 0);
}

struct err *ahead_give(struct ahead *a, struct text *block) {
    ahead_lock(a);
    while (!a->stopped && a->given - a->taken == BLOCKS) ahead_wait(a);
    bool stopped = a->stopped;
    if (!stopped) {
        struct text *slot = &a->blocks[a->given++ % BLOCKS], empty = *slot;
        *slot = *block;
        *block = empty;
    }
    ahead_unlock(a);
    text_clear(block);
    return stopped ? err_new(ERR_UNAVAILABLE, "what is read ahead is wanted no more") : NULL;
}

static void *ahead_make(void *arg) {
    struct ahead *a = arg;
    a->failed = a->work->make(a->work->make_arg, a);
    ahead_lock(a);
    a->made = true;
    ahead_unlock(a);
    return NULL;
}

// The next full block, or NULL at the end.
static const struct text *ahead_next(struct ahead *a) {
    ahead_lock(a);
    while (!a->made && a->given == a->taken) ahead_wait(a);
    const struct text *block = a->given == a->taken ? NULL : &a->blocks[a->taken % BLOCKS];
    ahead_unlock(a);
    return block;
}

static struct err *ahead_take_all(struct ahead *a) {
    for (const struct text *block; (block = ahead_next(a));) {
        TRY(a->work->take(a->work->take_arg, block));
        ahead_lock(a);
        a->taken++;
        ahead_unlock(a);
    }
    return NULL;
}

static struct err *ahead_start(struct ahead *a, pthread_t *ret_thread) {
    sigset_t all, before; // signals belong to the caller's thread
    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int failed = pthread_create(ret_thread, NULL, ahead_make, a);
    must(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return failed ? err_errno(failed, "start the thread that reads ahead") : NULL;
}

struct err *ahead_run(const struct ahead_work *work) {
    struct ahead a = {.work = work};
    pthread_t thread;
    must(pthread_mutex_init(&a.lock, NULL) == 0);
    must(pthread_cond_init(&a.changed, NULL) == 0);
    struct err *e = ahead_start(&a, &thread);
    if (!e) {
        e = ahead_take_all(&a);
        ahead_lock(&a);
        a.stopped = true;
        ahead_unlock(&a);
        must(pthread_join(thread, NULL) == 0);
        if (e)
            err_free(a.failed);
        else
            e = a.failed;
    }
    for (int i = 0; i < BLOCKS; i++) text_done(&a.blocks[i]);
    pthread_cond_destroy(&a.changed);
    pthread_mutex_destroy(&a.lock);
    return e;
}
