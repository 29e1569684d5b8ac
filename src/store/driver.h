// SPDX-License-Identifier: Apache-2.0
// What a kind of store must be able to do: one table of blocking functions, called one at a time. The door (store.h)
// batches, orders, checks and counts; drivers stay naive.
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/store.h"

// What a driver knows of itself; read by the door after each call.
struct store_measure {
    uint64_t durable, first, through, bytes, flushes;
    bool ballast;
    bool wants_tending; // `tend` should be called between batches
};

// Any function may return ERR_FULL: then nothing of this call was written. Any other error of a writing function breaks
// the store.
struct store_driver {
    const char *name;
    // Recovers and locks. Borrows the options.
    struct err *(*open)(const struct store_options *options, void **ret_state);
    // Never blocks for a flush; what was durable stays so.
    void (*close)(void *state);
    struct err *(*recover)(void *state, const struct store_reader *reader);
    // All or none, and durable on return. Numbers are checked by the door.
    struct err *(*append)(void *state, const struct store_record *records, size_t count);
    // `entry` returns false when it has enough.
    struct err *(*read)(void *state, uint64_t from, bool (*entry)(void *arg, const struct store_record *r), void *arg);
    // All or none; durable with the next append or through.
    struct err *(*put)(void *state, const struct store_object *objects, size_t count);
    struct err *(*through)(void *state, uint64_t seq);
    // At most `limit` entries; says whether there are more.
    struct err *(*trim)(void *state, uint64_t seq, size_t limit, bool *ret_more);
    struct err *(*ballast_release)(void *state); // NULL: has none
    struct err *(*ballast_restore)(void *state);
    // Upkeep that an append should not wait for; never ERR_FULL: then it is tried again later. NULL: needs none.
    struct err *(*tend)(void *state);
    void (*measure)(void *state, struct store_measure *ret_measure);
};

// Refuses a store that was written with schema `found` by an owner that knows up to `known`.
MUST_USE struct err *store_schema_check(uint32_t found, uint32_t known);

// How open.c runs calls elsewhere.
struct store_runner {
    // `work(job)` away from the owner's thread, then `done(job)` in it.
    void (*submit)(void *arg, void (*work)(void *job), void (*done)(void *job), void *job);
    // `soon(job)` in the owner's thread, after all that is ready now.
    void (*later)(void *arg, void (*soon)(void *job), void *job);
    // As the driver's `recover`, with the driver away from the owner's thread and the reader in it.
    struct err *(*recover)(const struct store_driver *driver, void *state, const struct store_reader *reader);
    void (*end)(void *arg); // waits for the call in flight; frees arg
    void *arg;
};
// Given right after the open, before anything was asked.
void store_run_with(struct store *s, struct store_runner runner);

#endif
