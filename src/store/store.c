// SPDX-License-Identifier: Apache-2.0
// The guarded door: one driver call in flight; what arrived meanwhile is the next batch; the background gets a slice
// after each batch. Checks, counts, and tells the three kinds of failure apart. Pure; never looks into bytes.
#include "store/store.h"

#include <stdlib.h>

#include "base/quantity.h"
#include "store/backlog.h"
#include "store/batch.h"
#include "store/driver.h"

enum { SLICE_LEAST = 64, SLICE_MOST = 1024, SLICE_IDLE = 512, TRIM_SLICE = 1024 };

enum job_kind {
    JOB_APPEND,
    JOB_SLICE,
    JOB_ITEM, // the call that `item` stands for
    JOB_TEND,
    JOB_REFUSE, // nothing to call: the store is broken, and what waits is told so
};

// The call in flight: plain values, not touched by the owner's thread between submit and answer.
struct job {
    enum job_kind kind;
    struct item *item;
    struct slice slice;
    uint64_t trim_to;
    struct err *error;
    bool more;
    struct store_measure measure;
    struct batch found; // what a READ found
    size_t found_most;
};

struct store {
    const struct store_driver *driver;
    void *state;
    char *path;
    struct store_runner runner; // submit NULL: opened by hand
    struct batch gathering, flying, landed;
    struct list urgent, reads, backlog; // of struct item
    struct job job;
    struct store_measure measure; // after the last call
    uint64_t queued;              // highest number that was given to append and did not fail
    uint64_t batches;
    size_t last_batch; // records of the last journal batch
    struct err *broken;
    bool full, busy, kicked, answering, closed;
    bool journal_went; // the last call was a journal batch: the background's turn
};

struct err *store_schema_check(uint32_t found, uint32_t known) {
    if (found <= known) return NULL;
    return err_new(ERR_UNSUPPORTED,
                   "it was written with schema %u by a newer version, and this one knows schemas up to %u: "
                   "install the newer version again, or restore a copy from before the upgrade",
                   found, known);
}

// ---- open and close

struct err *store_open_by_hand(const struct store_driver *driver, const struct store_options *options,
                               struct store **ret_store) {
    void *state = NULL;
    const char *path = options->path ? options->path : driver->name;
    TRY(err_wrap(driver->open(options, &state), "open store '%s'", path));
    struct store *s = NEW(struct store);
    s->driver = driver;
    s->state = state;
    s->path = mem_text(path);
    list_init(&s->urgent);
    list_init(&s->reads);
    list_init(&s->backlog);
    driver->measure(state, &s->measure);
    s->queued = s->measure.durable;
    *ret_store = s;
    return NULL;
}

void store_run_with(struct store *s, struct store_runner runner) {
    s->runner = runner;
}

static void list_drop(struct list *items) {
    LIST_EACH (item, items, struct item, link) item_free(item);
}

static void store_free(struct store *s) {
    list_drop(&s->urgent);
    list_drop(&s->reads);
    list_drop(&s->backlog);
    batch_done(&s->gathering);
    batch_done(&s->flying);
    batch_done(&s->landed);
    batch_done(&s->job.found);
    vec_done(&s->job.slice);
    err_free(s->job.error);
    err_free(s->broken);
    free(s->path);
    free(s);
}

void store_close(struct store *s) {
    if (!s) return;
    must(!s->answering);
    if (s->runner.end) s->runner.end(s->runner.arg);
    s->driver->close(s->state);
    s->closed = true;
    if (!s->runner.submit || (!s->busy && !s->kicked)) store_free(s); // else what is on its way here frees it
}

// ---- which call is next

static void job_set(struct store *s, enum job_kind kind, struct item *item) {
    s->job.kind = kind;
    s->job.item = item;
}

static struct item *list_first(const struct list *items) {
    return list_empty(items) ? NULL : LIST_ITEM(items->next, struct item, link);
}

// The background's next call, if there is one that may be made now.
static bool background_next(struct store *s) {
    struct item *item = list_first(&s->reads);
    if (item) {
        job_set(s, JOB_ITEM, item);
        return true;
    }
    if (s->measure.wants_tending && s->driver->tend) {
        job_set(s, JOB_TEND, NULL);
        return true;
    }
    item = list_first(&s->backlog);
    if (!item) return false;
    job_set(s, item->kind == ITEM_PUT ? JOB_SLICE : JOB_ITEM, item);
    if (item->kind == ITEM_THROUGH) return item->seq <= s->measure.durable;
    if (item->kind == ITEM_TRIM) s->job.trim_to = item->seq < s->measure.through ? item->seq : s->measure.through;
    if (item->kind != ITEM_PUT) return true;
    // As many objects as the journal brings, so that the checkpoint keeps up; few when appends wait for this slice.
    size_t most = s->gathering.waiters.count ? s->last_batch : SLICE_IDLE;
    most = most < SLICE_LEAST ? SLICE_LEAST : most > SLICE_MOST ? SLICE_MOST : most;
    backlog_slice(&s->backlog, most, s->measure.durable, &s->job.slice);
    return s->job.slice.count > 0 || item->written == item->objects.count;
}

static void journal_next(struct store *s) {
    must(!s->flying.waiters.count);
    struct batch empty = s->flying;
    s->flying = s->gathering;
    s->gathering = empty;
    batch_seal(&s->flying);
    job_set(s, JOB_APPEND, NULL);
}

// Chooses the next call. Journal and background take turns when both want; false: nothing to do.
static bool store_next(struct store *s) {
    bool journal = s->gathering.waiters.count > 0;
    if (s->broken) {
        job_set(s, JOB_REFUSE, NULL);
        return journal || !list_empty(&s->urgent) || !list_empty(&s->reads) || !list_empty(&s->backlog);
    }
    if (!list_empty(&s->urgent)) {
        job_set(s, JOB_ITEM, list_first(&s->urgent));
        return true;
    }
    if ((s->journal_went || !journal) && background_next(s)) {
        s->journal_went = false;
        return true;
    }
    if (!journal) return false;
    journal_next(s);
    s->journal_went = true;
    return true;
}

// ---- the call itself, perhaps in another thread

static bool read_found(void *arg, const struct store_record *r) {
    struct job *job = arg;
    batch_add(&job->found, (struct store_records){r, 1}, NULL, NULL);
    return job->found.records.count < job->found_most && job->found.bytes.size < MIB;
}

static struct err *item_call(struct store *s, struct job *job) {
    const struct store_driver *driver = s->driver;
    struct item *item = job->item;
    switch (item->kind) {
    case ITEM_THROUGH: return driver->through(s->state, item->seq);
    case ITEM_TRIM: return driver->trim(s->state, job->trim_to, TRIM_SLICE, &job->more);
    case ITEM_RESTORE: return driver->ballast_restore ? driver->ballast_restore(s->state) : NULL;
    case ITEM_RELEASE: return driver->ballast_release ? driver->ballast_release(s->state) : NULL;
    case ITEM_READ:
        job->found_most = item->limit;
        return item->limit ? driver->read(s->state, item->seq, read_found, job) : NULL;
    case ITEM_PUT: break;
    }
    must(item->kind != ITEM_PUT); // those go as slices
    return NULL;
}

static void job_work(void *arg) {
    struct store *s = arg;
    struct job *job = &s->job;
    job->more = false;
    switch (job->kind) {
    case JOB_APPEND:
        job->error =
            s->flying.records.count ? s->driver->append(s->state, s->flying.records.at, s->flying.records.count) : NULL;
        break;
    case JOB_SLICE:
        job->error = job->slice.count ? s->driver->put(s->state, job->slice.at, job->slice.count) : NULL;
        break;
    case JOB_ITEM: job->error = item_call(s, job); break;
    case JOB_TEND: job->error = s->driver->tend(s->state); break;
    case JOB_REFUSE: return;
    }
    s->driver->measure(s->state, &job->measure);
}

// ---- what came of it

// Whole lists are taken before anybody is told, so that what is asked in answer to a failure is not part of it.
static void list_fail(struct list *items, const struct err *error, uint64_t durable) {
    struct list taken;
    list_init(&taken);
    LIST_EACH (item, items, struct item, link) {
        list_remove(&item->link);
        list_add_last(&taken, &item->link);
    }
    LIST_EACH (item, &taken, struct item, link) item_finish(item, error, durable);
}

// The objects that wait may belong to events that failed, and a mark must not follow objects that failed: all fail.
static void backlog_fail(struct store *s, const struct err *error) {
    list_fail(&s->backlog, error, s->measure.durable);
}

static void journal_fail(struct store *s, const struct err *error) {
    struct batch failed = s->flying, behind = s->gathering;
    s->flying = (struct batch){0};
    s->gathering = (struct batch){0};
    s->queued = s->measure.durable;
    batch_tell(&failed, error, s->measure.durable);
    batch_tell(&behind, error, s->measure.durable);
    batch_done(&failed);
    batch_done(&behind);
}

static void store_refuse_all(struct store *s) {
    journal_fail(s, s->broken);
    list_fail(&s->urgent, s->broken, s->measure.durable);
    list_fail(&s->reads, s->broken, s->measure.durable);
    backlog_fail(s, s->broken);
}

// A full disk fails what was asked and what builds on it; everything else that fails while writing is the end.
static void store_failed(struct store *s, struct err *error) {
    if (err_kind(error) != ERR_FULL) {
        s->broken = error;
        store_refuse_all(s);
        return;
    }
    s->full = true;
    if (s->job.kind == JOB_APPEND) journal_fail(s, error);
    backlog_fail(s, error);
    err_free(error);
}

static void read_answer(struct store *s, struct err *error) {
    struct item *item = s->job.item;
    batch_seal(&s->job.found);
    for (size_t i = 0; i < s->job.found.records.count && !error; i++) {
        error = item->entry(item->arg, &s->job.found.records.at[i]);
    }
    batch_tell(&s->job.found, NULL, 0); // nobody waits; empties it
    item_finish(item, error, s->measure.durable);
    err_free(error);
}

// Reading and ballast break nothing when they fail: only who asked is told.
static bool item_is_harmless(const struct item *item) {
    return item->kind == ITEM_READ || item->kind == ITEM_RESTORE || item->kind == ITEM_RELEASE;
}

static void item_answer(struct store *s, struct err *error) {
    if (s->job.item->kind == ITEM_READ) {
        read_answer(s, error);
        return;
    }
    if (!error && s->job.more) return; // stays at the head
    item_finish(s->job.item, error, s->measure.durable);
    err_free(error);
}

static bool job_wrote(const struct job *job) {
    if (job->kind == JOB_ITEM) return job->item->kind == ITEM_THROUGH || job->item->kind == ITEM_RESTORE;
    return job->kind == JOB_APPEND || job->kind == JOB_SLICE;
}

static void store_start(struct store *s);

static void job_answer(struct store *s) {
    struct err *error = err_wrap(mem_take(s->job.error), "store '%s'", s->path);
    enum job_kind kind = s->job.kind;
    if (kind != JOB_REFUSE) s->measure = s->job.measure;
    if (!error && job_wrote(&s->job) && s->measure.ballast) s->full = false;
    if (kind == JOB_REFUSE) {
        store_refuse_all(s);
    } else if (kind == JOB_ITEM && (!error || item_is_harmless(s->job.item))) {
        item_answer(s, error);
    } else if (error) {
        store_failed(s, error);
    } else if (kind == JOB_SLICE) {
        backlog_written(&s->backlog, s->job.slice.count, s->measure.durable);
    } else if (kind == JOB_APPEND) {
        s->batches++;
        s->last_batch = s->flying.records.count;
        struct batch empty = s->landed;
        s->landed = s->flying;
        s->flying = empty;
    }
    s->busy = false;
}

static void store_answer_and_go(struct store *s) {
    s->answering = true;
    job_answer(s);
    store_start(s); // the disk works on while those who waited are told
    batch_tell(&s->landed, NULL, s->measure.durable);
    s->answering = false;
}

// ---- the turns

static void job_done(void *arg) {
    struct store *s = arg;
    s->busy = s->busy && !s->closed;
    if (!s->closed)
        store_answer_and_go(s);
    else if (!s->kicked)
        store_free(s);
}

static void store_start(struct store *s) {
    if (!s->runner.submit || s->busy || !store_next(s)) return;
    s->busy = true;
    s->runner.submit(s->runner.arg, job_work, job_done, s);
}

static void store_kicked(void *arg) {
    struct store *s = arg;
    s->kicked = false;
    if (!s->closed)
        store_start(s);
    else if (!s->busy)
        store_free(s);
}

// After everything that is ready in this turn of the loop: its appends share a flush.
static void store_kick(struct store *s) {
    if (!s->runner.later || s->busy || s->kicked) return;
    s->kicked = true;
    s->runner.later(s->runner.arg, store_kicked, s);
}

bool store_work(struct store *s) {
    must(!s->runner.submit && !s->busy);
    if (!store_next(s)) return false;
    s->busy = true;
    job_work(s);
    return true;
}

void store_answer(struct store *s) {
    must(!s->runner.submit);
    if (s->busy) store_answer_and_go(s);
}

void store_settle(struct store *s) {
    store_answer(s);
    while (store_work(s)) store_answer(s);
}

// ---- what can be asked

struct err *store_recover(struct store *s, const struct store_reader *reader) {
    must(!s->busy && !s->kicked);
    struct err *e =
        s->runner.recover ? s->runner.recover(s->driver, s->state, reader) : s->driver->recover(s->state, reader);
    return err_wrap(e, "recover from store '%s'", s->path);
}

void store_append(struct store *s, struct store_records records, store_done *done, void *arg) {
    for (size_t i = 0; i < records.count; i++) {
        must(records.at[i].seq > s->queued && records.at[i].seq <= INT64_MAX);
        s->queued = records.at[i].seq;
    }
    batch_add(&s->gathering, records, done, arg);
    store_kick(s);
}

static void store_ask(struct store *s, struct list *list, struct item *item) {
    list_add_last(list, &item->link);
    store_kick(s);
}

void store_read(struct store *s, uint64_t from, size_t limit,
                struct err *(*entry)(void *arg, const struct store_record *r), store_done *done, void *arg) {
    struct item *item = item_new(ITEM_READ, from, done, arg);
    item->limit = limit;
    item->entry = entry;
    store_ask(s, &s->reads, item);
}

void store_checkpoint_put(struct store *s, const struct store_object *objects, size_t count, store_done *done,
                          void *arg) {
    for (size_t i = 0; i < count; i++) {
        must(objects[i].seq && objects[i].seq <= INT64_MAX && objects[i].key.id <= INT64_MAX);
    }
    struct item *item = item_new(ITEM_PUT, 0, done, arg);
    item_objects(item, objects, count);
    store_ask(s, &s->backlog, item);
}

void store_checkpoint_through(struct store *s, uint64_t seq, store_done *done, void *arg) {
    store_ask(s, &s->backlog, item_new(ITEM_THROUGH, seq, done, arg));
}

void store_trim(struct store *s, uint64_t seq, store_done *done, void *arg) {
    store_ask(s, &s->backlog, item_new(ITEM_TRIM, seq, done, arg));
}

void store_ballast_release(struct store *s, store_done *done, void *arg) {
    store_ask(s, &s->urgent, item_new(ITEM_RELEASE, 0, done, arg));
}

void store_ballast_restore(struct store *s, store_done *done, void *arg) {
    store_ask(s, &s->backlog, item_new(ITEM_RESTORE, 0, done, arg));
}

void store_stats(const struct store *s, struct store_stats *ret_stats) {
    const struct store_measure *m = &s->measure;
    struct store_stats stats = {
        .durable = m->durable,
        .first = m->first,
        .through = m->through,
        .journal_rows = m->first ? m->durable - m->first + 1 : 0,
        .bytes = m->bytes,
        .flushes = m->flushes,
        .batches = s->batches,
        .appends_waiting = s->gathering.waiters.count + s->flying.waiters.count,
        .appends_waiting_bytes = s->gathering.bytes.size + s->flying.bytes.size,
        .ballast = m->ballast,
        .full = s->full,
        .broken = s->broken != NULL,
    };
    LIST_EACH (item, &s->backlog, struct item, link) stats.objects_waiting += item->objects.count - item->written;
    *ret_stats = stats;
}

const struct err *store_broken(const struct store *s) {
    return s->broken;
}
