// SPDX-License-Identifier: Apache-2.0
// Whether what was recovered makes sense: asked on recovery, where bytes come from a disk.
#include "core/state.h"

static uint64_t row_id(const void *row) {
    uint64_t id;
    memcpy(&id, row, sizeof id);
    return id;
}

static struct err *refer(const struct state *s, enum noun of, const void *row, enum noun noun, uint64_t id) {
    if (!id || table_get(&s->tables[noun], id)) return NULL;
    return err_new(ERR_CORRUPT, "%s %llu names %s %llu, which does not exist", noun_name(of),
                   (unsigned long long)row_id(row), noun_name(noun), (unsigned long long)id);
}

static struct err *references_check(const struct state *s, enum noun noun, const void *row) {
    const struct pool_row *pool = row;
    const struct volume_row *volume = row;
    const struct reservation_row *reservation = row;
    const struct attachment_row *attachment = row;
    const struct task_row *task = row;
    switch (noun) {
    case NOUN_POOL: return refer(s, noun, row, NOUN_PROVIDER, pool->provider);
    case NOUN_VOLUME: return refer(s, noun, row, NOUN_POOL, volume->charge.pool);
    case NOUN_RESERVATION:
        TRY(refer(s, noun, row, NOUN_POOL, reservation->charge.pool));
        return refer(s, noun, row, NOUN_AGENT, reservation->agent);
    case NOUN_ATTACHMENT:
        TRY(refer(s, noun, row, NOUN_VOLUME, attachment->volume));
        return refer(s, noun, row, NOUN_AGENT, attachment->agent);
    case NOUN_TASK:
        TRY(refer(s, noun, row, NOUN_FRAMEWORK, task->framework));
        if (task_state_ended(task->state)) return NULL; // its agent may have been removed
        return refer(s, noun, row, NOUN_AGENT, task->agent);
    default: return NULL;
    }
}

static struct err *name_check_alone(const struct state *s, enum noun noun, const void *row) {
    struct name_key key;
    if (!row_name_key(noun, row, &key)) return NULL;
    uint64_t other = name_index_find(&s->names[noun], &s->tables[noun], noun, &key);
    if (!other || other == row_id(row)) return NULL;
    return err_new(ERR_CORRUPT, "%s %llu has the name of %llu", noun_name(noun), (unsigned long long)row_id(row),
                   (unsigned long long)other);
}

struct err *row_check(const struct state *s, enum noun noun, const void *row) {
    TRY(references_check(s, noun, row));
    return name_check_alone(s, noun, row);
}

struct err *event_check(const struct state *s, uint64_t seq, const struct event *e) {
    if (!row_id(e->row))
        return err_new(ERR_CORRUPT, "journal entry %llu: a %s without an id", (unsigned long long)seq,
                       noun_name(e->noun));
    if (seq < s->seq)
        return err_new(ERR_CORRUPT, "journal entry %llu: comes after %llu", (unsigned long long)seq,
                       (unsigned long long)s->seq);
    return NULL;
}
