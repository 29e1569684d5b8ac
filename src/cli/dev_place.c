// SPDX-License-Identifier: Apache-2.0
// The directory of `granary dev`: taken, swept of what a killed run left there, and looked over at the end. Ends only
// processes that are on record there, each by pid, start time and boot.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/dev.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"
#include "sys/sheet.h"

#define MARKER ".granary-dev" // holds the path of the run directory
#define LOCK MARKER ".lock"   // held while it is in use; that it is there says that the directory is ours
enum { RUN_DIR_LONGEST = 60, MARKER_LARGEST = 4096, END_MS = 5000 };

VEC_TYPE(names, char *);

static void names_done(struct names *n) {
    VEC_EACH (name, n) free(*name);
    vec_done(n);
}

// The entries of a directory but "." and ".."; none when it is not there.
static void names_read(const char *path, struct names *ret) {
    DIR *dir = opendir(path);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) vec_push(ret, mem_text(e->d_name));
    closedir(dir);
}

// ---- ending what is on record ----

// The process that a record names; whether there was one.
static bool record_end(const char *path) {
    AUTO_SHEET struct sheet s = {0};
    AUTO_ERR struct err *unread = sheet_load(path, &s);
    if (unread || strcmp(sheet_text(&s, "boot"), boot_id()) != 0) return false;
    AUTO_FD int pidfd = -1;
    AUTO_ERR struct err *gone = process_open((pid_t)sheet_u64(&s, "pid"), sheet_u64(&s, "start"), &pidfd);
    if (gone) return false;
    pidfd_signal(pidfd, SIGKILL);
    return pidfd_wait(pidfd, END_MS);
}

// Records of keepers of attachments and tasks lie in <agent>/<kind>/<number>/keeper.
static unsigned agent_keepers_end(const char *agent) {
    static const char *const kinds[] = {"tasks", "attachments"};
    unsigned ended = 0;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        AUTO_FREE char *dir = mem_format("%s/%s", agent, kinds[i]);
        struct names things = {0};
        names_read(dir, &things);
        VEC_EACH (thing, &things) {
            AUTO_FREE char *path = mem_format("%s/%s/keeper", dir, *thing);
            ended += record_end(path);
        }
        names_done(&things);
    }
    return ended;
}

// Every keeper that is registered beside a volume of this pool; then no loop device holds it any more.
static struct err *pool_keepers_end(const char *pool) {
    struct names entries = {0};
    struct err *e = NULL;
    names_read(pool, &entries);
    VEC_EACH (entry, &entries) {
        if (e || !text_ends(*entry, ".keepers")) continue;
        AUTO_FREE char *image = mem_format("%s/%.*s", pool, (int)(strlen(*entry) - strlen(".keepers")), *entry);
        if (file_exists(image)) e = keeper_fence(image, 0, END_MS, NULL);
    }
    names_done(&entries);
    return e;
}

struct err *dev_keepers_end(const struct dev *d, unsigned *ret_count) {
    struct names agents = {0}, providers = {0};
    AUTO_FREE char *agents_dir = dev_path(d, "agents"), *pools_dir = dev_path(d, "pools");
    *ret_count = 0;
    names_read(agents_dir, &agents);
    VEC_EACH (agent, &agents) {
        AUTO_FREE char *path = mem_format("%s/%s", agents_dir, *agent);
        *ret_count += agent_keepers_end(path);
    }
    struct err *e = NULL;
    names_read(pools_dir, &providers);
    VEC_EACH (provider, &providers) {
        static const char *const pools[] = {"fast", "slow"};
        for (size_t i = 0; i < ARRAY_LEN(pools) && !e; i++) {
            AUTO_FREE char *pool = mem_format("%s/%s/%s", pools_dir, *provider, pools[i]);
            e = pool_keepers_end(pool);
        }
    }
    names_done(&agents);
    names_done(&providers);
    return e;
}

// ---- sweeping ----

static unsigned processes_end(const struct dev *d) {
    unsigned ended = 0;
    struct names names = {0};
    AUTO_FREE char *dir = dev_path(d, "processes");
    names_read(dir, &names);
    VEC_EACH (name, &names) {
        AUTO_FREE char *path = mem_format("%s/%s", dir, *name);
        ended += record_end(path);
    }
    names_done(&names);
    return ended;
}

static struct err *files_remove(const struct dev *d) {
    static const char *const ours[] = {"master", "agents", "providers", "pools", "processes", "classes", "logs"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        AUTO_FREE char *path = dev_path(d, "%s", ours[i]);
        if (file_exists(path)) TRY(err_wrap(tree_remove(path), "sweep %s", d->directory));
    }
    struct names names = {0};
    names_read(d->directory, &names);
    VEC_EACH (name, &names) {
        bool config =
            text_ends(*name, ".yaml") && (text_starts(*name, "agent-n") || text_starts(*name, "provider-files-") ||
                                          text_equal(*name, "master.yaml"));
        AUTO_FREE char *path = dev_path(d, "%s", *name);
        if (config) unlink(path);
    }
    names_done(&names);
    return NULL;
}

// Of this run or of the one before: sockets only, in a directory that mkdtemp made for us.
static struct err *run_dir_remove(const struct dev *d) {
    AUTO_TEXT struct text path = {0};
    AUTO_FREE char *marker = dev_path(d, MARKER);
    AUTO_ERR struct err *unread = file_read(marker, MARKER_LARGEST, &path);
    if (unread || !text_starts(text_string(&path), "/tmp/granary-") || strstr(text_string(&path), "..")) return NULL;
    return file_exists(path.data) ? tree_remove(path.data) : NULL;
}

struct err *dev_place_sweep(struct dev *d) {
    unsigned processes = processes_end(d), keepers;
    TRY(err_wrap(dev_keepers_end(d, &keepers), "sweep %s", d->directory));
    TRY(run_dir_remove(d));
    TRY(files_remove(d));
    if (processes + keepers)
        dev_say(d, "Swept what an earlier run left here: %u processes, %u keepers of volumes and tasks.", processes,
                keepers);
    return NULL;
}

// ---- taking the directory ----

static struct err *emptiness_check(const struct dev *d) {
    AUTO_FREE char *lock = dev_path(d, LOCK);
    if (file_exists(lock)) return NULL;
    struct names names = {0};
    names_read(d->directory, &names);
    struct err *e =
        names.count
            ? err_new(ERR_CONFLICT, "directory %s holds '%s', which is not ours; name an empty one with --directory",
                      d->directory, names.at[0])
            : NULL;
    names_done(&names);
    return e;
}

static struct err *directory_take(struct dev *d) {
    const char *asked = settings_text(d->settings, "directory");
    TRY(err_wrap(directory_make(asked, 0755), "--directory"));
    d->directory = realpath(asked, NULL);
    if (!d->directory) return err_errno(errno, "--directory %s", asked);
    if (strpbrk(d->directory, "\"\\\n"))
        return err_new(ERR_INVALID, "directory %s: quotes, backslashes and line feeds cannot be in its path",
                       d->directory);
    TRY(emptiness_check(d));
    AUTO_FREE char *lock = dev_path(d, LOCK);
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    d->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (d->lock < 0) return err_errno(errno, "open %s", lock);
    if (fcntl(d->lock, F_OFD_SETLK, &whole) == 0) return NULL;
    if (errno != EAGAIN && errno != EACCES) return err_errno(errno, "lock %s", lock);
    return err_new(ERR_CONFLICT, "another 'granary dev' uses %s; stop it, or name another --directory", d->directory);
}

// Paths of sockets are short by nature: where the directory's is long, they go below /tmp.
static struct err *run_dir_make(struct dev *d) {
    AUTO_FREE char *marker = dev_path(d, MARKER);
    if (strlen(d->directory) + strlen("/run") <= RUN_DIR_LONGEST) {
        d->run_dir = dev_path(d, "agents/run");
    } else {
        char path[] = "/tmp/granary-XXXXXX";
        if (!mkdtemp(path)) return err_errno(errno, "make a directory for sockets in /tmp");
        d->run_dir = mem_text(path);
    }
    return file_write(marker, d->run_dir, strlen(d->run_dir), 0644);
}

struct err *dev_place_open(struct dev *d) {
    TRY(directory_take(d));
    TRY(dev_place_sweep(d));
    return run_dir_make(d);
}

void dev_place_close(struct dev *d, bool keep_files) {
    if (d->lock >= 0 && d->run_dir && !keep_files) {
        AUTO_ERR struct err *run_dir = run_dir_remove(d);
        AUTO_ERR struct err *files = files_remove(d);
        AUTO_FREE char *marker = dev_path(d, MARKER), *lock = dev_path(d, LOCK);
        if (!run_dir && !files && unlink(marker) == 0 && unlink(lock) == 0) rmdir(d->directory);
        if (files) fprintf(stderr, "granary dev: %s\n", err_text(files));
    }
    if (d->lock >= 0) close(d->lock);
    d->lock = -1;
    free(d->directory);
    free(d->run_dir);
}

// ---- what is left, what is lacking ----

static void loops_look(const struct dev *d, struct text *out) {
    struct names devices = {0};
    names_read("/sys/block", &devices);
    VEC_EACH (name, &devices) {
        if (!text_starts(*name, "loop")) continue;
        AUTO_FREE char *path = mem_format("/sys/block/%s/loop/backing_file", *name);
        AUTO_TEXT struct text file = {0};
        AUTO_ERR struct err *none = file_read(path, MARKER_LARGEST, &file);
        if (!none && text_starts(text_string(&file), d->directory))
            text_addf(out, "/dev/%s still holds %s", *name, file.data);
    }
    names_done(&devices);
}

void dev_place_leftovers(const struct dev *d, struct text *out) {
    AUTO_TEXT struct text mounts = {0};
    loops_look(d, out);
    AUTO_ERR struct err *unread = file_read("/proc/self/mountinfo", 16 << 20, &mounts);
    AUTO_FREE char *below = mem_format(" %s/", d->directory);
    if (!unread && strstr(text_string(&mounts), below))
        text_addf(out, "something is still mounted below %s\n", d->directory);
}

static bool takes_direct_io(const struct dev *d) {
    AUTO_FREE char *path = dev_path(d, "pools/direct-io");
    int fd = open(path, O_CREAT | O_WRONLY | O_DIRECT | O_CLOEXEC, 0600);
    if (fd >= 0) close(fd);
    unlink(path);
    return fd >= 0;
}

void dev_place_fallbacks(struct dev *d) {
    AUTO_ERR struct err *no_loop = geteuid() == 0 ? loopdev_check() : NULL;
    d->directories = geteuid() != 0 || no_loop;
    if (geteuid() != 0)
        dev_say(d,
                "Without root: volumes are directories, mounted in user namespaces, and their size is not enforced.");
    else if (no_loop)
        dev_say(d, "Without loop devices (%s): volumes are directories, and their size is not enforced.",
                err_text(no_loop));
    else if (!takes_direct_io(d))
        dev_say(d, "%s takes no direct I/O: volumes are buffered.", d->directory);
}
