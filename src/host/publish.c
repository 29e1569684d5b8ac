// SPDX-License-Identifier: Apache-2.0
// Publish, unpublish, grow and evict, as the agent's loop sees them: which keeper is asked what, and what its end means.
#include <stdlib.h>

#include "base/mem.h"
#include "host/attachment.h"
#include "host/deadlines.h"
#include "host/device.h"
#include "host/keeper_frame.h"

enum { END_MS = 30000 };

static int64_t left_ms(const struct attachment *a) {
    int64_t left = a->deadline - loop_now(a->host->loop).ms;
    return left > 0 ? left : 0;
}

// What a killed process does not do for us within this time it will not do: it hangs in the kernel.
static void end_await(struct attachment *a) {
    a->step = STEP_ENDING;
    loop_timer_set(a->timer, END_MS);
}

static struct err *lost_err(const struct attachment *a, const char *when) {
    const char *words = sheet_text(&a->state, "message");
    return err_new(ERR_UNAVAILABLE, "its keeper ended %s%s%s", when, *words ? ": " : "", words);
}

static struct err *err_of(const struct attachment *a) {
    enum err_kind kind = ERR_INTERNAL;
    if (!err_kind_parse(sheet_text(&a->state, "error"), &kind)) kind = ERR_INTERNAL;
    return err_new(kind, "%s", sheet_text(&a->state, "message"));
}

// ---- is everybody gone? ----

static void gone_done(struct err *error, void *arg) {
    struct attachment *a = arg;
    a->birth = NULL;
    if (!error) {
        a->reached = HOST_UNPUBLISHED;
        sheet_set(&a->state, "device", NULL);
    }
    attachment_end(a, error);
}

// After a keeper ended by force its device goes by itself; this waits and looks.
static void gone_check(struct attachment *a) {
    const struct host_device_driver *driver = device_driver_find(sheet_text(&a->spec, "device"));
    if (!driver) { // nothing was ever made of it
        a->reached = HOST_UNPUBLISHED;
        attachment_end(a, NULL);
        return;
    }
    a->step = STEP_CHECKING;
    AUTO_FREE char *ms = mem_format("%d", KEEPERS_GONE_MS);
    const char *argv[] = {
        a->host->daemon_path,          "keeper", "gone", driver->name, sheet_text(&a->spec, "path"), ms,
        sheet_text(&a->spec, "epoch"), NULL};
    a->birth = birth_new(a->host->loop, argv, NULL, KEEPERS_GONE_MS * 3, gone_done, a);
}

static bool tasks_left(struct attachment *a) {
    MAP_EACH (e, &a->host->tasks) {
        struct task *t = e->value.p;
        if (!t->ended && task_uses(t, a->id)) return true;
    }
    return false;
}

static void evict_go_on(struct attachment *a) {
    if (a->keeper.pidfd < 0 && !a->birth && !tasks_left(a)) gone_check(a);
}

void attachment_task_ended(struct attachment *a) {
    if (a->step == STEP_CLEARING) evict_go_on(a);
}

// ---- a keeper's end ----

static void publish_ended(struct attachment *a) {
    if (a->reached == HOST_PUBLISH_FAILED)
        attachment_end(a, err_of(a));
    else if (a->reached == HOST_UNPUBLISHED)
        attachment_end(a, NULL); // format_only
    else if (!left_ms(a))
        attachment_end(a, err_new(ERR_TIMEOUT, "it was not published in time, and its keeper was killed"));
    else
        attachment_end(a, lost_err(a, "while it published"));
}

static void lost_tell(struct attachment *a) {
    if (a->reached == HOST_ATTACHMENT_LOST)
        a->host->events.attachment_lost(a->id, "its keeper ended without being asked; mount and device went with it",
                                        a->host->arg);
}

static void keeper_ended(struct attachment *a) {
    keeper_watch_close(&a->keeper);
    attachment_state_read(a, false);
    call_free(a->call);
    a->call = NULL;
    if (a->step == STEP_CLEARING) {
        evict_go_on(a);
    } else if (a->step == STEP_IDLE || a->step == STEP_ANSWERING) {
        lost_tell(a);
    } else if (a->op == OP_PUBLISH) {
        publish_ended(a);
    } else if (a->op == OP_UNPUBLISH && a->reached == HOST_UNPUBLISHED) {
        attachment_end(a, NULL);
    } else if (a->op == OP_UNPUBLISH) {
        gone_check(a);
    } else {
        attachment_end(a, lost_err(a, "while it was asked to grow"));
        lost_tell(a);
    }
}

void attachment_keeper_ended(int fd, int what, void *arg) {
    (void)fd;
    (void)what;
    keeper_ended(arg);
}

static struct err *keeper_look(struct attachment *a) {
    AUTO_FREE char *dir = attachment_dir(a);
    return keeper_watch_look(a->host, dir, &a->keeper, attachment_keeper_ended, a);
}

// ---- publish ----

static void publish_asked(struct err *error, const struct sheet *answer, void *arg) {
    struct attachment *a = arg;
    a->call = NULL;
    if (!error) {
        attachment_state_take(a, answer, true);
        bool good = a->reached == HOST_PUBLISHED;
        attachment_end(a, good ? NULL : err_new(ERR_CONFLICT, "it is being unpublished"));
        return;
    }
    // Silence past the deadline is answered with a kill; a socket that closed, by the end that follows.
    if (err_kind(error) == ERR_TIMEOUT) keeper_watch_kill(&a->keeper);
    end_await(a);
    err_free(error);
}

static void publish_await(struct attachment *a) {
    AUTO_SHEET struct sheet question = {0};
    AUTO_FREE char *socket = thing_socket(a->host->run_dir, THING_ATTACHMENT, a->id);
    sheet_add(&question, "ask", "status");
    a->step = STEP_AWAITING;
    a->call = call_new(a->host->loop, socket, &question, left_ms(a), publish_asked, a);
}

// One that was cut off may have made the keeper all the same.
static void birth_failed(struct attachment *a, struct err *error) {
    bool cut_off = err_kind(error) == ERR_TIMEOUT || err_kind(error) == ERR_UNAVAILABLE;
    if (cut_off && a->keeper.pidfd >= 0) {
        keeper_watch_kill(&a->keeper);
        end_await(a);
        err_free(error);
        return;
    }
    a->reached = HOST_PUBLISH_FAILED;
    sheet_add_err(&a->state, error);
    attachment_end(a, error);
}

static void publish_born(struct err *error, void *arg);

// It may have been made: until it can be looked at, nobody says that it was not.
static void birth_unseen(struct attachment *a, struct err *error, const struct err *unseen) {
    if (left_ms(a)) {
        a->birth = birth_again(a->host->loop, error, publish_born, a);
        return;
    }
    attachment_end(a, err_new(ERR_UNAVAILABLE, "%s%sits keeper cannot be looked at: %s", error ? err_text(error) : "",
                              error ? ", and " : "", err_text(unseen)));
    err_free(error);
}

static void publish_born(struct err *error, void *arg) {
    struct attachment *a = arg;
    a->birth = NULL;
    AUTO_ERR struct err *unseen = keeper_look(a);
    if (unseen) {
        birth_unseen(a, error, unseen);
    } else if (a->op == OP_EVICT) {
        err_free(error);
        keeper_watch_kill(&a->keeper);
        evict_go_on(a);
    } else if (error) {
        birth_failed(a, error);
    } else if (a->keeper.pidfd < 0) {
        keeper_ended(a); // it was quick: what it left says how it went
    } else {
        publish_await(a);
    }
}

// What is there already decides: the same again, something else under way, or a new keeper.
static bool publish_known(struct attachment *a, const struct host_publish *p, host_publish_done *done, void *arg) {
    uint64_t epoch = sheet_u64(&a->spec, "epoch");
    bool busy = a->step != STEP_IDLE;
    if (!busy && a->keeper.pidfd < 0) return false;
    if (epoch != p->epoch || (busy && a->op != OP_PUBLISH)) {
        attachment_refuse(a->host,
                          err_new(ERR_CONFLICT, "attachment %llu is %s at epoch %llu", (unsigned long long)a->id,
                                  busy ? "busy" : "published", (unsigned long long)epoch),
                          done, arg);
        return true;
    }
    attachment_wait(a, done, arg);
    if (busy) return true;
    a->op = OP_PUBLISH;
    if (a->reached == HOST_PUBLISHED) {
        attachment_end(a, NULL);
    } else {
        a->deadline = loop_now(a->host->loop).ms + (p->timeout_ms ? p->timeout_ms : publish_ms(&a->spec));
        publish_await(a);
    }
    return true;
}

void host_publish(struct host *h, const struct host_publish *p, host_publish_done *done, void *arg) {
    struct err *refused = publish_spec_check(h, p);
    if (refused) {
        attachment_refuse(h, refused, done, arg);
        return;
    }
    struct attachment *a = attachment_find(h, p->attachment);
    if (!a) a = attachment_add(h, p->attachment);
    if (publish_known(a, p, done, arg)) return;
    attachment_wait(a, done, arg);
    sheet_done(&a->spec);
    sheet_done(&a->state);
    publish_spec_fill(&a->spec, h, p);
    a->op = OP_PUBLISH;
    a->step = STEP_BEARING;
    a->reached = HOST_PUBLISHING;
    a->deadline = loop_now(h->loop).ms + (p->timeout_ms ? p->timeout_ms : publish_ms(&a->spec));
    loop_timer_stop(a->timer);
    const char *argv[] = {h->daemon_path, "keeper", "attachment", NULL};
    int64_t ms = left_ms(a) < KEEPER_BIRTH_MS ? left_ms(a) : KEEPER_BIRTH_MS;
    a->birth = birth_new(h->loop, argv, &a->spec, ms, publish_born, a);
}

void host_publish_await(struct host *h, uint64_t id, host_publish_done *done, void *arg) {
    struct attachment *a = attachment_find(h, id);
    if (!a) {
        attachment_refuse(h, err_new(ERR_NOT_FOUND, "attachment %llu is not here", (unsigned long long)id), done, arg);
        return;
    }
    attachment_wait(a, done, arg);
    if (a->step != STEP_IDLE) return;
    a->op = OP_PUBLISH;
    a->deadline = loop_now(h->loop).ms + publish_ms(&a->spec);
    if (a->keeper.pidfd >= 0 && a->reached == HOST_PUBLISHING) {
        publish_await(a);
    } else if (a->reached == HOST_PUBLISHED) {
        attachment_end(a, NULL);
    } else {
        publish_ended(a);
    }
}

// ---- unpublish, grow, evict ----

// An earlier look may have failed. Who was seen by nobody and ended left what it reached in its state file.
static struct err *unseen_look(struct attachment *a) {
    if (a->keeper.pidfd >= 0 || a->birth) return NULL;
    TRY(keeper_look(a));
    if (a->keeper.pidfd < 0 && a->reached == HOST_PUBLISHING) attachment_state_read(a, false);
    return NULL;
}

// True when the operation may begin, with its waiter noted; otherwise it was answered or joined.
static bool op_begin(struct attachment *a, enum attachment_op op, int64_t ms, host_publish_done *done, void *arg) {
    bool busy = a->step != STEP_IDLE;
    if (busy && a->op == op && op != OP_GROW) {
        attachment_wait(a, done, arg);
        return false;
    }
    // An eviction waits for nobody: whoever waited for something else hears that it was cut short.
    if (busy && op != OP_EVICT) {
        attachment_refuse(
            a->host, err_new(ERR_CONFLICT, "attachment %llu is busy: ask again", (unsigned long long)a->id), done, arg);
        return false;
    }
    attachment_wait(a, done, arg);
    a->op = op;
    a->deadline = loop_now(a->host->loop).ms + ms;
    struct err *unseen = unseen_look(a);
    if (unseen) attachment_end(a, unseen);
    return !unseen;
}

static struct err *tasks_check(struct attachment *a) {
    AUTO_TEXT struct text users = {0};
    MAP_EACH (e, &a->host->tasks) {
        struct task *t = e->value.p;
        if (t->ended || !task_uses(t, a->id)) continue;
        text_addf(&users, "%stask '%s' of framework '%s'", users.size ? ", " : "", sheet_text(&t->spec, "id"),
                  sheet_text(&t->spec, "framework"));
    }
    return users.size ? err_new(ERR_CONFLICT, "the volume is in use by %s", text_string(&users)) : NULL;
}

static void op_asked(struct err *error, const struct sheet *answer, void *arg) {
    struct attachment *a = arg;
    a->call = NULL;
    if (answer) attachment_state_take(a, answer, true);
    if (error && err_kind(error) == ERR_UNAVAILABLE && !answer) {
        err_free(error); // its end follows and tells more
        end_await(a);
    } else if (!error && a->op == OP_UNPUBLISH) {
        end_await(a); // unmounted and gone; the keeper itself goes now
    } else {
        attachment_end(a, error);
    }
}

static void op_ask(struct attachment *a, const char *what, uint64_t epoch, uint64_t size) {
    AUTO_SHEET struct sheet question = {0};
    AUTO_FREE char *socket = thing_socket(a->host->run_dir, THING_ATTACHMENT, a->id);
    sheet_add(&question, "ask", what);
    sheet_add_u64(&question, "epoch", epoch);
    sheet_add_u64(&question, "size", size);
    a->step = STEP_ASKING;
    loop_timer_stop(a->timer);
    a->call = call_new(a->host->loop, socket, &question, left_ms(a), op_asked, a);
}

void host_unpublish(struct host *h, uint64_t id, uint64_t epoch, host_publish_done *done, void *arg) {
    struct attachment *a = attachment_find(h, id);
    if (!a) {
        attachment_refuse(h, NULL, done, arg);
        return;
    }
    if (epoch < sheet_u64(&a->spec, "epoch")) {
        attachment_refuse(h,
                          err_new(ERR_CONFLICT, "epoch %llu is refused: attachment %llu has %s",
                                  (unsigned long long)epoch, (unsigned long long)id, sheet_text(&a->spec, "epoch")),
                          done, arg);
        return;
    }
    struct err *used = tasks_check(a);
    if (used) {
        attachment_refuse(h, used, done, arg);
        return;
    }
    if (!op_begin(a, OP_UNPUBLISH, UNPUBLISH_MS, done, arg)) return;
    if (a->keeper.pidfd >= 0) {
        op_ask(a, "unpublish", epoch, 0);
    } else if (a->reached == HOST_UNPUBLISHED) {
        attachment_end(a, NULL);
    } else {
        gone_check(a);
    }
}

static struct err *not_published(uint64_t id) {
    return err_new(ERR_NOT_FOUND, "attachment %llu is not published here", (unsigned long long)id);
}

void host_grow(struct host *h, uint64_t id, uint64_t epoch, struct bytes size, host_publish_done *done, void *arg) {
    struct attachment *a = attachment_find(h, id);
    if (!a) {
        attachment_refuse(h, not_published(id), done, arg);
        return;
    }
    if (!op_begin(a, OP_GROW, GROW_MS, done, arg)) return;
    if (a->keeper.pidfd >= 0)
        op_ask(a, "grow", epoch, size.n);
    else
        attachment_end(a, not_published(id));
}

void host_evict(struct host *h, uint64_t id, host_publish_done *done, void *arg) {
    struct attachment *a = attachment_find(h, id);
    if (!a) {
        attachment_refuse(h, NULL, done, arg);
        return;
    }
    bool checking = a->step == STEP_CHECKING; // all keepers are gone already
    if (!op_begin(a, OP_EVICT, UNPUBLISH_MS, done, arg) || checking) return;
    call_free(a->call);
    a->call = NULL;
    a->step = STEP_CLEARING;
    loop_timer_set(a->timer, UNPUBLISH_MS);
    MAP_EACH (e, &h->tasks) {
        struct task *t = e->value.p;
        if (!t->ended && task_uses(t, id)) keeper_watch_kill(&t->keeper);
    }
    keeper_watch_kill(&a->keeper);
    evict_go_on(a);
}
