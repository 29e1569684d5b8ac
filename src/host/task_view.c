// SPDX-License-Identifier: Apache-2.0
// Puts volumes in place inside a task's private mount namespace.
#include "host/task_view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/path.h"
#include "base/text.h"
#include "sys/file.h"

struct err *task_view_enter(struct task_view *v) {
    v->layer_count = v->volume_count = 0;
    if (unshare(CLONE_NEWNS)) return err_errno(errno, "make the task's mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL)) return err_errno(errno, "make the task's mounts slaves");
    return NULL;
}

struct err *task_view_proc(void) {
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
        return err_errno(errno, "mount the task's /proc");
    return NULL;
}

static bool is_layer(const struct task_view *v, int fd) {
    struct stat s;
    if (fstat(fd, &s)) return false;
    for (size_t i = 0; i < v->layer_count; i++) {
        if (v->layers[i] == s.st_dev) return true;
    }
    return false;
}

static uint64_t mount_id(int fd) {
    struct statx s;
    return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &s) || !(s.stx_mask & STATX_MNT_ID) ? 0 : s.stx_mnt_id;
}

// A directory made inside a volume would stay in it, and a layer over it would hide it.
static struct err *volume_spare(const struct task_view *v, int fd, const char *path) {
    uint64_t id = mount_id(fd);
    for (size_t i = 0; i < v->volume_count; i++) {
        if (v->volumes[i] == id) return err_new(ERR_INVALID, "container path '%s' lies inside another volume", path);
    }
    return NULL;
}

// One entry of the replaced directory: links are copied, all else is bound, with what is mounted below it.
static struct err *entry_show(int from, int to, const char *name) {
    struct stat s;
    if (fstatat(from, name, &s, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT ? NULL : err_errno(errno, "look at '%s'", name);
    if (S_ISLNK(s.st_mode)) {
        char target[PATH_MAX];
        ssize_t n = readlinkat(from, name, target, sizeof target - 1);
        if (n < 0) return err_errno(errno, "read link '%s'", name);
        target[n] = 0;
        return symlinkat(target, to, name) ? err_errno(errno, "copy link '%s'", name) : NULL;
    }
    AUTO_FD int tree = open_tree(from, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW);
    if (tree < 0) return err_errno(errno, "clone '%s'", name);
    if (S_ISDIR(s.st_mode) ? mkdirat(to, name, 0755) : mknodat(to, name, S_IFREG | 0600, 0))
        return err_errno(errno, "make a place for '%s'", name);
    if (move_mount(tree, "", to, name, MOVE_MOUNT_F_EMPTY_PATH)) return err_errno(errno, "show '%s'", name);
    return NULL;
}

static struct err *entries_show(int from, int to) {
    int again = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = again < 0 ? NULL : fdopendir(again);
    if (!dir) return err_errno(errno, "list it");
    struct err *failed = NULL;
    size_t count = 0;
    for (struct dirent *e; !failed && (e = readdir(dir));) {
        if (text_equal(e->d_name, ".") || text_equal(e->d_name, "..")) continue;
        if (++count > VIEW_ENTRIES_MOST)
            failed = err_new(ERR_UNSUPPORTED,
                             "it has more than %d entries: make the mount point on the host, or choose another",
                             VIEW_ENTRIES_MOST);
        else
            failed = entry_show(from, to, e->d_name);
    }
    closedir(dir);
    return failed;
}

// The view's root cannot be mounted over: it is exchanged, and the old one let go.
static struct err *root_exchange(const char *stage) {
    if (chdir(stage) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) || chdir("/"))
        return err_errno(errno, "exchange the view's root");
    return NULL;
}

// Replaces `path`, an existing directory, by a tmpfs with the same entries, owner and mode.
static struct err *layer_make(struct task_view *v, const char *path) {
    if (v->layer_count == VIEW_LAYERS_MOST)
        return err_new(ERR_UNSUPPORTED, "more than %d places need new directories", VIEW_LAYERS_MOST);
    AUTO_FD int from = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat s;
    if (from < 0 || fstat(from, &s)) return err_errno(errno, "open %s", path);
    if (mount("granary", v->stage, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m")) return err_errno(errno, "mount a tmpfs");
    // Unbindable while it is filled: the directory that holds the stage shows without what is put together there.
    if (mount(NULL, v->stage, NULL, MS_UNBINDABLE, NULL)) return err_errno(errno, "set aside the tmpfs");
    AUTO_FD int to = open(v->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat made;
    if (to < 0 || fstat(to, &made)) return err_errno(errno, "open the tmpfs");
    TRY(entries_show(from, to));
    if (geteuid() == 0 && fchown(to, s.st_uid, s.st_gid)) return err_errno(errno, "give the tmpfs its owner");
    if (fchmod(to, s.st_mode & 07777)) return err_errno(errno, "give the tmpfs its mode");
    if (mount(NULL, v->stage, NULL, MS_PRIVATE, NULL)) return err_errno(errno, "make the tmpfs private");
    v->layers[v->layer_count++] = made.st_dev;
    if (text_equal(path, "/")) return root_exchange(v->stage);
    if (mount(v->stage, path, NULL, MS_MOVE, NULL)) return err_errno(errno, "put the tmpfs in place");
    return NULL;
}

// Walks down from the sandbox, making what is missing and following no link. The last name becomes a file when the mount is one.
static struct err *sandbox_path_make(const struct task_view *v, const char *path, bool directory, int *ret_fd) {
    AUTO_FD int at = open(v->sandbox, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) return err_errno(errno, "open the sandbox");
    AUTO_FREE char *copy = mem_text(path);
    char *rest = copy;
    for (char *part = strsep(&rest, "/"); part;) {
        char *next = strsep(&rest, "/");
        TRY(volume_spare(v, at, path));
        bool made = next || directory ? !mkdirat(at, part, 0755) : !mknodat(at, part, S_IFREG | 0600, 0);
        if (!made && errno != EEXIST) return err_errno(errno, "make '%s' in the sandbox", part);
        if (made && geteuid() == 0 && fchownat(at, part, v->uid, v->gid, AT_SYMLINK_NOFOLLOW))
            return err_errno(errno, "give '%s' its owner", part);
        int down = openat(at, part, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (down < 0) return err_errno(errno, "open '%s' in the sandbox", part);
        close(at);
        at = down;
        part = next;
    }
    *ret_fd = fd_take(&at);
    return NULL;
}

// The longest part of the path that exists, as a directory; `ret_rest` points behind it.
static void existing_part(const char *path, char *ret_existing, const char **ret_rest) {
    snprintf(ret_existing, PATH_MAX, "%s", path);
    for (;;) {
        struct stat s;
        if (!*ret_existing || (!stat(ret_existing, &s) && S_ISDIR(s.st_mode))) break;
        char *slash = strrchr(ret_existing, '/');
        *(slash ? slash : ret_existing) = 0;
    }
    *ret_rest = path + strlen(ret_existing);
    if (!*ret_existing) snprintf(ret_existing, PATH_MAX, "/");
}

// An absolute path: there already, or made in a layer of the view.
static struct err *absolute_path_make(struct task_view *v, const char *path, bool directory, int *ret_fd) {
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0) {
        *ret_fd = fd;
        return NULL;
    }
    char existing[PATH_MAX];
    const char *rest = NULL;
    existing_part(path, existing, &rest);
    char *real = realpath(existing, NULL);
    AUTO_FREE char *place = real ? real : mem_text(existing);
    AUTO_FD int at = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (at < 0) return err_errno(errno, "open %s", place);
    TRY(volume_spare(v, at, path));
    if (!is_layer(v, at)) TRY(err_wrap(layer_make(v, place), "make a view of %s with new directories in it", place));
    AUTO_FREE char *whole = mem_format("%s%s", text_equal(place, "/") ? "" : place, rest);
    for (char *slash = whole + strlen(place); (slash = strchr(slash + 1, '/'));) {
        *slash = 0;
        bool bad = mkdir(whole, 0755) && errno != EEXIST;
        *slash = '/';
        if (bad) return err_errno(errno, "make directories of %s in the view", path);
    }
    if (directory ? mkdir(whole, 0755) && errno != EEXIST : mknod(whole, S_IFREG | 0600, 0) && errno != EEXIST)
        return err_errno(errno, "make %s in the view", path);
    *ret_fd = open(whole, O_PATH | O_CLOEXEC);
    return *ret_fd < 0 ? err_errno(errno, "open %s in the view", path) : NULL;
}

// "/a//b/./c/" becomes "/a/b/c".
static char *path_normal(const char *path) {
    struct text out = {0};
    AUTO_FREE char *copy = mem_text(path);
    for (char *part, *rest = copy; (part = strsep(&rest, "/"));) {
        if (!*part) continue;
        if (text_equal(part, ".")) continue;
        if (out.size || *path == '/') text_add_char(&out, '/');
        text_add(&out, part);
    }
    return text_take(&out);
}

struct err *container_paths_check(const char *const *paths, size_t count) {
    for (size_t i = 0; i < count; i++) {
        TRY(container_path_check(paths[i]));
        AUTO_FREE char *outer = path_normal(paths[i]);
        size_t length = strlen(outer);
        for (size_t j = 0; j < count; j++) {
            AUTO_FREE char *inner = path_normal(paths[j]);
            if (i == j || strncmp(inner, outer, length) != 0 || (inner[length] && inner[length] != '/')) continue;
            return err_new(ERR_INVALID, "container path '%s' lies inside that of another volume, '%s'", inner, outer);
        }
    }
    return NULL;
}

struct err *task_view_bind(struct task_view *v, int mount_fd, const char *container_path, bool read_only) {
    TRY(container_path_check(container_path));
    if (v->volume_count == VIEW_VOLUMES_MOST)
        return err_new(ERR_TOO_LARGE, "a task may have %d volumes", VIEW_VOLUMES_MOST);
    struct stat s;
    if (fstat(mount_fd, &s)) return err_errno(errno, "look at the volume");
    if (read_only) {
        struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
        if (mount_setattr(mount_fd, "", AT_EMPTY_PATH, &attr, sizeof attr))
            return err_errno(errno, "make the volume read-only");
    }
    AUTO_FREE char *path = path_normal(container_path);
    AUTO_FD int at = -1;
    bool directory = S_ISDIR(s.st_mode);
    TRY(*path == '/' ? absolute_path_make(v, path, directory, &at) : sandbox_path_make(v, path, directory, &at));
    struct stat target;
    if (fstat(at, &target)) return err_errno(errno, "look at %s", path);
    if (S_ISDIR(target.st_mode) != directory)
        return err_new(ERR_INVALID, "container path '%s' is %s, the volume is %s", container_path,
                       directory ? "no directory" : "a directory", directory ? "one" : "a raw device");
    if (move_mount(mount_fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH))
        return err_errno(errno, "mount the volume at %s", path);
    v->volumes[v->volume_count++] = mount_id(mount_fd);
    return NULL;
}
