// SPDX-License-Identifier: Apache-2.0
// One SQLite file as this store wants it: WAL, exclusive, full sync, its statements prepared once. Knows the tables,
// not the directory around them.
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// The upserts keep the younger of two versions: a late slice never takes an object back.
#define STATEMENTS(X)                                                                                                  \
    X(BEGIN, "BEGIN")                                                                                                  \
    X(COMMIT, "COMMIT")                                                                                                \
    X(APPEND, "INSERT INTO journal (seq, bytes) VALUES (?1, ?2)")                                                      \
    X(READ, "SELECT seq, bytes FROM journal WHERE seq >= ?1 ORDER BY seq")                                             \
    X(TRIM, "DELETE FROM journal WHERE seq <= ?1 AND seq < (SELECT min(seq) FROM journal) + ?2")                       \
    X(FIRST, "SELECT min(seq) FROM journal")                                                                           \
    X(LAST, "SELECT max(seq) FROM journal")                                                                            \
    X(PUT_ID, "INSERT INTO object (noun, id, seq, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (noun, id) "              \
              "DO UPDATE SET seq = excluded.seq, bytes = excluded.bytes WHERE excluded.seq >= seq")                    \
    X(PUT_NAME, "INSERT INTO named (noun, name, seq, bytes) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (noun, name) "         \
                "DO UPDATE SET seq = excluded.seq, bytes = excluded.bytes WHERE excluded.seq >= seq")                  \
    X(OBJECTS, "SELECT noun, id, seq, bytes FROM object ORDER BY noun, id")                                            \
    X(NAMED, "SELECT noun, name, seq, bytes FROM named ORDER BY noun, name")                                           \
    X(BURY_ID, "DELETE FROM object WHERE bytes IS NULL AND seq <= ?1")                                                 \
    X(BURY_NAME, "DELETE FROM named WHERE bytes IS NULL AND seq <= ?1")                                                \
    X(META_GET, "SELECT value FROM meta WHERE key = ?1")                                                               \
    X(META_SET, "INSERT INTO meta (key, value) VALUES (?1, ?2) "                                                       \
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value")

enum statement {
#define X(name, sql) SQL_##name,
    STATEMENTS(X)
#undef X
        SQL_COUNT
};

struct database {
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    char *path, *wal_path;
    bool full_sync;      // of the next commit
    uint64_t wal_frames; // since the WAL was last emptied
};

// Opens or makes. ERR_UNSUPPORTED: a table layout from the future. On error *d is as database_close leaves it.
MUST_USE struct err *database_open(const char *path, struct database *d);
void database_close(struct database *d); // without emptying the WAL; accepts zeroed
// The statement, reset and with its bindings gone.
sqlite3_stmt *database_statement(struct database *d, enum statement which);
// Steps to the end and resets.
MUST_USE struct err *database_run(struct database *d, enum statement which);
// What the first column of the first row says; 0 when there is none.
MUST_USE struct err *database_number(struct database *d, enum statement which, uint64_t *ret_n);
MUST_USE struct err *database_exec(struct database *d, const char *sql);
// Ends a transaction that failed; the error stays the one to tell.
MUST_USE struct err *database_undo(struct database *d, struct err *failed);
// Must the next commit be durable on return, or may it wait for the next that must?
MUST_USE struct err *database_sync(struct database *d, bool full);
// Writes zeros until the WAL has `size` bytes, so that a commit does not grow a file. Best effort.
void database_prepare_wal(const struct database *d, uint64_t size);
// Makes durable what the WAL shows: a predecessor that was killed may have written it and not flushed it.
MUST_USE struct err *database_flush_wal(struct database *d);
// Moves the WAL's content to the database file.
MUST_USE struct err *database_empty_wal(struct database *d);
MUST_USE struct err *database_err(struct database *d, int code, const char *tried);

#endif
