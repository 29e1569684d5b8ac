// SPDX-License-Identifier: Apache-2.0
// The host under test.
#include "host_world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/keeper.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/loopdev.h"
#include "sys/process.h"
#include "sys/sheet.h"

void world_main(int argc, char **argv) {
    if (argc > 1 && text_equal(argv[1], "keeper")) exit(keeper_main(argc - 1, argv + 1));
}

void expect_fine(struct err *e) {
    if (e) fail_msg("unexpected error: %s", err_text(e));
}

void expect_err(struct err *e, enum err_kind kind, const char *words) {
    if (!e) fail_msg("it went well, expected was: %s", words);
    if (err_kind(e) != kind || !strstr(err_text(e), words))
        fail_msg("error is %s '%s', expected was %s '%s'", err_kind_name(err_kind(e)), err_text(e), err_kind_name(kind),
                 words);
    err_free(e);
}

void expect_text(const char *have, const char *want) {
    if (!text_equal(have, want)) fail_msg("have '%s', want '%s'", have, want);
}

struct uuid world_uuid(unsigned char n) {
    struct uuid u = {{n, 0x11, 0x22, 0x33, 0x44, 0x55, 0x46, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, n}};
    return u;
}

void world_mounts(const struct world *w, struct text *ret) {
    AUTO_TEXT struct text all = {0};
    text_clear(ret);
    expect_fine(file_read("/proc/self/mountinfo", 4 << 20, &all));
    for (char *line, *rest = all.data; (line = strsep(&rest, "\n"));)
        if (strstr(line, w->dir) || strstr(line, "granary-nowhere")) text_addf(ret, "%s\n", line);
}

static void on_started(task_id task, int64_t pid, void *arg) {
    struct world *w = arg;
    w->tasks[task.n].started = true;
    w->tasks[task.n].pid = pid;
    if (w->waiting_for == task.n) loop_stop(w->loop);
}

static void on_ended(task_id task, const struct host_end *end, void *arg) {
    struct world *w = arg;
    struct world_task *t = &w->tasks[task.n];
    assert_false(t->ended); // told once only
    t->ended = true;
    t->end = *end;
    snprintf(t->message, sizeof t->message, "%s", end->message);
    if (w->waiting_for == task.n) loop_stop(w->loop);
}

static void on_unseen(task_id task, const char *message, void *arg) {
    struct world *w = arg;
    assert_non_null(strstr(message, "Too many open files"));
    w->tasks[task.n].unseen++;
}

static void on_lost(uint64_t attachment, const char *message, void *arg) {
    struct world *w = arg;
    assert_non_null(message);
    assert_true(attachment > 0);
    w->lost++;
    loop_stop(w->loop);
}

static void on_left(task_id task, const char *message, void *arg) {
    struct world *w = arg;
    assert_non_null(strstr(message, "not empty"));
    assert_true(task.n > 0);
    w->left++;
}

void world_open(struct world *w, bool allow_root) {
    static char self[512];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(n > 0);
    struct host_options o = {.work_dir = w->work, .run_dir = w->run, .daemon_path = self, .agent = "n1"};
    o.allow_root_tasks = allow_root;
    o.events.task_started = on_started;
    o.events.task_ended = on_ended;
    o.events.task_unseen = on_unseen;
    o.events.attachment_lost = on_lost;
    o.events.sandbox_left = on_left;
    o.arg = w;
    expect_fine(host_open(w->loop, &o, &w->host));
}

int world_set_up(void **state) {
    struct world *w = NEW(struct world);
    snprintf(w->dir, sizeof w->dir, "/tmp/granary-host-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    assert_int_equal(chmod(w->dir, 0755), 0);
    snprintf(w->work, sizeof w->work, "%s/w", w->dir);
    snprintf(w->run, sizeof w->run, "%s/r", w->dir);
    expect_fine(loop_new(&w->loop));
    world_open(w, true);
    *state = w;
    return 0;
}

// A pidfd of that living keeper, or -1.
static int keeper_open(const struct world *w, const char *kind, uint64_t number, pid_t *ret_pid) {
    AUTO_FREE char *path = mem_format("%s/%s/%llu/keeper", w->work, kind, (unsigned long long)number);
    AUTO_SHEET struct sheet s = {0};
    AUTO_ERR struct err *failed = file_exists(path) ? sheet_load(path, &s) : err_new(ERR_NOT_FOUND, "none");
    int pidfd = -1;
    if (failed) return -1;
    err_free(process_open((pid_t)sheet_u64(&s, "pid"), sheet_u64(&s, "start"), &pidfd));
    if (pidfd >= 0 && ret_pid) *ret_pid = (pid_t)sheet_u64(&s, "pid");
    return pidfd;
}

// Whatever a failed test left running: waited for, as it may still write into what is removed next.
static void keepers_kill(struct world *w, const char *kind) {
    AUTO_FREE char *path = mem_format("%s/%s", w->work, kind);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        uint64_t number = 0;
        AUTO_FD int pidfd = text_to_u64(e->d_name, &number) ? keeper_open(w, kind, number, NULL) : -1;
        if (pidfd < 0) continue;
        pidfd_signal(pidfd, SIGKILL);
        if (!pidfd_wait(pidfd, PATIENCE_MS)) print_error("the keeper of %s/%s does not end\n", path, e->d_name);
    }
    if (dir) closedir(dir);
}

int world_tear_down(void **state) {
    struct world *w = *state;
    AUTO_TEXT struct text mounts = {0};
    world_mounts(w, &mounts);
    keepers_kill(w, "tasks");
    keepers_kill(w, "attachments");
    host_close(w->host);
    loop_free(w->loop);
    struct err *left = tree_remove(w->dir);
    if (left) print_error("%s\n", err_text(left));
    if (mounts.size) print_error("the host has mounts of the test:\n%s\n", text_string(&mounts));
    bool clean = !left && !mounts.size;
    err_free(left);
    err_free(w->error);
    free(w);
    return clean ? 0 : -1;
}

void world_image(struct world *w, const char *name, uint64_t size, struct uuid volume, char ret_path[128]) {
    snprintf(ret_path, 128, "%s/%s", w->dir, name);
    AUTO_FD int fd = open(ret_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    expect_fine(image_identity_write(ret_path, volume, "c1", name));
}

void world_directory(struct world *w, const char *name, struct uuid volume, char ret_path[128]) {
    snprintf(ret_path, 128, "%s/%s", w->dir, name);
    assert_int_equal(mkdir(ret_path, 0755), 0);
    expect_fine(image_identity_write(ret_path, volume, "c1", name));
}

struct host_publish world_spec(uint64_t attachment, uint64_t epoch, const char *path, struct uuid volume) {
    return (struct host_publish){.attachment = attachment,
                                 .epoch = epoch,
                                 .volume = volume,
                                 .cluster = "c1",
                                 .device = "loop",
                                 .path = path,
                                 .fs = "ext4",
                                 .discard = true,
                                 .mode = 0777};
}

static void give_up(void *arg) {
    struct world *w = arg;
    loop_stop(w->loop);
}

// Runs the loop until somebody stops it; false when nobody did.
static bool world_turn(struct world *w, int64_t ms) {
    struct loop_timer *t = loop_timer_new(w->loop, give_up, w);
    int64_t until = loop_now(w->loop).ms + ms;
    loop_timer_set(t, ms);
    loop_run(w->loop);
    loop_timer_free(t);
    return loop_now(w->loop).ms < until;
}

void world_run_for(struct world *w, int64_t ms) {
    int64_t until = loop_now(w->loop).ms + ms;
    for (int64_t left = ms; left > 0; left = until - loop_now(w->loop).ms) (void)world_turn(w, left);
}

static void on_answer(struct err *error, const struct host_published *now, void *arg) {
    struct world *w = arg;
    w->answered = true;
    err_free(w->error);
    w->error = error;
    w->now = *now;
    snprintf(w->device, sizeof w->device, "%s", now->device);
    snprintf(w->notes, sizeof w->notes, "%s", now->notes);
    loop_stop(w->loop);
}

static void on_done(struct err *error, void *arg) {
    static const struct host_published none = {.device = "", .notes = ""};
    on_answer(error, &none, arg);
}

struct err *world_answer(struct world *w) {
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    while (!w->answered && loop_now(w->loop).ms < until) (void)world_turn(w, PATIENCE_MS);
    if (!w->answered) fail_msg("no answer within %d ms", PATIENCE_MS);
    w->answered = false;
    return mem_take(w->error);
}

void world_publish_begin(struct world *w, const struct host_publish *spec) {
    host_publish(w->host, spec, on_answer, w);
    assert_false(w->answered); // never before the call returns
}

struct err *world_publish(struct world *w, const struct host_publish *spec) {
    world_publish_begin(w, spec);
    return world_answer(w);
}

struct err *world_await(struct world *w, uint64_t attachment) {
    host_publish_await(w->host, attachment, on_answer, w);
    return world_answer(w);
}

void world_unpublish_begin(struct world *w, uint64_t attachment, uint64_t epoch) {
    host_unpublish(w->host, attachment, epoch, on_answer, w);
}

struct err *world_unpublish(struct world *w, uint64_t attachment, uint64_t epoch) {
    world_unpublish_begin(w, attachment, epoch);
    return world_answer(w);
}

void world_grow_begin(struct world *w, uint64_t attachment, uint64_t epoch, uint64_t size) {
    host_grow(w->host, attachment, epoch, (struct bytes){size}, on_answer, w);
}

struct err *world_grow(struct world *w, uint64_t attachment, uint64_t epoch, uint64_t size) {
    world_grow_begin(w, attachment, epoch, size);
    return world_answer(w);
}

struct err *world_evict(struct world *w, uint64_t attachment) {
    host_evict(w->host, attachment, on_answer, w);
    return world_answer(w);
}

struct err *world_kill(struct world *w, uint64_t number, int64_t grace) {
    host_kill(w->host, (task_id){number}, grace, on_done, w);
    return world_answer(w);
}

static void world_wait(struct world *w, uint64_t number, bool end) {
    struct world_task *t = &w->tasks[number];
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    w->waiting_for = number;
    while (!t->ended && (end || !t->started) && loop_now(w->loop).ms < until) (void)world_turn(w, PATIENCE_MS);
    w->waiting_for = 0;
    if (!t->ended && (end || !t->started)) fail_msg("task %d did not %s", (int)number, end ? "end" : "start");
}

void world_wait_end(struct world *w, uint64_t number) {
    world_wait(w, number, true);
}

void world_wait_lost(struct world *w, unsigned count) {
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    while (w->lost < count && loop_now(w->loop).ms < until) (void)world_turn(w, PATIENCE_MS);
    assert_int_equal(w->lost, count);
}

void world_launch(struct world *w, uint64_t number, const char *command, uint64_t attachment, const char *path,
                  bool read_only) {
    struct host_task_volume volume = {.attachment = attachment, .container_path = path, .read_only = read_only};
    struct host_variable given = {.name = "GIVEN", .value = "a b"};
    struct host_launch l = {.task = {number}, .framework = "f1", .id = "t-1", .command = command};
    l.environment = &given;
    l.environment_count = 1;
    l.volumes = &volume;
    l.volume_count = path ? 1 : 0;
    host_launch(w->host, &l);
    world_wait(w, number, false);
}

const char *world_output(struct world *w, uint64_t number, const char *file) {
    static struct text words;
    text_clear(&words);
    AUTO_FREE char *sandbox = host_sandbox(w->host, (task_id){number});
    AUTO_FREE char *path = mem_format("%s/%s", sandbox, file);
    expect_fine(file_read(path, 1 << 20, &words));
    if (words.size && words.data[words.size - 1] == '\n') words.data[words.size - 1] = 0;
    return text_string(&words);
}

void world_wait_output(struct world *w, uint64_t number, const char *file, const char *words) {
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    while (!strstr(world_output(w, number, file), words)) {
        if (loop_now(w->loop).ms > until) fail_msg("task %d never said '%s'", (int)number, words);
        world_run_for(w, 10);
    }
}

void world_wait_path(struct world *w, const char *path, bool there) {
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    while (file_exists(path) != there) {
        if (loop_now(w->loop).ms > until) fail_msg("%s is %s", path, there ? "not there" : "still there");
        world_run_for(w, 10);
    }
}

bool world_image_held(const char *path) {
    int number = -1;
    expect_fine(loopdev_holder(path, &number));
    return number >= 0;
}

pid_t world_keeper(struct world *w, const char *kind, uint64_t number) {
    pid_t pid = 0;
    AUTO_FD int pidfd = keeper_open(w, kind, number, &pid);
    return pidfd >= 0 ? pid : 0;
}
