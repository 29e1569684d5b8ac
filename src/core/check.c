// SPDX-License-Identifier: Apache-2.0
// Whether a recovered event makes sense on top of the state before it: asked on recovery, where bytes come from a disk.
#include "core/state.h"

static struct err *refer(const struct state *s, uint64_t seq, const char *what, enum noun noun, uint64_t id) {
    if (!id || table_get(&s->tables[noun], id)) return NULL;
    return err_new(ERR_CORRUPT, "journal entry %llu: %s names %s %llu, which does not exist", (unsigned long long)seq,
                   what, noun_name(noun), (unsigned long long)id);
}

static struct err *references_check(const struct state *s, uint64_t seq, const struct event *e) {
    const struct pool_row *pool = e->row;
    const struct volume_row *volume = e->row;
    const struct reservation_row *reservation = e->row;
    const struct attachment_row *attachment = e->row;
    const struct task_row *task = e->row;
    switch (e->noun) {
    case NOUN_POOL: return refer(s, seq, "a pool", NOUN_PROVIDER, pool->provider);
    case NOUN_VOLUME: return refer(s, seq, "a volume", NOUN_POOL, volume->charge.pool);
    case NOUN_RESERVATION: return refer(s, seq, "a reservation", NOUN_POOL, reservation->charge.pool);
    case NOUN_ATTACHMENT:
        TRY(refer(s, seq, "an attachment", NOUN_VOLUME, attachment->volume));
        return refer(s, seq, "an attachment", NOUN_AGENT, attachment->agent);
    case NOUN_TASK:
        TRY(refer(s, seq, "a task", NOUN_FRAMEWORK, task->framework));
        return refer(s, seq, "a task", NOUN_AGENT, task->agent);
    default: return NULL;
    }
}

static struct err *names_check(const struct state *s, uint64_t seq, const struct event *e, uint64_t id) {
    struct name_key key;
    if (!row_name_key(e->noun, e->row, &key)) return NULL;
    uint64_t other = name_index_find(&s->names[e->noun], &s->tables[e->noun], e->noun, &key);
    if (!other || other == id) return NULL;
    return err_new(ERR_CORRUPT, "journal entry %llu: %s %llu has the name of %llu", (unsigned long long)seq,
                   noun_name(e->noun), (unsigned long long)id, (unsigned long long)other);
}

struct err *event_check(const struct state *s, uint64_t seq, const struct event *e) {
    uint64_t id;
    memcpy(&id, e->row, sizeof id);
    if (!id)
        return err_new(ERR_CORRUPT, "journal entry %llu: a %s without an id", (unsigned long long)seq,
                       noun_name(e->noun));
    if (seq < s->seq)
        return err_new(ERR_CORRUPT, "journal entry %llu: comes after %llu", (unsigned long long)seq,
                       (unsigned long long)s->seq);
    if (e->removed) return NULL;
    TRY(references_check(s, seq, e));
    return names_check(s, seq, e, id);
}
