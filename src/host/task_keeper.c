// SPDX-License-Identifier: Apache-2.0
// The keeper of a task: gathers its volumes and limits, starts it, reaps all there is in its namespace, and writes how it
// ended durably before anybody can hear that it did.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/keeper_frame.h"
#include "host/task_child.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"

enum { MOUNT_ASK_MS = 60000 };

struct task_keeper {
    struct keeper *k;
    struct task_child child;
    char *group;     // name of its control groups; owned
    pid_t pid;       // of the task, in our namespace
    int signals;     // descriptor of SIGCHLD
    int64_t kill_at; // when grace is over; 0: never
    bool asked;
    bool ended;
    int status;
};

static struct err *volumes_gather(struct task_keeper *t) {
    const struct sheet *spec = &t->k->spec;
    const char *paths[VIEW_VOLUMES_MOST], *socket = NULL;
    struct task_child *c = &t->child;
    for (size_t i = 0; (socket = sheet_nth(spec, "volume_socket", i)); i++) {
        if (i == VIEW_VOLUMES_MOST) return err_new(ERR_TOO_LARGE, "a task may have %d volumes", VIEW_VOLUMES_MOST);
        paths[i] = sheet_nth(spec, "volume_path", i);
        AUTO_SHEET struct sheet answer = {0};
        int fd = -1;
        TRY(err_wrap(keeper_ask(socket, "mount", MOUNT_ASK_MS, &answer, &fd), "volume for '%s'", paths[i]));
        if (fd < 0) return err_new(ERR_INTERNAL, "the keeper of the volume for '%s' gave no mount", paths[i]);
        c->volumes[c->volume_count++] = fd;
    }
    return container_paths_check(paths, c->volume_count);
}

static struct err *sandbox_open(struct task_keeper *t, const char *name, int *ret_fd) {
    AUTO_FREE char *path = mem_format("%s/%s", t->child.view.sandbox, name);
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) return err_errno(errno, "open %s", path);
    if (geteuid() == 0 && fchown(fd, t->child.user.uid, t->child.user.gid))
        return err_errno(errno, "give %s its owner", path);
    *ret_fd = fd_take(&fd);
    return NULL;
}

static struct err *sandbox_make(struct task_keeper *t) {
    struct task_view *v = &t->child.view;
    v->uid = t->child.user.uid;
    v->gid = t->child.user.gid;
    TRY(directory_make(v->stage, 0700));
    TRY(directory_make(v->sandbox, 0755));
    if (geteuid() == 0 && lchown(v->sandbox, v->uid, v->gid)) return err_errno(errno, "give %s its owner", v->sandbox);
    TRY(sandbox_open(t, "stdout", &t->child.out));
    return sandbox_open(t, "stderr", &t->child.err);
}

// Where no group can be made the task runs without that limit, and the notes say so.
static void limit_set(struct task_keeper *t, enum cgroup_controller c, const char *key) {
    uint64_t limit = sheet_u64(&t->k->spec, key);
    struct cgroup_place place;
    if (!limit) return;
    cgroup_prepare("", c, &place); // also after a service manager took back what was handed on
    AUTO_ERR struct err *failed = place.version == CGROUP_NONE
                                      ? err_new(ERR_UNSUPPORTED, "no control group can be written here")
                                      : cgroup_make(c, &place, t->group, limit, t->child.groups[c]);
    if (!failed) return;
    t->child.groups[c][0] = 0;
    keeper_note(t->k, "No limit on %s: %s.", key, err_text(failed));
}

static struct err *task_prepare(struct task_keeper *t) {
    const struct sheet *spec = &t->k->spec;
    t->child.spec = spec;
    TRY(task_user_find(sheet_get(spec, "user"), sheet_get(spec, "default_user"), sheet_flag(spec, "allow_root"),
                       &t->child.user));
    TRY(sandbox_make(t));
    TRY(volumes_gather(t));
    limit_set(t, CGROUP_CPU, "cpus");
    limit_set(t, CGROUP_MEMORY, "mem");
    return NULL;
}

// The child's words, if it failed before the command ran; silence means that exec closed the pipe.
static struct err *child_hear(int report) {
    char words[8192];
    ssize_t n = 0;
    while ((n = read(report, words, sizeof words)) < 0 && errno == EINTR) {
    }
    if (n <= 0) return NULL;
    AUTO_SHEET struct sheet s = {0};
    TRY(sheet_parse(words, (size_t)n, &s));
    struct err *failed = sheet_take_err(&s);
    return failed ? failed : err_new(ERR_INTERNAL, "the task's process failed without a reason");
}

static struct err *task_start(struct task_keeper *t) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return err_errno(errno, "make a pipe");
    AUTO_FD int report = ends[0];
    t->child.report = ends[1];
    t->pid = fork();
    if (t->pid < 0) {
        close(ends[1]);
        return err_errno(errno, "fork the task");
    }
    if (!t->pid) task_child_run(&t->child);
    close(ends[1]);
    // The mounts are the task's now: kept here, they would hold the volumes after it.
    for (size_t i = 0; i < t->child.volume_count; i++) close(t->child.volumes[i]);
    t->child.volume_count = 0;
    return child_hear(report);
}

static void children_reap(struct task_keeper *t) {
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid != t->pid) continue;
        t->ended = true;
        t->status = status;
    }
}

// Everything else in our namespace, and only that, gets the signal.
static void namespace_clear(struct task_keeper *t) {
    kill(-1, SIGKILL);
    int status = 0;
    for (pid_t pid = 0; (pid = waitpid(-1, &status, 0)) > 0 || errno == EINTR;) {
        if (pid == t->pid && !t->ended) t->status = status;
    }
}

static void kill_begin(struct task_keeper *t, uint64_t grace) {
    t->asked = true;
    if (!grace) {
        kill(-1, SIGKILL);
        return;
    }
    int64_t at = clock_mono_ms() + (int64_t)(grace < INT32_MAX ? grace : INT32_MAX);
    if (!t->kill_at || at < t->kill_at) t->kill_at = at; // a second call may only hasten it
    kill(-t->pid, SIGTERM);
}

static void task_answer(struct task_keeper *t) {
    AUTO_SHEET struct sheet question = {0};
    AUTO_SHEET struct sheet answer = {0};
    int caller = -1;
    if (!keeper_question(t->k, &question, &caller)) return;
    VEC_EACH (line, &t->k->state) sheet_add(&answer, line->key, line->value);
    sheet_set(&answer, "running", t->ended ? "0" : "1");
    if (text_equal(sheet_text(&question, "ask"), "kill")) kill_begin(t, sheet_u64(&question, "grace_ms"));
    keeper_answer(caller, &answer, -1);
}

static void task_watch(struct task_keeper *t) {
    while (!t->ended) {
        struct pollfd p[2] = {{.fd = t->k->listening, .events = POLLIN}, {.fd = t->signals, .events = POLLIN}};
        int64_t left = t->kill_at ? t->kill_at - clock_mono_ms() : -1;
        poll(p, 2, t->kill_at ? (int)(left > 0 ? left : 0) : -1);
        struct signalfd_siginfo info;
        if (p[1].revents && read(t->signals, &info, sizeof info) > 0) children_reap(t);
        if (p[0].revents) task_answer(t);
        if (t->kill_at && clock_mono_ms() >= t->kill_at) {
            t->kill_at = 0;
            kill(-1, SIGKILL);
        }
    }
}

static void end_write(struct task_keeper *t) {
    struct sheet *s = &t->k->state;
    bool exited = WIFEXITED(t->status);
    bool ran_out = *t->child.groups[CGROUP_MEMORY] && cgroup_ran_out(t->child.groups[CGROUP_MEMORY]);
    int code = exited ? WEXITSTATUS(t->status) : WTERMSIG(t->status);
    sheet_set(s, "end", exited ? "exited" : "signalled");
    sheet_set_u64(s, "code", (uint64_t)code);
    sheet_set(s, "asked", t->asked ? "1" : "0");
    AUTO_FREE char *message = exited ? mem_format("Command exited with status %d", code)
                                     : mem_format("Command terminated with signal %s", strsignal(code));
    AUTO_FREE char *whole = mem_format("%s%s", message, ran_out ? " (it ran out of its memory limit)" : "");
    sheet_set(s, "message", whole);
}

static void task_end(struct task_keeper *t) {
    for (size_t i = 0; i < t->child.volume_count; i++) close(t->child.volumes[i]);
    cgroup_remove(t->group, 100);
    AUTO_ERR struct err *failed = keeper_save(t->k, "exit");
    if (failed) fprintf(stderr, "the exit status could not be kept: %s\n", err_text(failed));
    const char *image = NULL;
    for (size_t i = 0; (image = sheet_nth(&t->k->spec, "volume_image", i)); i++) {
        if (*image) keeper_unregister(image, t->k->host_pid);
    }
    unlink(sheet_text(&t->k->spec, "socket"));
}

static int signals_take(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int task_keeper_run(struct keeper *k) {
    must(getpid() == 1); // below, kill(-1) means everybody in our namespace
    AUTO_FREE char *sandbox = keeper_path(k, "sandbox");
    AUTO_FREE char *stage = keeper_path(k, "view");
    struct task_keeper t = {.k = k, .child = {.out = -1, .err = -1}, .signals = signals_take()};
    t.child.view = (struct task_view){.sandbox = sandbox, .stage = stage};
    t.group = mem_text(sheet_text(&k->spec, "group"));
    struct err *failed = task_prepare(&t);
    if (!failed) failed = task_start(&t);
    if (!failed) task_watch(&t);
    namespace_clear(&t);
    if (failed) {
        sheet_set(&k->state, "end", "not_started");
        sheet_add_err(&k->state, failed);
        err_free(failed);
    } else {
        end_write(&t);
    }
    task_end(&t);
    free(t.group);
    return 0;
}
