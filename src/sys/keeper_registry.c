// SPDX-License-Identifier: Apache-2.0
// The registry of keepers beside an image. All changes happen under the image's lock; the floor only rises.
#include "sys/keeper_registry.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/sheet.h"

enum { LOCK_WAIT_MS = 10000 };

struct err *image_lock(const char *image, int64_t ms, int *ret_fd) {
    AUTO_FREE char *path = mem_format("%s.lock", image);
    return file_lock(path, ms, ret_fd);
}

static char *record_path(const char *image, pid_t pid) {
    return mem_format("%s.keepers/%d", image, pid);
}

static struct err *record_read(const char *path, struct keeper_record *ret_record) {
    AUTO_SHEET struct sheet s = {0};
    TRY(sheet_load(path, &s));
    struct keeper_record r = {
        .pid = (pid_t)sheet_u64(&s, "pid"), .start = sheet_u64(&s, "start"), .epoch = sheet_u64(&s, "epoch")};
    r.pidns = sheet_u64(&s, "pidns");
    snprintf(r.boot, sizeof r.boot, "%s", sheet_text(&s, "boot"));
    snprintf(r.agent, sizeof r.agent, "%s", sheet_text(&s, "agent"));
    snprintf(r.what, sizeof r.what, "%s", sheet_text(&s, "what"));
    if (r.pid <= 0) return err_new(ERR_CORRUPT, "%s names no process", path);
    *ret_record = r;
    return NULL;
}

// Does the process that the record names still run? Only a clear "gone" counts as no.
static struct err *record_runs(const struct keeper_record *r, bool *ret_runs) {
    *ret_runs = false;
    bool over = false;
    TRY(boot_over(r->boot, &over));
    if (over) return NULL;
    uint64_t start = 0;
    struct err *failed = process_start_time(r->pid, &start);
    *ret_runs = !failed && start == r->start;
    if (!failed) return NULL;
    if (err_kind(failed) != ERR_NOT_FOUND) return failed;
    err_free(failed);
    return NULL;
}

static struct err *record_take(const char *image, const char *name, struct keeper_records *ret_records) {
    AUTO_FREE char *path = mem_format("%s.keepers/%s", image, name);
    struct keeper_record r;
    struct err *unread = record_read(path, &r);
    if (unread && err_kind(unread) == ERR_NOT_FOUND) { // unregistered meanwhile: that needs no lock
        err_free(unread);
        return NULL;
    }
    TRY(unread);
    bool runs = false;
    TRY(record_runs(&r, &runs));
    if (runs) {
        vec_push(ret_records, r);
    } else if (r.pidns == pid_namespace() && unlink(path) && errno != ENOENT) {
        return err_errno(errno, "remove the record of an ended keeper, %s", path);
    }
    return NULL;
}

// Under the lock.
static struct err *records_read(const char *image, struct keeper_records *ret_records) {
    AUTO_FREE char *path = mem_format("%s.keepers", image);
    DIR *dir = opendir(path);
    if (!dir && errno == ENOENT) return NULL;
    if (!dir) return err_errno(errno, "list the keepers in %s", path);
    struct err *failed = NULL;
    for (struct dirent *e; errno = 0, !failed && (e = readdir(dir));) {
        uint64_t pid = 0; // others are temporary files of a writer that died: never a keeper that went on
        if (text_to_u64(e->d_name, &pid)) failed = record_take(image, e->d_name, ret_records);
    }
    if (errno) failed = err_errno(errno, "list the keepers in %s", path);
    closedir(dir);
    return failed;
}

struct err *keeper_list(const char *image, struct keeper_records *ret_records) {
    AUTO_FD int lock = -1;
    TRY(image_lock(image, LOCK_WAIT_MS, &lock));
    return records_read(image, ret_records);
}

struct err *keeper_register(const char *image, const struct keeper_record *r) {
    AUTO_FREE char *dir = mem_format("%s.keepers", image);
    AUTO_FREE char *floor_path = mem_format("%s.floor", image);
    AUTO_FREE char *path = record_path(image, r->pid);
    AUTO_FD int lock = -1;
    TRY(image_lock(image, LOCK_WAIT_MS, &lock));
    AUTO_SHEET struct sheet floor = {0}; // "lowest" is the first epoch not refused, "highest" the highest ever here
    TRY(sheet_load_if_there(floor_path, &floor));
    uint64_t lowest = sheet_u64(&floor, "lowest"), highest = sheet_u64(&floor, "highest");
    if (r->epoch < lowest || r->epoch < highest)
        return err_new(ERR_CONFLICT, "%s: epoch %llu is refused: %s %llu", image, (unsigned long long)r->epoch,
                       r->epoch < lowest ? "fenced off below" : "there was already",
                       (unsigned long long)(r->epoch < lowest ? lowest : highest));
    if (r->epoch > highest) {
        sheet_set_u64(&floor, "highest", r->epoch);
        TRY(sheet_save(&floor, floor_path));
    }
    TRY(directory_make(dir, 0700));
    AUTO_SHEET struct sheet s = {0};
    sheet_add_u64(&s, "pid", (uint64_t)r->pid);
    sheet_add_u64(&s, "start", r->start);
    sheet_add_u64(&s, "pidns", pid_namespace());
    sheet_add_u64(&s, "epoch", r->epoch);
    sheet_add(&s, "boot", r->boot);
    sheet_add(&s, "agent", r->agent);
    sheet_add(&s, "what", r->what);
    return sheet_save(&s, path);
}

void keeper_unregister(const char *image, pid_t pid) {
    AUTO_FREE char *path = record_path(image, pid);
    unlink(path);
}

struct err *keeper_registry_remove(const char *image) {
    AUTO_FD int lock = -1;
    TRY(image_lock(image, LOCK_WAIT_MS, &lock));
    struct keeper_records left = {0};
    struct err *failed = records_read(image, &left);
    size_t count = left.count;
    int pid = count ? left.at[0].pid : 0;
    vec_done(&left);
    if (failed) return failed;
    if (count)
        return err_new(ERR_CONFLICT, "%s still has %zu keepers, one is process %d: fence it first", image, count, pid);
    static const char *const ours[] = {"keepers", "floor", "lock"};
    for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
        AUTO_FREE char *path = mem_format("%s.%s", image, ours[i]);
        if (remove(path) && errno != ENOENT) return err_errno(errno, "remove %s", path);
    }
    return NULL;
}
