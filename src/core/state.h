// SPDX-License-Identifier: Apache-2.0
// The whole registry in memory: rows, and what is derived from them. Changed by apply alone.
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "base/arena.h"
#include "base/heap.h"
#include "core/domain.h"
#include "core/event.h"
#include "core/ledger.h"
#include "core/name_index.h"
#include "core/relation.h"
#include "core/table.h"

struct index;     // which pools and agents fit each other and each class: core/index.h
struct allocator; // offers: whose turn, who refused what: core/allocator.h

struct cluster {
    struct uuid id;
    uint32_t generation; // the high 16 bits of every id made since
};

struct timing { // what the operator configured
    int64_t heartbeat_ms, lost_ms;
    int64_t offer_timeout_ms; // 0: offers stay until they are answered
    int64_t retry_ms;         // a failed fence or unmap is tried again after this
    int64_t resend_ms;        // a status that was not acknowledged is told again after this, doubling
};

struct state {
    struct cluster cluster;
    struct timing timing;
    struct symbols symbols;
    struct domains domains; // the operator's figures: set before anything is recovered
    struct table tables[NOUN_COUNT];
    uint64_t seq;     // of the last event applied
    uint64_t last_id; // highest id given; ids are unique across nouns
    // derived
    struct name_index names[NOUN_COUNT], stores;
    struct relation_lists relations[RELATION_COUNT];
    struct ledger ledger;
    struct heap timers;      // mono deadlines of rows; may hold outdated ones
    struct heap wall_timers; // wall deadlines of rows
    struct index *index;
    struct allocator *allocator;
};

MUST_USE struct state *state_new(struct uuid cluster, uint32_t generation, struct timing timing);
void state_free(struct state *s); // accepts NULL

// Changes the state by one event, and everything derived. Never fails.
void state_apply(struct state *s, uint64_t seq, const struct event *e);

// Recovery puts rows alone, in whatever order a checkpoint and the journal after it have them: what a row refers to may come
// later. event_check looks before each: ids and numbers; its sentence names the sequence number.
MUST_USE struct err *event_check(const struct state *s, uint64_t seq, const struct event *e);
void state_recover(struct state *s, uint64_t seq, const struct event *e);
// Once, when all were put: rows in the order of their ids, checked one by one, and everything derived.
MUST_USE struct err *state_settle(struct state *s);
// Whether what that row refers to is there, and no row before it has its name.
MUST_USE struct err *row_check(const struct state *s, enum noun noun, const void *row);

// When something must be decided about a row although nobody says anything: INT64_MAX never.
int64_t row_deadline(const struct state *s, enum noun noun, const void *row);
int64_t row_wall_deadline(enum noun noun, const void *row);
// Drops the timers that rang up to then: after CMD_tick was applied.
void state_timers_passed(struct state *s, struct mono mono, struct wall wall);

// Typed access. Rows are borrowed until the next state_apply; NULL when there is none.
#define X(NOUN, name, kept)                                                                                            \
    static inline const struct name##_row *state_##name(const struct state *s, uint64_t id) {                          \
        return table_get(&s->tables[NOUN_##NOUN], id);                                                                 \
    }
NOUNS(X)
#undef X
#define STATE_EACH(NOUN, type, row, state) TABLE_EACH(const struct type, row, &(state)->tables[NOUN_##NOUN])

const struct agent_account *state_held(const struct state *s, uint64_t agent); // a zero one when it is gone

// By name; NULL when there is none. A pool's name is "provider/instance/pool".
const struct provider_row *state_provider_named(const struct state *s, const char *name);
const struct pool_row *state_pool_named(const struct state *s, const char *path);
const struct agent_row *state_agent_named(const struct state *s, const char *name);
const struct class_row *state_class_named(const struct state *s, const char *name);
const struct role_row *state_role_named(const struct state *s, symbol role);
const struct volume_row *state_volume_named(const struct state *s, struct owner owner, const char *name);
const struct framework_row *state_framework_named(const struct state *s, const char *text_id);
const struct task_row *state_task_named(const struct state *s, uint64_t framework, const char *text_id);

const struct id_list *state_related(const struct state *s, enum relation relation, uint64_t key);
const char *state_text(const struct state *s, symbol y);
// "provider/instance/pool", into the arena.
const char *pool_path(const struct state *s, const struct pool_row *p, struct arena *arena);
bool owner_equal(struct owner a, struct owner b);

#endif
