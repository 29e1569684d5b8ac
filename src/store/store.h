// SPDX-License-Identifier: Apache-2.0
// The one door to what is kept: a journal of events and a checkpoint of objects. Sees sequence numbers and bytes, never
// a type. Pure: the simulator opens the same door by hand; only store_open (open.h) starts a thread.
//
// The journal is appended with one flush in flight; all that arrived meanwhile is the next batch. The checkpoint is
// written in the background, in slices between batches, and never before the event that an object carries is durable.
// No callback ever runs inside the call that it was given to; all run in the owner's thread.
//
// Three things can go wrong, and they are told apart:
//  - full (ERR_FULL): nothing of the batch was written. It and every append queued behind it fail, in order; the owner
//    may append the same numbers again, after store_ballast_release if need be. Nothing acknowledged is lost.
//  - failed (any other error of a write or a flush): the store is broken for good; all calls say so. The owner must
//  exit:
//    what was not acknowledged may or may not be there.
//  - after a failed flush the page cache may show what the disk lost. The sqlite store therefore leaves a mark, and the
//    next open first copies the whole store into a new file, syncs it, drops it from the cache, verifies it from disk,
//    and only then switches over. The mark needs no flush: it lives in the page cache as long as the danger does.
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct store; // opaque; made by store_open or store_open_by_hand, ended by store_close

struct store_record {
    uint64_t seq; // 1 or more; grows within an append and from one to the next
    const void *bytes;
    size_t size;
};
struct store_records {
    const struct store_record *at;
    size_t count;
};
// What names an object: its noun (the owner's number for it) and an id, or a name if `name` is not NULL.
struct store_key {
    uint32_t noun;
    uint64_t id; // below 2^63; sequential ids within a noun keep recovery and slices fast
    const void *name;
    size_t name_size;
};
struct store_object {
    struct store_key key;
    uint64_t seq;      // of the last event applied to it
    const void *bytes; // NULL: a tombstone, the object was deleted by `seq`
    size_t size;
};

// ---- open and close

struct store_driver; // driver.h
struct loop;
struct memory_disk;  // memory.h
struct flaky_script; // flaky.h
struct store_options {
    const char *kind;           // "sqlite", "memory" or "flaky"
    const char *path;           // the store's directory; sqlite makes it. For messages only, elsewhere
    uint32_t schema;            // of the owner's records; a store that was written with a higher one is refused
    uint64_t ballast;           // bytes kept back for the day the disk is full; 0: 8 MiB
    struct loop *loop;          // store_open: where answers are delivered
    struct memory_disk *disk;   // memory: kept until store_close; NULL: one that dies with the store
    struct flaky_script *flaky; // flaky: kept until store_close
};

// Opens without threads, for pure code: whatever the store is asked waits until store_work and store_answer are called.
// Errors: ERR_UNSUPPORTED (newer schema), ERR_CONFLICT (another process has it open: names the pid), ERR_CORRUPT,
// ERR_FULL.
MUST_USE struct err *store_open_by_hand(const struct store_driver *driver, const struct store_options *options,
                                        struct store **ret_store);
// Opened by hand: carries out what is next (one journal batch, one slice, one read), durable when it returns. False:
// there was nothing. A simulated crash between the two calls is a batch that was durable and never acknowledged.
bool store_work(struct store *s);
// Opened by hand: delivers what store_work did.
void store_answer(struct store *s);
// Both, until nothing is left.
void store_settle(struct store *s);
// Waits for the call in flight. Answers that were not delivered never are; what was not written is dropped. Not from a
// callback. Accepts NULL.
void store_close(struct store *s);

// ---- recovery: once, before anything else

struct store_reader {
    // Every object of the checkpoint, ordered by noun, then ids before names; tombstones too. Borrowed for the call.
    struct err *(*object)(void *arg, const struct store_object *o);
    // Every entry after the number that the checkpoint is whole through, in order. An object that carries a higher
    // number has that entry's effect already. Borrowed for the call.
    struct err *(*entry)(void *arg, const struct store_record *r);
    void *arg;
};
// Blocks. Stops at the first error of a callback and returns it.
MUST_USE struct err *store_recover(struct store *s, const struct store_reader *reader);

// ---- the journal

// `error` is borrowed, NULL when durable. `durable` is the highest durable number.
typedef void store_done(void *arg, const struct err *error, uint64_t durable);
// Appends records, all or none; `done` runs when they are durable. Copies `records`; keeps `arg` until `done`.
void store_append(struct store *s, struct store_records records, store_done *done, void *arg);
// Reads at most `limit` entries (and about 1 MiB) from number `from` on: `entry` for each, then `done`. A store that
// was trimmed begins at stats.first. An error of `entry` ends the reading and is what `done` is told.
void store_read(struct store *s, uint64_t from, size_t limit,
                struct err *(*entry)(void *arg, const struct store_record *r), store_done *done, void *arg);

// ---- the checkpoint: what follows is carried out in the order of the calls, in the background

// Writes objects and tombstones; `done` (may be NULL) runs when all are written. They are durable with the next
// store_checkpoint_through or append. An object never replaces one with a higher number. Copies `objects`.
void store_checkpoint_put(struct store *s, const struct store_object *objects, size_t count, store_done *done,
                          void *arg);
// All effects of the entries through `seq` are in the objects put so far: recovery will start after it, and tombstones
// through it are removed. Waits until `seq` is durable. `done` (may be NULL) runs when this is durable.
void store_checkpoint_through(struct store *s, uint64_t seq, store_done *done, void *arg);
// Forgets journal entries through `seq`, but never past the last store_checkpoint_through.
void store_trim(struct store *s, uint64_t seq, store_done *done, void *arg);

// ---- a full disk

// Gives the disk the ballast's blocks, before anything that was asked after it. Harmless when there is none. `full`
// stays until the ballast is back: the owner writes only what frees space.
void store_ballast_release(struct store *s, store_done *done, void *arg);
// Makes the ballast anew in the background and ends `full`; ERR_FULL while there is no room for it.
void store_ballast_restore(struct store *s, store_done *done, void *arg);

// ---- what it knows of itself

struct store_stats {
    uint64_t durable;      // highest durable number
    uint64_t first;        // lowest number in the journal, 0 when empty
    uint64_t through;      // what the checkpoint is whole through
    uint64_t journal_rows; // durable - first + 1: exact for an owner that numbers without gaps
    uint64_t bytes;        // on disk, journal and checkpoint, without ballast
    uint64_t flushes;      // that were waited for since open
    uint64_t batches;      // journal batches since open
    uint64_t appends_waiting, appends_waiting_bytes;
    uint64_t objects_waiting;
    bool ballast; // is there
    bool full;    // a write failed for want of space, and the ballast is not back yet
    bool broken;
};
void store_stats(const struct store *s, struct store_stats *ret_stats);
// What broke the store, NULL if nothing did. Borrowed.
const struct err *store_broken(const struct store *s);

#endif
