// SPDX-License-Identifier: Apache-2.0
// What only a store on a disk can suffer, and what the door makes of failures: kill -9, a second process, a full disk, a
// failed flush.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "store/sqlite.h"
#include "store_world.h"
#include "sys/file.h"
#include "sys/loop.h"

static const struct variant on_sqlite = {"sqlite", "sqlite", NULL, false};
static const struct variant on_flaky = {"flaky", "flaky", &store_memory, false};
static const struct variant on_flaky_by_hand = {"flaky", "flaky", &store_memory, true};

static void expect_err(enum err_kind kind, const char *part, struct err *e) {
    assert_non_null(e);
    if (!strstr(err_text(e), part)) fail_msg("'%s' is not in: %s", part, err_text(e));
    assert_string_equal(err_kind_name(err_kind(e)), err_kind_name(kind));
    err_free(e);
}

static int world_begin(void **state) {
    struct world *w = world_new(*state);
    world_open(w);
    *state = w;
    return 0;
}

static int world_end(void **state) {
    world_free(*state);
    return 0;
}

// ---- kill -9

struct killed {
    struct store *store;
    uint64_t next;
    int pipe;
};

static void killed_append(struct killed *k);

static void killed_durable(void *arg, const struct err *error, uint64_t durable) {
    struct killed *k = arg;
    if (error || write(k->pipe, &durable, sizeof durable) != sizeof durable) _exit(1);
    killed_append(k);
}

// Several records of different sizes, so that transactions span pages; objects and trims in between.
static void killed_append(struct killed *k) {
    static char bytes[5000];
    struct store_record records[5];
    for (size_t i = 0; i < 5; i++)
        records[i] = (struct store_record){k->next + i, bytes, (size_t)(k->next * 37 % 1000)};
    store_append(k->store, (struct store_records){records, 5}, killed_durable, k);
    struct store_object o = {.key = {.noun = 1, .id = k->next % 100}, .seq = k->next, .bytes = bytes, .size = 100};
    store_checkpoint_put(k->store, &o, 1, NULL, NULL);
    k->next += 5;
    if (k->next % 100 == 1) {
        store_checkpoint_through(k->store, k->next - 1, NULL, NULL);
        store_trim(k->store, k->next / 2, NULL, NULL);
    }
}

static _Noreturn void killed_child(const char *directory, int pipe) {
    struct loop *loop = NULL;
    struct killed k = {.next = 1, .pipe = pipe};
    if (loop_new(&loop)) _exit(1);
    struct store_options options = {.kind = "sqlite", .path = directory, .schema = 1, .loop = loop};
    if (store_open(&options, &k.store)) _exit(1);
    struct store_stats stats;
    store_stats(k.store, &stats);
    k.next = stats.durable + 1;
    killed_append(&k);
    loop_run(loop);
    _exit(1);
}

// Runs a child that appends, kills it after `ms`, and returns the highest number that it was told is durable.
static uint64_t killed_once(const char *directory, int ms) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ends[0]);
        killed_child(directory, ends[1]);
    }
    close(ends[1]);
    uint64_t durable = 0, told;
    ssize_t n = read(ends[0], &told, sizeof told);
    usleep((useconds_t)ms * 1000);
    kill(child, SIGKILL);
    for (; n == sizeof told; n = read(ends[0], &told, sizeof told)) durable = told;
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    close(ends[0]);
    return durable;
}

static struct err *gapless_entry(void *arg, const struct store_record *r) {
    uint64_t *last = arg;
    if (*last && r->seq != *last + 1) return err_new(ERR_CORRUPT, "a gap before %llu", (unsigned long long)r->seq);
    if (r->size != ((r->seq - 1) / 5 * 5 + 1) * 37 % 1000) return err_new(ERR_CORRUPT, "another size");
    *last = r->seq;
    return NULL;
}

static struct err *any_object(void *arg, const struct store_object *o) {
    (void)arg;
    return o->size == 100 ? NULL : err_new(ERR_CORRUPT, "another size");
}

static void what_was_acknowledged_survives_kill_9(void **world) {
    struct world *w = *world;
    world_close(w);
    for (int round = 0; round < 6; round++) {
        uint64_t told = killed_once(w->directory, 20 + round * 30), last = 0;
        assert_true(told > 0);
        assert_null(world_try_open(w, &w->store));
        assert_null(store_recover(w->store, &(struct store_reader){any_object, gapless_entry, &last}));
        assert_true(world_stats(w).durable >= told);
        assert_int_equal(world_stats(w).durable % 5, 0); // all or none
        if (last) assert_int_equal(last, world_stats(w).durable);
        world_close(w);
    }
}

// ---- a second process

static void a_second_process_is_refused_by_the_pid_of_the_first(void **world) {
    struct world *w = *world;
    AUTO_FREE char *sentence = mem_format("process %d has it open", (int)getpid());
    struct store *none = NULL;
    expect_err(ERR_CONFLICT, sentence, world_try_open(w, &none));
}

static void a_database_of_another_program_is_refused(void **world) {
    struct world *w = *world;
    world_close(w);
    assert_null(tree_remove(w->directory));
    assert_null(directory_make(w->directory, 0700));
    AUTO_FREE char *path = mem_format("%s/registry-1.db", w->directory);
    assert_null(file_write(path, "this is no database, but it is long enough to be looked at as one", 64, 0600));
    struct store *none = NULL;
    expect_err(ERR_CORRUPT, "registry-1.db", world_try_open(w, &none));
}

static void an_unknown_kind_names_those_there_are(void **world) {
    (void)world;
    static const struct variant strange = {"strange", "papyrus", NULL, false};
    struct world *w = world_new(&strange);
    struct store *none = NULL;
    expect_err(ERR_INVALID, "'papyrus': use one of sqlite, memory, flaky", world_try_open(w, &none));
    world_free(w);
}

static void the_log_is_moved_into_the_database_in_time(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 20000; seq += 100) {
        world_append_many(w, seq, 100, 1000);
        world_wait(w);
    }
    assert_in_range(world_stats(w).bytes, 20000 * 1000, 20000 * 1000 * 2); // 20 MB, and a log of about 8 MiB
}

// ---- a full disk

// In a mount namespace of its own, which ends with the child.
static _Noreturn void full_disk_child(const char *directory) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", directory, "tmpfs", 0, "size=14m") != 0) {
        _exit(77);
    }
    struct world *w = world_new(&on_sqlite);
    snprintf(w->directory, sizeof w->directory, "%s/store", directory);
    w->ballast = 2 * MIB;
    world_open(w);
    assert_true(world_stats(w).ballast);
    uint64_t seq = 1, durable = 0;
    while (!world_stats(w).full && seq < 10000) {
        world_append_many(w, seq, 10, 20000);
        world_append_many(w, seq + 10, 1, 10); // rides in the same batch
        world_wait(w);
        const char *answers = world_answers(w);
        if (!world_stats(w).full)
            durable = seq + 10;
        else if (!strstr(answers, "full:") || strstr(answers, "ok:"))
            fail_msg("answers: %s", answers);
        seq = durable + 1;
    }
    assert_true(world_stats(w).full);
    assert_false(world_stats(w).broken);
    assert_int_equal(world_stats(w).durable, durable);
    // The owner makes room, and what frees space goes through under the same numbers.
    w->waiting++;
    store_ballast_release(w->store, world_answer, w);
    world_append_many(w, seq, 10, 20000);
    world_wait(w);
    AUTO_FREE char *expected = mem_format("ok:%llu ok:%llu ", (unsigned long long)durable, (unsigned long long)seq + 9);
    assert_string_equal(world_answers(w), expected);
    assert_true(world_stats(w).full); // until the ballast is back
    w->waiting++;
    store_ballast_restore(w->store, world_answer, w);
    world_wait(w);
    assert_non_null(strstr(world_answers(w), "full:"));
    // Nothing that was acknowledged is lost, and a full disk is no reason not to start.
    world_reopen(w);
    assert_int_equal(world_stats(w).durable, seq + 9);
    assert_int_equal(world_stats(w).first, 1);
    assert_false(world_stats(w).ballast);
    // Room comes back.
    assert_int_equal(mount("none", directory, "tmpfs", MS_REMOUNT, "size=40m"), 0);
    w->waiting++;
    store_ballast_restore(w->store, world_answer, w);
    world_append_text(w, seq + 10, "e");
    world_wait(w);
    assert_true(world_stats(w).ballast);
    assert_false(world_stats(w).full);
    world_free(w);
    _exit(0);
}

static void a_full_disk_loses_nothing_and_ballast_makes_room(void **world) {
    struct world *w = *world;
    world_close(w);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) full_disk_child(w->directory);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
        print_message("no mount namespace here: the full disk is not tried on tmpfs\n");
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void when_the_disk_is_full_what_waits_behind_fails_too(void **world) {
    struct world *w = *world;
    world_append_text(w, 1, "e");
    world_wait(w);
    world_answers(w);
    w->script.full_from = w->script.calls + 1;
    w->script.full_until = w->script.calls + 2;
    world_append_text(w, 2, "e");
    assert_true(store_work(w->store)); // the flush is in flight; what comes now is behind it
    world_append_text(w, 3, "e");
    world_put(w, 1, 1, 2, "an effect of 2");
    world_through(w, 2);
    world_wait(w);
    assert_string_equal(world_answers(w), "full:1 full:1 full:1 full:1 ");
    assert_true(world_stats(w).full);
    world_append_text(w, 2, "again");
    world_wait(w);
    assert_string_equal(world_answers(w), "ok:2 ");
    assert_false(world_stats(w).full); // it had room after all, and the ballast was never given away
    assert_string_equal(world_recovered(w), "| 1=e 2=again ");
}

static void objects_that_find_no_room_take_the_mark_with_them(void **world) {
    struct world *w = *world;
    world_append_text(w, 1, "e");
    world_wait(w);
    world_answers(w);
    w->script.full_from = w->script.calls + 1;
    w->script.full_until = w->script.calls + 2;
    world_put(w, 1, 1, 1, "one");
    world_through(w, 1);
    world_wait(w);
    assert_string_equal(world_answers(w), "full:1 full:1 ");
    assert_string_equal(world_recovered(w), "| 1=e ");
}

// ---- a failed flush

static void after_a_failed_flush_nothing_is_accepted(void **world) {
    struct world *w = *world;
    w->script.io_error_at = 2;
    world_append_text(w, 1, "e");
    world_wait(w);
    world_append_text(w, 2, "e");
    world_put(w, 1, 1, 2, "two");
    world_wait(w);
    world_append_text(w, 3, "e"); // asked of a broken store
    world_through(w, 1);
    world_wait(w);
    assert_string_equal(world_answers(w), "ok:1 io:1 io:1 io:1 io:1 ");
    assert_true(world_stats(w).broken);
    assert_non_null(strstr(err_text(store_broken(w->store)), "the flush failed"));
    assert_string_equal(world_recovered(w), "| 1=e ");
}

static void a_lost_answer_leaves_what_may_have_happened(void **world) {
    struct world *w = *world;
    w->script.lost_answer_at = 1;
    world_append_text(w, 1, "e");
    world_wait(w);
    assert_string_equal(world_answers(w), "io:1 ");
    assert_string_equal(world_recovered(w), "| 1=e ");
}

static void a_crash_before_the_answer_keeps_what_was_durable(void **world) {
    struct world *w = *world;
    world_append_text(w, 1, "e");
    assert_true(store_work(w->store));
    world_append_text(w, 2, "never written");
    w->waiting = 0;
    assert_string_equal(world_recovered(w), "| 1=e ");
    struct memory_disk *then = memory_disk_clone(w->disk);
    world_put(w, 1, 1, 1, "in the page cache only");
    world_wait(w);
    world_close(w);
    memory_disk_crash(w->disk);
    world_open(w);
    assert_string_equal(world_recovered(w), "| 1=e ");
    memory_disk_free(then);
}

static void world_mark_suspect(const struct world *w) {
    AUTO_FREE char *path = mem_format("%s/lock", w->directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "suspect", 7, 15), 7);
}

static void a_suspect_store_is_copied_before_it_speaks(void **world) {
    struct world *w = *world;
    world_append_text(w, 1, "one");
    world_append_text(w, 2, "two");
    world_put(w, 1, 1, 1, "object");
    world_put_named(w, 1, "n", 2, NULL);
    world_through(w, 1);
    world_wait(w);
    world_close(w);
    world_mark_suspect(w);
    assert_string_equal(world_recovered(w), "1/1@1=object 1/n@2! | 2=two ");
    AUTO_FREE char *old = mem_format("%s/registry-1.db", w->directory);
    AUTO_FREE char *new = mem_format("%s/registry-2.db", w->directory);
    assert_false(file_exists(old));
    assert_true(file_exists(new));
    world_append_text(w, 3, "three");
    world_wait(w);
    assert_string_equal(world_recovered(w), "1/1@1=object 1/n@2! | 2=two 3=three "); // and only once
    assert_true(file_exists(new));
}

// A disk whose flushes fail: SQLite's own files, with a sync that says no when told to. A database has other methods
// (locks) than its log.
static struct {
    sqlite3_vfs vfs, *real;
    sqlite3_io_methods database, log;
    int (*sync)(sqlite3_file *file, int flags);
    bool fails;
} disk;

static int disk_sync(sqlite3_file *file, int flags) {
    if (disk.fails) return SQLITE_IOERR_FSYNC;
    return disk.sync(file, flags);
}

static int disk_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *ret_flags) {
    (void)vfs;
    int code = disk.real->xOpen(disk.real, name, file, flags, ret_flags);
    if (code != SQLITE_OK) return code;
    sqlite3_io_methods *methods = flags & SQLITE_OPEN_MAIN_DB ? &disk.database : &disk.log;
    disk.sync = file->pMethods->xSync;
    *methods = *file->pMethods;
    methods->xSync = disk_sync;
    file->pMethods = methods;
    return code;
}

static int disk_begin(void **state) {
    disk.fails = false;
    disk.real = sqlite3_vfs_find(NULL);
    disk.vfs = *disk.real;
    disk.vfs.zName = "failing";
    disk.vfs.xOpen = disk_open;
    return sqlite3_vfs_register(&disk.vfs, 1) == SQLITE_OK ? world_begin(state) : -1;
}

static int disk_end(void **state) {
    world_end(state);
    return sqlite3_vfs_unregister(&disk.vfs);
}

static void a_flush_that_fails_on_disk_is_the_end_and_the_next_open_copies(void **world) {
    struct world *w = *world;
    world_append_text(w, 1, "one");
    world_wait(w);
    disk.fails = true;
    world_append_text(w, 2, "two");
    world_wait(w);
    disk.fails = false; // the disk says it is well again: too late
    world_append_text(w, 2, "two");
    world_wait(w);
    assert_string_equal(world_answers(w), "ok:1 io:1 io:1 ");
    assert_non_null(strstr(err_text(store_broken(w->store)), "disk I/O error"));
    const char *found = world_recovered(w);
    // What was acknowledged is there; what was not may be or not.
    if (strcmp(found, "| 1=one ") != 0) assert_string_equal(found, "| 1=one 2=two ");
    AUTO_FREE char *copy = mem_format("%s/registry-2.db", w->directory);
    assert_true(file_exists(copy));
}

static void a_flush_that_fails_at_open_is_told_and_the_next_open_copies(void **world) {
    struct world *w = *world;
    world_append_text(w, 1, "one");
    world_wait(w);
    world_close(w);
    disk.fails = true;
    expect_err(ERR_IO, "flush the log", world_try_open(w, &w->store));
    disk.fails = false;
    assert_string_equal(world_recovered(w), "| 1=one ");
    AUTO_FREE char *copy = mem_format("%s/registry-2.db", w->directory);
    assert_true(file_exists(copy));
}

static void a_damaged_store_is_not_served(void **world) {
    struct world *w = *world;
    for (uint64_t seq = 1; seq <= 3000; seq += 100) world_append_many(w, seq, 100, 1000);
    world_wait(w);
    for (uint64_t seq = 3001; seq <= 6000; seq += 100) world_append_many(w, seq, 100, 1000);
    world_wait(w); // part of it is in the database file by now
    world_close(w);
    AUTO_FREE char *path = mem_format("%s/registry-1.db", w->directory);
    AUTO_FREE char *log = mem_format("%s/registry-1.db-wal", w->directory);
    AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
    static const char rubbish[4096] = "rubbish";
    for (off_t page = 10; page < 200; page += 3) {
        assert_int_equal(pwrite(fd, rubbish, sizeof rubbish, page * 4096), sizeof rubbish);
    }
    assert_int_equal(unlink(log), 0);
    world_mark_suspect(w);
    struct err *refused = world_try_open(w, &w->store);
    expect_err(ERR_CORRUPT, "last flush failed", refused);
    assert_true(file_exists(path)); // the original stays
}

#define ROW(test, variant)                                                                                             \
    { #test, test, world_begin, world_end, (void *)(uintptr_t) & (variant) }
#define DISK_ROW(test)                                                                                                 \
    { #test, test, disk_begin, disk_end, (void *)(uintptr_t)&on_sqlite }

int main(void) {
    const struct CMUnitTest tests[] = {
        ROW(what_was_acknowledged_survives_kill_9, on_sqlite),
        ROW(a_second_process_is_refused_by_the_pid_of_the_first, on_sqlite),
        ROW(a_database_of_another_program_is_refused, on_sqlite),
        cmocka_unit_test(an_unknown_kind_names_those_there_are),
        ROW(the_log_is_moved_into_the_database_in_time, on_sqlite),
        ROW(a_full_disk_loses_nothing_and_ballast_makes_room, on_sqlite),
        ROW(when_the_disk_is_full_what_waits_behind_fails_too, on_flaky_by_hand),
        ROW(objects_that_find_no_room_take_the_mark_with_them, on_flaky),
        ROW(after_a_failed_flush_nothing_is_accepted, on_flaky),
        ROW(a_lost_answer_leaves_what_may_have_happened, on_flaky),
        ROW(a_crash_before_the_answer_keeps_what_was_durable, on_flaky_by_hand),
        ROW(a_suspect_store_is_copied_before_it_speaks, on_sqlite),
        DISK_ROW(a_flush_that_fails_on_disk_is_the_end_and_the_next_open_copies),
        DISK_ROW(a_flush_that_fails_at_open_is_told_and_the_next_open_copies),
        ROW(a_damaged_store_is_not_served, on_sqlite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
