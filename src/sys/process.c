// SPDX-License-Identifier: Apache-2.0
// Child processes by posix_spawn, which is cheap in a large process and safe beside threads, and pidfds for all
// waiting.
#include "sys/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/clock.h"
#include "sys/file.h"

extern char **environ;
enum { OUTPUT_MOST = 64 * 1024 };

// Descriptors are first copied above all of them, so that none is overwritten before it was copied to its place.
static int file_actions_fill(posix_spawn_file_actions_t *actions, const struct process_spec *spec) {
    const int from[] = {spec->in, spec->out, spec->err, spec->extra};
    int failed = 0, above = 4;
    for (int i = 0; i < 4; i++) above = from[i] < above ? above : from[i] + 1;
    for (int i = 0; i < 4 && !failed; i++) {
        if (from[i]) failed = posix_spawn_file_actions_adddup2(actions, from[i], above + i);
    }
    for (int i = 0; i < 4 && !failed; i++) {
        if (from[i]) {
            failed = posix_spawn_file_actions_adddup2(actions, above + i, i);
        } else if (i < 3) {
            failed = posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDWR, 0);
        }
    }
    return failed ? failed : posix_spawn_file_actions_addclosefrom_np(actions, spec->extra ? 4 : 3);
}

static int attributes_fill(posix_spawnattr_t *attributes, bool session) {
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(attributes, &none);
    posix_spawnattr_setsigdefault(attributes, &all);
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | (session ? POSIX_SPAWN_SETSID : 0);
    return posix_spawnattr_setflags(attributes, (short)flags);
}

struct err *process_start(const struct process_spec *spec, struct process *ret_process) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    must(!posix_spawn_file_actions_init(&actions) && !posix_spawnattr_init(&attributes));
    pid_t pid = 0;
    int failed = file_actions_fill(&actions, spec);
    if (!failed) failed = attributes_fill(&attributes, spec->session);
    char *const *argv = (char *const *)(uintptr_t)spec->argv;
    char *const *env = spec->env ? (char *const *)(uintptr_t)spec->env : environ;
    if (!failed) failed = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, env);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (failed) return err_errno(failed, "start '%s'", spec->argv[0]);
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        int number = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return err_errno(number, "start '%s': open its pidfd", spec->argv[0]);
    }
    *ret_process = (struct process){.pid = pid, .pidfd = pidfd};
    return NULL;
}

static void process_forget(struct process *p) {
    close(p->pidfd);
    *p = (struct process){0};
}

struct err *process_wait(struct process *p, int64_t ms, int *ret_status) {
    if (!pidfd_wait(p->pidfd, ms))
        return err_new(ERR_TIMEOUT, "process %d did not end in %lld ms", p->pid, (long long)ms);
    int status = 0;
    pid_t got = 0;
    while ((got = waitpid(p->pid, &status, 0)) < 0 && errno == EINTR) {
    }
    if (got < 0) return err_errno(errno, "wait for process %d", p->pid);
    process_forget(p);
    *ret_status = status;
    return NULL;
}

void process_kill(struct process *p) {
    if (!p->pid) return;
    pidfd_signal(p->pidfd, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    process_forget(p);
}

// Reads what the helper says until it closes its outputs or the deadline has come; past the limit it is read and
// dropped.
static void output_read(int fd, int64_t deadline, struct text *ret_output) {
    char piece[4096];
    for (;;) {
        int64_t left = deadline - clock_mono_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) <= 0) return;
        ssize_t n = read(fd, piece, sizeof piece);
        if (n <= 0) return;
        size_t room = ret_output->size < OUTPUT_MOST ? OUTPUT_MOST - ret_output->size : 0;
        text_add_n(ret_output, piece, (size_t)n < room ? (size_t)n : room);
    }
}

static struct err *helper_judge(const char *name, int status, const struct text *output, int *ret_code) {
    if (WIFSIGNALED(status)) return err_new(ERR_IO, "%s was ended by signal %d", name, WTERMSIG(status));
    int code = WEXITSTATUS(status);
    if (ret_code) *ret_code = code;
    if (!code) return NULL;
    AUTO_FREE char *words = mem_text(text_string(output));
    size_t length = strlen(words);
    while (length && (words[length - 1] == '\n' || words[length - 1] == ' ')) words[--length] = 0;
    const char *last = length > 400 ? words + length - 400 : words;
    return err_new(ERR_IO, "%s exited with %d: %s", name, code, length ? last : "it said nothing");
}

struct err *process_run(const char *const *argv, int extra, int64_t ms, struct text *ret_output, int *ret_code) {
    int64_t deadline = clock_mono_ms() + ms;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return err_errno(errno, "make a pipe for '%s'", argv[0]);
    AUTO_FD int out = ends[0];
    AUTO_CHILD struct process p = {0};
    struct process_spec spec = {.argv = argv, .out = ends[1], .err = ends[1], .extra = extra};
    struct err *failed = process_start(&spec, &p);
    close(ends[1]);
    if (failed) return failed;
    AUTO_TEXT struct text output = {0};
    output_read(out, deadline, &output);
    int status = 0;
    int64_t left = deadline - clock_mono_ms();
    failed = process_wait(&p, left > 0 ? left : 0, &status);
    if (failed) {
        err_free(failed);
        return err_new(ERR_TIMEOUT, "%s did not end within %lld ms and was killed", argv[0], (long long)ms);
    }
    if (ret_output) text_add_n(ret_output, text_string(&output), output.size);
    return helper_judge(argv[0], status, &output, ret_code);
}

struct err *process_start_time(pid_t pid, uint64_t *ret_ticks) {
    char path[40], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof line - 1);
    if (n < 0 && (errno == ENOENT || errno == ESRCH)) return err_new(ERR_NOT_FOUND, "there is no process %d", pid);
    if (n < 0) return err_errno(errno, "look at process %d in %s", pid, path);
    line[n] = 0;
    // The name, field 2, is in parentheses and may hold anything: count from the last of them.
    const char *at = strrchr(line, ')');
    if (at && (at[2] == 'Z' || at[2] == 'X')) return err_new(ERR_NOT_FOUND, "process %d has ended", pid);
    for (int field = 2; at && field < 22; field++) at = strchr(at + 1, ' ');
    char *end = NULL;
    uint64_t ticks = at ? strtoull(at + 1, &end, 10) : 0;
    if (!at || end == at + 1) return err_new(ERR_CORRUPT, "%s has no field 22", path);
    *ret_ticks = ticks;
    return NULL;
}

struct err *process_open(pid_t pid, uint64_t start, int *ret_pidfd) {
    AUTO_FD int fd = pidfd_open(pid, 0);
    if (fd < 0 && errno == ESRCH) return err_new(ERR_NOT_FOUND, "there is no process %d", pid);
    if (fd < 0) return err_errno(errno, "open a pidfd of process %d", pid);
    // Read after the pidfd was opened: if it matches now, the pidfd is of that process.
    uint64_t now = 0;
    TRY(process_start_time(pid, &now));
    if (now != start || pidfd_ended(fd)) return err_new(ERR_NOT_FOUND, "process %d is gone", pid);
    *ret_pidfd = fd_take(&fd);
    return NULL;
}

bool pidfd_ended(int pidfd) {
    return pidfd_wait(pidfd, 0);
}

void pidfd_signal(int pidfd, int signal) {
    (void)pidfd_send_signal(pidfd, signal, NULL, 0);
}

bool pidfd_wait(int pidfd, int64_t ms) {
    int64_t deadline = clock_mono_ms() + ms;
    for (;;) {
        struct pollfd p = {.fd = pidfd, .events = POLLIN};
        int64_t left = ms < 0 ? -1 : deadline - clock_mono_ms();
        int n = poll(&p, 1, ms < 0 ? -1 : left > 0 ? (int)left : 0);
        if (n > 0) return true;
        if (n == 0) return false;
        if (errno != EINTR) return false;
    }
}

uint64_t pid_namespace(void) {
    struct stat s;
    return stat("/proc/self/ns/pid", &s) ? 0 : s.st_ino;
}

const char *boot_id(void) {
    static char id[40];
    if (*id) return id;
    AUTO_FD int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? 0 : read(fd, id, sizeof id - 1);
    id[n > 0 ? n : 0] = 0;
    id[strcspn(id, "\n")] = 0;
    return id;
}

struct err *boot_over(const char *boot, bool *ret_over) {
    const char *now = boot_id();
    if (!*now) return err_new(ERR_IO, "which boot this is cannot be read from /proc/sys/kernel/random/boot_id");
    *ret_over = *boot && strcmp(boot, now) != 0;
    return NULL;
}
