// SPDX-License-Identifier: Apache-2.0
// The master in the simulation: its machine on a memory disk, with a flush that takes time and a crash at any moment.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/draft.h"

enum { CHECKPOINT_SLICE = 32 }; // the most at once

static struct err *recover_object(void *arg, const struct store_object *o) {
    struct master *m = arg;
    if (o->bytes) return master_recover_object(m, o->key.noun, o->seq, o->bytes, o->size);
    master_recover_tombstone(m, o->key.id, o->seq);
    return NULL;
}

static struct err *recover_entry(void *arg, const struct store_record *r) {
    return master_recover_entry(arg, r->seq, r->bytes, r->size);
}

static struct master *machine_new(struct sim *s) {
    struct instant at = sim_instant(s);
    struct master_options options = {
        .cluster = uuid_from_entropy(at.entropy),
        .timing =
            {.heartbeat_ms = 1000, .lost_ms = 4000, .offer_timeout_ms = 30000, .retry_ms = 1000, .resend_ms = 2000},
        .hostname = "127.0.0.1",
        .port = 5050,
        .version = "1.11.0",
    };
    struct master *m = master_new(&options);
    struct err *e = domains_declare(master_domains(m), master_symbols(m), "topology/rack=r1", "99");
    if (e) sim_fail(s, "domains: %s", err_text(e));
    return m;
}

static struct store *store_up(struct sim *s, struct master *m) {
    s->script = (struct flaky_script){.inner = &store_memory};
    struct store_options options = {.kind = "flaky", .path = "sim", .schema = 1, .disk = s->disk, .flaky = &s->script};
    struct store *store;
    struct err *e = store_open_by_hand(&store_flaky, &options, &store);
    if (e) sim_fail(s, "%s", err_text(e));
    struct store_reader reader = {.object = recover_object, .entry = recover_entry, .arg = m};
    e = store_recover(store, &reader);
    if (e) sim_fail(s, "recovery: %s", err_text(e));
    return store;
}

static void flush_done(void *arg, const struct err *error, uint64_t durable) {
    struct sim *s = arg;
    if (error) sim_fail(s, "store: %s", err_text(error));
    for (size_t i = 0; i < s->in_flight_count; i++) free(s->in_flight[i].bytes);
    free(s->in_flight);
    s->in_flight = NULL;
    s->writing = false;
    s->durable = durable;
    master_set_durable(s->master, durable);
}

struct flush {
    uint32_t life;
};

static void flush_ends(struct sim *s, void *arg) {
    struct flush *f = arg;
    if (s->master && f->life == s->master_life) {
        // A crash between the two is a batch that is durable and was never acknowledged.
        while (s->writing && store_work(s->store)) {
            if (sim_chance(s, 1)) {
                free(f);
                master_crash(s);
                return;
            }
            store_answer(s->store);
        }
        sim_outputs(s);
        master_turn(s);
    }
    free(f);
}

static void flush_start(struct sim *s) {
    if (s->writing || !s->outputs.journal.count) return;
    s->in_flight_count = s->outputs.journal.count;
    s->in_flight = s->outputs.journal.at;
    s->outputs.journal.at = NULL;
    s->outputs.journal.count = s->outputs.journal.capacity = 0;
    struct store_record *records = mem_zero(s->in_flight_count, sizeof *records);
    for (size_t i = 0; i < s->in_flight_count; i++)
        s->journal = hash_u64(s->journal ^ hash_bytes(s->in_flight[i].bytes, s->in_flight[i].size));
    for (size_t i = 0; i < s->in_flight_count; i++)
        records[i] = (struct store_record){
            .seq = s->in_flight[i].seq, .bytes = s->in_flight[i].bytes, .size = s->in_flight[i].size};
    store_append(s->store, (struct store_records){records, s->in_flight_count}, flush_done, s);
    free(records);
    s->writing = true;
    struct flush *f = NEW(struct flush);
    f->life = s->master_life;
    sim_at(s, 1 + (int64_t)sim_random(s, 5), flush_ends, f);
}

struct tick {
    uint32_t life;
    int64_t when;
};

static void tick_rings(struct sim *s, void *arg);

static void tick_set(struct sim *s) {
    struct now now = {.mono = {s->now}, .wall = sim_wall(s)};
    int64_t next = master_next(s->master, now).ms;
    struct tick *t = NEW(struct tick);
    *t = (struct tick){s->master_life, next};
    sim_at(s, next > s->now ? next - s->now : 1, tick_rings, t);
}

static void tick_rings(struct sim *s, void *arg) {
    struct tick *t = arg;
    if (s->master && t->life == s->master_life) {
        struct instant at = sim_instant(s);
        master_tick(s->master, &at, &s->outputs);
        master_turn(s);
        tick_set(s);
    }
    free(t);
}

void master_turn(struct sim *s) {
    check_event(s);
    flush_start(s);
    sim_outputs(s);
    struct now now = {.mono = {s->now}, .wall = sim_wall(s)};
    if (master_next(s->master, now).ms <= s->now + 10 && core_allocation_due(master_state(s->master), now)) {
        struct instant at = sim_instant(s);
        master_tick(s->master, &at, &s->outputs);
        check_event(s);
        flush_start(s);
        sim_outputs(s);
    }
}

static void slice_written(void *arg, const struct err *error, uint64_t durable) {
    (void)durable;
    struct sim *s = arg;
    if (!error)
        master_checkpoint_written(s->master);
    else if (err_kind(error) != ERR_FULL)
        sim_fail(s, "checkpoint: %s", err_text(error));
}

// Now and then the disk is full just when the objects are written, and has room again for what follows.
static void slice_write(struct sim *s, const struct checkpoint_slice *slice) {
    struct store_object rows[CHECKPOINT_SLICE];
    size_t n = 0;
    VEC_EACH (o, &slice->objects)
        rows[n++] = (struct store_object){
            .key = {.noun = (uint32_t)o->noun, .id = o->id}, .seq = o->seq, .bytes = o->bytes, .size = o->size};
    uint64_t through = slice->through;
    s->script.full_from = sim_chance(s, 10) ? s->script.calls + 1 : 0;
    s->script.full_until = s->script.full_from + 1;
    store_checkpoint_put(s->store, rows, n, slice_written, s);
    if (through) store_checkpoint_through(s->store, through, NULL, NULL);
    if (through && sim_random(s, 4) == 0) store_trim(s->store, through, NULL, NULL);
    store_settle(s->store);
}

static void checkpoint_rings(struct sim *s, void *arg) {
    struct flush *f = arg;
    if (!s->master || f->life != s->master_life) {
        free(f);
        return;
    }
    size_t most = 2 + sim_random(s, CHECKPOINT_SLICE - 1); // any cut, also within what one entry changed
    const struct checkpoint_slice *slice = s->writing ? NULL : master_checkpoint(s->master, s->durable, most);
    if (slice && slice->objects.count) slice_write(s, slice);
    sim_at(s, 300, checkpoint_rings, f);
}

static void identity_write(struct sim *s) {
    struct journal_entry first = master_first_entry(s->master);
    struct checkpoint_object o = master_identity(s->master);
    struct store_record record = {.seq = first.seq, .bytes = first.bytes, .size = first.size};
    struct store_object row = {
        .key = {.noun = (uint32_t)o.noun, .id = o.id}, .seq = first.seq, .bytes = o.bytes, .size = o.size};
    store_append(s->store, (struct store_records){&record, 1}, NULL, NULL);
    store_checkpoint_put(s->store, &row, 1, NULL, NULL);
    store_checkpoint_through(s->store, first.seq, NULL, NULL);
    store_settle(s->store);
    free(first.bytes);
    free(o.bytes);
    s->durable = first.seq;
}

static void master_up_again(struct sim *s, void *arg) {
    (void)arg;
    if (!s->master && !s->over) master_up(s);
}

void master_up(struct sim *s) {
    s->master_life++;
    s->master = machine_new(s);
    s->store = store_up(s, s->master);
    struct store_stats stats;
    store_stats(s->store, &stats);
    s->durable = stats.durable;
    struct err *e = master_recovered(s->master, stats.durable);
    if (e) sim_fail(s, "recovery: %s", err_text(e));
    if (!stats.durable) identity_write(s);
    struct instant at = sim_instant(s);
    master_start(s->master, &at, &s->outputs);
    master_turn(s);
    tick_set(s);
    struct flush *f = NEW(struct flush);
    f->life = s->master_life;
    sim_at(s, 300, checkpoint_rings, f);
}

void master_crash(struct sim *s) {
    if (!s->master) return;
    s->crashes++;
    if (!s->quiet) printf("%8lld master crashes\n", (long long)s->now);
    store_close(s->store);
    memory_disk_crash(s->disk);
    for (size_t i = 0; i < s->in_flight_count && s->in_flight; i++) free(s->in_flight[i].bytes);
    free(s->in_flight);
    s->in_flight = NULL;
    s->writing = false;
    outputs_clear(&s->outputs);
    master_free(s->master);
    s->master = NULL;
    check_forget(s); // what it will know is reported anew
    transport_master_down(s);
    sim_at(s, 200 + (int64_t)sim_random(s, 3000), master_up_again, NULL);
}
