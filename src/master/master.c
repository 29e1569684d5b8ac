// SPDX-License-Identifier: Apache-2.0
// The master's engine: recovery, commands, journal entries, timers, checkpoint.
#include "master/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "codec/message.h"
#include "granary_record.pb-c.h"
#include "wire/cluster.h"
#include "wire/record.h"

struct master *master_new(const struct master_options *options) {
    struct master *m = NEW(struct master);
    m->options = *options;
    m->hostname = mem_text(options->hostname);
    m->version = mem_text(options->version);
    m->build = mem_text(options->build);
    m->state = state_new(options->cluster, 1, options->timing);
    return m;
}

static void recovery_done(struct recovery *r) {
    vec_done(&r->had);
    vec_done(&r->runs);
    arena_done(&r->arena);
}

void master_free(struct master *m) {
    if (!m) return;
    MAP_EACH (entry, &m->sessions) {
        struct session *s = entry->value.p;
        link_done(&s->link);
        free(s);
    }
    map_done(&m->sessions);
    task_outputs_free(m);
    map_done(&m->session_names);
    map_done(&m->dirty);
    map_done(&m->addresses);
    vec_done(&m->dirty_list);
    master_checkpoint_written(m);
    vec_done(&m->slice.objects);
    recovery_done(&m->recovery);
    VEC_EACH (entry, &m->recent) free(entry->bytes);
    vec_done(&m->recent);
    text_done(&m->said);
    asked_done(&m->asked);
    state_free(m->state);
    free(m->full);
    free(m->hostname);
    free(m->version);
    free(m->build);
    free(m);
}

const struct state *master_state(const struct master *m) {
    return m->state;
}
struct symbols *master_symbols(struct master *m) {
    return &m->state->symbols;
}

struct domains *master_domains(struct master *m) {
    return &m->state->domains;
}

symbol master_symbol(struct master *m, const char *text) {
    return symbol_make(&m->state->symbols, text ? text : "");
}

// ---- outputs ----

void outputs_clear(struct outputs *o) {
    VEC_EACH (item, &o->list) free(item->body);
    VEC_EACH (entry, &o->journal) free(entry->bytes);
    vec_clear(&o->list);
    vec_clear(&o->journal);
}

void outputs_done(struct outputs *o) {
    outputs_clear(o);
    vec_done(&o->list);
    vec_done(&o->journal);
}

// ---- the checkpoint's work list ----

static void dirty_mark(struct master *m, enum noun noun, uint64_t id, uint64_t seq) {
    union map_value *place = map_put(&m->dirty, id, NULL);
    if (place->n) m->dirty_list.at[place->n - 1].id = 0;
    vec_push(&m->dirty_list, ((struct dirty_object){noun, id, seq}));
    place->n = m->dirty_list.count;
}

// While recovering: what the journal adds is listed, and indexed by master_start.
static void dirty_after_checkpoint(struct master *m, enum noun noun, uint64_t id, uint64_t seq) {
    vec_push(&m->dirty_list, ((struct dirty_object){noun, id, seq}));
}

static void dirty_index(struct master *m) {
    for (size_t i = 0; i < m->dirty_list.count; i++) {
        union map_value *place = map_put(&m->dirty, m->dirty_list.at[i].id, NULL);
        if (place->n) m->dirty_list.at[place->n - 1].id = 0; // a later change follows
        place->n = i + 1;
    }
}

static void dirty_squeeze(struct master *m) {
    if (m->dirty_from < 1024 || m->dirty_from * 2 < m->dirty_list.count) return;
    vec_skip(&m->dirty_list, m->dirty_from);
    m->dirty_from = 0;
    for (size_t i = 0; i < m->dirty_list.count; i++)
        if (m->dirty_list.at[i].id) map_put(&m->dirty, m->dirty_list.at[i].id, NULL)->n = i + 1;
}

static struct checkpoint_object checkpoint_take(struct master *m, const struct dirty_object *o) {
    struct checkpoint_object taken = {.noun = o->noun, .id = o->id, .seq = o->seq};
    const void *row = table_get(&m->state->tables[o->noun], o->id);
    if (!row) return taken;
    struct text bytes = {0};
    record_object_pack(m->state, o->noun, row, o->seq, &bytes);
    taken.size = bytes.size;
    taken.bytes = text_take(&bytes);
    return taken;
}

struct checkpoint_object master_identity(const struct master *m) {
    struct text bytes = {0};
    cluster_pack(m->state, &bytes);
    struct checkpoint_object o = {.noun = STORED_CLUSTER, .id = 1, .seq = m->state->seq, .size = bytes.size};
    o.bytes = text_take(&bytes);
    return o;
}

static void slice_take(struct master *m, uint64_t durable, size_t most) {
    struct checkpoint_slice *slice = &m->slice;
    must(most > 1); // the identity, with the highest id given, goes along each time
    while (slice->objects.count + 1 < most && m->dirty_from < m->dirty_list.count) {
        struct dirty_object *o = &m->dirty_list.at[m->dirty_from];
        if (o->id && o->seq > durable) break;
        m->dirty_from++;
        if (!o->id) continue;
        vec_push(&slice->objects, checkpoint_take(m, o));
        map_remove(&m->dirty, o->id);
    }
    bool room = slice->objects.count + 1 < most;
    struct checkpoint_object asked = room ? asked_block_next(m) : (struct checkpoint_object){0};
    if (asked.bytes) vec_push(&slice->objects, asked);
    bool rest = m->dirty_from < m->dirty_list.count;
    slice->through = rest ? m->dirty_list.at[m->dirty_from].seq - 1 : durable < m->state->seq ? durable : m->state->seq;
    dirty_squeeze(m);
    if (!slice->objects.count) return;
    vec_push(&slice->objects, master_identity(m));
    vec_last(&slice->objects)->seq = durable; // never ahead of what a crash leaves: a later one has to replace it
    if (slice->objects.count == most) slice->through = 0;
}

const struct checkpoint_slice *master_checkpoint(struct master *m, uint64_t durable, size_t most) {
    if (!m->slice.objects.count) slice_take(m, durable, most);
    return &m->slice;
}

void master_checkpoint_written(struct master *m) {
    VEC_EACH (o, &m->slice.objects) free(o->bytes);
    vec_clear(&m->slice.objects);
}

// ---- recovery ----

static struct intake recovery_intake(struct master *m) {
    return (struct intake){.symbols = &m->state->symbols, .arena = &m->recovery.arena};
}

// The checkpoint has that object as of `seq`. They come in the order of their ids within a noun.
static void checkpoint_has(struct recovery *r, uint64_t id, uint64_t seq) {
    if (!r->had.count || vec_last(&r->had)->id >= id) vec_push(&r->runs, r->had.count);
    vec_push(&r->had, ((struct checkpoint_seq){id, seq}));
}

static bool checkpoint_had(const struct recovery *r, uint64_t id, uint64_t seq) {
    for (size_t i = 0; i < r->runs.count; i++) {
        size_t low = r->runs.at[i], end = i + 1 < r->runs.count ? r->runs.at[i + 1] : r->had.count, high = end;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (r->had.at[middle].id < id)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < end && r->had.at[low].id == id && r->had.at[low].seq >= seq) return true;
    }
    return false;
}

static uint64_t event_row_id(const struct event *e) {
    uint64_t id;
    memcpy(&id, e->row, sizeof id);
    return id;
}

static struct err *object_take(struct master *m, const struct record *record) {
    for (size_t i = 0; i < record->count; i++) {
        // Objects come by noun and id: their own numbers are in no order, the journal's set the state's at the end.
        TRY(event_check(m->state, m->state->seq, &record->events[i]));
        state_recover(m->state, m->state->seq, &record->events[i]);
        checkpoint_has(&m->recovery, event_row_id(&record->events[i]), record->seq);
    }
    return NULL;
}

struct err *master_recover_object(struct master *m, uint64_t noun, uint64_t seq, const void *bytes, size_t size) {
    if (noun == STORED_ASKED) return asked_recover(m, bytes, size);
    if (noun == STORED_CLUSTER) return cluster_unpack(m->state, bytes, size);
    struct intake in = recovery_intake(m);
    struct record record;
    struct err *e = record_object_unpack(&in, bytes, size, &record);
    if (!e) e = object_take(m, &record);
    intake_done(&in);
    arena_clear(&m->recovery.arena);
    return err_wrap(e, "checkpoint object of entry %llu", (unsigned long long)seq);
}

// An id that was given once is not given again, also when what had it is gone.
static void id_was_given(struct master *m, uint64_t id) {
    if (id > m->state->last_id) m->state->last_id = id;
}

void master_recover_tombstone(struct master *m, uint64_t id, uint64_t seq) {
    checkpoint_has(&m->recovery, id, seq);
    id_was_given(m, id);
}

static struct err *entry_take(struct master *m, uint64_t seq, const struct record *record) {
    for (size_t i = 0; i < record->count; i++) {
        struct event e = record->events[i];
        id_was_given(m, event_row_id(&e));
        if (checkpoint_had(&m->recovery, event_row_id(&e), seq)) continue; // the checkpoint has it already
        TRY(event_check(m->state, seq, &e));
        state_recover(m->state, seq, &e);
        dirty_after_checkpoint(m, e.noun, event_row_id(&e), seq);
    }
    return NULL;
}

struct err *master_recover_entry(struct master *m, uint64_t seq, const void *bytes, size_t size) {
    struct intake in = recovery_intake(m);
    struct record record;
    struct err *e = record_unpack(&in, bytes, size, &record);
    if (!e) e = entry_take(m, seq, &record);
    intake_done(&in);
    arena_clear(&m->recovery.arena);
    if (e) return err_wrap(e, "journal entry %llu", (unsigned long long)seq);
    events_remember(m, seq, bytes, size);
    m->state->seq = seq;
    return NULL;
}

struct err *master_recovered(struct master *m, uint64_t durable) {
    if (durable > m->state->seq) m->state->seq = durable;
    return err_wrap(state_settle(m->state), "checkpoint and journal through entry %llu",
                    (unsigned long long)m->state->seq);
}

void master_restored(struct master *m) {
    struct cluster *c = &m->state->cluster;
    must(c->generation < UINT16_MAX);
    c->generation++;
    m->state->last_id = (uint64_t)c->generation << 48;
    // Nobody was told numbers this high: a generation would have to last 2^40 entries.
    m->state->seq = (uint64_t)c->generation << 40;
}

// ---- commands ----

struct command master_command(enum command_kind kind, const struct instant *at, symbol principal) {
    struct command c = {.kind = kind, .principal = principal};
    memcpy(c.entropy, at->entropy, sizeof c.entropy);
    return c;
}

// What is refused while the store is full: everything that makes more to remember on somebody's wish. An ACCEPT carries the
// refusal itself, so that each of its tasks and operations hears of it.
static bool grows_the_registry(enum command_kind kind) {
    switch (kind) {
    case CMD_class_apply:
    case CMD_policy_apply:
    case CMD_role_set:
    case CMD_volume_create:
    case CMD_volume_grow:
    case CMD_volume_publish:
    case CMD_reservation_create:
    case CMD_request_apply: return true;
    default: return false;
    }
}

static struct task_before *tasks_before(const struct draft *d) {
    struct task_before *before = arena_zero(d->arena, d->touched.count + 1, sizeof *before);
    for (size_t i = 0; i < d->touched.count; i++) {
        uint64_t id;
        memcpy(&id, d->touched.at[i].row, sizeof id);
        const struct task_row *t = d->touched.at[i].noun == NOUN_TASK ? state_task(d->state, id) : NULL;
        if (!t || !t->agent_waits || !t->update_uuid) continue;
        before[i] = (struct task_before){.agent_waits = true, .agent = t->agent};
        memcpy(before[i].uuid, t->update_uuid->bytes, 16);
    }
    return before;
}

static size_t kept_events(const struct draft *d, struct event *events) {
    size_t n = 0;
    for (size_t i = 0; i < draft_event_count(d); i++) {
        struct event e = draft_event(d, i);
        if (event_kept(e.kind)) events[n++] = e;
    }
    return n;
}

static void journal_add(struct master *m, const struct event *events, size_t n, uint64_t seq, const struct draft *d,
                        struct outputs *out) {
    struct text bytes = {0};
    record_pack(m->state, events, n, seq, d->now.wall, state_text(m->state, d->principal), NULL, &bytes);
    events_remember(m, seq, bytes.data, bytes.size);
    struct journal_entry entry = {.seq = seq, .size = bytes.size};
    entry.bytes = text_take(&bytes);
    vec_push(&out->journal, entry);
    m->counters.entries++;
}

// Applies what was decided: the state, the journal, the checkpoint's work list, and whoever has to hear of it.
static void master_commit(struct master *m, struct draft *d, const struct instant *at, struct outputs *out) {
    size_t n = draft_event_count(d);
    struct event *kept = arena_zero(d->arena, n + 1, sizeof *kept);
    size_t kept_count = kept_events(d, kept);
    uint64_t seq = m->state->seq + (kept_count ? 1 : 0);
    if (kept_count) journal_add(m, kept, kept_count, seq, d, out);
    const struct task_before *before = tasks_before(d);
    draft_own_images(d);
    for (size_t i = 0; i < n; i++) {
        struct event e = draft_event(d, i);
        uint64_t id;
        memcpy(&id, e.row, sizeof id);
        state_apply(m->state, seq, &e);
        if (event_kept(e.kind)) dirty_mark(m, e.noun, id, seq);
    }
    m->counters.events += n;
    dispatch_events(m, d, before, at, out);
    if (kept_count) events_tell(m, seq, out);
}

struct err *master_run(struct master *m, const struct command *c, const struct instant *at, struct outputs *out,
                       struct answer *ret_answer) {
    if (grows_the_registry(c->kind)) TRY(master_full(m));
    AUTO_ARENA struct arena arena = {0};
    struct draft d;
    // One input may be several commands: each draws its own UUIDs from the input's chance.
    unsigned char entropy[16];
    uint64_t turn = ++m->counters.commands;
    m->now = at->now.wall;
    memcpy(entropy, c->entropy, sizeof entropy);
    for (size_t i = 0; i < sizeof turn; i++) entropy[i] ^= (unsigned char)(turn >> (8 * i));
    draft_init(&d, m->state, &arena, at->now, c->principal, entropy);
    struct err *e = core_decide(&d, c, ret_answer);
    asked_take(&m->asked, m->state, &d);
    if (!e) {
        if (draft_event_count(&d)) master_commit(m, &d, at, out);
        dispatch_notices(m, &d, at, out);
    }
    draft_done(&d);
    return e;
}

void master_do(struct master *m, const struct command *c, const struct instant *at, struct outputs *out) {
    struct answer answer = {0};
    AUTO_ERR struct err *e = master_run(m, c, at, out, &answer);
    if (e) out_log(m, out, "%s: %s", command_name(c->kind), err_text(e));
    answer_done(&answer);
}

// ---- start, time ----

struct journal_entry master_first_entry(struct master *m) {
    Granary__JournalEntry empty = GRANARY__JOURNAL_ENTRY__INIT;
    if (!m->state->seq) m->state->seq = 1;
    empty.seq = m->state->seq;
    struct text bytes = {0};
    message_pack(&empty.base, &bytes);
    struct journal_entry entry = {.seq = empty.seq, .size = bytes.size};
    entry.bytes = text_take(&bytes);
    return entry;
}

// Ids of what is not kept (offers) are not known after a restart, and must not be given again: they start from the clock,
// 128 a millisecond, so that they are above all that were given before.
static void ids_start(struct state *s, struct wall wall) {
    const int64_t since_2020 = wall.ms - 1577836800000;
    uint64_t clock = since_2020 > 0 ? ((uint64_t)since_2020 << 7) & (((uint64_t)1 << 48) - 1) : 0;
    uint64_t first = (uint64_t)s->cluster.generation << 48 | clock;
    if (first > s->last_id) s->last_id = first;
}

void master_start(struct master *m, const struct instant *at, struct outputs *out) {
    recovery_done(&m->recovery);
    m->recovery = (struct recovery){0};
    dirty_index(m);
    ids_start(m->state, at->now.wall);
    m->durable = m->state->seq;
    m->started = true;
    m->heartbeat_at = (struct mono){at->now.mono.ms + m->options.timing.heartbeat_ms};
    struct command c = master_command(CMD_start, at, (symbol){0});
    master_do(m, &c, at, out);
}

void master_tick(struct master *m, const struct instant *at, struct outputs *out) {
    bool rang = (m->state->timers.count && heap_first(&m->state->timers)->when <= at->now.mono.ms) ||
                (m->state->wall_timers.count && heap_first(&m->state->wall_timers)->when <= at->now.wall.ms);
    if (rang) {
        struct command tick = master_command(CMD_tick, at, (symbol){0});
        master_do(m, &tick, at, out);
        state_timers_passed(m->state, at->now.mono, at->now.wall);
    }
    if (core_allocation_due(m->state, at->now)) {
        struct command allocate = master_command(CMD_allocate, at, (symbol){0});
        uint64_t before = m->counters.events;
        master_do(m, &allocate, at, out);
        m->counters.allocations += m->counters.events != before;
    }
    if (at->now.mono.ms >= m->heartbeat_at.ms) {
        sessions_beat(m, at, out);
        m->heartbeat_at = (struct mono){at->now.mono.ms + m->options.timing.heartbeat_ms};
    }
}

struct mono master_next(const struct master *m, struct now now) {
    struct mono next = core_next_deadline(m->state, now);
    return next.ms < m->heartbeat_at.ms ? next : m->heartbeat_at;
}

struct err *master_full(const struct master *m) {
    if (!m->full) return NULL;
    return err_new(ERR_FULL, "the registry's store is full: %s; releases still work, free space there and try again",
                   m->full);
}

void master_set_full(struct master *m, const char *why) {
    free(m->full);
    m->full = mem_text(why);
}

void master_set_durable(struct master *m, uint64_t seq) {
    m->durable = seq;
}
