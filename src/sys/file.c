// SPDX-License-Identifier: Apache-2.0
// Files that are whole and durable or not there, and trees that go without leaving their mount.
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

enum { LOCK_STEP_MS = 5 };

void fd_auto_close(int *fd) {
    if (*fd >= 0) close(*fd);
}

int fd_take(int *fd) {
    int taken = *fd;
    *fd = -1;
    return taken;
}

struct err *file_read(const char *path, size_t limit, struct text *ret_text) {
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return err_errno(errno, "open '%s'", path);
    size_t before = ret_text->size;
    for (;;) {
        size_t left = limit - (ret_text->size - before);
        size_t want = left < 65536 ? left + 1 : 65536; // one more than allowed, to see that there is more
        ssize_t n = read(fd, text_room(ret_text, want), want);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) return NULL;
        if (n < 0 || (size_t)n > left) {
            struct err *failed = n < 0 ? err_errno(errno, "read '%s'", path)
                                       : err_new(ERR_TOO_LARGE, "'%s' is larger than %zu bytes", path, limit);
            ret_text->size = before;
            if (ret_text->data) ret_text->data[before] = 0;
            return failed;
        }
        text_added(ret_text, (size_t)n);
    }
}

static struct err *write_all(int fd, const char *path, const void *bytes, size_t size) {
    for (const char *at = bytes; size;) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return err_errno(errno, "write '%s'", path);
        at += n;
        size -= (size_t)n;
    }
    return NULL;
}

static struct err *file_write_new(const char *path, const void *bytes, size_t size, mode_t mode) {
    AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd < 0) return err_errno(errno, "create '%s'", path);
    if (fchmod(fd, mode) != 0) return err_errno(errno, "set mode %04o of '%s'", (unsigned)mode, path);
    TRY(write_all(fd, path, bytes, size));
    if (fsync(fd) != 0) return err_errno(errno, "sync '%s'", path);
    return NULL;
}

static char *path_parent(const char *path) {
    const char *slash = strrchr(path, '/');
    if (!slash) return mem_text(".");
    return slash == path ? mem_text("/") : mem_format("%.*s", (int)(slash - path), path);
}

struct err *file_write(const char *path, const void *bytes, size_t size, mode_t mode) {
    AUTO_FREE char *next = mem_format("%s.new", path); // a fixed name: what a crash left is written over
    AUTO_FREE char *parent = path_parent(path);
    struct err *failed = file_write_new(next, bytes, size, mode);
    if (!failed && rename(next, path) != 0) failed = err_errno(errno, "rename '%s' to '%s'", next, path);
    if (failed) {
        (void)unlink(next); // what was tried has failed already; that is the error to tell
        return failed;
    }
    return directory_sync(parent);
}

static struct err *directory_make_one(const char *path, mode_t mode) {
    if (mkdir(path, mode) == 0) { // and durable, as what is written into it will be
        AUTO_FREE char *parent = path_parent(path);
        return directory_sync(parent);
    }
    int number = errno;
    struct stat found;
    if (stat(path, &found) == 0) {
        if (S_ISDIR(found.st_mode)) return NULL;
        return err_new(ERR_CONFLICT, "make directory '%s': it exists and is not a directory", path);
    }
    return err_errno(number, "make directory '%s'", path);
}

struct err *directory_make(const char *path, mode_t mode) {
    AUTO_FREE char *part = mem_text(path);
    for (char *slash = strchr(part + 1, '/'); *part && slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        TRY(directory_make_one(part, mode));
        *slash = '/';
    }
    return directory_make_one(part, mode);
}

struct err *directory_sync(const char *path) {
    AUTO_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return err_errno(errno, "open directory '%s'", path);
    if (fsync(fd) != 0) return err_errno(errno, "sync directory '%s'", path);
    return NULL;
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

struct err *file_look(const char *path, bool *ret_there) {
    struct stat found;
    int failed = lstat(path, &found);
    if (failed && errno != ENOENT) return err_errno(errno, "look at '%s'", path);
    *ret_there = !failed;
    return NULL;
}

struct err *file_lock(const char *path, int64_t ms, int *ret_fd) {
    AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return err_errno(errno, "open the lock %s", path);
    // Of the open file, not of the process: a second opening in this process is refused too.
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (int64_t waited = 0; fcntl(fd, F_OFD_SETLK, &whole); waited += LOCK_STEP_MS) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) return err_errno(errno, "lock %s", path);
        if (waited >= ms)
            return err_new(ERR_TIMEOUT, "%s is locked by another process for %lld ms", path, (long long)ms);
        nanosleep(&(struct timespec){.tv_nsec = LOCK_STEP_MS * 1000000L}, NULL);
    }
    *ret_fd = fd_take(&fd);
    return NULL;
}

void entropy_fill(void *bytes, size_t size) {
    for (char *at = bytes; size;) {
        ssize_t n = getrandom(at, size, 0);
        must(n > 0 || errno == EINTR); // there is no kernel without it
        if (n < 0) continue;
        at += n;
        size -= (size_t)n;
    }
}

// ---- overwriting ----

bool file_zero(int fd, uint64_t from, uint64_t to) {
    enum { STEP = 1 << 20 };
    AUTO_FREE char *zeros = mem_zero(1, STEP);
    for (uint64_t at = from; at < to;) {
        ssize_t n = pwrite(fd, zeros, to - at < STEP ? (size_t)(to - at) : STEP, (off_t)at);
        if (n < 0 && errno != EINTR) return false;
        if (n > 0) at += (uint64_t)n;
    }
    return true;
}

struct err *file_overwrite(int fd, const char *shown) {
    for (off_t at = 0, hole;; at = hole) {
        off_t data = lseek(fd, at, SEEK_DATA);
        if (data < 0 && errno == ENXIO) break;
        hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
        if (hole < 0) return err_errno(errno, "read the extents of '%s'", shown);
        if (!file_zero(fd, (uint64_t)data, (uint64_t)hole)) return err_errno(errno, "overwrite '%s'", shown);
    }
    return fsync(fd) == 0 ? NULL : err_errno(errno, "sync '%s'", shown);
}

// ---- removing ----

// A removal under way. A tree deeper than DEPTH_MAX is cut: the rest is renamed into the top directory and removed from
// there, so that neither descriptors nor stack grow with what a stranger built.
enum { DEPTH_MAX = 32 };
struct removal {
    int top;
    bool wipe;          // overwrite files first
    unsigned moved;     // names handed out
    bool again;         // the top has new entries
    struct err *failed; // the first that could not be removed
    unsigned others;    // how many more
};

static void removal_note(struct removal *r, struct err *failed) {
    if (!r->failed) {
        r->failed = failed;
        return;
    }
    r->others++;
    err_free(failed);
}

// Opens `name` in `at` with these flags, if it is not a link and lies on the same mount.
static struct err *child_open(int at, const char *name, int flags, const char *shown, int *ret_fd) {
    AUTO_FD int fd = openat(at, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return err_errno(errno, "open '%s'", shown);
    struct statx here, above;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &here) != 0) return err_errno(errno, "look at '%s'", shown);
    if (statx(at, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &above) != 0) {
        return err_errno(errno, "look at the directory of '%s'", shown);
    }
    bool other_device = here.stx_dev_major != above.stx_dev_major || here.stx_dev_minor != above.stx_dev_minor;
    if (other_device || (here.stx_attributes & STATX_ATTR_MOUNT_ROOT)) {
        return err_new(ERR_CONFLICT, "'%s' is a mount point: unmount it first", shown);
    }
    *ret_fd = fd_take(&fd);
    return NULL;
}

// What was found denies its owner something: we need all of it. It is opened first, so that no link is followed. Whether that
// worked, what follows will say.
static void child_permit(int at, const char *name, const struct stat *found, const char *shown) {
    AUTO_FD int fd = -1;
    char self[32];
    if ((found->st_mode & S_IRWXU) == S_IRWXU) return;
    AUTO_ERR struct err *failed = child_open(at, name, O_PATH, shown, &fd);
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    if (!failed) (void)chmod(self, S_IRWXU);
}

static void directory_empty(struct removal *r, int given_fd, const char *shown, unsigned depth);

static void directory_remove(struct removal *r, int at, const char *name, const char *shown, unsigned depth) {
    if (depth == DEPTH_MAX) {
        char hoisted[48];
        do {
            snprintf(hoisted, sizeof hoisted, ".removing-%u", r->moved++);
        } while (faccessat(r->top, hoisted, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
        if (renameat(at, name, r->top, hoisted) == 0)
            r->again = true;
        else
            removal_note(r, err_errno(errno, "move '%s'", shown));
        return;
    }
    int fd = -1;
    struct err *failed = child_open(at, name, O_RDONLY | O_DIRECTORY, shown, &fd);
    if (failed) {
        removal_note(r, failed);
        return;
    }
    unsigned before = r->others + (r->failed ? 1 : 0);
    directory_empty(r, fd, shown, depth + 1);
    if (unlinkat(at, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return;
    if (before == r->others + (r->failed ? 1 : 0)) removal_note(r, err_errno(errno, "remove directory '%s'", shown));
}

// What is no file holds nothing to overwrite, and is not opened: a device would be written through its node.
static struct err *entry_overwrite(int at, const char *name, const char *shown) {
    struct stat found;
    AUTO_FD int fd = -1;
    if (fstatat(at, name, &found, AT_SYMLINK_NOFOLLOW) != 0) return err_errno(errno, "look at '%s'", shown);
    if (!S_ISREG(found.st_mode)) return NULL;
    if (!(found.st_mode & S_IWUSR)) child_permit(at, name, &found, shown);
    TRY(child_open(at, name, O_WRONLY, shown, &fd));
    return file_overwrite(fd, shown);
}

static void entry_remove(struct removal *r, int at, const char *name, const char *shown, unsigned depth) {
    struct err *kept = r->wipe ? entry_overwrite(at, name, shown) : NULL;
    if (kept) {
        removal_note(r, kept);
        return;
    }
    if (unlinkat(at, name, 0) == 0 || errno == ENOENT) return;
    int number = errno;
    struct stat found;
    if (fstatat(at, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode)) {
        child_permit(at, name, &found, shown);
        directory_remove(r, at, name, shown, depth);
        return;
    }
    removal_note(r, err_errno(number, "remove '%s'", shown));
}

static void directory_empty(struct removal *r, int given_fd, const char *shown, unsigned depth) {
    DIR *dir = fdopendir(given_fd);
    if (!dir) {
        removal_note(r, err_errno(errno, "read directory '%s'", shown));
        close(given_fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..")) continue;
        AUTO_FREE char *child = mem_format("%s/%s", shown, entry->d_name);
        entry_remove(r, dirfd(dir), entry->d_name, child, depth);
    }
    closedir(dir);
}

static struct err *removal_run(struct removal *r, const char *path) {
    do {
        r->again = false;
        int fd = openat(r->top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); // a reading position of its own
        if (fd < 0) return err_errno(errno, "open '%s'", path);
        directory_empty(r, fd, path, 0);
    } while (r->again && !r->failed);
    if (!r->failed) return rmdir(path) == 0 ? NULL : err_errno(errno, "remove directory '%s'", path);
    return r->others ? err_wrap(r->failed, "remove '%s' (and %u more could not be removed)", path, r->others)
                     : err_wrap(r->failed, "remove '%s'", path);
}

static struct err *tree_end(const char *path, bool wipe) {
    struct stat found;
    if (lstat(path, &found) != 0) return errno == ENOENT ? NULL : err_errno(errno, "look at '%s'", path);
    AUTO_FREE char *parent = path_parent(path);
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    if (!*name || text_equal(name, ".") || text_equal(name, "..")) {
        return err_new(ERR_INVALID, "remove '%s': the path must end in the name of the tree", path);
    }
    AUTO_FD int above = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (above < 0) return err_errno(errno, "open directory '%s'", parent);
    if (!S_ISDIR(found.st_mode)) {
        if (wipe) TRY(entry_overwrite(above, name, path));
        return unlinkat(above, name, 0) == 0 ? NULL : err_errno(errno, "remove '%s'", path);
    }
    AUTO_FD int top = -1;
    child_permit(above, name, &found, path);
    TRY(child_open(above, name, O_RDONLY | O_DIRECTORY, path, &top));
    struct removal r = {.top = top, .wipe = wipe};
    return removal_run(&r, path);
}

struct err *tree_remove(const char *path) {
    return tree_end(path, false);
}

struct err *tree_wipe(const char *path) {
    return tree_end(path, true);
}
