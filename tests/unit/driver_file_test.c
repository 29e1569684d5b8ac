// SPDX-License-Identifier: Apache-2.0
// The driver 'file' on a small filesystem of its own (a tmpfs in a mount namespace of the test's): real allocation, a full
// disk, views of one store, sparse pools, loop devices, fences. Needs root; says so and passes the rest by without it.
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "driver/door.h"
#include "driver/drivers.h"
#include "sys/file.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"
#include "sys/process.h"

enum { MB = 1 << 20, DISK = 32 * MB };

struct world {
    char root[64];
    struct door *door;
    struct arena arena;
};

static bool root;       // we are, and could make a namespace
static bool unreadable; // reading directories fails

// Stands before the C library's.
struct dirent *readdir(DIR *dir) {
    static struct dirent *(*theirs)(DIR *);
    if (!theirs) theirs = (struct dirent * (*)(DIR *)) dlsym(RTLD_NEXT, sizeof(off_t) == 8 ? "readdir64" : "readdir");
    if (!unreadable) return theirs(dir);
    errno = EIO;
    return NULL;
}

static void expect_ok(struct err *e) {
    if (e) print_error("%s\n", err_text(e));
    assert_null(e);
}

static void expect_err(struct err *e, enum err_kind kind, const char *words) {
    assert_non_null(e);
    if (err_kind(e) != kind || !strstr(err_text(e), words))
        print_error("%s: %s\n", err_kind_name(err_kind(e)), err_text(e));
    assert_int_equal(err_kind(e), kind);
    assert_non_null(strstr(err_text(e), words));
    err_free(e);
}

static int setup(void **state) {
    struct world *w = *state = calloc(1, sizeof *w);
    snprintf(w->root, sizeof w->root, "/tmp/granary-file-XXXXXX");
    assert_non_null(mkdtemp(w->root));
    if (root) assert_int_equal(mount("tmpfs", w->root, "tmpfs", 0, "size=32m"), 0);
    return 0;
}

static int teardown(void **state) {
    struct world *w = *state;
    door_close(w->door);
    arena_done(&w->arena);
    if (root)
        umount2(w->root, MNT_DETACH);
    else
        expect_ok(tree_remove(w->root));
    rmdir(w->root);
    free(w);
    return 0;
}

// Two pools on the filesystem: "full" with factor 1, "thin" with 1/4 and a headroom of 8 MiB.
static void open_capped(struct world *w, uint64_t full_capacity, uint64_t thin_capacity, const char *kind) {
    struct driver_pair full[] = {{"directory", arena_format(&w->arena, "%s/full", w->root)}, {"kind", kind}};
    struct driver_pair thin[] = {{"directory", arena_format(&w->arena, "%s/thin", w->root)}, {"kind", kind}};
    const struct driver_pool_config pools[] = {
        {.instance = "main", .name = "full", .capacity = {full_capacity}, .settings = {full, 2}},
        {.instance = "main",
         .name = "thin",
         .capacity = {thin_capacity},
         .charge_numerator = 1,
         .charge_denominator = 4,
         .headroom = {8 * MB},
         .settings = {thin, 2}},
    };
    door_close(w->door);
    w->door = NULL;
    expect_ok(
        door_open(&driver_file, &(struct driver_config){.provider = "p", .pools = pools, .pool_count = 2}, &w->door));
}

static void open_pools(struct world *w, uint64_t capacity, const char *kind) {
    open_capped(w, capacity, capacity, kind);
}

static struct err *run(struct world *w, struct driver_request r, struct driver_answer *ret) {
    struct driver_call call = {.arena = &w->arena, .timeout_ms = 2000, .cluster = "c1"};
    struct driver_answer ignored;
    return door_run(w->door, &call, &r, ret ? ret : &ignored);
}

static struct driver_volume volume(struct world *w, unsigned n, const char *pool) {
    return (struct driver_volume){.cluster = "c1",
                                  .uuid = arena_format(&w->arena, "00000000-0000-4000-8000-%012u", n),
                                  .name = arena_format(&w->arena, "g-%u", n),
                                  .label = "db",
                                  .instance = "main",
                                  .pool = pool};
}

static struct err *create(struct world *w, unsigned n, const char *pool, uint64_t size) {
    return run(
        w, (struct driver_request){.act = DRIVER_ACT_CREATE, .create = {.volume = volume(w, n, pool), .size = {size}}},
        NULL);
}

static struct err *drop(struct world *w, unsigned n, const char *pool, bool wipe) {
    return run(w, (struct driver_request){.act = DRIVER_ACT_REMOVE, .volume = volume(w, n, pool), .wipe = wipe}, NULL);
}

static struct driver_pool pool(struct world *w, size_t i) {
    struct driver_answer a;
    expect_ok(run(w, (struct driver_request){.act = DRIVER_ACT_INVENTORY}, &a));
    return a.inventory.instances[0].pools[i];
}

static struct stat image(struct world *w, unsigned n, const char *in) {
    struct stat s = {0};
    (void)lstat(arena_format(&w->arena, "%s/%s/g-%u.img", w->root, in, n), &s);
    return s;
}

static size_t files_in(struct world *w, const char *in) {
    AUTO_TEXT struct text found = {0};
    const char *argv[] = {"ls", "-A", arena_format(&w->arena, "%s/%s", w->root, in), NULL};
    int code;
    size_t count = 0;
    expect_ok(process_run(argv, 0, 5000, &found, &code));
    for (size_t i = 0; i < found.size; i++) count += found.data[i] == '\n';
    return count;
}

// ---- tests ----

static void pools_on_one_filesystem_are_views_of_one_store(void **state) {
    struct world *w = *state;
    open_pools(w, 0, "directory");
    assert_string_equal(pool(w, 0).store, pool(w, 1).store);
    assert_int_equal(pool(w, 1).charge_denominator, 4);
    assert_int_equal(pool(w, 1).headroom.n, 8 * MB);
}

static void two_pools_may_not_share_a_directory(void **state) {
    struct world *w = *state;
    struct driver_pair same[] = {{"directory", arena_format(&w->arena, "%s/x", w->root)}};
    struct driver_pair link[] = {{"directory", arena_format(&w->arena, "%s/y", w->root)}};
    assert_int_equal(mkdir(same[0].value, 0700), 0);
    assert_int_equal(symlink(same[0].value, link[0].value), 0);
    const struct driver_pool_config pools[] = {{.instance = "main", .name = "a", .settings = {same, 1}},
                                               {.instance = "main", .name = "b", .settings = {link, 1}}};
    expect_err(
        door_open(&driver_file, &(struct driver_config){.provider = "p", .pools = pools, .pool_count = 2}, &w->door),
        ERR_INVALID, "is that of pool 'main/a' already");
}

static void a_full_volume_is_allocated_and_a_thin_one_is_a_hole(void **state) {
    struct world *w = *state;
    if (!root) skip();
    open_pools(w, 0, "image");
    uint64_t total = pool(w, 0).total.n;
    expect_ok(create(w, 1, "full", 4 * MB));
    expect_ok(create(w, 2, "thin", 20 * MB));
    assert_true((uint64_t)image(w, 1, "full").st_blocks * 512 >= 4 * MB);
    assert_true((uint64_t)image(w, 2, "thin").st_blocks * 512 < MB);
    assert_int_equal(image(w, 2, "thin").st_size, 20 * MB);
    struct driver_pool p = pool(w, 0);
    assert_in_range(p.total.n, total - MB / 4, total); // identities take a little
    assert_in_range(p.free.n, total - 4 * MB - MB / 4, total - 4 * MB);
}

static void a_full_disk_fails_with_a_sentence_and_gives_all_back(void **state) {
    struct world *w = *state;
    if (!root) skip();
    open_pools(w, 0, "image");
    expect_ok(create(w, 1, "full", 4 * MB));
    uint64_t free = pool(w, 0).physical_free.n;
    size_t files = files_in(w, "full");
    expect_err(create(w, 2, "full", 64 * MB), ERR_FULL, "create volume 'db' in pool 'p/main/full': no room for 64 MiB");
    assert_int_equal(pool(w, 0).physical_free.n, free);
    assert_int_equal(files_in(w, "full"), files);
    struct driver_answer a;
    expect_err(
        run(w, (struct driver_request){.act = DRIVER_ACT_GROW, .volume = volume(w, 1, "full"), .size = {60 * MB}}, &a),
        ERR_FULL, "no room");
    assert_int_equal(image(w, 1, "full").st_size, 4 * MB);
    assert_int_equal(pool(w, 0).physical_free.n, free);
    expect_ok(drop(w, 1, "full", false));
}

static struct err *grow(struct world *w, unsigned n, const char *pool, uint64_t size) {
    return run(w, (struct driver_request){.act = DRIVER_ACT_GROW, .volume = volume(w, n, pool), .size = {size}}, NULL);
}

static void the_configured_capacity_is_a_bound_of_its_pool(void **state) {
    struct world *w = *state;
    open_pools(w, 6 * MB, root ? "image" : "directory");
    if (root) assert_true(pool(w, 0).total.n > 12 * MB); // of the store, which the capacities say nothing of
    expect_ok(create(w, 1, "full", 5 * MB));
    expect_err(create(w, 2, "full", 2 * MB), ERR_FULL, "has 1 MiB left of the configured capacity");
    expect_err(grow(w, 1, "full", 7 * MB), ERR_FULL, "no room for 2 MiB");
    expect_ok(grow(w, 1, "full", 6 * MB));    // exactly
    expect_ok(create(w, 3, "thin", 24 * MB)); // charged a quarter
    expect_err(create(w, 4, "thin", 1 * MB), ERR_FULL, "configured capacity");
}

static void a_pool_with_a_capacity_is_bound_beside_one_without(void **state) {
    struct world *w = *state;
    open_capped(w, 6 * MB, 0, root ? "image" : "directory");
    expect_ok(create(w, 1, "thin", 20 * MB));
    expect_err(create(w, 2, "full", 7 * MB), ERR_FULL, "has 6 MiB left of the configured capacity");
    expect_ok(create(w, 2, "full", 6 * MB));
}

static void tool(const char *const *argv) {
    AUTO_TEXT struct text out = {0};
    int code;
    expect_ok(process_run(argv, 0, 30000, &out, &code));
    if (code) fail_msg("%s: %s", argv[0], text_string(&out));
}

// A filesystem takes blocks for the map of a file in many pieces, and formatting an image breaks it into pieces.
static void a_formatted_image_holds_no_more_than_its_size(void **state) {
    struct world *w = *state;
    struct loopdev disk = {.fd = -1};
    char device[LOOPDEV_PATH];
    AUTO_ERR struct err *none = loopdev_check();
    if (!root || none || access("/usr/sbin/mkfs.ext4", X_OK)) skip();
    umount2(w->root, MNT_DETACH);
    const char *store = arena_format(&w->arena, "%s.disk", w->root);
    AUTO_FD int fd = open(store, O_RDWR | O_CREAT, 0600);
    assert_int_equal(ftruncate(fd, 96 * MB), 0);
    tool((const char *[]){"/usr/sbin/mkfs.ext4", "-q", "-F", store, NULL});
    struct err *e = loopdev_attach(store, false, &disk);
    unlink(store);
    expect_ok(e);
    assert_int_equal(mount(loopdev_path(&disk, device), w->root, "ext4", 0, NULL), 0);
    loopdev_close(&disk);
    open_pools(w, 64 * MB, "image");
    expect_ok(create(w, 1, "full", 32 * MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.img", w->root);
    tool((const char *[]){"/usr/sbin/mkfs.ext4", "-q", "-F", "-E", "nodiscard", path, NULL});
    sync();
    assert_true((uint64_t)image(w, 1, "full").st_blocks * 512 > 32 * MB);
    struct driver_pool p = pool(w, 0);
    assert_int_equal(p.total.n - p.physical_free.n, 32 * MB);
    expect_ok(create(w, 2, "full", 32 * MB)); // what is left of the capacity, to the byte
}

static void what_a_crash_left_is_begun_anew(void **state) {
    struct world *w = *state;
    if (!root) skip();
    open_pools(w, 0, "image");
    expect_ok(create(w, 1, "full", 2 * MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.img", w->root);
    assert_int_equal(rename(path, arena_format(&w->arena, "%s.new", path)),
                     0); // the identity is there, the image unnamed
    struct driver_answer a;
    expect_ok(run(w, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 10}, &a));
    assert_int_equal(a.objects.count, 1);
    assert_string_equal(a.objects.at[0].uuid, volume(w, 1, "full").uuid);
    expect_ok(create(w, 1, "full", 2 * MB));
    assert_int_equal(image(w, 1, "full").st_size, 2 * MB);
    assert_int_equal(rename(path, arena_format(&w->arena, "%s.new", path)), 0);
    expect_ok(drop(w, 1, "full", false)); // or deleted
    assert_int_equal(files_in(w, "full"), 0);
}

static void a_wiped_volume_is_overwritten_before_it_goes(void **state) {
    struct world *w = *state;
    if (!root) skip();
    open_pools(w, 0, "image");
    expect_ok(create(w, 1, "full", 3 * MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.img", w->root);
    AUTO_FD int fd = open(path, O_RDWR);
    static char secret[2 * MB], found[2 * MB];
    memset(secret, 's', sizeof secret);
    assert_int_equal(pwrite(fd, secret, sizeof secret, MB), sizeof secret);
    expect_ok(drop(w, 1, "full", true));
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(pread(fd, found, sizeof found, MB), sizeof found); // the blocks, through the descriptor we kept
    for (size_t i = 0; i < sizeof found; i++) assert_int_equal(found[i], 0);
}

static struct driver_request attach_of(struct world *w, enum driver_act act, uint64_t epoch) {
    return (struct driver_request){
        .act = act, .attach = {.volume = volume(w, 1, "full"), .host = boot_id(), .agent = "n1", .epoch = epoch}};
}

static void an_image_on_a_loop_device_is_neither_attached_nor_deleted(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    struct loopdev held = {.fd = -1};
    AUTO_ERR struct err *none = loopdev_check();
    if (!root || none) skip();
    open_pools(w, 0, "image");
    expect_ok(create(w, 1, "full", 4 * MB));
    expect_ok(run(w, attach_of(w, DRIVER_ACT_ATTACH, 1), &a));
    assert_string_equal(a.context,
                        arena_format(&w->arena, "{\"device\":\"loop\",\"path\":\"%s/full/g-1.img\"}", w->root));
    expect_ok(loopdev_attach(arena_format(&w->arena, "%s/full/g-1.img", w->root), false, &held));
    struct err *attached = run(w, attach_of(w, DRIVER_ACT_ATTACH, 2), &a);
    struct err *deleted = drop(w, 1, "full", false), *detached = run(w, attach_of(w, DRIVER_ACT_DETACH, 1), &a);
    loopdev_close(&held);
    expect_err(attached, ERR_CONFLICT, "/dev/loop");
    expect_err(deleted, ERR_CONFLICT, "/dev/loop");
    expect_err(detached, ERR_TIMEOUT, "/dev/loop");
    expect_ok(run(w, attach_of(w, DRIVER_ACT_DETACH, 1), &a));
    expect_ok(run(w, attach_of(w, DRIVER_ACT_ATTACH, 2), &a));
    expect_ok(drop(w, 1, "full", false));
}

static void a_fence_kills_the_keeper_that_holds_the_image(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    AUTO_ERR struct err *none = loopdev_check();
    if (!root || none) skip();
    open_pools(w, 0, "image");
    expect_ok(create(w, 1, "full", 4 * MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.img", w->root);
    pid_t pid = fork();
    if (!pid) { // holds the image on a loop device until it is killed
        struct loopdev d = {.fd = -1};
        if (loopdev_attach(path, false, &d)) _exit(1);
        for (;;) pause();
    }
    for (int i = 0, holder = -1; holder < 0 && i < 400; i++) {
        usleep(5000);
        expect_ok(loopdev_holder(path, &holder));
    }
    struct keeper_record r = {.pid = pid, .epoch = 3, .agent = "n1", .what = "attachment 9"};
    snprintf(r.boot, sizeof r.boot, "%s", boot_id());
    expect_ok(process_start_time(pid, &r.start));
    expect_ok(keeper_register(path, &r));
    struct err *deleted = drop(w, 1, "full", false), *other = run(w, attach_of(w, DRIVER_ACT_ATTACH, 4), &a);
    struct err *same = run(w, attach_of(w, DRIVER_ACT_ATTACH, 3), &a);
    // A keeper is reaped by its parent; here that is us, and the fence waits for the end, not for the reaping.
    struct err *fenced = run(w, attach_of(w, DRIVER_ACT_FENCE, 3), &a);
    int status = 0;
    if (fenced) kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    expect_err(deleted, ERR_CONFLICT, "attachment 9 of agent 'n1'");
    expect_err(other, ERR_CONFLICT, "attachment 9 of agent 'n1'");
    expect_ok(same);
    expect_ok(fenced);
    assert_true(WIFSIGNALED(status));
    assert_non_null(strstr(a.proof, "killed attachment 9"));
    int holder = 0;
    expect_ok(loopdev_holder(path, &holder));
    assert_int_equal(holder, -1);
    expect_err(keeper_register(path, &r), ERR_CONFLICT, "epoch 3 is refused");
    expect_ok(run(w, attach_of(w, DRIVER_ACT_ATTACH, 4), &a));
    expect_ok(drop(w, 1, "full", false));
    assert_int_equal(files_in(w, "full"), 0);
}

// ---- what is certain, and what is not ----

// A keeper of volume 1 in directory pools; it runs until it is killed.
static struct process keeper_of(struct world *w, uint64_t epoch) {
    const char *const argv[] = {"sleep", "1000", NULL};
    struct process child = {0};
    struct keeper_record r = {.epoch = epoch, .agent = "n1", .what = "attachment 9"};
    expect_ok(process_start(&(struct process_spec){.argv = argv}, &child));
    r.pid = child.pid;
    snprintf(r.boot, sizeof r.boot, "%s", boot_id());
    expect_ok(process_start_time(r.pid, &r.start));
    expect_ok(keeper_register(arena_format(&w->arena, "%s/full/g-1.dir", w->root), &r));
    return child;
}

static void a_fence_of_what_is_gone_still_ends_its_keepers_and_refuses_new_ones(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.dir", w->root);
    struct process keeper = keeper_of(w, 3);
    assert_int_equal(rename(path, arena_format(&w->arena, "%s/away", w->root)), 0);
    struct err *detached = run(w, attach_of(w, DRIVER_ACT_DETACH, 3), &a);
    struct err *fenced = run(w, attach_of(w, DRIVER_ACT_FENCE, 3), &a);
    bool ended = pidfd_ended(keeper.pidfd);
    process_kill(&keeper);
    expect_err(detached, ERR_UNAVAILABLE, "attachment 9 of agent 'n1'");
    expect_ok(fenced);
    assert_true(ended);
    expect_err(keeper_register(path, &(struct keeper_record){.pid = 1, .epoch = 3}), ERR_CONFLICT,
               "epoch 3 is refused");
    expect_ok(drop(w, 1, "full", false));
    expect_ok(run(w, attach_of(w, DRIVER_ACT_DETACH, 3), &a));
    assert_int_equal(files_in(w, "full"), 0);
}

static void what_cannot_be_looked_at_is_not_absent(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    const char *directory = arena_format(&w->arena, "%s/full", w->root);
    assert_int_equal(rename(directory, arena_format(&w->arena, "%s/away", w->root)), 0);
    expect_err(run(w, attach_of(w, DRIVER_ACT_FENCE, 1), &a), ERR_UNAVAILABLE, "cannot be reached");
    expect_ok(file_write(directory, "", 0, 0600)); // now looking into it fails
    expect_err(run(w, attach_of(w, DRIVER_ACT_FENCE, 1), &a), ERR_IO, "look at");
    expect_err(run(w, attach_of(w, DRIVER_ACT_DETACH, 1), &a), ERR_IO, "look at");
    expect_err(drop(w, 1, "full", false), ERR_IO, "look at");
    expect_err(create(w, 1, "full", MB), ERR_IO, "Not a directory");
    struct driver_request elsewhere = attach_of(w, DRIVER_ACT_FENCE, 1);
    elsewhere.attach.volume.pool = "none";
    expect_err(run(w, elsewhere, &a), ERR_NOT_FOUND, "no such pool");
}

static void a_pool_whose_disk_was_unmounted_says_so(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    if (!root) skip();
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    const char *directory = arena_format(&w->arena, "%s/full", w->root);
    assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, "size=1m"), 0);
    expect_err(run(w, attach_of(w, DRIVER_ACT_FENCE, 1), &a), ERR_UNAVAILABLE, "on another filesystem");
    expect_err(drop(w, 1, "full", false), ERR_UNAVAILABLE, "on another filesystem");
    assert_int_equal(umount(directory), 0);
    expect_ok(run(w, attach_of(w, DRIVER_ACT_FENCE, 1), &a));
}

static void a_pool_whose_disk_is_away_is_neither_listed_nor_reported(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    const struct driver_request list = {.act = DRIVER_ACT_LIST, .most = 10};
    if (!root) skip();
    const char *directory = arena_format(&w->arena, "%s/full", w->root);
    const char *disk = arena_format(&w->arena, "%s/disk", w->root);
    assert_int_equal(mkdir(directory, 0700), 0);
    assert_int_equal(mount("tmpfs", directory, "tmpfs", 0, "size=4m"), 0);
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    assert_int_equal(mkdir(disk, 0700), 0);
    assert_int_equal(mount(directory, disk, NULL, MS_BIND, NULL), 0); // keeps what is on it
    uint64_t total = pool(w, 0).total.n;
    assert_int_equal(umount(directory), 0);
    assert_non_null(strstr(pool(w, 0).unreachable, "on another filesystem"));
    assert_null(pool(w, 1).unreachable);
    assert_int_equal(pool(w, 1).total.n, DISK);
    expect_ok(create(w, 2, "thin", MB));
    expect_ok(run(w, list, &a));
    assert_int_equal(a.objects.count, 1);
    assert_string_equal(a.objects.at[0].pool, "thin");
    assert_int_equal(a.objects.unseen_count, 1);
    assert_string_equal(a.objects.unseen[0].instance, "main");
    assert_string_equal(a.objects.unseen[0].pool, "full");
    assert_non_null(strstr(a.objects.unseen[0].why, "on another filesystem"));
    assert_int_equal(mount(disk, directory, NULL, MS_BIND, NULL), 0);
    expect_ok(run(w, list, &a));
    assert_int_equal(a.objects.count, 2);
    assert_int_equal(a.objects.unseen_count, 0);
    assert_null(pool(w, 0).unreachable);
    assert_int_equal(pool(w, 0).total.n, total);
    assert_int_equal(umount(directory) | umount(disk), 0);
}

static void a_pool_that_is_away_leaves_the_one_beside_it_reported(void **state) {
    struct world *w = *state;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    const char *directory = arena_format(&w->arena, "%s/full", w->root);
    const char *away = arena_format(&w->arena, "%s/away", w->root);
    assert_string_equal(pool(w, 0).store, pool(w, 1).store);
    assert_int_equal(rename(directory, away), 0);
    assert_non_null(strstr(pool(w, 0).unreachable, "cannot be reached"));
    assert_null(pool(w, 1).unreachable);
    assert_int_equal(pool(w, 1).total.n, pool(w, 1).free.n); // the volume beside it is not seen
    assert_int_equal(rename(away, directory), 0);
    assert_null(pool(w, 0).unreachable);
}

static void a_directory_that_cannot_be_read_is_not_an_empty_one(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    struct keeper_records records = {0};
    int holder;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    struct process keeper = keeper_of(w, 3);
    unreadable = true;
    struct err *listed = run(w, (struct driver_request){.act = DRIVER_ACT_LIST, .most = 10}, &a);
    struct err *deleted = drop(w, 1, "full", false);
    struct err *kept = keeper_list(arena_format(&w->arena, "%s/full/g-1.dir", w->root), &records);
    struct err *held = loopdev_holder(w->root, &holder);
    unreadable = false;
    process_kill(&keeper);
    expect_err(listed, ERR_IO, "list directory");
    expect_err(deleted, ERR_IO, "list the keepers");
    expect_err(kept, ERR_IO, "list the keepers");
    expect_err(held, ERR_IO, "list the loop devices");
}

static void a_handle_leads_only_to_the_volume_itself(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    expect_ok(create(w, 2, "full", MB));
    struct driver_request r = attach_of(w, DRIVER_ACT_FENCE, 3);
    r.attach.volume.handle = arena_format(&w->arena, "%s/full/g-2.dir", w->root);
    expect_err(run(w, r, &a), ERR_CONFLICT, "g-2.dir is volume");
    r.act = DRIVER_ACT_DETACH;
    expect_err(run(w, r, &a), ERR_CONFLICT, "g-2.dir is volume");
    r.act = DRIVER_ACT_FENCE;
    r.attach.volume.handle = arena_format(&w->arena, "%s/elsewhere.dir", w->root); // not in the pool: by name, then
    expect_ok(run(w, r, &a));
    assert_false(file_exists(arena_format(&w->arena, "%s/elsewhere.dir.floor", w->root)));
    assert_true(file_exists(arena_format(&w->arena, "%s/full/g-1.dir.floor", w->root)));
}

static struct err *open_auto(struct world *w) {
    struct driver_pair settings[] = {{"directory", arena_format(&w->arena, "%s/auto", w->root)}, {"kind", "auto"}};
    const struct driver_pool_config pool = {.instance = "main", .name = "a", .settings = {settings, 2}};
    const struct driver_config config = {.provider = "p", .pools = &pool, .pool_count = 1};
    struct err *e = door_open(&driver_file, &config, &w->door);
    door_close(w->door);
    w->door = NULL;
    return e;
}

static void auto_does_not_choose_what_would_hide_the_volumes_that_are_there(void **state) {
    struct world *w = *state;
    AUTO_ERR struct err *none = loopdev_check();
    const char *image = arena_format(&w->arena, "%s/auto/g-1.img.id", w->root);
    const char *directory = arena_format(&w->arena, "%s/auto/g-1.dir.id", w->root);
    assert_int_equal(chmod(w->root, 0777), 0);
    assert_int_equal(mkdir(arena_format(&w->arena, "%s/auto", w->root), 0777), 0);
    assert_int_equal(chmod(arena_format(&w->arena, "%s/auto", w->root), 0777), 0);
    expect_ok(file_write(image, "{}", 2, 0644));
    assert_int_equal(seteuid(geteuid() ? geteuid() : 65534), 0); // who cannot make loop devices
    struct err *hiding = open_auto(w);
    if (root) assert_int_equal(seteuid(0), 0);
    expect_err(hiding, ERR_CONFLICT, "holds volumes that are images, such as 'g-1.img'");
    if (root && !none) expect_ok(open_auto(w));
    assert_int_equal(rename(image, directory), 0);
    if (root && !none) expect_err(open_auto(w), ERR_CONFLICT, "holds volumes that are directories, such as 'g-1.dir'");
    if (!root) expect_ok(open_auto(w));
}

// One of two threads that make and delete volumes, each its own.
struct busy {
    struct world world; // its own arena, the same door
    unsigned from;
    struct err *failed;
};

static void *make_and_delete(void *arg) {
    struct busy *b = arg;
    for (unsigned i = 0; i < 60 && !b->failed; i++) {
        unsigned n = b->from + i % 3;
        b->failed = i % 2 ? drop(&b->world, b->from + (i - 1) % 3, "full", false)
                          : create(&b->world, n, "full", (1 + i % 4) * MB);
    }
    return NULL;
}

static void a_total_is_never_too_high_while_volumes_come_and_go(void **state) {
    struct world *w = *state;
    if (!root) skip();
    open_pools(w, 0, "image");
    uint64_t total = pool(w, 0).total.n;
    struct busy busy[2] = {{.world = {.door = w->door}, .from = 10}, {.world = {.door = w->door}, .from = 20}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&threads[i], NULL, make_and_delete, &busy[i]), 0);
    uint64_t highest = 0;
    for (int i = 0; i < 200; i++) {
        uint64_t now = pool(w, 0).total.n;
        if (now > highest) highest = now;
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        arena_done(&busy[i].world.arena);
        expect_ok(busy[i].failed);
    }
    assert_in_range(highest, 1, total);
}

static void another_boot_of_the_host_is_proof_enough(void **state) {
    struct world *w = *state;
    struct driver_answer a;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", MB));
    struct driver_request r = attach_of(w, DRIVER_ACT_FENCE, 1);
    r.attach.host = "11111111-2222-3333-4444-555555555555";
    expect_ok(run(w, r, &a));
    assert_non_null(strstr(a.proof, "started anew"));
    r.act = DRIVER_ACT_DETACH;
    expect_ok(run(w, r, &a));
    r.act = DRIVER_ACT_ATTACH;
    expect_err(run(w, r, &a), ERR_CONFLICT, "on another host");
}

static void a_directory_volume_goes_with_all_that_is_in_it(void **state) {
    struct world *w = *state;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", 2 * MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.dir", w->root);
    expect_ok(directory_make(arena_format(&w->arena, "%s/a/b", path), 0700));
    expect_ok(file_write(arena_format(&w->arena, "%s/a/b/c", path), "data", 4, 0600));
    expect_ok(drop(w, 1, "full", false));
    assert_int_equal(files_in(w, "full"), 0);
}

static void a_wiped_directory_volume_is_overwritten_and_nothing_beyond_it(void **state) {
    struct world *w = *state;
    open_pools(w, 0, "directory");
    expect_ok(create(w, 1, "full", 2 * MB));
    const char *path = arena_format(&w->arena, "%s/full/g-1.dir", w->root);
    const char *file = arena_format(&w->arena, "%s/a/b/c", path), *beyond = arena_format(&w->arena, "%s/x", w->root);
    expect_ok(directory_make(arena_format(&w->arena, "%s/a/b", path), 0700));
    expect_ok(file_write(file, "secret", 6, 0600));
    expect_ok(file_write(beyond, "theirs", 6, 0600));
    assert_int_equal(symlink(beyond, arena_format(&w->arena, "%s/a/link", path)), 0);
    assert_int_equal(mkfifo(arena_format(&w->arena, "%s/a/fifo", path), 0600), 0);
    AUTO_FD int fd = open(file, O_RDONLY), other = open(beyond, O_RDONLY);
    expect_ok(drop(w, 1, "full", true));
    assert_int_equal(files_in(w, "full"), 0);
    char found[6];
    assert_int_equal(pread(fd, found, 6, 0), 6); // the blocks, through the descriptor we kept
    assert_memory_equal(found, "\0\0\0\0\0\0", 6);
    assert_int_equal(pread(other, found, 6, 0), 6);
    assert_memory_equal(found, "theirs", 6);
}

int main(void) {
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(pools_on_one_filesystem_are_views_of_one_store),
        T(two_pools_may_not_share_a_directory),
        T(a_full_volume_is_allocated_and_a_thin_one_is_a_hole),
        T(a_full_disk_fails_with_a_sentence_and_gives_all_back),
        T(the_configured_capacity_is_a_bound_of_its_pool),
        T(a_pool_with_a_capacity_is_bound_beside_one_without),
        T(a_formatted_image_holds_no_more_than_its_size),
        T(what_a_crash_left_is_begun_anew),
        T(a_wiped_volume_is_overwritten_before_it_goes),
        T(an_image_on_a_loop_device_is_neither_attached_nor_deleted),
        T(a_fence_kills_the_keeper_that_holds_the_image),
        T(a_total_is_never_too_high_while_volumes_come_and_go),
        T(another_boot_of_the_host_is_proof_enough),
        T(a_directory_volume_goes_with_all_that_is_in_it),
        T(a_wiped_directory_volume_is_overwritten_and_nothing_beyond_it),
        T(a_fence_of_what_is_gone_still_ends_its_keepers_and_refuses_new_ones),
        T(what_cannot_be_looked_at_is_not_absent),
        T(a_pool_whose_disk_was_unmounted_says_so),
        T(a_pool_whose_disk_is_away_is_neither_listed_nor_reported),
        T(a_pool_that_is_away_leaves_the_one_beside_it_reported),
        T(a_directory_that_cannot_be_read_is_not_an_empty_one),
        T(a_handle_leads_only_to_the_volume_itself),
        T(auto_does_not_choose_what_would_hide_the_volumes_that_are_there),
    };
    // Mounts made from here on are seen by nobody else and end with this process.
    root = geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    if (!root) printf("no root, or no namespaces: images are not tested\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
