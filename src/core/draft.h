// SPDX-License-Identifier: Apache-2.0
// What a command has changed so far: copies of the rows it touched, on top of a state that stays as it is. Its rows become
// the events. Reading through the draft shows what apply will show.
#ifndef CORE_DRAFT_H
#define CORE_DRAFT_H

#include "base/arena.h"
#include "core/state.h"

struct now {
    struct mono mono;
    struct wall wall;
};

struct touched {
    enum noun noun;
    enum event_kind kind;
    bool removed, added;
    void *row; // in the arena
};

// Something to tell a framework that is no state of ours: an error about what was never made.
enum notice_kind { NOTICE_TASK_STATUS = 1, NOTICE_OPERATION_STATUS, NOTICE_RESCIND };
struct notice {
    enum notice_kind kind;
    uint64_t framework, agent, offer;
    const char *text_id; // of the task or the operation
    uint8_t state;       // enum task_state, or Mesos' OperationState number
    int reason;          // Mesos' TaskStatus.Reason number, -1 none
    const char *message;
};

struct asked_note; // core/asked.h

struct draft {
    const struct state *state;
    struct arena *arena; // lives until the events were applied and answered
    struct now now;
    symbol principal;
    unsigned char entropy[16];
    uint32_t entropy_used;
    bool coarse; // a consumer asks: it is told no tags
    uint64_t next_id;
    VEC(struct touched) touched; // by first touch
    struct map places;           // id -> place in `touched` + 1
    VEC(struct notice) notices;
    VEC(struct asked_note *) asked; // of the broker, refused or not; in the arena
    VEC(struct shared *) held;      // shared objects made by this command, let go by draft_done
};

void draft_init(struct draft *d, const struct state *s, struct arena *arena, struct now now, symbol principal,
                const unsigned char entropy[16]);
// The same for reading: nobody asks, and without chance what is made gets the same UUIDs each time.
void draft_view(struct draft *d, const struct state *s, struct arena *arena, struct now now);
void draft_done(struct draft *d);

// The row as this command sees it; NULL when absent or removed here.
const void *draft_get(const struct draft *d, enum noun noun, uint64_t id);
// The command's own copy of the row, to be changed. `kind` names the change; a later one replaces the name.
void *draft_edit(struct draft *d, enum noun noun, uint64_t id, enum event_kind kind);
// A new zeroed row with its id.
void *draft_add(struct draft *d, enum noun noun, enum event_kind kind);
void draft_remove(struct draft *d, enum noun noun, uint64_t id, enum event_kind kind);

#define X(NOUN, name, kept)                                                                                            \
    static inline const struct name##_row *draft_##name(const struct draft *d, uint64_t id) {                          \
        return draft_get(d, NOUN_##NOUN, id);                                                                          \
    }                                                                                                                  \
    static inline struct name##_row *edit_##name(struct draft *d, uint64_t id, enum event_kind kind) {                 \
        return draft_edit(d, NOUN_##NOUN, id, kind);                                                                   \
    }
NOUNS(X)
#undef X

// Ids related to `key`, as this command sees it, in growing order; in the arena.
struct id_list draft_related(const struct draft *d, enum relation relation, uint64_t key);
const struct volume_row *draft_volume_named(const struct draft *d, struct owner owner, const char *name);
const struct task_row *draft_task_named(const struct draft *d, uint64_t framework, const char *text_id);

// What is granted of that pool and of its backing store, this command's own changes included.
struct granted draft_granted(const struct draft *d, const struct pool_row *pool);
// What the pool can still grant (bytes before its charge factor). Quantities it does not know stay unknown.
struct quantities draft_pool_free(const struct draft *d, const struct pool_row *pool);

// Forgets the rows added since the mark. Rows touched before it must not have been changed since.
struct draft_mark {
    size_t touched;
    uint64_t next_id;
};
struct draft_mark draft_mark(const struct draft *d);
void draft_undo(struct draft *d, struct draft_mark to);

struct uuid draft_uuid(struct draft *d);
struct blob *draft_blob(struct draft *d, const void *bytes, size_t size);
const char *draft_text(struct draft *d, const char *text);
struct notice *draft_notice(struct draft *d, enum notice_kind kind, uint64_t framework);
// Hands a new shared object to the draft, which lets go of it at its end.
void draft_keep(struct draft *d, struct shared *s);
// The events, one for every row touched, in the order of first touch. Their rows borrow from the live rows they are copies of.
size_t draft_event_count(const struct draft *d);
struct event draft_event(const struct draft *d, size_t i);
// What is told after apply must not borrow: this makes the last images of removed rows, and those whose live texts may move,
// the draft's own.
void draft_own_images(struct draft *d);

#endif
