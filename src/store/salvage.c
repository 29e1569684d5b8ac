// SPDX-License-Identifier: Apache-2.0
// Rewrites a store whose last flush failed: every page of the copy is dirty again, so a sync of it means something.
#include "store/salvage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "store/database.h"
#include "sys/file.h"

char *generation_path(const char *directory, uint64_t generation) {
    return mem_format("%s/registry-%llu.db", directory, (unsigned long long)generation);
}

// "registry-12.db" and what follows ("", "-wal", ".new").
static bool generation_parse(const char *name, uint64_t *ret_generation, const char **ret_rest) {
    char number[21];
    int end = 0;
    if (sscanf(name, "registry-%20[0-9].db%n", number, &end) != 1 || !end) return false;
    *ret_rest = name + end;
    return text_to_u64(number, ret_generation);
}

struct err *generation_find(const char *directory, uint64_t *ret_generation) {
    DIR *dir = opendir(directory);
    if (!dir) return err_errno(errno, "read directory '%s'", directory);
    uint64_t highest = 1, found;
    const char *rest;
    for (struct dirent *e; (e = readdir(dir));) {
        if (generation_parse(e->d_name, &found, &rest) && !*rest && found > highest) highest = found;
    }
    closedir(dir);
    *ret_generation = highest;
    return NULL;
}

struct err *generation_sweep(const char *directory, uint64_t live) {
    DIR *dir = opendir(directory);
    if (!dir) return err_errno(errno, "read directory '%s'", directory);
    struct err *failed = NULL;
    uint64_t found;
    const char *rest;
    for (struct dirent *e; !failed && (e = readdir(dir));) {
        if (!generation_parse(e->d_name, &found, &rest)) continue;
        if (found >= live && !text_starts(rest, ".new")) continue;
        if (unlinkat(dirfd(dir), e->d_name, 0) != 0) {
            failed = err_errno(errno, "remove '%s/%s', which is not used any more", directory, e->d_name);
        }
    }
    closedir(dir);
    return failed;
}

// ---- the copy

static struct err *file_flush_and_forget(const char *path) {
    AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) return err_errno(errno, "open '%s'", path);
    if (fsync(fd) != 0) return err_errno(errno, "sync '%s'", path);
    int failed = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); // what is read from now on comes from the disk
    return failed ? err_errno(failed, "drop '%s' from the page cache", path) : NULL;
}

static const char totals_sql[] =
    "SELECT (SELECT count(*) || ',' || ifnull(sum(seq), 0) || ',' || ifnull(sum(length(bytes)), 0) FROM journal)"
    " || ';' || (SELECT count(*) || ',' || ifnull(sum(seq), 0) || ',' || ifnull(sum(length(bytes)), 0) FROM object)"
    " || ';' || (SELECT count(*) || ',' || ifnull(sum(seq), 0) || ',' || ifnull(sum(length(bytes)), 0) FROM named)"
    " || ';' || (SELECT ifnull(group_concat(key || '=' || value), '') FROM meta)";

// The first row of a query that gives text.
static struct err *query_text(sqlite3 *db, const char *path, const char *sql, struct text *ret_text) {
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    if (code == SQLITE_ROW) text_add(ret_text, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return code == SQLITE_ROW ? NULL : err_new(ERR_CORRUPT, "read '%s': %s", path, sqlite3_errstr(code));
}

static struct err *copy_check_open(sqlite3 *db, const char *path, const char *totals) {
    AUTO_TEXT struct text integrity = {0}, found = {0};
    TRY(query_text(db, path, "PRAGMA integrity_check(1)", &integrity));
    if (!text_equal(text_string(&integrity), "ok")) {
        return err_new(ERR_CORRUPT, "the copy '%s' is damaged: %s", path, text_string(&integrity));
    }
    TRY(query_text(db, path, totals_sql, &found));
    if (text_equal(text_string(&found), totals)) return NULL;
    return err_new(ERR_CORRUPT, "the copy '%s' differs from the original: %s, not %s", path, text_string(&found),
                   totals);
}

static struct err *copy_check(const char *path, const char *totals) {
    sqlite3 *db = NULL;
    int code = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    struct err *failed = code == SQLITE_OK ? copy_check_open(db, path, totals)
                                           : err_new(ERR_IO, "open '%s': %s", path, sqlite3_errstr(code));
    sqlite3_close(db);
    return failed;
}

static struct err *copy_make(struct database *from, const char *path, struct text *ret_totals) {
    TRY(query_text(from->db, from->path, totals_sql, ret_totals));
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(from->db, "VACUUM INTO ?1", -1, &s, NULL);
    if (code == SQLITE_OK) code = sqlite3_bind_text(s, 1, path, -1, SQLITE_STATIC);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    sqlite3_finalize(s);
    return code == SQLITE_DONE ? NULL : database_err(from, code, "copy the store into a new file");
}

struct err *salvage_copy(const char *directory, uint64_t generation) {
    AUTO_FREE char *old = generation_path(directory, generation);
    AUTO_FREE char *new = generation_path(directory, generation + 1);
    AUTO_FREE char *made = mem_format("%s.new", new);
    AUTO_TEXT struct text totals = {0};
    if (!file_exists(old)) return NULL; // the flush that failed was the first
    TRY(generation_sweep(directory, generation));
    struct database from;
    TRY(database_open(old, &from));
    struct err *failed = copy_make(&from, made, &totals);
    database_close(&from);
    TRY(failed);
    TRY(file_flush_and_forget(made));
    TRY(copy_check(made, text_string(&totals)));
    if (rename(made, new) != 0) return err_errno(errno, "rename '%s'", made);
    TRY(directory_sync(directory));
    return generation_sweep(directory, generation + 1);
}
