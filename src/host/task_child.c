// SPDX-License-Identifier: Apache-2.0
// From a copy of the keeper to the task's command.
#include "host/task_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/keeper_frame.h"
#include "sys/file.h"

static const char PATH_DEFAULT[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static struct err *volumes_bind(struct task_child *c) {
    for (size_t i = 0; i < c->volume_count; i++) {
        const char *path = sheet_nth(c->spec, "volume_path", i);
        bool read_only = text_equal(sheet_nth(c->spec, "volume_read_only", i), "1");
        TRY(err_wrap(task_view_bind(&c->view, c->volumes[i], path, read_only), "volume at '%s'", path));
    }
    return NULL;
}

static struct err *groups_enter(const struct task_child *c) {
    for (int i = 0; i < CGROUP_CONTROLLERS; i++) {
        if (*c->groups[i]) TRY(cgroup_enter(c->groups[i]));
    }
    return NULL;
}

// Ours first, so that what the framework gives wins.
static void environment_make(const struct task_child *c) {
    clearenv();
    const char *home = *c->user.home ? c->user.home : "/";
    setenv("PATH", PATH_DEFAULT, 1);
    setenv("HOME", home, 1);
    setenv("MESOS_SANDBOX", c->view.sandbox, 1);
    setenv("MESOS_DIRECTORY", c->view.sandbox, 1);
    setenv("MESOS_TASK_ID", sheet_text(c->spec, "id"), 1);
    setenv("MESOS_FRAMEWORK_ID", sheet_text(c->spec, "framework"), 1);
    const char *name = NULL;
    for (size_t i = 0; (name = sheet_nth(c->spec, "env_name", i)); i++)
        setenv(name, sheet_nth(c->spec, "env_value", i), 1);
}

static struct err *streams_set(const struct task_child *c) {
    AUTO_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(c->out, 1) < 0 || dup2(c->err, 2) < 0)
        return err_errno(errno, "set the task's streams");
    return NULL;
}

static void signals_reset(void) {
    sigset_t none;
    sigemptyset(&none);
    for (int i = 1; i < NSIG; i++) signal(i, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

// Programs that cannot have many files are common, so a task gets what the agent was given and not what it took.
static struct err *open_files_set(const struct task_child *c) {
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files)) return err_errno(errno, "read the limit of open files");
    files.rlim_cur = sheet_u64(c->spec, "open_files");
    return setrlimit(RLIMIT_NOFILE, &files) ? err_errno(errno, "set the limit of open files") : NULL;
}

static struct err *command_exec(const struct task_child *c) {
    VEC(char *) argv = {0};
    const char *command = sheet_text(c->spec, "command"), *word;
    for (size_t i = 0; (word = sheet_nth(c->spec, "argv", i)); i++) vec_push(&argv, mem_text(word));
    if (!argv.count) {
        vec_push(&argv, mem_text("/bin/sh"));
        vec_push(&argv, mem_text("-c"));
        vec_push(&argv, mem_text(command));
        command = "/bin/sh";
    }
    vec_push(&argv, (char *)NULL);
    execvp(command, argv.at);
    struct err *failed = err_errno(errno, "run '%s'", command);
    VEC_EACH (each, &argv) free(*each);
    vec_done(&argv);
    return failed;
}

static struct err *task_become(struct task_child *c) {
    if (setsid() < 0) return err_errno(errno, "make the task's session");
    TRY(groups_enter(c));
    TRY(task_view_enter(&c->view));
    TRY(volumes_bind(c));
    struct err *no_proc = task_view_proc();
    if (no_proc) { // containers hide parts of /proc, and then a user may not mount another: the task sees the host's
        fprintf(stderr, "%s\n", err_text(no_proc));
        err_free(no_proc);
    }
    if (chdir(c->view.sandbox)) return err_errno(errno, "enter the sandbox %s", c->view.sandbox);
    environment_make(c);
    TRY(streams_set(c));
    TRY(open_files_set(c));
    signals_reset();
    // What the operator did not allow to run as root cannot become root by a set-user-id program either.
    if (!sheet_flag(c->spec, "allow_root") && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return err_errno(errno, "give up new privileges");
    if (!task_user_become(&c->user)) return err_errno(errno, "become user %u", c->user.uid);
    return command_exec(c);
}

void task_child_run(struct task_child *c) {
    struct err *failed = task_become(c);
    AUTO_SHEET struct sheet words = {0};
    sheet_add_err(&words, failed);
    size_t size = 0;
    char *bytes = sheet_write(&words, &size);
    _exit(write(c->report, bytes, size) < 0 ? 126 : 127);
}
