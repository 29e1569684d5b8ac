// SPDX-License-Identifier: Apache-2.0
// What the agent knows of a task: its record on disk, who keeps it, how it ended. How it is started is in launch.c.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/attachment.h"
#include "host/cgroup.h"
#include "host/task.h"
#include "sys/file.h"

enum { SWEEP_MS = 600000 };

struct task *task_find(struct host *h, uint64_t number) {
    return map_get(&h->tasks, number);
}

struct task *task_add(struct host *h, uint64_t number) {
    struct task *t = NEW(struct task);
    *t = (struct task){.host = h, .number = number};
    keeper_watch_init(&t->keeper);
    map_put(&h->tasks, number, NULL)->p = t;
    return t;
}

void task_free(struct task *t) {
    if (!t) return;
    keeper_watch_close(&t->keeper);
    birth_free(t->birth, true);
    call_free(t->call);
    loop_timer_free(t->timer);
    err_free(t->refused);
    sheet_done(&t->spec);
    sheet_done(&t->state);
    vec_done(&t->attachments);
    free(t);
}

char *task_dir(const struct task *t) {
    return thing_dir(t->host->work_dir, THING_TASK, t->number);
}
// The work directory tells agents of one name, in clusters of their own, apart.
char *task_group(const struct host *h, uint64_t number) {
    uint32_t place = (uint32_t)hash_bytes(h->work_dir, strlen(h->work_dir));
    return mem_format("granary-%s-%08x-%llu", h->agent, place, (unsigned long long)number);
}

bool task_uses(const struct task *t, uint64_t attachment) {
    VEC_EACH (each, &t->attachments) {
        if (*each == attachment) return true;
    }
    return false;
}

struct host_end task_end_of(const struct task *t) {
    const char *word = sheet_text(&t->state, "end");
    struct host_end end = {.kind = HOST_END_LOST, .asked = t->asked || sheet_flag(&t->state, "asked")};
    if (text_equal(word, "exited")) end.kind = HOST_END_EXITED;
    if (text_equal(word, "signalled")) end.kind = HOST_END_SIGNALLED;
    if (text_equal(word, "not_started")) end.kind = HOST_END_NOT_STARTED;
    end.code = (int)sheet_u64(&t->state, "code");
    end.message = sheet_text(&t->state, "message");
    return end;
}

// What its keeper wrote before it ended, or that it could not.
void task_end_read(struct task *t) {
    AUTO_FREE char *dir = task_dir(t);
    AUTO_FREE char *path = mem_format("%s/exit", dir);
    AUTO_FREE char *group = task_group(t->host, t->number);
    sheet_done(&t->state);
    err_free(sheet_load_if_there(path, &t->state)); // unreadable is as good as not written
    if (!sheet_get(&t->state, "end")) {
        sheet_set(&t->state, "message",
                  "its keeper was killed before it could write an exit status; all its processes went with it");
        cgroup_remove(group, 0);
    }
    t->ended = true;
}

static void attachments_read(struct task *t) {
    const char *word = NULL;
    for (size_t i = 0; (word = sheet_nth(&t->spec, "volume", i)); i++) {
        uint64_t id = 0;
        if (text_to_u64(word, &id)) vec_push(&t->attachments, id);
    }
}

static struct err *task_read(struct task *t) {
    AUTO_FREE char *dir = task_dir(t);
    AUTO_FREE char *spec = mem_format("%s/spec", dir);
    TRY(sheet_load_if_there(spec, &t->spec));
    attachments_read(t);
    TRY(keeper_watch_look(t->host, dir, &t->keeper, task_keeper_ended, t));
    if (t->keeper.pidfd < 0) task_end_read(t);
    t->started_told = true; // an earlier agent process told it, or its end will say that it never ran
    return NULL;
}

struct err *task_load(struct host *h, uint64_t number, struct task **ret_task) {
    struct task *t = task_add(h, number);
    struct err *unread = task_read(t);
    if (unread) {
        map_remove(&h->tasks, number);
        task_free(t);
        return unread;
    }
    *ret_task = t;
    return NULL;
}

// A large sandbox goes in a process of its own.
struct sweep {
    struct host *host;
    task_id task;
    struct birth *birth;
};

static void sweep_done(struct err *error, void *arg) {
    struct sweep s = *(struct sweep *)arg;
    for (size_t i = 0; i < s.host->sweeps.count; i++) {
        if (s.host->sweeps.at[i] == arg) vec_swap_out(&s.host->sweeps, i);
    }
    free(arg);
    if (error) s.host->events.sandbox_left(s.task, err_text(error), s.host->arg);
    err_free(error);
}

void sweep_free(struct sweep *s) {
    birth_free(s->birth, true);
    free(s);
}

bool host_remove_sandbox(struct host *h, task_id task) {
    if (task_find(h, task.n)) return false;
    VEC_EACH (each, &h->sweeps) {
        if ((*each)->task.n == task.n) return false;
    }
    AUTO_FREE char *dir = thing_dir(h->work_dir, THING_TASK, task.n);
    const char *argv[] = {h->daemon_path, "keeper", "remove", dir, NULL};
    struct sweep *s = NEW(struct sweep);
    *s = (struct sweep){.host = h, .task = task};
    vec_push(&h->sweeps, s);
    s->birth = birth_new(h->loop, argv, NULL, SWEEP_MS, sweep_done, s);
    return true;
}

size_t host_sandboxes_going(const struct host *h) {
    return h->sweeps.count;
}

void host_forget_task(struct host *h, task_id task) {
    struct task *t = task_find(h, task.n);
    if (t && !t->ended) return;
    AUTO_FREE char *dir = thing_dir(h->work_dir, THING_TASK, task.n);
    AUTO_FREE char *group = task_group(h, task.n);
    static const char *const files[] = {"spec", "exit", "keeper", "log"};
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        AUTO_FREE char *path = mem_format("%s/%s", dir, files[i]);
        unlink(path);
    }
    AUTO_FREE char *view = mem_format("%s/view", dir);
    rmdir(view);
    cgroup_remove(group, 0);
    if (!t) return;
    map_remove(&h->tasks, task.n);
    task_free(t);
}
