// SPDX-License-Identifier: Apache-2.0
// The birth of a keeper. The process that the agent starts stays in the host's namespaces, makes the keeper as pid 1 of
// new ones, records it where it can be found and fenced, lets it go, and ends: nothing is touched before it is on
// record.
#include "host/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "host/device_kinds.h"
#include "host/keeper_frame.h"
#include "host/volume_file.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"
#include "sys/process.h"

static struct err *spec_read(struct keeper *k) {
    AUTO_FREE char *bytes = mem_zero(1, SHEET_LARGEST);
    ssize_t n = pread(3, bytes, SHEET_LARGEST, 0);
    close(3);
    if (n < 0) return err_errno(errno, "read the keeper's spec from descriptor 3");
    TRY(sheet_parse(bytes, (size_t)n, &k->spec));
    k->dir = sheet_get(&k->spec, "dir");
    // Whoever started us waits for us: without it nobody would know of the keeper while it is made.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if ((uint64_t)getppid() != sheet_u64(&k->spec, "parent"))
        return err_new(ERR_UNAVAILABLE, "the agent is gone already");
    if (!k->dir || !sheet_get(&k->spec, "socket"))
        return err_new(ERR_INVALID, "the keeper's spec names no directory or socket");
    return NULL;
}

// Two keepers of one thing must never be.
static struct err *keeper_alone(const struct keeper *k) {
    AUTO_FREE char *path = keeper_path(k, "keeper");
    AUTO_SHEET struct sheet s = {0};
    bool over = false;
    TRY(sheet_load_if_there(path, &s));
    TRY(boot_over(sheet_text(&s, "boot"), &over));
    if (over || !sheet_get(&s, "pid")) return NULL;
    AUTO_FD int pidfd = -1;
    struct err *gone = process_open((pid_t)sheet_u64(&s, "pid"), sheet_u64(&s, "start"), &pidfd);
    if (!gone) return err_new(ERR_CONFLICT, "%s has a keeper already, process %s", k->dir, sheet_text(&s, "pid"));
    bool fine = err_kind(gone) == ERR_NOT_FOUND;
    if (!fine) return gone;
    err_free(gone);
    return NULL;
}

static struct err *directory_prepare(struct keeper *k) {
    TRY(directory_make(k->dir, 0711));
    TRY(keeper_alone(k));
    static const char *const old[] = {"keeper", "exit", "state"};
    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        AUTO_FREE char *path = keeper_path(k, old[i]);
        if (unlink(path) && errno != ENOENT) return err_errno(errno, "remove %s of an earlier keeper", path);
    }
    AUTO_FREE char *log = keeper_path(k, "log");
    AUTO_FD int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || dup2(fd, 2) < 0) return err_errno(errno, "open %s", log);
    AUTO_FREE char *spec = keeper_path(k, "spec");
    return sheet_save(&k->spec, spec);
}

static struct err *attachment_prepare(struct keeper *k) {
    struct uuid volume;
    if (!uuid_parse(sheet_text(&k->spec, "volume"), &volume)) return err_new(ERR_INVALID, "the spec names no volume");
    TRY(volume_epoch_take(sheet_text(&k->spec, "work_dir"), volume, sheet_u64(&k->spec, "epoch")));
    sheet_set(&k->state, "state", "publishing");
    return keeper_save(k, "state");
}

static struct err *file_say(const char *path, const char *words) {
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, words, strlen(words)) < 0) return err_errno(errno, "write '%s' to %s", words, path);
    return NULL;
}

// Without root, a user namespace in which we are ourselves and nobody else gives the right to mount.
static struct err *user_namespace_enter(void) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    if (unshare(CLONE_NEWUSER)) return err_errno(errno, "make a user namespace (this host may forbid it to users)");
    AUTO_FREE char *uids = mem_format("%u %u 1", uid, uid);
    AUTO_FREE char *gids = mem_format("%u %u 1", gid, gid);
    TRY(file_say("/proc/self/setgroups", "deny"));
    TRY(file_say("/proc/self/uid_map", uids));
    return file_say("/proc/self/gid_map", gids);
}

// In the keeper: waits for the word that it is on record, then makes its mounts its own.
static int keeper_begin(struct keeper *k, bool task, int ready) {
    signal(SIGPIPE, SIG_IGN);
    if (read(ready, &k->host_pid, sizeof k->host_pid) != sizeof k->host_pid) return 1; // our maker died: we never were
    close(ready);
    dup2(2, 1);
    // The host's unmounts still come here, so that no disk of others is held; nothing of ours goes there.
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)) {
        fprintf(stderr, "make all mounts slaves of the host's: %s\n", strerror(errno));
        return 1;
    }
    return task ? task_keeper_run(k) : volume_keeper_run(k);
}

static struct err *images_register(const struct keeper *k, bool task, struct keeper_record *r) {
    snprintf(r->what, sizeof r->what, "%s %s", task ? "task" : "attachment", sheet_text(&k->spec, "number"));
    if (!task) {
        const struct host_device_driver *driver = device_driver_find(sheet_text(&k->spec, "device"));
        r->epoch = sheet_u64(&k->spec, "epoch");
        return driver && driver->local ? keeper_register(sheet_text(&k->spec, "path"), r) : NULL;
    }
    const char *image = NULL;
    for (size_t i = 0; (image = sheet_nth(&k->spec, "volume_image", i)); i++) {
        uint64_t epoch = 0;
        if (!*image) continue;
        if (!text_to_u64(sheet_nth(&k->spec, "volume_epoch", i), &epoch))
            return err_new(ERR_INVALID, "a volume without epoch");
        r->epoch = epoch;
        TRY(keeper_register(image, r));
    }
    return NULL;
}

static struct err *keeper_record_all(const struct keeper *k, bool task, pid_t pid) {
    struct keeper_record r = {.pid = pid};
    TRY(process_start_time(pid, &r.start));
    snprintf(r.boot, sizeof r.boot, "%s", boot_id());
    snprintf(r.agent, sizeof r.agent, "%s", sheet_text(&k->spec, "agent"));
    AUTO_SHEET struct sheet s = {0};
    sheet_add_u64(&s, "pid", (uint64_t)pid);
    sheet_add_u64(&s, "start", r.start);
    sheet_add(&s, "boot", r.boot);
    AUTO_FREE char *path = keeper_path(k, "keeper");
    TRY(sheet_save(&s, path));
    return images_register(k, task, &r);
}

static struct err *keeper_bear(struct keeper *k, bool task) {
    TRY(keeper_listen(sheet_text(&k->spec, "socket"), &k->listening));
    if (geteuid() != 0) TRY(user_namespace_enter());
    if (unshare(CLONE_NEWNS | CLONE_NEWPID)) return err_errno(errno, "make mount and pid namespaces");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC)) return err_errno(errno, "make a pipe");
    pid_t pid = fork();
    if (pid < 0) return err_errno(errno, "fork the keeper");
    if (!pid) {
        close(ends[1]);
        _exit(keeper_begin(k, task, ends[0]));
    }
    close(ends[0]);
    AUTO_FD int go = ends[1];
    struct err *failed = keeper_record_all(k, task, pid);
    if (!failed && write(go, &pid, sizeof pid) != sizeof pid) failed = err_errno(errno, "let the keeper go");
    if (!failed) return NULL;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return failed;
}

// The reason goes to the agent that waits, and to the file where the next one looks.
static int birth_failed(struct keeper *k, bool task, struct err *failed) {
    AUTO_SHEET struct sheet words = {0};
    sheet_add_err(&words, failed);
    sheet_add_err(&k->state, failed);
    // A refusal because another keeper lives must not touch that one's files.
    AUTO_FREE char *path = k->dir ? keeper_path(k, task ? "exit" : "state") : NULL;
    bool ours = k->dir && sheet_get(&k->state, "begun");
    if (ours) {
        sheet_set(&k->state, task ? "end" : "state", task ? "not_started" : "failed");
        err_free(sheet_save(&k->state, path));
        unlink(sheet_text(&k->spec, "socket"));
    }
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(&words, &size);
    ssize_t said = write(1, bytes, size);
    err_free(failed);
    return said < 0 ? 2 : 1;
}

static struct err *keeper_make(struct keeper *k, bool task) {
    TRY(spec_read(k));
    TRY(directory_prepare(k));
    sheet_set(&k->state, "begun", "1");
    if (!task) TRY(attachment_prepare(k));
    return keeper_bear(k, task);
}

// `keeper gone <device> <path> <ms> <epoch>`: is there really nobody left on this host who can write it by that epoch or an
// older one?
static struct err *all_gone(const char *device, const char *path, const char *ms_text, const char *epoch_text) {
    const struct host_device_driver *driver = device_driver_find(device);
    uint64_t ms = 0, epoch = 0;
    if (!driver || !text_to_u64(ms_text, &ms) || !text_to_u64(epoch_text, &epoch))
        return err_new(ERR_INVALID, "no device kind, no time or no epoch given");
    return driver->local ? keeper_gone(path, epoch, (int64_t)ms, NULL) : block_wait_free(path, (int64_t)ms);
}

static int gone_main(char **words) {
    struct err *failed = all_gone(words[0], words[1], words[2], words[3]);
    if (!failed) return 0;
    struct keeper none = {0};
    return birth_failed(&none, false, failed);
}

// `keeper remove <directory>`: an ended task's sandbox, which may be large. Links are not followed, mounts not crossed.
static int remove_main(const char *dir) {
    AUTO_FREE char *sandbox = mem_format("%s/sandbox", dir);
    struct err *failed = file_exists(sandbox) ? tree_remove(sandbox) : NULL;
    if (!failed && rmdir(dir) && errno != ENOENT) failed = err_errno(errno, "remove %s", dir);
    struct keeper none = {0};
    return failed ? birth_failed(&none, true, failed) : 0;
}

int keeper_main(int argc, char **argv) {
    umask(022);
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
           1); // where mkfs is, whoever started us
    if (argc == 6 && text_equal(argv[1], "gone")) return gone_main(argv + 2);
    if (argc == 3 && text_equal(argv[1], "remove")) return remove_main(argv[2]);
    bool task = argc == 2 && text_equal(argv[1], "task");
    if (!task && !(argc == 2 && text_equal(argv[1], "attachment"))) {
        fprintf(stderr, "keepers are started by the agent, not by hand\n");
        return 2;
    }
    if (chdir("/")) return 2;
    struct keeper k = {.listening = -1};
    struct err *failed = keeper_make(&k, task);
    int code = failed ? birth_failed(&k, task, failed) : 0;
    sheet_done(&k.spec);
    sheet_done(&k.state);
    // Children would be born into the keeper's pid namespace now: nothing may start a helper on the way out.
    _exit(code);
}
