// SPDX-License-Identifier: Apache-2.0
// Opens an SQLite file the way the store wants it, and turns its codes into sentences.
#include "store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

enum { LAYOUT = 1, APPLICATION = 0x4752414e /* "GRAN" */ };

static const char *const sql[] = {
#define X(name, text) [SQL_##name] = text,
    STATEMENTS(X)
#undef X
};

// Exclusive: no shared memory file, and no other program reads half a truth. The upkeep of the WAL is ours to time.
static const char settings[] = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 4096; PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -8192;"
                               "PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;"
                               "PRAGMA temp_store = MEMORY;";
static const char layout[] =
    "BEGIN;"
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL);"
    "CREATE TABLE object (noun INTEGER NOT NULL, id INTEGER NOT NULL, seq INTEGER NOT NULL, bytes BLOB,"
    " PRIMARY KEY (noun, id)) WITHOUT ROWID;"
    "CREATE TABLE named (noun INTEGER NOT NULL, name BLOB NOT NULL, seq INTEGER NOT NULL, bytes BLOB,"
    " PRIMARY KEY (noun, name)) WITHOUT ROWID;"
    "CREATE INDEX object_tombstone ON object (seq) WHERE bytes IS NULL;"
    "CREATE INDEX named_tombstone ON named (seq) WHERE bytes IS NULL;"
    "PRAGMA application_id = 1196573006; PRAGMA user_version = 1;"
    "COMMIT;";

// ---- errors

struct err *database_err(struct database *d, int code, const char *tried) {
    const char *said = sqlite3_errstr(code);
    int number = d->db ? sqlite3_system_errno(d->db) : 0;
    must((code & 0xff) != SQLITE_NOMEM && (code & 0xff) != SQLITE_MISUSE);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return err_new(ERR_FULL, "%s: no space left for '%s': free some on that filesystem", tried, d->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return err_new(ERR_CORRUPT, "%s: '%s' is damaged: %s", tried, d->path, said);
    case SQLITE_BUSY: return err_new(ERR_CONFLICT, "%s: another program has '%s' open", tried, d->path);
    case SQLITE_CANTOPEN:
        if (number) return err_errno(number, "%s: '%s': %s", tried, d->path, said);
        break;
    default: break;
    }
    // A quota refuses a write as a full disk does. The same number from a flush is a failed flush.
    if (code == SQLITE_IOERR_WRITE && (number == EDQUOT || number == EFBIG)) {
        return err_new(ERR_FULL, "%s: '%s': %s", tried, d->path, strerrordesc_np(number));
    }
    const char *system = number ? strerrordesc_np(number) : NULL;
    return err_new(ERR_IO, "%s: '%s': %s (code %d): %s", tried, d->path, said, code,
                   system ? system : "no reason given");
}

// ---- statements

sqlite3_stmt *database_statement(struct database *d, enum statement which) {
    sqlite3_reset(d->statements[which]); // its code is that of the last step, which was told already
    sqlite3_clear_bindings(d->statements[which]);
    return d->statements[which];
}

struct err *database_run(struct database *d, enum statement which) {
    int code = sqlite3_step(d->statements[which]);
    sqlite3_reset(d->statements[which]);
    return code == SQLITE_DONE || code == SQLITE_ROW ? NULL : database_err(d, code, sql[which]);
}

struct err *database_number(struct database *d, enum statement which, uint64_t *ret_n) {
    int code = sqlite3_step(d->statements[which]);
    uint64_t n = code == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(d->statements[which], 0) : 0;
    sqlite3_reset(d->statements[which]);
    if (code != SQLITE_ROW && code != SQLITE_DONE) return database_err(d, code, sql[which]);
    *ret_n = n;
    return NULL;
}

struct err *database_exec(struct database *d, const char *text) {
    int code = sqlite3_exec(d->db, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? NULL : database_err(d, code, text);
}

struct err *database_undo(struct database *d, struct err *failed) {
    // SQLite has ended it by itself after some errors; then there is nothing left to end.
    if (failed && !sqlite3_get_autocommit(d->db)) sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
    return failed;
}

struct err *database_sync(struct database *d, bool full) {
    if (d->full_sync == full) return NULL;
    TRY(database_exec(d, full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
    d->full_sync = full;
    return NULL;
}

// ---- the WAL

static int wal_grew(void *arg, sqlite3 *db, const char *name, int frames) {
    (void)db, (void)name;
    ((struct database *)arg)->wal_frames = (uint64_t)frames;
    return SQLITE_OK;
}

void database_prepare_wal(const struct database *d, uint64_t size) {
    AUTO_FD int fd = open(d->wal_path, O_WRONLY | O_CLOEXEC);
    struct stat now;
    if (fd < 0 || fstat(fd, &now) != 0) return;
    AUTO_FREE char *zeros = mem_zero(1, 65536);
    for (uint64_t at = (uint64_t)now.st_size; at < size;) {
        ssize_t n = pwrite(fd, zeros, size - at < 65536 ? (size_t)(size - at) : 65536, (off_t)at);
        if (n <= 0) break; // no room: commits grow the file themselves
        at += (uint64_t)n;
    }
}

struct err *database_flush_wal(struct database *d) {
    sqlite3_file *log = NULL;
    int code = sqlite3_file_control(d->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (code == SQLITE_OK) code = log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
    return code == SQLITE_OK ? NULL : database_err(d, code, "flush the log");
}

struct err *database_empty_wal(struct database *d) {
    int code = sqlite3_wal_checkpoint_v2(d->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (code != SQLITE_OK) return database_err(d, code, "move the log into the database");
    d->wal_frames = 0;
    return NULL;
}

// ---- open and close

static struct err *pragma_number(struct database *d, const char *pragma, int64_t *ret_n) {
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(d->db, pragma, -1, &s, NULL);
    if (code == SQLITE_OK) code = sqlite3_step(s);
    if (code == SQLITE_ROW) *ret_n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return code == SQLITE_ROW ? NULL : database_err(d, code, pragma);
}

static struct err *layout_check(struct database *d) {
    int64_t version = 0, application = 0;
    TRY(pragma_number(d, "PRAGMA user_version", &version));
    TRY(pragma_number(d, "PRAGMA application_id", &application));
    if (version == 0 && application == 0) return database_undo(d, database_exec(d, layout));
    if (application != APPLICATION) {
        return err_new(ERR_CORRUPT, "'%s' is a database of another program (application id %lld)", d->path,
                       (long long)application);
    }
    if (version > LAYOUT) {
        return err_new(
            ERR_UNSUPPORTED,
            "'%s' has table layout %lld of a newer version, and this one knows %d: install the newer version", d->path,
            (long long)version, LAYOUT);
    }
    return NULL;
}

static struct err *database_set_up(struct database *d) {
    int on = 1;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(d->path, &d->db, flags, NULL);
    if (code != SQLITE_OK) return database_err(d, code, "open");
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_file_control(d->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    TRY(database_exec(d, settings));
    d->full_sync = true;
    TRY(layout_check(d));
    sqlite3_wal_hook(d->db, wal_grew, d);
    for (size_t i = 0; i < SQL_COUNT; i++) {
        code = sqlite3_prepare_v3(d->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &d->statements[i], NULL);
        if (code != SQLITE_OK) return database_err(d, code, sql[i]);
    }
    return NULL;
}

struct err *database_open(const char *path, struct database *d) {
    *d = (struct database){.path = mem_text(path), .wal_path = mem_format("%s-wal", path)};
    struct err *failed = database_set_up(d);
    if (failed) database_close(d);
    return failed;
}

void database_close(struct database *d) {
    for (size_t i = 0; i < SQL_COUNT; i++) sqlite3_finalize(d->statements[i]);
    must(sqlite3_close(d->db) == SQLITE_OK); // it has no statements left that could keep it
    free(d->path);
    free(d->wal_path);
    *d = (struct database){0};
}
