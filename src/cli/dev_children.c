// SPDX-License-Identifier: Apache-2.0
// Processes of `granary dev`: started, recorded so that a later run can end what a killed one left, stopped.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/dev.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sheet.h"

extern char **environ;

// Ours without GRANARY_*: the cluster's processes obey the files that everybody can read, and nothing else.
static const char **environment_make(void) {
    VEC(const char *) list = {0};
    for (char **v = environ; *v; v++)
        if (!text_starts(*v, "GRANARY_")) vec_push(&list, *v);
    vec_push(&list, NULL);
    return list.at;
}

static struct err *child_record(const struct dev *d, const struct dev_child *c) {
    AUTO_SHEET struct sheet sheet = {0};
    AUTO_FREE char *path = dev_path(d, "processes/%s", c->name);
    uint64_t start;
    TRY(process_start_time(c->process.pid, &start));
    sheet_add_u64(&sheet, "pid", (uint64_t)c->process.pid);
    sheet_add_u64(&sheet, "start", start);
    sheet_add(&sheet, "boot", boot_id());
    return sheet_save(&sheet, path);
}

static struct err *file_append(const char *path, int *ret_fd) {
    *ret_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    return *ret_fd < 0 ? err_errno(errno, "open %s", path) : NULL;
}

static struct err *start(struct dev *d, const char *name, const char *const *argv, const char *out, const char *err,
                         bool watched) {
    AUTO_FD int out_fd = -1;
    AUTO_FD int err_fd = -1;
    TRY(file_append(out, &out_fd));
    TRY(file_append(err, &err_fd));
    AUTO_FREE const char **environment = environment_make();
    struct process_spec spec = {.argv = argv, .env = environment, .out = out_fd, .err = err_fd, .session = true};
    struct dev_child *c = vec_add(&d->children);
    snprintf(c->name, sizeof c->name, "%s", name);
    struct err *e = process_start(&spec, &c->process);
    if (e) {
        d->children.count--;
        return e;
    }
    e = child_record(d, c);
    c->watched = watched && !e;
    if (!e || err_kind(e) != ERR_NOT_FOUND) return e;
    err_free(e); // it ended already, and needs no record
    return NULL;
}

struct err *dev_child_start(struct dev *d, const char *name, enum process_kind kind) {
    AUTO_FREE char *config = dev_path(d, "%s.yaml", name), *log = dev_path(d, "logs/%s.log", name);
    const char *argv[] = {d->daemon, process_kind_name(kind), "--config", config, NULL};
    return start(d, name, argv, log, log, true);
}

struct err *dev_command_start(struct dev *d, const char *name, const char *const *arguments, const char *out,
                              const char *err) {
    VEC(const char *) argv = {0};
    vec_push(&argv, d->command);
    for (; *arguments; arguments++) vec_push(&argv, *arguments);
    vec_push(&argv, NULL);
    struct err *e = start(d, name, argv.at, out, err, false);
    vec_done(&argv);
    return e;
}

struct dev_child *dev_child_find(struct dev *d, const char *name) {
    VEC_EACH (c, &d->children)
        if (strcmp(c->name, name) == 0) return c;
    return NULL;
}

static void child_forget(struct dev *d, struct dev_child *c) {
    AUTO_FREE char *path = dev_path(d, "processes/%s", c->name);
    unlink(path);
    vec_remove(&d->children, c - d->children.at);
}

void dev_child_kill(struct dev *d, const char *name) {
    struct dev_child *c = dev_child_find(d, name);
    if (!c) return;
    process_kill(&c->process);
    child_forget(d, c);
}

struct err *dev_command_wait(struct dev *d, const char *name, int64_t ms, int *ret_exit) {
    int64_t until = clock_mono_ms() + ms;
    for (;;) {
        struct dev_child *c = dev_child_find(d, name);
        must(c);
        int status;
        struct err *e = process_wait(&c->process, 50, &status);
        if (!e) {
            *ret_exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            child_forget(d, c);
            return NULL;
        }
        if (err_kind(e) != ERR_TIMEOUT || clock_mono_ms() > until) return err_wrap(e, "'granary %s'", name);
        err_free(e);
        dev_pause(d, 0);
        TRY(dev_stopped(d));
        TRY(dev_children_check(d));
    }
}

// From the youngest to the oldest: the master hears the good-byes of the others.
void dev_children_stop(struct dev *d) {
    for (size_t i = d->children.count; i--;)
        if (d->children.at[i].process.pid) pidfd_signal(d->children.at[i].process.pidfd, SIGTERM);
    int64_t until = clock_mono_ms() + DEV_STOP_MS;
    while (d->children.count) {
        struct dev_child *c = vec_last(&d->children);
        int64_t left = until - clock_mono_ms();
        int status;
        if (c->process.pid) err_free(process_wait(&c->process, left > 0 ? left : 0, &status)); // late: killed below
        process_kill(&c->process);
        child_forget(d, c);
    }
}

struct err *dev_children_check(struct dev *d) {
    VEC_EACH (c, &d->children) {
        if (!c->watched || !pidfd_ended(c->process.pidfd)) continue;
        c->watched = false;
        return err_new(ERR_UNAVAILABLE, "%s ended by itself; its last words are in %s/logs/%s.log", c->name,
                       d->directory, c->name);
    }
    return NULL;
}
