// SPDX-License-Identifier: Apache-2.0
// Volumes and tasks on real loop devices, real ext4 and real processes.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "host/keeper_frame.h"
#include "host/paths.h"
#include "host_world.h"
#include "sys/file.h"
#include "sys/image_identity.h"
#include "sys/keeper_registry.h"
#include "sys/loopdev.h"
#include "sys/open_files.h"
#include "sys/process.h"

static struct host_publish published_new(struct world *w, uint64_t attachment, char ret_path[128]) {
    AUTO_FREE char *name = mem_format("v%llu", (unsigned long long)attachment);
    struct uuid volume = world_uuid((unsigned char)attachment);
    world_image(w, name, 64 * MIB, volume, ret_path);
    struct host_publish spec = world_spec(attachment, 5, ret_path, volume);
    spec.may_format = true;
    expect_fine(world_publish(w, &spec));
    return spec;
}

static void a_new_volume_is_formatted_and_used_by_one_task_after_another(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    assert_int_equal(w->now.state, HOST_PUBLISHED);
    assert_true(w->now.formatted && w->now.format_began);
    assert_false(uuid_is_zero(w->now.fs_uuid));
    assert_int_equal(w->now.size.n, 64 * MIB);
    assert_true(text_starts(w->device, "/dev/loop"));
    world_launch(w, 1, "echo kept > data/file && stat -f -c %T data && echo $GIVEN $MESOS_TASK_ID", 1, "data", false);
    world_wait_end(w, 1);
    expect_text(w->tasks[1].message, "Command exited with status 0");
    expect_text(world_output(w, 1, "stdout"), "ext2/ext3\na b t-1");
    world_launch(w, 2, "cat /granary-nowhere/deep/data/file; ls -A / > /dev/null && cat /etc/hostname >/dev/null", 1,
                 "/granary-nowhere/deep/data", false);
    world_wait_end(w, 2);
    expect_text(world_output(w, 2, "stderr"), "");
    expect_text(world_output(w, 2, "stdout"), "kept");
    assert_false(file_exists("/granary-nowhere"));
    expect_fine(world_unpublish(w, 1, 5));
    assert_int_equal(w->now.state, HOST_UNPUBLISHED);
    assert_false(world_image_held(path));
}

static void what_is_formatted_is_not_formatted_again_and_keeps_its_uuid(void **state) {
    struct world *w = *state;
    char path[128];
    struct host_publish spec = published_new(w, 1, path);
    struct uuid fs = w->now.fs_uuid;
    expect_fine(world_unpublish(w, 1, 5));
    spec.attachment = 2;
    spec.epoch = 6;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "holds data at byte 1025");
    spec.attachment = 22;
    spec.zero_first = true; // the grant is used up, whatever else is asked
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "a format of this volume began here");
    spec.zero_first = false;
    spec.attachment = 3;
    spec.epoch = 7;
    spec.may_format = false;
    spec.fs_uuid = world_uuid(99);
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "is it another volume?");
    assert_false(world_image_held(path));
    spec.attachment = 4;
    spec.epoch = 8;
    spec.fs_uuid = fs;
    expect_fine(world_publish(w, &spec));
    assert_false(w->now.formatted);
    assert_true(uuid_equal(w->now.fs_uuid, fs));
    expect_fine(world_unpublish(w, 4, 8));
}

static void data_on_the_device_vetoes_a_format(void **state) {
    struct world *w = *state;
    static const off_t places[] = {0, 1080, 33 << 20, (64 << 20) - 1};
    for (unsigned i = 0; i < ARRAY_LEN(places); i++) {
        char path[128], name[16];
        snprintf(name, sizeof name, "d%u", i);
        struct uuid volume = world_uuid((unsigned char)(20 + i));
        world_image(w, name, 64 * MIB, volume, path);
        AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, "x", 1, places[i]), 1);
        struct host_publish spec = world_spec(i + 1, 1, path, volume);
        spec.may_format = true;
        expect_err(world_publish(w, &spec), ERR_CONFLICT, "holds data at byte");
        assert_int_equal(w->now.state, HOST_PUBLISH_FAILED);
        assert_false(w->now.format_began); // it was only looked at
        assert_false(world_image_held(path));
        // Unless the ledger knows that the pool hands out blocks as they are: then they are zeroed first.
        spec.attachment += 10;
        spec.epoch++;
        spec.zero_first = true;
        if (i == 0) expect_fine(world_publish(w, &spec));
    }
    expect_fine(world_unpublish(w, 11, 2));
}

static void a_lower_epoch_is_refused(void **state) {
    struct world *w = *state;
    char path[128];
    struct host_publish spec = published_new(w, 1, path);
    expect_err(world_unpublish(w, 1, 4), ERR_CONFLICT, "epoch 4 is refused");
    expect_fine(world_unpublish(w, 1, 5));
    spec.attachment = 2;
    spec.epoch = 4;
    spec.may_format = false;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "epoch 4 is refused");
}

static void an_image_is_attached_once(void **state) {
    struct world *w = *state;
    char path[128];
    struct host_publish spec = published_new(w, 1, path);
    spec.attachment = 2;
    spec.epoch = 6;
    spec.may_format = false;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "is held by /dev/loop");
    // Under another name it is the same image.
    char other[160];
    snprintf(other, sizeof other, "%s/other", w->dir);
    assert_int_equal(link(path, other), 0);
    expect_fine(image_identity_write(other, spec.volume, "c1", NULL));
    spec.attachment = 3;
    spec.epoch = 7;
    spec.path = other;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "is held by /dev/loop");
    expect_fine(world_unpublish(w, 1, 7));
}

static void another_volumes_image_is_refused(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(2));
    spec.may_format = true;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "is volume");
    spec = world_spec(2, 1, path, world_uuid(1));
    spec.may_format = true;
    spec.cluster = "c2";
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "belongs to cluster 'c1', not 'c2'");
    spec.cluster = "c1";
    spec.attachment = 3;
    spec.size.n = 32 * MIB;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "is it another device?");
    assert_false(world_image_held(path));
}

static void eager_format_mounts_once_and_lets_go(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.may_format = spec.format_only = true;
    spec.owner_uid = 1234;
    spec.owner_gid = 4321;
    spec.mode = 0750;
    spec.fs_uuid = world_uuid(77);
    expect_fine(world_publish(w, &spec));
    assert_int_equal(w->now.state, HOST_UNPUBLISHED);
    assert_true(w->now.formatted && uuid_equal(w->now.fs_uuid, world_uuid(77)));
    assert_false(world_image_held(path));
    spec.attachment = 2;
    spec.epoch = 2;
    spec.may_format = spec.format_only = false;
    expect_fine(world_publish(w, &spec));
    struct host_task_volume volume = {.attachment = 2, .container_path = "data"};
    struct host_launch l = {
        .task = {1}, .framework = "f", .id = "t", .user = "root", .volumes = &volume, .volume_count = 1};
    l.command = "stat -c '%u %g %a' data; id -u";
    host_launch(w->host, &l);
    world_wait_end(w, 1);
    expect_text(world_output(w, 1, "stdout"), "1234 4321 750\n0");
    expect_fine(world_unpublish(w, 2, 2));
}

static void a_read_only_volume_cannot_be_written(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    world_launch(w, 1, "echo x > data/f && exit 3; exit 4", 1, "data", true);
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.code, 4);
    assert_non_null(strstr(world_output(w, 1, "stderr"), "Read-only"));
    expect_fine(world_unpublish(w, 1, 5));
}

// In blocks of the mounted filesystem, as the task's last line says.
static long last_blocks(struct world *w, uint64_t task) {
    const char *words = world_output(w, task, "stdout");
    const char *last = strrchr(words, '\n');
    return last ? atol(last) : 0;
}

static long wait_more_blocks(struct world *w, uint64_t task, long than) {
    int64_t until = loop_now(w->loop).ms + PATIENCE_MS;
    while (last_blocks(w, task) <= than && loop_now(w->loop).ms < until) world_run_for(w, 20);
    return last_blocks(w, task);
}

static void xfs_grows_while_a_task_uses_it(void **state) {
    struct world *w = *state;
    if (!abilities_fs(host_abilities(w->host), "xfs")) {
        print_message("skipped: this host has no xfs\n");
        skip();
    }
    char path[128];
    world_image(w, "v", 320 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 5, path, world_uuid(1));
    spec.fs = "xfs";
    spec.may_format = true;
    expect_fine(world_publish(w, &spec));
    world_launch(w, 1, "while sleep 0.02; do stat -f -c %b data; done", 1, "data", false);
    long before = wait_more_blocks(w, 1, 0);
    assert_true(before > 0);
    assert_int_equal(truncate(path, 640 * MIB), 0);
    expect_err(world_grow(w, 1, 4, 640 * MIB), ERR_CONFLICT, "epoch 4 is refused");
    expect_fine(world_grow(w, 1, 5, 640 * MIB));
    assert_int_equal(w->now.size.n, 640 * MIB);
    assert_true(wait_more_blocks(w, 1, before * 3 / 2) > before * 3 / 2);
    expect_fine(world_kill(w, 1, 0));
    world_wait_end(w, 1);
    expect_fine(world_unpublish(w, 1, 5));
}

// Where the kernel lets us, while it is used; else as soon as no task does.
static void ext4_grows(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    world_launch(w, 1, "echo kept > data/f; sync; echo; stat -f -c %b data; sleep 1000", 1, "data", false);
    long before = wait_more_blocks(w, 1, 0);
    assert_int_equal(truncate(path, 128 * MIB), 0);
    struct err *used = world_grow(w, 1, 5, 128 * MIB);
    if (!abilities_ext4_grows_mounted()) {
        expect_err(used, ERR_CONFLICT, "in use by task 1");
        used = NULL;
    }
    expect_fine(used);
    expect_fine(world_kill(w, 1, 0));
    world_wait_end(w, 1);
    expect_fine(world_grow(w, 1, 5, 128 * MIB)); // the same again is fine
    world_launch(w, 2, "cat data/f; stat -f -c %b data", 1, "data", false);
    world_wait_end(w, 2);
    assert_true(text_starts(world_output(w, 2, "stdout"), "kept"));
    assert_true(before > 0 && last_blocks(w, 2) > before * 3 / 2);
    expect_err(world_grow(w, 1, 5, 256 * MIB), ERR_CONFLICT, "was the volume grown at the storage?");
    expect_fine(world_unpublish(w, 1, 5));
}

static void a_volume_in_use_is_not_unpublished(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    world_launch(w, 1, "sleep 100", 1, "data", false);
    expect_err(world_unpublish(w, 1, 5), ERR_CONFLICT, "in use by task 't-1' of framework 'f1'");
    expect_fine(world_kill(w, 1, 100));
    world_wait_end(w, 1);
    expect_fine(world_unpublish(w, 1, 5));
    assert_false(world_image_held(path));
}

static void exit_codes_and_signals_are_told(void **state) {
    struct world *w = *state;
    world_launch(w, 1, "exit 7", 0, NULL, false);
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_EXITED);
    assert_int_equal(w->tasks[1].end.code, 7);
    assert_true(w->tasks[1].started);
    world_launch(w, 2, "kill -9 $$", 0, NULL, false);
    world_wait_end(w, 2);
    assert_int_equal(w->tasks[2].end.kind, HOST_END_SIGNALLED);
    assert_int_equal(w->tasks[2].end.code, 9);
    assert_false(w->tasks[2].end.asked);
    const char *const argv[] = {"/does/not/exist", NULL};
    struct host_launch l = {.task = {3}, .framework = "f", .id = "t", .command = argv[0], .argv = argv};
    host_launch(w->host, &l);
    world_wait_end(w, 3);
    assert_int_equal(w->tasks[3].end.kind, HOST_END_NOT_STARTED);
    assert_false(w->tasks[3].started);
    assert_non_null(strstr(w->tasks[3].message, "run '/does/not/exist': No such file"));
}

static void a_program_sees_itself_under_the_name_it_is_given(void **state) {
    struct world *w = *state;
    const char *const argv[] = {"another-name", "-c", "echo $0", NULL};
    struct host_launch l = {.task = {1}, .framework = "f", .id = "t", .command = "/bin/sh", .argv = argv};
    host_launch(w->host, &l);
    world_wait_end(w, 1);
    world_wait_output(w, 1, "stdout", "another-name");
}

static void a_kill_gives_grace_and_then_takes_everything(void **state) {
    struct world *w = *state;
    world_launch(w, 1, "trap 'exit 3' TERM; echo up; while :; do sleep 0.02; done", 0, NULL, false);
    world_wait_output(w, 1, "stdout", "up");
    expect_fine(world_kill(w, 1, 20000));
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_EXITED);
    assert_int_equal(w->tasks[1].end.code, 3);
    assert_true(w->tasks[1].end.asked);
    world_launch(w, 2, "trap '' TERM; setsid sleep 1000 & echo up; while :; do sleep 0.02; done", 0, NULL, false);
    world_wait_output(w, 2, "stdout", "up");
    int64_t before = loop_now(w->loop).ms;
    expect_fine(world_kill(w, 2, 300));
    world_wait_end(w, 2);
    assert_true(loop_now(w->loop).ms - before >= 300);
    assert_int_equal(w->tasks[2].end.kind, HOST_END_SIGNALLED);
    assert_int_equal(w->tasks[2].end.code, 9);
    assert_int_equal(world_keeper(w, "tasks", 2), 0);
    expect_err(world_kill(w, 2, 0), ERR_NOT_FOUND, "does not run");
}

struct kills {
    struct loop *loop;
    unsigned told, wanted;
};

static void kill_told(struct err *error, void *arg) {
    struct kills *k = arg;
    expect_fine(error);
    if (++k->told == k->wanted) loop_stop(k->loop);
}

static void kills_while_a_task_launches_are_all_answered_and_none_at_once(void **state) {
    struct world *w = *state;
    struct host_launch l = {.task = {1}, .framework = "f1", .id = "t-1", .command = "sleep 1000"};
    struct kills kills = {.loop = w->loop, .wanted = 3};
    host_launch(w->host, &l);
    for (unsigned i = 0; i < kills.wanted; i++) host_kill(w->host, (task_id){1}, 100, kill_told, &kills);
    assert_int_equal(kills.told, 0);
    while (kills.told < kills.wanted) loop_run(w->loop);
    world_wait_end(w, 1);
    assert_true(w->tasks[1].end.asked);
}

static void a_killed_keeper_takes_mount_and_device_with_it(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    assert_true(world_image_held(path));
    assert_int_equal(kill(world_keeper(w, "attachments", 1), SIGKILL), 0);
    world_wait_lost(w, 1);
    expect_fine(loopdev_wait_gone(path, PATIENCE_MS));
    expect_fine(world_unpublish(w, 1, 5)); // nothing left to do is fine
}

static void a_keeper_that_dies_while_it_grows_is_told_as_lost_too(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    pid_t keeper = world_keeper(w, "attachments", 1);
    assert_int_equal(kill(keeper, SIGSTOP), 0);
    world_grow_begin(w, 1, 5, 128 * MIB);
    assert_int_equal(kill(keeper, SIGKILL), 0);
    expect_err(world_answer(w), ERR_UNAVAILABLE, "its keeper ended while it was asked to grow");
    assert_int_equal(w->lost, 1);
    expect_fine(world_unpublish(w, 1, 5));
}

static void a_killed_task_keeper_is_told_as_lost(void **state) {
    struct world *w = *state;
    world_launch(w, 1, "sleep 1000", 0, NULL, false);
    assert_int_equal(kill(world_keeper(w, "tasks", 1), SIGKILL), 0);
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_LOST);
}

static void a_fence_kills_the_keepers_of_volume_and_tasks(void **state) {
    struct world *w = *state;
    char path[128];
    struct host_publish spec = published_new(w, 1, path);
    world_launch(w, 1, "while :; do echo x >> data/f; sync data/f; done", 1, "data", false);
    world_launch(w, 2, "sleep 1000", 1, "/granary-nowhere", false);
    AUTO_TEXT struct text proof = {0};
    expect_fine(keeper_fence(path, 5, PATIENCE_MS, &proof));
    assert_false(world_image_held(path));
    assert_non_null(strstr(text_string(&proof), "attachment 1 of agent 'n1' at epoch 5"));
    assert_non_null(strstr(text_string(&proof), "task 1 of agent 'n1'"));
    assert_non_null(strstr(text_string(&proof), "task 2 of agent 'n1'"));
    world_wait_end(w, 1);
    world_wait_end(w, 2);
    world_wait_lost(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_LOST);
    // The fenced epoch is over for good, the next one is not.
    spec.attachment = 2;
    spec.may_format = false;
    expect_err(world_publish(w, &spec), ERR_CONFLICT, "epoch 5 is refused: fenced off below 6");
    spec.attachment = 3;
    spec.epoch = 6;
    expect_fine(world_publish(w, &spec));
    text_clear(&proof);
    expect_fine(keeper_fence(path, 5, PATIENCE_MS, &proof)); // again, late: the newer one is left alone
    assert_true(world_image_held(path));
    expect_fine(world_unpublish(w, 3, 6));
    expect_fine(keeper_registry_remove(path));
}

static void an_eviction_ends_the_tasks_and_frees_the_device(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    world_launch(w, 1, "sleep 1000", 1, "data", false);
    expect_fine(world_evict(w, 1));
    assert_false(world_image_held(path));
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_LOST);
    assert_int_equal(w->lost, 0); // it was asked for
}

static void a_killed_agent_leaves_all_running_and_finds_it_again(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    int up[2];
    assert_int_equal(pipe(up), 0);
    pid_t agent = fork();
    if (agent == 0) {
        struct loop *l = NULL; // an agent of its own, with the same directories
        host_close(w->host);
        loop_free(w->loop);
        expect_fine(loop_new(&l));
        w->loop = l;
        world_open(w, true);
        struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
        spec.may_format = true;
        expect_fine(world_publish(w, &spec));
        world_launch(w, 1, "while :; do date >> data/f; test -e stop && exit 9; sleep 0.02; done", 1, "data", false);
        world_launch(w, 2, "sleep 0.5; exit 8", 0, NULL, false);
        if (write(up[1], "u", 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(up[1]);
    char c = 0;
    assert_int_equal(read(up[0], &c, 1), 1);
    close(up[0]);
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    for (int i = 0; i < PATIENCE_MS && world_keeper(w, "tasks", 2); i += 20)
        usleep(20000); // task 2 ends while nobody looks
    assert_true(world_image_held(path));
    const struct host_found *found = NULL;
    expect_fine(host_find(w->host, &found));
    assert_int_equal(found->attachment_count, 1);
    assert_int_equal(found->attachments[0].epoch, 1);
    assert_int_equal(found->attachments[0].published.state, HOST_PUBLISHED);
    assert_true(found->attachments[0].published.formatted);
    assert_int_equal(found->task_count, 2);
    assert_true(found->tasks[0].running);
    expect_text(found->tasks[0].framework, "f1");
    assert_int_equal(found->tasks[0].attachments[0], 1);
    assert_true(found->tasks[1].ended);
    assert_int_equal(found->tasks[1].end.kind, HOST_END_EXITED);
    assert_int_equal(found->tasks[1].end.code, 8);
    AUTO_FREE char *sandbox = host_sandbox(w->host, (task_id){1});
    AUTO_FREE char *stop = mem_format("%s/stop", sandbox);
    expect_fine(file_write(stop, "", 0, 0644));
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.code, 9);
    expect_fine(world_unpublish(w, 1, 1));
    assert_false(world_image_held(path));
}

static void not_awaited(struct err *error, const struct host_published *now, void *arg) {
    (void)now;
    (void)arg;
    err_free(error);
}

static void a_keeper_that_cannot_be_looked_at_is_not_taken_for_gone(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    AUTO_FREE char *record = mem_format("%s/attachments/1/keeper", w->work);
    AUTO_FREE char *aside = mem_format("%s.aside", record);
    assert_int_equal(rename(record, aside), 0);
    assert_int_equal(mkdir(record, 0700), 0);
    host_close(w->host);
    world_open(w, true);
    const struct host_found *found = NULL;
    expect_err(host_find(w->host, &found), ERR_IO, record);
    assert_int_equal(rmdir(record), 0);
    assert_int_equal(rename(aside, record), 0);
    expect_fine(host_find(w->host, &found));
    assert_int_equal(found->attachments[0].published.state, HOST_PUBLISHED);
    expect_fine(world_unpublish(w, 1, 5));
}

static void open_files_limit(rlim_t most) {
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static void a_birth_without_a_file_to_look_at_it_is_waited_for(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.may_format = true;
    struct host_launch l = {.task = {1}, .framework = "f1", .id = "t-1", .command = "sleep 1000"};
    host_launch(w->host, &l);
    world_publish_begin(w, &spec);
    uint64_t given = open_files_given();
    open_files_limit(3); // those are open already
    world_run_for(w, 700);
    bool wrong = w->answered || w->tasks[1].started || w->tasks[1].ended;
    open_files_limit(given);
    assert_false(wrong);
    expect_fine(world_answer(w));
    while (!w->tasks[1].started && !w->tasks[1].ended) world_run_for(w, 100);
    assert_false(w->tasks[1].ended);
    expect_fine(world_unpublish(w, 1, 1));
}

static void a_keeper_that_stays_unseen_is_told(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.may_format = true;
    spec.timeout_ms = 1500;
    struct host_launch l = {.task = {1}, .framework = "f1", .id = "t-1", .command = "sleep 1000"};
    host_launch(w->host, &l);
    world_publish_begin(w, &spec);
    uint64_t given = open_files_given();
    open_files_limit(3);
    struct err *failed = world_answer(w);
    world_run_for(w, 1100); // the task's is looked at once more
    bool ended = w->tasks[1].started || w->tasks[1].ended;
    open_files_limit(given);
    expect_err(failed, ERR_UNAVAILABLE, "its keeper cannot be looked at");
    assert_false(ended);
    assert_int_equal(w->tasks[1].unseen, 1);
    expect_fine(world_unpublish(w, 1, 1)); // now it is seen
    assert_false(world_image_held(path));
    while (!w->tasks[1].started && !w->tasks[1].ended) world_run_for(w, 100);
    assert_false(w->tasks[1].ended);
}

// A publish of which the agent hears nothing but that it cannot look.
static void publish_unseen(struct world *w, struct host_publish *spec) {
    spec->may_format = true;
    spec->timeout_ms = 1500;
    world_publish_begin(w, spec);
    uint64_t given = open_files_given();
    open_files_limit(3);
    struct err *failed = world_answer(w);
    open_files_limit(given);
    expect_err(failed, ERR_UNAVAILABLE, "its keeper cannot be looked at");
}

static void what_was_not_seen_is_looked_at_before_it_grows(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    publish_unseen(w, &spec);
    assert_int_equal(truncate(path, 128 * MIB), 0);
    expect_fine(world_grow(w, 1, 1, 128 * MIB));
    assert_int_equal(w->now.state, HOST_PUBLISHED);
    expect_fine(world_unpublish(w, 1, 1));
    expect_err(world_grow(w, 1, 1, 128 * MIB), ERR_NOT_FOUND, "attachment 1 is not published here");
    expect_err(world_grow(w, 2, 1, 128 * MIB), ERR_NOT_FOUND, "attachment 2 is not published here");
}

static void an_eager_format_that_ended_unseen_is_told(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.format_only = true;
    spec.fs_uuid = world_uuid(77);
    publish_unseen(w, &spec);
    AUTO_FREE char *file = mem_format("%s/attachments/1/state", w->work);
    AUTO_TEXT struct text reached = {0};
    for (int i = 0; i < PATIENCE_MS && !strstr(text_string(&reached), "unpublished"); i += 20) {
        usleep(20000);
        text_clear(&reached);
        err_free(file_read(file, 4096, &reached));
    }
    for (int i = 0; i < PATIENCE_MS && world_keeper(w, "attachments", 1); i += 20) usleep(20000);
    expect_fine(world_unpublish(w, 1, 1));
    assert_int_equal(w->now.state, HOST_UNPUBLISHED);
    assert_true(w->now.formatted && uuid_equal(w->now.fs_uuid, world_uuid(77)));
}

static void a_task_gets_the_limit_of_open_files_that_the_agent_was_given(void **state) {
    struct world *w = *state;
    uint64_t given = open_files_given();
    expect_fine(open_files_raise());
    world_launch(w, 1, "ulimit -Sn", 0, NULL, false);
    world_wait_end(w, 1);
    open_files_limit(given);
    AUTO_FREE char *said = mem_format("%llu", (unsigned long long)given);
    expect_text(world_output(w, 1, "stdout"), said);
}

static void a_publish_goes_on_without_its_agent(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    pid_t agent = fork();
    if (agent == 0) {
        struct loop *l = NULL;
        host_close(w->host);
        loop_free(w->loop);
        expect_fine(loop_new(&l));
        w->loop = l;
        world_open(w, true);
        struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
        spec.may_format = true;
        host_publish(w->host, &spec, not_awaited, w);
        loop_run(w->loop);
        _exit(0);
    }
    for (int i = 0; i < PATIENCE_MS && !world_keeper(w, "attachments", 1); i++) usleep(1000);
    kill(agent, SIGKILL);
    waitpid(agent, NULL, 0);
    // The keeper may not have been let go yet: then it never was, and nothing was touched.
    const struct host_found *found = NULL;
    expect_fine(host_find(w->host, &found));
    assert_int_equal(found->attachment_count, 1);
    struct err *failed = world_await(w, 1);
    if (failed) {
        assert_false(w->now.format_began);
        expect_err(failed, ERR_UNAVAILABLE, "its keeper ended");
        return;
    }
    assert_int_equal(w->now.state, HOST_PUBLISHED);
    assert_true(w->now.formatted);
    expect_fine(world_unpublish(w, 1, 1));
}

static void a_publish_that_hangs_ends_at_its_deadline(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.may_format = true;
    spec.timeout_ms = 300;
    int lock = -1;
    expect_fine(image_lock(path, 1000, &lock));
    expect_err(world_publish(w, &spec), ERR_TIMEOUT, "in");
    assert_false(w->now.format_began);
    close(lock);
    spec.timeout_ms = 0;
    expect_fine(world_publish(w, &spec));
    expect_fine(world_publish(w, &spec)); // and the same again answers again
    expect_fine(world_unpublish(w, 1, 1));
}

static void what_ended_can_be_forgotten_and_nothing_is_left(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    world_launch(w, 1, "echo x", 1, "data", false);
    world_wait_end(w, 1);
    expect_fine(world_unpublish(w, 1, 5));
    host_forget_attachment(w->host, 1);
    host_forget_task(w->host, (task_id){1});
    assert_true(host_remove_sandbox(w->host, (task_id){1}));
    assert_false(host_remove_sandbox(w->host, (task_id){1})); // it is going
    AUTO_FREE char *gone = mem_format("%s/tasks/1", w->work);
    world_wait_path(w, gone, false);
    host_clean(w->host);
    AUTO_FREE char *attachment = mem_format("%s/attachments/1", w->work);
    AUTO_FREE char *keepers = mem_format("%s.keepers/1", path);
    assert_false(file_exists(attachment));
    assert_false(file_exists(keepers));
    const struct host_found *found = NULL;
    expect_fine(host_find(w->host, &found));
    assert_int_equal(found->attachment_count + found->task_count, 0);
}

static void a_sandbox_that_cannot_be_removed_is_told(void **state) {
    struct world *w = *state;
    world_launch(w, 1, "echo x", 0, NULL, false);
    world_wait_end(w, 1);
    host_forget_task(w->host, (task_id){1});
    AUTO_FREE char *other = mem_format("%s/tasks/1/other", w->work);
    expect_fine(file_write(other, "", 0, 0600));
    for (unsigned i = 1; i <= 2; i++) {
        assert_true(host_remove_sandbox(w->host, (task_id){1}));
        while (w->left < i) world_run_for(w, 10);
    }
}

static void root_is_for_those_whom_the_operator_allowed(void **state) {
    struct world *w = *state;
    host_close(w->host);
    world_open(w, false);
    struct host_launch l = {.task = {1}, .framework = "f", .id = "t", .user = "root", .command = "id -u"};
    host_launch(w->host, &l);
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_NOT_STARTED);
    assert_non_null(strstr(w->tasks[1].message, "may not run as root"));
    world_launch(w, 2, "id -un; grep NoNewPrivs /proc/self/status; pwd | grep -c sandbox; echo $$", 0, NULL, false);
    world_wait_end(w, 2);
    expect_text(world_output(w, 2, "stdout"), "nobody\nNoNewPrivs:\t1\n1\n2");
}

static void a_task_is_held_to_its_memory(void **state) {
    struct world *w = *state;
    if (host_abilities(w->host)->memory == CGROUP_NONE) {
        print_message("skipped: no memory control group can be written here\n");
        skip();
    }
    struct host_launch l = {.task = {1}, .framework = "f", .id = "t", .cpus = {500}, .mem = {40 * MIB}};
    l.command = "head -c 200000000 /dev/zero | tail -c 200000000 > /dev/null; exit $?";
    host_launch(w->host, &l);
    world_wait_end(w, 1);
    assert_true(w->tasks[1].end.kind == HOST_END_SIGNALLED || w->tasks[1].end.code == 137);
    assert_non_null(strstr(w->tasks[1].message, "ran out of its memory limit"));
}

static void volumes_do_not_nest_and_paths_stay_inside(void **state) {
    struct world *w = *state;
    char path[128];
    published_new(w, 1, path);
    struct host_task_volume two[] = {{.attachment = 1, .container_path = "/x/a"},
                                     {.attachment = 1, .container_path = "/x//a/b"}};
    struct host_launch l = {
        .task = {1}, .framework = "f", .id = "t", .command = "true", .volumes = two, .volume_count = 2};
    host_launch(w->host, &l);
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_NOT_STARTED);
    assert_non_null(strstr(w->tasks[1].message, "lies inside that of another volume"));
    world_launch(w, 2, "true", 1, "a/../../../x", false);
    assert_non_null(strstr(w->tasks[2].message, "contains '..'"));
    world_launch(w, 3, "true", 9, "data", false);
    assert_non_null(strstr(w->tasks[3].message, "is not published here"));
    // Two places of one volume, side by side, are fine.
    two[1].container_path = "/x/b";
    l.task.n = 4;
    l.command = "echo 1 > /x/a/f; cat /x/b/f";
    host_launch(w->host, &l);
    world_wait_end(w, 4);
    expect_text(world_output(w, 4, "stdout"), "1");
    expect_fine(world_unpublish(w, 1, 5));
}

static void a_raw_volume_is_given_as_a_device(void **state) {
    struct world *w = *state;
    char path[128];
    world_image(w, "v", 8 * MIB, world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.fs = "raw";
    spec.mode = 0666;
    expect_fine(world_publish(w, &spec));
    world_launch(w, 1, "test -b /dev/granary-raw && echo hello | dd of=/dev/granary-raw conv=notrunc,fsync 2>/dev/null",
                 1, "/dev/granary-raw", false);
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.code, 0);
    assert_false(file_exists("/dev/granary-raw"));
    expect_fine(world_unpublish(w, 1, 1));
    char first[6] = {0};
    AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(read(fd, first, 5), 5);
    expect_text(first, "hello");
}

static void a_directory_is_a_volume_too(void **state) {
    struct world *w = *state;
    char path[128];
    world_directory(w, "d", world_uuid(1), path);
    struct host_publish spec = world_spec(1, 1, path, world_uuid(1));
    spec.device = "directory";
    spec.may_format = true;
    expect_fine(world_publish(w, &spec));
    assert_true(w->now.formatted);
    assert_non_null(strstr(w->notes, "not enforced"));
    world_launch(w, 1, "echo x > /granary-nowhere/f; sleep 1000", 1, "/granary-nowhere", false);
    AUTO_FREE char *file = mem_format("%s/f", path);
    world_wait_path(w, file, true);
    AUTO_TEXT struct text proof = {0};
    expect_fine(keeper_fence(path, 1, PATIENCE_MS, &proof));
    world_wait_end(w, 1);
    assert_int_equal(w->tasks[1].end.kind, HOST_END_LOST);
}

// A mount of the volume that somebody else holds: as long as it is open, so is the device.
static int mount_held(struct world *w, uint64_t attachment) {
    AUTO_FREE char *socket = thing_socket(w->run, THING_ATTACHMENT, attachment);
    AUTO_SHEET struct sheet answer = {0};
    int fd = -1;
    expect_fine(keeper_ask(socket, "mount", PATIENCE_MS, &answer, &fd));
    return fd;
}

static void a_block_device_is_let_go_of_only_when_nobody_has_it(void **state) {
    struct world *w = *state;
    char path[128], node[LOOPDEV_PATH];
    world_image(w, "v", 64 * MIB, world_uuid(1), path);
    struct loopdev loop = {.fd = -1};
    expect_fine(loopdev_attach(path, false, &loop)); // as the storage side would
    struct host_publish spec = world_spec(1, 1, loopdev_path(&loop, node), world_uuid(1));
    spec.device = "block";
    spec.may_format = true;
    expect_fine(world_publish(w, &spec));
    int held = mount_held(w, 1);
    expect_err(world_unpublish(w, 1, 1), ERR_CONFLICT, "still in use on this host");
    world_unpublish_begin(w, 1, 1);
    world_run_for(w, 300);
    assert_false(w->answered); // it looks again
    close(held);
    expect_fine(world_answer(w));
    spec.attachment = spec.epoch = 2;
    spec.may_format = false;
    expect_fine(world_publish(w, &spec));
    held = mount_held(w, 2);
    assert_int_equal(kill(world_keeper(w, "attachments", 2), SIGKILL), 0);
    world_wait_lost(w, 1);
    expect_err(world_unpublish(w, 2, 2), ERR_CONFLICT, "still in use on this host");
    close(held);
    expect_fine(world_unpublish(w, 2, 2));
    loopdev_close(&loop);
}

static void a_work_directory_too_long_for_a_command_is_refused(void **state) {
    struct world *w = *state;
    char name[140] = "";
    memset(name, 'x', sizeof name - 1);
    AUTO_FREE char *path = mem_format("%s/%s", w->dir, name);
    struct host_options o = {.work_dir = path, .run_dir = w->run, .daemon_path = "/x", .agent = "n2"};
    struct host *h = NULL;
    expect_err(host_open(w->loop, &o, &h), ERR_INVALID, "is longer than 120 bytes: choose a shorter one");
    assert_false(file_exists(path));
}

// A disk of the host's on a loop device, below a mount that tells others of its changes, as a distribution's root does.
static void disk_mount(struct world *w, char ret_image[128], char ret_at[128]) {
    struct loopdev loop = {.fd = -1};
    char node[LOOPDEV_PATH];
    world_image(w, "disk", 16 * MIB, world_uuid(9), ret_image);
    snprintf(ret_at, 128, "%s/at", w->dir);
    expect_fine(loopdev_attach(ret_image, false, &loop));
    const char *const mkfs[] = {"mkfs.ext4", "-q", loopdev_path(&loop, node), NULL};
    expect_fine(process_run(mkfs, 0, PATIENCE_MS, NULL, NULL));
    assert_int_equal(mount(w->dir, w->dir, NULL, MS_BIND, NULL), 0);
    assert_int_equal(mount(NULL, w->dir, NULL, MS_SHARED, NULL), 0);
    assert_int_equal(mkdir(ret_at, 0755), 0);
    assert_int_equal(mount(node, ret_at, "ext4", 0, NULL), 0);
    loopdev_close(&loop);
}

static void an_unmount_on_the_host_reaches_tasks_and_nothing_of_theirs_the_host(void **state) {
    struct world *w = *state;
    char volume[128], image[128], at[128];
    AUTO_TEXT struct text before = {0}, after = {0};
    disk_mount(w, image, at);
    published_new(w, 1, volume);
    world_mounts(w, &before);
    world_launch(w, 1, "sleep 1000", 1, "/granary-nowhere/data", false);
    world_mounts(w, &after);
    int unmounted = umount2(at, 0);
    struct err *held = loopdev_wait_gone(image, PATIENCE_MS);
    umount2(at, MNT_DETACH);
    umount2(w->dir, MNT_DETACH);
    assert_int_equal(unmounted, 0);
    expect_fine(held);
    assert_string_equal(text_string(&before), text_string(&after));
    expect_fine(world_kill(w, 1, 0));
    world_wait_end(w, 1);
    expect_fine(world_unpublish(w, 1, 5));
}

static bool can_run(void) {
    struct err *no_loop = geteuid() == 0 ? loopdev_check() : err_new(ERR_DENIED, "not root");
    if (!no_loop) return true;
    print_message("skipped: needs root and loop devices (%s)\n", err_text(no_loop));
    err_free(no_loop);
    return false;
}

#define HOST_TEST(f) cmocka_unit_test_setup_teardown(f, world_set_up, world_tear_down)

int main(int argc, char **argv) {
    world_main(argc, argv);
    if (!can_run()) return 77;
    const struct CMUnitTest tests[] = {
        HOST_TEST(a_new_volume_is_formatted_and_used_by_one_task_after_another),
        HOST_TEST(what_is_formatted_is_not_formatted_again_and_keeps_its_uuid),
        HOST_TEST(data_on_the_device_vetoes_a_format),
        HOST_TEST(a_lower_epoch_is_refused),
        HOST_TEST(an_image_is_attached_once),
        HOST_TEST(another_volumes_image_is_refused),
        HOST_TEST(eager_format_mounts_once_and_lets_go),
        HOST_TEST(a_read_only_volume_cannot_be_written),
        HOST_TEST(xfs_grows_while_a_task_uses_it),
        HOST_TEST(ext4_grows),
        HOST_TEST(a_volume_in_use_is_not_unpublished),
        HOST_TEST(exit_codes_and_signals_are_told),
        HOST_TEST(a_program_sees_itself_under_the_name_it_is_given),
        HOST_TEST(a_kill_gives_grace_and_then_takes_everything),
        HOST_TEST(kills_while_a_task_launches_are_all_answered_and_none_at_once),
        HOST_TEST(a_killed_keeper_takes_mount_and_device_with_it),
        HOST_TEST(a_keeper_that_dies_while_it_grows_is_told_as_lost_too),
        HOST_TEST(a_killed_task_keeper_is_told_as_lost),
        HOST_TEST(a_fence_kills_the_keepers_of_volume_and_tasks),
        HOST_TEST(an_eviction_ends_the_tasks_and_frees_the_device),
        HOST_TEST(a_killed_agent_leaves_all_running_and_finds_it_again),
        HOST_TEST(a_keeper_that_cannot_be_looked_at_is_not_taken_for_gone),
        HOST_TEST(a_birth_without_a_file_to_look_at_it_is_waited_for),
        HOST_TEST(a_keeper_that_stays_unseen_is_told),
        HOST_TEST(what_was_not_seen_is_looked_at_before_it_grows),
        HOST_TEST(an_eager_format_that_ended_unseen_is_told),
        HOST_TEST(a_task_gets_the_limit_of_open_files_that_the_agent_was_given),
        HOST_TEST(a_publish_goes_on_without_its_agent),
        HOST_TEST(a_publish_that_hangs_ends_at_its_deadline),
        HOST_TEST(what_ended_can_be_forgotten_and_nothing_is_left),
        HOST_TEST(a_sandbox_that_cannot_be_removed_is_told),
        HOST_TEST(root_is_for_those_whom_the_operator_allowed),
        HOST_TEST(a_task_is_held_to_its_memory),
        HOST_TEST(volumes_do_not_nest_and_paths_stay_inside),
        HOST_TEST(a_raw_volume_is_given_as_a_device),
        HOST_TEST(a_directory_is_a_volume_too),
        HOST_TEST(a_work_directory_too_long_for_a_command_is_refused),
        HOST_TEST(an_unmount_on_the_host_reaches_tasks_and_nothing_of_theirs_the_host),
        HOST_TEST(a_block_device_is_let_go_of_only_when_nobody_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
