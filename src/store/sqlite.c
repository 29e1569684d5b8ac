// SPDX-License-Identifier: Apache-2.0
// The sqlite driver: journal and checkpoint as tables, called by one thread at a time. Appends wait for one flush of
// the log; objects ride along with the next one.
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/quantity.h"
#include "store/ballast.h"
#include "store/database.h"
#include "store/lock.h"
#include "store/salvage.h"
#include "sys/file.h"

enum { WAL_PREPARED = 8 << 20, WAL_TEND = 1024 /* frames of 4 KiB */ };

struct sqlite {
    char *directory;
    struct lock lock;
    struct database database;
    struct store_measure measure;
    uint64_t ballast;
    uint64_t tend_at; // WAL frames from which on it is moved into the database
};

// After anything but a full disk, the next open must not trust what it reads from the page cache.
static struct err *sqlite_failed(struct sqlite *s, struct err *error) {
    if (error && err_kind(error) != ERR_FULL) lock_mark(&s->lock, true);
    return error;
}

// ---- open and close

static struct err *meta_get(struct database *d, const char *key, uint64_t *ret_n) {
    sqlite3_bind_text(database_statement(d, SQL_META_GET), 1, key, -1, SQLITE_STATIC);
    return database_number(d, SQL_META_GET, ret_n);
}

static struct err *meta_set(struct database *d, const char *key, uint64_t n) {
    sqlite3_stmt *set = database_statement(d, SQL_META_SET);
    sqlite3_bind_text(set, 1, key, -1, SQLITE_STATIC);
    sqlite3_bind_int64(set, 2, (sqlite3_int64)n);
    return database_run(d, SQL_META_SET);
}

static struct err *schema_take(struct sqlite *s, uint32_t known) {
    uint64_t found = 0;
    TRY(meta_get(&s->database, "schema", &found));
    TRY(store_schema_check((uint32_t)found, known));
    return found == known ? NULL : sqlite_failed(s, meta_set(&s->database, "schema", known));
}

static struct err *numbers_find(struct sqlite *s) {
    struct store_measure *m = &s->measure;
    TRY(meta_get(&s->database, "through", &m->through));
    TRY(database_number(&s->database, SQL_FIRST, &m->first));
    TRY(database_number(&s->database, SQL_LAST, &m->durable));
    if (m->durable < m->through) m->durable = m->through; // all entries are trimmed
    return NULL;
}

static struct err *sqlite_start(struct sqlite *s, const struct store_options *options) {
    uint64_t generation = 0;
    bool suspect = false;
    TRY(directory_make(s->directory, 0700));
    TRY(lock_take(s->directory, &s->lock, &suspect));
    TRY(generation_find(s->directory, &generation));
    if (suspect) {
        TRY(err_wrap(salvage_copy(s->directory, generation), "copy it, because its last flush failed"));
        lock_mark(&s->lock, false);
        TRY(generation_find(s->directory, &generation));
    }
    TRY(generation_sweep(s->directory, generation));
    AUTO_FREE char *path = generation_path(s->directory, generation);
    TRY(database_open(path, &s->database));
    TRY(schema_take(s, options->schema));
    database_prepare_wal(&s->database, WAL_PREPARED);
    TRY(sqlite_failed(s, database_flush_wal(&s->database))); // what numbers_find sees counts as durable
    TRY(numbers_find(s));
    TRY(directory_sync(s->directory));
    err_free(ballast_make(s->directory, s->ballast)); // no room for it now: stats say so, and restore may try again
    return NULL;
}

static void sqlite_close(void *state) {
    struct sqlite *s = state;
    database_close(&s->database);
    lock_drop(&s->lock);
    free(s->directory);
    free(s);
}

static struct err *sqlite_open(const struct store_options *options, void **ret_state) {
    if (!options->path || !*options->path) return err_new(ERR_INVALID, "the sqlite store needs a directory");
    struct sqlite *s = NEW(struct sqlite);
    s->directory = mem_text(options->path);
    s->lock.fd = -1;
    s->tend_at = WAL_TEND;
    s->ballast = options->ballast ? options->ballast : 8 * MIB;
    struct err *failed = sqlite_start(s, options);
    if (failed) {
        sqlite_close(s);
        return failed;
    }
    *ret_state = s;
    return NULL;
}

// ---- recovery and reading

// A row of OBJECTS or NAMED. An empty blob is not a NULL one.
static struct store_object object_of(sqlite3_stmt *row, bool named) {
    struct store_object o = {.key.noun = (uint32_t)sqlite3_column_int64(row, 0)};
    if (named) {
        const void *name = sqlite3_column_blob(row, 1);
        o.key.name = name ? name : "";
        o.key.name_size = (size_t)sqlite3_column_bytes(row, 1);
    } else {
        o.key.id = (uint64_t)sqlite3_column_int64(row, 1);
    }
    o.seq = (uint64_t)sqlite3_column_int64(row, 2);
    if (sqlite3_column_type(row, 3) == SQLITE_NULL) return o;
    o.bytes = sqlite3_column_blob(row, 3);
    o.size = (size_t)sqlite3_column_bytes(row, 3);
    if (!o.bytes) o.bytes = "";
    return o;
}

// Two tables, read side by side: by noun, ids before names.
static struct err *objects_merge(struct database *d, const struct store_reader *reader) {
    sqlite3_stmt *ids = database_statement(d, SQL_OBJECTS), *names = database_statement(d, SQL_NAMED);
    int id_code = sqlite3_step(ids), name_code = sqlite3_step(names);
    while (id_code == SQLITE_ROW || name_code == SQLITE_ROW) {
        bool named = id_code != SQLITE_ROW ||
                     (name_code == SQLITE_ROW && sqlite3_column_int64(names, 0) < sqlite3_column_int64(ids, 0));
        struct store_object o = object_of(named ? names : ids, named);
        TRY(reader->object(reader->arg, &o));
        if (named)
            name_code = sqlite3_step(names);
        else
            id_code = sqlite3_step(ids);
    }
    if (id_code != SQLITE_DONE) return database_err(d, id_code, "read the checkpoint");
    return name_code == SQLITE_DONE ? NULL : database_err(d, name_code, "read the checkpoint");
}

static struct store_record record_of(sqlite3_stmt *row) {
    const void *bytes = sqlite3_column_blob(row, 1);
    return (struct store_record){
        .seq = (uint64_t)sqlite3_column_int64(row, 0),
        .bytes = bytes ? bytes : "",
        .size = (size_t)sqlite3_column_bytes(row, 1),
    };
}

static struct err *entries_read(struct database *d, uint64_t from, const struct store_reader *reader) {
    sqlite3_stmt *rows = database_statement(d, SQL_READ);
    sqlite3_bind_int64(rows, 1, (sqlite3_int64)from);
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct store_record r = record_of(rows);
        TRY(reader->entry(reader->arg, &r));
    }
    return code == SQLITE_DONE ? NULL : database_err(d, code, "read the journal");
}

static struct err *sqlite_recover(void *state, const struct store_reader *reader) {
    struct sqlite *s = state;
    struct err *failed = objects_merge(&s->database, reader);
    if (!failed) failed = entries_read(&s->database, s->measure.through + 1, reader);
    database_statement(&s->database, SQL_OBJECTS); // a statement left open would hold the log back
    database_statement(&s->database, SQL_NAMED);
    database_statement(&s->database, SQL_READ);
    sqlite3_db_release_memory(s->database.db);
    return failed;
}

static struct err *sqlite_read(void *state, uint64_t from, bool (*entry)(void *arg, const struct store_record *r),
                               void *arg) {
    struct sqlite *s = state;
    sqlite3_stmt *rows = database_statement(&s->database, SQL_READ);
    sqlite3_bind_int64(rows, 1, from > INT64_MAX ? INT64_MAX : (sqlite3_int64)from);
    int code;
    while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct store_record r = record_of(rows);
        if (!entry(arg, &r)) break;
    }
    database_statement(&s->database, SQL_READ);
    return code == SQLITE_DONE || code == SQLITE_ROW ? NULL : database_err(&s->database, code, "read the journal");
}

// ---- writing

static struct err *record_insert(struct database *d, const struct store_record *r) {
    sqlite3_stmt *insert = database_statement(d, SQL_APPEND);
    sqlite3_bind_int64(insert, 1, (sqlite3_int64)r->seq);
    sqlite3_bind_blob64(insert, 2, r->bytes ? r->bytes : "", r->size, SQLITE_STATIC);
    return database_run(d, SQL_APPEND);
}

static struct err *records_insert(struct database *d, const struct store_record *records, size_t count) {
    TRY(database_sync(d, true));
    if (count == 1) return record_insert(d, records); // a transaction by itself
    TRY(database_run(d, SQL_BEGIN));
    for (size_t i = 0; i < count; i++) TRY(record_insert(d, &records[i]));
    return database_run(d, SQL_COMMIT);
}

static struct err *sqlite_append(void *state, const struct store_record *records, size_t count) {
    struct sqlite *s = state;
    TRY(sqlite_failed(s, database_undo(&s->database, records_insert(&s->database, records, count))));
    s->measure.flushes++;
    if (!s->measure.first) s->measure.first = records[0].seq;
    s->measure.durable = records[count - 1].seq;
    return NULL;
}

static struct err *object_put(struct database *d, const struct store_object *o) {
    enum statement which = o->key.name ? SQL_PUT_NAME : SQL_PUT_ID;
    sqlite3_stmt *put = database_statement(d, which);
    sqlite3_bind_int64(put, 1, (sqlite3_int64)o->key.noun);
    if (o->key.name)
        sqlite3_bind_blob64(put, 2, o->key.name, o->key.name_size, SQLITE_STATIC);
    else
        sqlite3_bind_int64(put, 2, (sqlite3_int64)o->key.id);
    sqlite3_bind_int64(put, 3, (sqlite3_int64)o->seq);
    if (o->bytes) sqlite3_bind_blob64(put, 4, o->bytes, o->size, SQLITE_STATIC);
    return database_run(d, which);
}

static struct err *objects_put(struct database *d, const struct store_object *objects, size_t count) {
    TRY(database_sync(d, false));
    TRY(database_run(d, SQL_BEGIN));
    for (size_t i = 0; i < count; i++) TRY(object_put(d, &objects[i]));
    return database_run(d, SQL_COMMIT);
}

static struct err *sqlite_put(void *state, const struct store_object *objects, size_t count) {
    struct sqlite *s = state;
    return sqlite_failed(s, database_undo(&s->database, objects_put(&s->database, objects, count)));
}

static struct err *through_write(struct database *d, uint64_t seq) {
    TRY(database_sync(d, true));
    TRY(database_run(d, SQL_BEGIN));
    sqlite3_bind_int64(database_statement(d, SQL_BURY_ID), 1, (sqlite3_int64)seq);
    TRY(database_run(d, SQL_BURY_ID));
    sqlite3_bind_int64(database_statement(d, SQL_BURY_NAME), 1, (sqlite3_int64)seq);
    TRY(database_run(d, SQL_BURY_NAME));
    TRY(meta_set(d, "through", seq));
    return database_run(d, SQL_COMMIT);
}

static struct err *sqlite_through(void *state, uint64_t seq) {
    struct sqlite *s = state;
    if (seq <= s->measure.through) return NULL;
    TRY(sqlite_failed(s, database_undo(&s->database, through_write(&s->database, seq))));
    s->measure.flushes++;
    s->measure.through = seq;
    return NULL;
}

static struct err *trim_write(struct database *d, uint64_t seq, size_t limit) {
    TRY(database_sync(d, false));
    sqlite3_stmt *trim = database_statement(d, SQL_TRIM);
    sqlite3_bind_int64(trim, 1, (sqlite3_int64)seq);
    sqlite3_bind_int64(trim, 2, (sqlite3_int64)limit);
    TRY(database_run(d, SQL_TRIM));
    return NULL;
}

static struct err *sqlite_trim(void *state, uint64_t seq, size_t limit, bool *ret_more) {
    struct sqlite *s = state;
    TRY(sqlite_failed(s, database_undo(&s->database, trim_write(&s->database, seq, limit))));
    TRY(database_number(&s->database, SQL_FIRST, &s->measure.first));
    *ret_more = s->measure.first && s->measure.first <= seq;
    return NULL;
}

// ---- upkeep

static struct err *sqlite_tend(void *state) {
    struct sqlite *s = state;
    struct err *failed = sqlite_failed(s, database_empty_wal(&s->database));
    s->tend_at = WAL_TEND;
    if (!failed) {
        s->measure.flushes += 2; // the log's and the database's
        return NULL;
    }
    if (err_kind(failed) != ERR_FULL) return failed;
    err_free(failed); // the log keeps it all; tried again when that much more is in it
    s->tend_at = s->database.wal_frames + WAL_TEND;
    return NULL;
}

static struct err *sqlite_ballast_release(void *state) {
    const struct sqlite *s = state;
    return ballast_drop(s->directory);
}

static struct err *sqlite_ballast_restore(void *state) {
    const struct sqlite *s = state;
    return ballast_make(s->directory, s->ballast);
}

static uint64_t file_size(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 ? (uint64_t)found.st_size : 0;
}

static void sqlite_measure(void *state, struct store_measure *ret_measure) {
    struct sqlite *s = state;
    s->measure.bytes = file_size(s->database.path) + file_size(s->database.wal_path);
    s->measure.ballast = ballast_there(s->directory);
    s->measure.wants_tending = s->database.wal_frames >= s->tend_at;
    *ret_measure = s->measure;
}

const struct store_driver store_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .recover = sqlite_recover,
    .append = sqlite_append,
    .read = sqlite_read,
    .put = sqlite_put,
    .through = sqlite_through,
    .trim = sqlite_trim,
    .ballast_release = sqlite_ballast_release,
    .ballast_restore = sqlite_ballast_restore,
    .tend = sqlite_tend,
    .measure = sqlite_measure,
};
