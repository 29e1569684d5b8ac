// SPDX-License-Identifier: Apache-2.0
// Launch and kill, as the agent's loop sees them.
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/path.h"
#include "host/attachment.h"
#include "host/device.h"
#include "host/keeper_frame.h"
#include "host/task.h"
#include "host/task_view.h"
#include "sys/open_files.h"

enum { LAUNCH_MS = 120000, KILL_MS = 10000 };

static void kill_answer(struct task *t, struct err *error) {
    host_done *done = t->kill_done;
    t->kill_done = NULL;
    t->kill_waits = false;
    if (done)
        done(error, t->kill_arg);
    else
        err_free(error);
}

static void started_tell(struct task *t) {
    if (t->started_told) return;
    t->started_told = true;
    t->host->events.task_started((task_id){t->number}, t->keeper.pid, t->host->arg);
}

// The task may be forgotten by the one who hears of its end: it is touched last.
static void task_end(struct task *t) {
    struct host *h = t->host;
    uint64_t number = t->number;
    struct host_end end = task_end_of(t);
    t->ended = true;
    call_free(t->call);
    t->call = NULL;
    if (end.kind == HOST_END_EXITED || end.kind == HOST_END_SIGNALLED) started_tell(t);
    kill_answer(t, NULL); // what was to be killed is gone
    AUTO_FREE char *message = mem_text(end.message);
    end.message = message;
    VEC(uint64_t) used = {0};
    VEC_EACH (each, &t->attachments) vec_push(&used, *each);
    h->events.task_ended((task_id){number}, &end, h->arg);
    VEC_EACH (each, &used) {
        struct attachment *a = attachment_find(h, *each);
        if (a) attachment_task_ended(a);
    }
    vec_done(&used);
}

void task_keeper_ended(int fd, int what, void *arg) {
    (void)fd;
    (void)what;
    struct task *t = arg;
    keeper_watch_close(&t->keeper);
    task_end_read(t);
    task_end(t);
}

static void task_failed(struct task *t, struct err *error) {
    sheet_set(&t->state, "end", "not_started");
    sheet_add_err(&t->state, error);
    err_free(error);
    task_end(t);
}

// ---- kill ----

static void kill_asked(struct err *error, const struct sheet *answer, void *arg) {
    struct task *t = arg;
    (void)answer;
    t->call = NULL;
    if (error && err_kind(error) == ERR_UNAVAILABLE) { // it is ending by itself at this moment
        err_free(error);
        error = NULL;
    }
    kill_answer(t, error);
}

static void kill_ask(struct task *t) {
    AUTO_SHEET struct sheet question = {0};
    AUTO_FREE char *socket = thing_socket(t->host->run_dir, THING_TASK, t->number);
    sheet_add(&question, "ask", "kill");
    sheet_add_u64(&question, "grace_ms", t->grace > 0 ? (uint64_t)t->grace : 0);
    t->kill_waits = false;
    t->call = call_new(t->host->loop, socket, &question, KILL_MS, kill_asked, t);
}

// An answer in the next turn: no caller hears one before its call returned.
struct late_answer {
    struct loop_timer *timer;
    struct err *error;
    host_done *done;
    void *arg;
};

static void late_told(void *arg) {
    struct late_answer r = *(struct late_answer *)arg;
    free(arg);
    loop_timer_free(r.timer);
    r.done(r.error, r.arg);
}

static void answer_later(struct host *h, struct err *error, host_done *done, void *arg) {
    struct late_answer *r = NEW(struct late_answer);
    *r = (struct late_answer){.error = error, .done = done, .arg = arg};
    r->timer = loop_timer_new(h->loop, late_told, r);
    loop_timer_set(r->timer, 0);
}

void host_kill(struct host *h, task_id task, int64_t grace_ms, host_done *done, void *arg) {
    struct task *t = task_find(h, task.n);
    if (!t || t->ended) {
        answer_later(h, err_new(ERR_NOT_FOUND, "task %llu does not run here", (unsigned long long)task.n), done, arg);
        return;
    }
    t->asked = true;
    if (t->kill_done) answer_later(h, NULL, t->kill_done, t->kill_arg); // taken over by this one
    t->kill_done = done;
    t->kill_arg = arg;
    t->grace = grace_ms;
    t->kill_waits = true;
    if (t->call && t->started_told) { // that earlier question is on its way already
        call_free(t->call);
        t->call = NULL;
    }
    if (!t->call && !t->birth && t->keeper.pidfd >= 0) kill_ask(t);
}

// ---- launch ----

static void launch_asked(struct err *error, const struct sheet *answer, void *arg) {
    struct task *t = arg;
    (void)answer;
    t->call = NULL;
    if (error && err_kind(error) == ERR_TIMEOUT) keeper_watch_kill(&t->keeper); // its end tells the rest
    if (!error) started_tell(t);
    if (!error && t->kill_waits && !t->call && !t->ended) kill_ask(t);
    err_free(error);
}

static bool evicted(const struct task *t) {
    VEC_EACH (each, &t->attachments) {
        const struct attachment *a = attachment_find(t->host, *each);
        if (!a || a->step == STEP_CLEARING) return true;
    }
    return false;
}

static void launch_born(struct err *error, void *arg) {
    struct task *t = arg;
    t->birth = NULL;
    AUTO_FREE char *dir = task_dir(t);
    AUTO_ERR struct err *unseen = keeper_watch_look(t->host, dir, &t->keeper, task_keeper_ended, t);
    if (unseen) { // it may run: that is no end, however long it takes
        if (!t->unseen_told) t->host->events.task_unseen((task_id){t->number}, err_text(unseen), t->host->arg);
        t->unseen_told = true;
        t->birth = birth_again(t->host->loop, error, launch_born, t);
        return;
    }
    if (error && t->keeper.pidfd < 0) {
        task_failed(t, error);
        return;
    }
    if (t->keeper.pidfd < 0) {
        task_end_read(t);
        task_end(t);
        return;
    }
    if (error || evicted(t)) { // cut off, but made all the same
        err_free(error);
        keeper_watch_kill(&t->keeper);
        return;
    }
    AUTO_SHEET struct sheet question = {0};
    AUTO_FREE char *socket = thing_socket(t->host->run_dir, THING_TASK, t->number);
    sheet_add(&question, "ask", "status");
    t->call = call_new(t->host->loop, socket, &question, LAUNCH_MS, launch_asked, t);
}

static struct err *volume_add(struct task *t, const struct host_task_volume *v) {
    struct host *h = t->host;
    struct attachment *a = attachment_find(h, v->attachment);
    if (!a || a->keeper.pidfd < 0 || a->reached != HOST_PUBLISHED)
        return err_new(ERR_CONFLICT, "attachment %llu for '%s' is not published here",
                       (unsigned long long)v->attachment, v->container_path ? v->container_path : "");
    if (a->step != STEP_IDLE && (a->op == OP_UNPUBLISH || a->op == OP_EVICT))
        return err_new(ERR_CONFLICT, "attachment %llu for '%s' is being unpublished", (unsigned long long)v->attachment,
                       v->container_path);
    TRY(container_path_check(v->container_path));
    const struct host_device_driver *driver = device_driver_find(sheet_text(&a->spec, "device"));
    AUTO_FREE char *socket = thing_socket(h->run_dir, THING_ATTACHMENT, a->id);
    bool read_only = v->read_only || sheet_flag(&a->spec, "read_only");
    sheet_add_u64(&t->spec, "volume", a->id);
    sheet_add(&t->spec, "volume_socket", socket);
    sheet_add(&t->spec, "volume_path", v->container_path);
    sheet_add(&t->spec, "volume_read_only", read_only ? "1" : "0");
    sheet_add(&t->spec, "volume_image", driver && driver->local ? sheet_text(&a->spec, "path") : "");
    sheet_add(&t->spec, "volume_epoch", sheet_text(&a->spec, "epoch"));
    vec_push(&t->attachments, a->id);
    return NULL;
}

static struct err *environment_add(struct task *t, const struct host_variable *v) {
    if (!v->name || !*v->name || strchr(v->name, '='))
        return err_new(ERR_INVALID, "an environment variable has the name '%s'", v->name ? v->name : "");
    sheet_add(&t->spec, "env_name", v->name);
    sheet_add(&t->spec, "env_value", v->value ? v->value : "");
    return NULL;
}

static struct err *spec_fill(struct task *t, const struct host_launch *l) {
    struct host *h = t->host;
    struct sheet *s = &t->spec;
    AUTO_FREE char *dir = task_dir(t);
    AUTO_FREE char *socket = thing_socket(h->run_dir, THING_TASK, t->number);
    AUTO_FREE char *group = task_group(h, t->number);
    sheet_add(s, "work_dir", h->work_dir);
    sheet_add(s, "dir", dir);
    sheet_add(s, "socket", socket);
    sheet_add(s, "agent", h->agent);
    sheet_add(s, "group", group);
    sheet_add_u64(s, "number", t->number);
    sheet_add(s, "framework", l->framework ? l->framework : "");
    sheet_add(s, "id", l->id ? l->id : "");
    sheet_add(s, "command", l->command);
    for (size_t i = 0; l->argv && l->argv[i]; i++) sheet_add(s, "argv", l->argv[i]);
    sheet_add(s, "user", l->user);
    sheet_add(s, "default_user", h->default_user);
    sheet_add(s, "allow_root", h->allow_root_tasks ? "1" : "0");
    sheet_add_u64(s, "cpus", l->cpus.n > 0 ? (uint64_t)l->cpus.n : 0);
    sheet_add_u64(s, "mem", l->mem.n);
    sheet_add_u64(s, "open_files", open_files_given());
    for (size_t i = 0; i < l->environment_count; i++) TRY(environment_add(t, &l->environment[i]));
    for (size_t i = 0; i < l->volume_count; i++) TRY(volume_add(t, &l->volumes[i]));
    if (!l->command) return err_new(ERR_INVALID, "the task has no command");
    return h->abilities.namespaces ? NULL
                                   : err_new(ERR_UNSUPPORTED, "this host cannot make the namespaces that keep tasks");
}

static void launch_refused(void *arg) {
    struct task *t = arg;
    task_failed(t, mem_take(t->refused));
}

void host_launch(struct host *h, const struct host_launch *l) {
    struct task *t = task_find(h, l->task.n);
    if (t) return; // the same again: its events tell
    t = task_add(h, l->task.n);
    t->refused = spec_fill(t, l);
    if (t->refused) {
        t->timer = loop_timer_new(h->loop, launch_refused, t);
        loop_timer_set(t->timer, 0);
        return;
    }
    const char *argv[] = {h->daemon_path, "keeper", "task", NULL};
    t->birth = birth_new(h->loop, argv, &t->spec, LAUNCH_MS, launch_born, t);
}
