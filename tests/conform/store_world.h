// SPDX-License-Identifier: Apache-2.0
// A store of any kind in a test: opened, asked and waited for in one line, closed and opened again.
#ifndef TESTS_STORE_WORLD_H
#define TESTS_STORE_WORLD_H

#include "base/text.h"
#include "store/flaky.h"
#include "store/memory.h"
#include "store/open.h"

struct variant {
    const char *name, *kind;
    const struct store_driver *inner; // of a flaky one
    bool by_hand;                     // without a thread: as the simulator opens it
};

struct world {
    const struct variant *variant;
    char directory[64]; // of a sqlite one; removed by world_free
    struct memory_disk *disk;
    struct flaky_script script;
    struct loop *loop;
    struct store *store;
    uint32_t schema;
    uint64_t ballast;    // 0: the default
    int waiting;         // answers that are not there yet
    struct text answers; // "<kind of error, or ok>:<durable> " for each answer, in order
};

struct world *world_new(const struct variant *v);
void world_free(struct world *w);
MUST_USE struct err *world_try_open(struct world *w, struct store **ret_store);
void world_open(struct world *w); // and recovers
void world_close(struct world *w);
void world_reopen(struct world *w);

// Asked without waiting: the answer goes to w->answers.
void world_append_text(struct world *w, uint64_t seq, const char *text);
void world_append_many(struct world *w, uint64_t first, size_t count, size_t size);          // in one call
void world_put(struct world *w, uint32_t noun, uint64_t id, uint64_t seq, const char *text); // NULL: a tombstone
void world_put_named(struct world *w, uint32_t noun, const char *name, uint64_t seq, const char *text);
void world_through(struct world *w, uint64_t seq);
void world_trim(struct world *w, uint64_t seq);
void world_answer(void *world, const struct err *error, uint64_t durable); // a store_done
void world_wait(struct world *w);                                          // for all answers

// The answers since the last call; valid until the next.
const char *world_answers(struct world *w);
// What recovery says, of a store that is closed and opened again for it: "1/7@5=text 1/gold@6=text 2/1@7! | 8=text ".
const char *world_recovered(struct world *w);
// What reading the journal says: "8=text 9=text ".
const char *world_journal(struct world *w, uint64_t from, size_t limit);
struct store_stats world_stats(const struct world *w);

#endif
