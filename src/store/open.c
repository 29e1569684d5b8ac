// SPDX-License-Identifier: Apache-2.0
// Binds a store to a worker of its own and to the owner's loop. Knows nothing of what is stored.
#include "store/open.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "store/ahead.h"
#include "store/flaky.h"
#include "store/memory.h"
#include "store/sqlite.h"
#include "sys/pool.h"

static const struct store_driver *const drivers[] = {&store_sqlite, &store_memory, &store_flaky};

struct thread {
    struct loop *loop;
    struct pool *pool;
};

static void thread_submit(void *arg, void (*work)(void *job), void (*done)(void *job), void *job) {
    struct thread *t = arg;
    pool_submit(t->pool, work, done, job);
}

static void thread_later(void *arg, void (*soon)(void *job), void *job) {
    struct thread *t = arg;
    loop_post(t->loop, soon, job);
}

static void thread_end(void *arg) {
    struct thread *t = arg;
    pool_free(t->pool);
    free(t);
}

static struct err *driver_find(const char *kind, const struct store_driver **ret_driver) {
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
        if (!text_equal(drivers[i]->name, kind)) continue;
        *ret_driver = drivers[i];
        return NULL;
    }
    AUTO_TEXT struct text names = {0};
    for (size_t i = 0; i < ARRAY_LEN(drivers); i++) text_addf(&names, "%s%s", i ? ", " : "", drivers[i]->name);
    return err_new(ERR_INVALID, "there is no kind of store called '%s': use one of %s", kind ? kind : "",
                   text_string(&names));
}

struct err *store_open(const struct store_options *options, struct store **ret_store) {
    must(options->loop);
    const struct store_driver *driver = NULL;
    TRY(driver_find(options->kind, &driver));
    struct store *s = NULL;
    TRY(store_open_by_hand(driver, options, &s));
    struct thread *t = NEW(struct thread);
    t->loop = options->loop;
    struct err *failed = pool_new(options->loop, 1, "store", &t->pool);
    if (failed) {
        free(t);
        store_close(s);
        return failed;
    }
    store_run_with(s, (struct store_runner){thread_submit, thread_later, store_recover_ahead, thread_end, t});
    *ret_store = s;
    return NULL;
}
