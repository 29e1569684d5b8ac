// SPDX-License-Identifier: Apache-2.0
// The host as a whole: opened, closed, found again after a restart of the agent, swept.
#include "host/host.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/cgroup.h"
#include "host/host_state.h"
#include "host/plan.h"
#include "sys/file.h"
#include "sys/process.h"

enum { RUN_DIR_LONGEST = 80, WORK_DIR_LONGEST = 120 };
static_assert(WORK_DIR_LONGEST + sizeof "/attachments/18446744073709551615/mnt" <= PLAN_WORD, "mount points fit");

void keeper_watch_init(struct keeper_watch *w) {
    *w = (struct keeper_watch){.pidfd = -1};
}

static struct err *keeper_open(const char *dir, pid_t *ret_pid, int *ret_pidfd) {
    AUTO_FREE char *path = mem_format("%s/keeper", dir);
    AUTO_SHEET struct sheet s = {0};
    bool over = false;
    TRY(sheet_load(path, &s));
    TRY(boot_over(sheet_text(&s, "boot"), &over));
    if (over) return err_new(ERR_NOT_FOUND, "the keeper of %s was of an earlier boot", dir);
    *ret_pid = (pid_t)sheet_u64(&s, "pid");
    return process_open(*ret_pid, sheet_u64(&s, "start"), ret_pidfd);
}

struct err *keeper_watch_look(struct host *h, const char *dir, struct keeper_watch *ret_watch, loop_ready *ended,
                              void *arg) {
    struct keeper_watch w = {.pidfd = -1};
    struct err *unseen = keeper_open(dir, &w.pid, &w.pidfd);
    if (!unseen) w.watch = loop_watch_new(h->loop, w.pidfd, LOOP_READ, ended, arg);
    *ret_watch = w;
    if (!unseen || err_kind(unseen) != ERR_NOT_FOUND) return unseen;
    err_free(unseen);
    return NULL;
}

void keeper_watch_close(struct keeper_watch *w) {
    loop_watch_free(w->watch);
    if (w->pidfd >= 0) close(w->pidfd);
    keeper_watch_init(w);
}

void keeper_watch_kill(struct keeper_watch *w) {
    if (w->pidfd >= 0) pidfd_signal(w->pidfd, SIGKILL);
}

static struct err *options_check(const struct host_options *o) {
    if (!o->work_dir || *o->work_dir != '/') return err_new(ERR_INVALID, "the work directory must be an absolute path");
    if (!o->run_dir || *o->run_dir != '/') return err_new(ERR_INVALID, "the run directory must be an absolute path");
    if (strlen(o->run_dir) > RUN_DIR_LONGEST)
        return err_new(ERR_INVALID,
                       "run directory '%s' is longer than %d bytes: sockets in it would not fit the kernel's limit",
                       o->run_dir, RUN_DIR_LONGEST);
    if (strlen(o->work_dir) > WORK_DIR_LONGEST)
        return err_new(ERR_INVALID, "work directory '%s' is longer than %d bytes: choose a shorter one", o->work_dir,
                       WORK_DIR_LONGEST);
    return o->agent ? name_check("agent", o->agent) : err_new(ERR_INVALID, "the agent has no name");
}

struct err *host_open(struct loop *loop, const struct host_options *o, struct host **ret_host) {
    TRY(options_check(o));
    must(o->daemon_path && o->events.task_started && o->events.task_ended && o->events.task_unseen &&
         o->events.attachment_lost && o->events.sandbox_left);
    static const char *const below[] = {"attachments", "tasks", "volumes"};
    for (size_t i = 0; i < ARRAY_LEN(below); i++) {
        AUTO_FREE char *path = mem_format("%s/%s", o->work_dir, below[i]);
        TRY(directory_make(path, 0711));
    }
    TRY(directory_make(o->run_dir, 0711));
    struct host *h = NEW(struct host);
    h->loop = loop;
    h->work_dir = mem_text(o->work_dir);
    h->run_dir = mem_text(o->run_dir);
    h->daemon_path = mem_text(o->daemon_path);
    h->agent = mem_text(o->agent);
    h->default_user = mem_text(o->default_user);
    h->allow_root_tasks = o->allow_root_tasks;
    h->events = o->events;
    h->arg = o->arg;
    struct cgroup_place place;
    for (int c = 0; c < CGROUP_CONTROLLERS; c++) cgroup_prepare("", (enum cgroup_controller)c, &place);
    abilities_probe(h->work_dir, &h->abilities);
    *ret_host = h;
    return NULL;
}

static void found_clear(struct host *h) {
    vec_done(&h->found_attachments);
    vec_done(&h->found_tasks);
    h->found = (struct host_found){0};
}

void host_close(struct host *h) {
    if (!h) return;
    MAP_EACH (e, &h->tasks) task_free(e->value.p);
    MAP_EACH (e, &h->attachments) attachment_free(e->value.p);
    map_done(&h->tasks);
    map_done(&h->attachments);
    VEC_EACH (sweep, &h->sweeps) sweep_free(*sweep);
    vec_done(&h->sweeps);
    found_clear(h);
    free(h->work_dir);
    free(h->run_dir);
    free(h->daemon_path);
    free(h->agent);
    free(h->default_user);
    free(h);
}

const struct host_abilities *host_abilities(const struct host *h) {
    return &h->abilities;
}

VEC_TYPE(numbers, uint64_t);

static int number_order(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

// The directories there whose names are numbers, in order.
static struct err *numbers_list(const struct host *h, const char *below, struct numbers *ret_numbers) {
    AUTO_FREE char *path = mem_format("%s/%s", h->work_dir, below);
    DIR *dir = opendir(path);
    if (!dir) return err_errno(errno, "list %s", path);
    for (struct dirent *e; (e = readdir(dir));) {
        uint64_t number = 0;
        if (text_to_u64(e->d_name, &number)) vec_push(ret_numbers, number);
    }
    closedir(dir);
    if (ret_numbers->count) qsort(ret_numbers->at, ret_numbers->count, sizeof *ret_numbers->at, number_order);
    return NULL;
}

static struct err *attachment_take(struct host *h, uint64_t number) {
    struct attachment *a = attachment_find(h, number);
    if (!a) TRY(attachment_load(h, number, &a));
    struct host_found_attachment f = {.attachment = number, .epoch = sheet_u64(&a->spec, "epoch")};
    if (!uuid_parse(sheet_text(&a->spec, "volume"), &f.volume)) f.volume = (struct uuid){0};
    f.published = attachment_published(a);
    f.message = sheet_text(&a->state, "message");
    vec_push(&h->found_attachments, f);
    return NULL;
}

static struct err *task_take(struct host *h, uint64_t number) {
    struct task *t = task_find(h, number);
    if (!t) TRY(task_load(h, number, &t));
    struct host_found_task f = {.task = {number}, .running = !t->ended, .ended = t->ended};
    f.framework = sheet_text(&t->spec, "framework");
    f.id = sheet_text(&t->spec, "id");
    f.attachments = t->attachments.at;
    f.attachment_count = t->attachments.count;
    if (t->ended) f.end = task_end_of(t);
    vec_push(&h->found_tasks, f);
    return NULL;
}

static struct err *things_find(struct host *h, const char *below,
                               struct err *(*take)(struct host *h, uint64_t number)) {
    struct numbers all = {0};
    struct err *failed = numbers_list(h, below, &all);
    for (size_t i = 0; i < all.count && !failed; i++)
        failed = err_wrap(take(h, all.at[i]), "look at what is in %s/%s", h->work_dir, below);
    vec_done(&all);
    return failed;
}

struct err *host_find(struct host *h, const struct host_found **ret_found) {
    found_clear(h);
    TRY(things_find(h, "attachments", attachment_take));
    TRY(things_find(h, "tasks", task_take));
    h->found = (struct host_found){.attachments = h->found_attachments.at,
                                   .attachment_count = h->found_attachments.count,
                                   .tasks = h->found_tasks.at,
                                   .task_count = h->found_tasks.count};
    *ret_found = &h->found;
    return NULL;
}

char *host_sandbox(const struct host *h, task_id task) {
    AUTO_FREE char *dir = thing_dir(h->work_dir, THING_TASK, task.n);
    return mem_format("%s/sandbox", dir);
}

// A socket whose keeper we do not know to live is of nobody.
static bool socket_lives(struct host *h, const char *name) {
    uint64_t number = 0;
    if (!text_to_u64(name + 1, &number)) return true; // not a name of ours: left alone
    if (*name == 't') {
        struct task *t = task_find(h, number);
        return t && (t->keeper.pidfd >= 0 || t->birth);
    }
    struct attachment *a = attachment_find(h, number);
    return *name != 'a' || (a && (a->keeper.pidfd >= 0 || a->birth));
}

void host_clean(struct host *h) {
    DIR *dir = opendir(h->run_dir);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.' || socket_lives(h, e->d_name)) continue;
        AUTO_FREE char *path = mem_format("%s/%s", h->run_dir, e->d_name);
        unlink(path);
    }
    if (dir) closedir(dir);
    static const char *const kinds[] = {"attachments", "tasks"};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct numbers all = {0};
        err_free(numbers_list(h, kinds[i], &all));
        VEC_EACH (number, &all) {
            AUTO_FREE char *path = mem_format("%s/%s/%llu", h->work_dir, kinds[i], (unsigned long long)*number);
            rmdir(path); // goes only when it is empty
            if (i == 1 && (!task_find(h, *number) || task_find(h, *number)->ended)) {
                AUTO_FREE char *group = task_group(h, *number);
                cgroup_remove(group, 0);
            }
        }
        vec_done(&all);
    }
}
