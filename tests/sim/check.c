// SPDX-License-Identifier: Apache-2.0
// The invariants, looked at from outside: the ledger against reports, the storage against hosts, memory against the disk.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/allocator.h"
#include "core/broker.h"
#include "core/index.h"
#include "model/label.h"
#include "wire/record.h"

static const struct figure {
    const char *name, *capacity;
    unsigned known;
} figures[] = {
    {"bytes", "capacity in bytes", 0},
    {"iops", "capacity in iops", KNOWS_IOPS},
    {"bandwidth", "capacity in bandwidth", KNOWS_BANDWIDTH},
    {"volumes", "capacity in volumes", KNOWS_VOLUMES},
};

static uint64_t figure_of(const struct quantities *q, const struct figure *f) {
    const uint64_t all[] = {q->bytes, q->iops, q->bandwidth, q->volumes};
    return all[f - figures];
}

static void rows_print(const struct state *state) {
    STATE_EACH(VOLUME, volume_row, v, state)
    fprintf(stderr, "  volume %s %s pool %llu %llu grow %llu handle %s reservation %llu\n", v->name,
            volume_state_name(v->state), (unsigned long long)v->charge.pool,
            (unsigned long long)v->charge.bytes.n / MIB, (unsigned long long)v->grow_to.n / MIB,
            v->handle ? "yes" : "no", (unsigned long long)v->reservation);
    STATE_EACH(RESERVATION, reservation_row, r, state)
    fprintf(stderr, "  reservation %llu pool %llu %llu\n", (unsigned long long)r->id,
            (unsigned long long)r->charge.pool, (unsigned long long)r->charge.bytes.n / MIB);
}

static void grant_check(struct sim *s, const struct pool_row *p, const char *what, uint64_t granted, uint64_t before,
                        uint64_t known) {
    if (granted <= before || granted <= known) return;
    rows_print(master_state(s->master));
    sim_fail(s, "I1: pool %s: %s: %llu granted (%llu before), %llu known", p->name, what, (unsigned long long)granted,
             (unsigned long long)before, (unsigned long long)known);
}

void check_forget(struct sim *s) {
    MAP_EACH (entry, &s->granted) free(entry->value.p);
    map_done(&s->granted);
    s->judged = UINT64_MAX; // until what there is then was seen
}

// I1: no grant is made beyond what is known of a backing store, nor beyond a pool's own capacity. What was granted before
// may come to exceed it, when the storage reports less: then nothing more is granted.
static void check_grants(struct sim *s, const struct state *state) {
    STATE_EACH(POOL, pool_row, p, state) {
        struct granted now = ledger_granted(&state->ledger, p);
        union map_value *place = map_put(&s->granted, p->id, NULL);
        if (!place->p) place->p = NEW(struct granted);
        struct granted *before = place->p;
        const struct pool_facts *f = p->facts;
        for (size_t i = 0; f && i < ARRAY_LEN(figures); i++)
            if (!figures[i].known || f->total.known & figures[i].known)
                grant_check(s, p, figures[i].name, figure_of(&now.store, &figures[i]),
                            figure_of(&before->store, &figures[i]), figure_of(&f->total, &figures[i]));
        const struct quantities *most = f ? f->capacity : NULL;
        for (size_t i = 0; most && i < ARRAY_LEN(figures); i++)
            if (figures[i].known ? most->known & figures[i].known : most->bytes != 0)
                grant_check(s, p, figures[i].capacity, figure_of(&now.own, &figures[i]),
                            figure_of(&before->own, &figures[i]), figure_of(most, &figures[i]));
        *before = now;
    }
}

static void rows_add(const struct pool_row *of, const struct pool_row *from, const struct quantities *cost,
                     struct granted *sum) {
    if (from->account == of->account) quantities_add(&sum->store, cost);
    if (from->id == of->id) quantities_add(&sum->own, cost);
}

static void sums_compare(struct sim *s, const struct pool_row *p, const char *of, const struct quantities *rows,
                         const struct quantities *said) {
    for (size_t i = 0; i < ARRAY_LEN(figures); i++)
        if (figure_of(rows, &figures[i]) != figure_of(said, &figures[i]))
            sim_fail(s, "ledger: pool %s: %s of %s: it says %llu, the rows %llu", p->name, figures[i].name, of,
                     (unsigned long long)figure_of(said, &figures[i]),
                     (unsigned long long)figure_of(rows, &figures[i]));
}

// The sums of the ledger are what the rows say.
static void check_ledger(struct sim *s, const struct state *state) {
    STATE_EACH(POOL, pool_row, p, state) {
        struct granted sum = {0}, said = ledger_granted(&state->ledger, p);
        STATE_EACH(VOLUME, volume_row, v, state) {
            const struct pool_row *from = state_pool(state, v->charge.pool);
            struct quantities cost = volume_cost(from, v);
            rows_add(p, from, &cost, &sum);
        }
        STATE_EACH(RESERVATION, reservation_row, r, state) {
            const struct pool_row *from = state_pool(state, r->charge.pool);
            if (!from) continue; // of an agent
            struct quantities cost = reservation_cost(from, r);
            rows_add(p, from, &cost, &sum);
        }
        sums_compare(s, p, "its store", &sum.store, &said.store);
        sums_compare(s, p, "itself", &sum.own, &said.own);
    }
}

// I6 of attach slots and storage bandwidth: what attachments hold is what the ledger says, and no more than there is. What
// these agents have never changes.
static void check_attach_room(struct sim *s, const struct state *state) {
    STATE_EACH(AGENT, agent_row, a, state) {
        const struct agent_account *held = &a->held;
        const struct id_list *list = state_related(state, ATTACHMENTS_OF_AGENT, a->id);
        uint64_t bandwidth = 0;
        VEC_EACH (id, list) bandwidth += state_attachment(state, *id)->bandwidth.n;
        if (held->attachments != list->count || held->bandwidth != bandwidth)
            sim_fail(s, "I6: agent %s: %u attachments and %llu bytes/s counted, %u and %llu are there", a->name,
                     held->attachments, (unsigned long long)held->bandwidth, list->count,
                     (unsigned long long)bandwidth);
        if (!a->facts) continue;
        if (list->count > a->facts->buses.at[0].slots || bandwidth > a->facts->storage_bandwidth.n)
            sim_fail(s, "I6: agent %s: %u attachments with %llu bytes/s, and it has %u slots and %llu bytes/s", a->name,
                     list->count, (unsigned long long)bandwidth, a->facts->buses.at[0].slots,
                     (unsigned long long)a->facts->storage_bandwidth.n);
    }
}

// What stands somewhere for a label: a volume, or a reservation.
struct placed {
    const char *says, *labels;
    uint64_t id, class, pool;
    struct owner owner;
};

static struct placed placed_volume(const struct volume_row *v) {
    return (struct placed){v->name, v->labels, v->id, v->class, v->charge.pool, v->owner};
}
static struct placed placed_reservation(const struct reservation_row *r) {
    return (struct placed){"(reservation)", r->labels, r->id, r->class, r->charge.pool, r->owner};
}

static bool volume_stays(const struct volume_row *v) {
    return !v->released && (v->state == VOLUME_WANTED || v->state == VOLUME_MAKING || v->state == VOLUME_READY);
}

// How many volumes made of it stay.
static uint32_t volumes_staying(const struct state *state, uint64_t reservation) {
    uint32_t count = 0;
    STATE_EACH(VOLUME, volume_row, v, state) count += v->reservation == reservation && volume_stays(v);
    return count;
}

struct group { // on one value of a rule's key
    uint32_t members, there;
};

static void group_count(struct sim *s, const struct state *state, const struct class_spread *rule, symbol value,
                        const struct placed *granted, const struct placed *p, struct group *g) {
    const struct pool_row *pool = state_pool(state, p->pool);
    size_t size = 0, count = 0;
    const char *line = labels_find(granted->labels, rule->label, &size);
    if (p->class != granted->class || !owner_equal(p->owner, granted->owner) || !labels_has(p->labels, line, size))
        return;
    const struct tag *at = pool->facts ? tag_set_find(&pool->facts->tags, rule->key, &count) : NULL;
    if (!count)
        sim_fail(s, "spread: %s was granted while nobody knows the %s of %s", granted->says,
                 state_text(state, rule->key), p->says);
    g->members++;
    for (size_t i = 0; i < count; i++) g->there += symbol_equal(at[i].value, value);
}

// All of the group, also what the same request granted: the order there is nobody's. Rows alone are looked at: no relation,
// no index.
static struct group group_of(struct sim *s, const struct state *state, const struct class_spread *rule, symbol value,
                             const struct placed *granted) {
    struct group g = {0};
    STATE_EACH(VOLUME, volume_row, v, state) {
        struct placed p = placed_volume(v);
        if (volume_stays(v)) group_count(s, state, rule, value, granted, &p, &g);
    }
    STATE_EACH(RESERVATION, reservation_row, r, state) {
        struct placed p = placed_reservation(r);
        if (!r->agent && !volumes_staying(state, r->id)) group_count(s, state, rule, value, granted, &p, &g);
    }
    return g;
}

static void check_rule(struct sim *s, const struct state *state, const struct placed *p,
                       const struct class_spread *rule) {
    const struct pool_row *pool = state_pool(state, p->pool);
    const char *key = state_text(state, rule->key);
    size_t size = 0, count = 0;
    if (!labels_find(p->labels, rule->label, &size)) sim_fail(s, "spread: %s has no label %s", p->says, rule->label);
    const struct tag *values = pool->facts ? tag_set_find(&pool->facts->tags, rule->key, &count) : NULL;
    if (!count) sim_fail(s, "spread: %s was granted on %s, which has no %s", p->says, pool->name, key);
    s->spread++;
    for (size_t i = 0; i < count; i++) {
        struct group g = group_of(s, state, rule, values[i].value, p);
        uint32_t most = rule->over ? (g.members + rule->over - 1) / rule->over : 1;
        if (g.there > most)
            sim_fail(s, "spread: with %s, %u of %u with its %s are on %s=%s, and %u may be", p->says, g.there,
                     g.members, rule->label, key, state_text(state, values[i].value), most);
    }
}

static void check_placed(struct sim *s, const struct state *state, const struct placed *p) {
    const struct class_row *class = state_class(state, p->class);
    VEC_EACH (rule, &class->doc->spec.spread)
        if (rule->required) check_rule(s, state, p, rule);
}

// A grant keeps the required rules of spread of its class, as the tags of the pools are at that moment. Afterwards they may
// be broken: a pool comes back with other tags, a volume elsewhere is released. The first volume of a reservation is no
// grant of a place: it takes the reservation's.
static void check_spread(struct sim *s, const struct state *state) {
    for (const struct volume_row *v = table_next(&state->tables[NOUN_VOLUME], s->judged); v;
         v = table_next(&state->tables[NOUN_VOLUME], v->id)) {
        struct placed p = placed_volume(v);
        const struct reservation_row *from = state_reservation(state, v->reservation);
        bool fresh = from && from->id > s->judged; // of the same request, and not judged itself once it has a volume
        if (!from || fresh || volumes_staying(state, from->id) > 1) check_placed(s, state, &p);
    }
    for (const struct reservation_row *r = table_next(&state->tables[NOUN_RESERVATION], s->judged); r;
         r = table_next(&state->tables[NOUN_RESERVATION], r->id)) {
        struct placed p = placed_reservation(r);
        if (!r->agent && !volumes_staying(state, r->id)) check_placed(s, state, &p);
    }
    s->judged = state->last_id;
}

// I3: as the storage sees it, at most one host can write to a single-writer volume.
static void check_writers(struct sim *s) {
    for (int i = 0; i < AGENTS; i++) {
        VEC_EACH (m, &s->agents[i].mounts) {
            if (m->state != MOUNT_THERE) continue;
            char uuid[UUID_TEXT];
            uuid_text(m->volume, uuid);
            for (int j = i + 1; j < AGENTS; j++) {
                VEC_EACH (other, &s->agents[j].mounts) {
                    if (other->state != MOUNT_THERE || !uuid_equal(other->volume, m->volume)) continue;
                    bool first = false, second = false;
                    for (int p = 0; p < PROVIDERS; p++) {
                        first |= memory_may_write(s->providers[p].storage, uuid, s->agents[i].boot_id);
                        second |= memory_may_write(s->providers[p].storage, uuid, s->agents[j].boot_id);
                    }
                    if (first && second)
                        sim_fail(s, "I3: volume %s can be written from %s and %s", uuid, s->agents[i].name,
                                 s->agents[j].name);
                }
            }
        }
    }
}

// The part of I8 that is arithmetic, worked out without the index.
static void check_available(struct sim *s, const struct state *state, const struct offer_row *o,
                            const struct volume_row *v) {
    const struct class_row *class = state_class(state, v->class);
    const struct agent_row *agent = state_agent(state, o->agent);
    const struct pool_row *pool = state_pool(state, v->charge.pool);
    if (!class || !agent || !agent->facts || !pool || !pool->facts) return;
    struct availability both = domains_availability(&state->domains, &agent->facts->tags, &pool->facts->tags);
    if (both.n < class->doc->spec.availability.n)
        sim_fail(s, "I8: offer %llu: volume %s on agent %s is available %g percent", (unsigned long long)o->id, v->name,
                 agent->name, availability_percent(both));
}

// I8: each volume that is offered with an agent can be used there.
static void check_offers(struct sim *s, const struct state *state) {
    AUTO_ARENA struct arena arena = {0};
    struct draft d;
    unsigned char entropy[16] = {0};
    struct now now = {.mono = {s->now}, .wall = sim_wall(s)};
    draft_init(&d, state, &arena, now, (symbol){0}, entropy);
    STATE_EACH(OFFER, offer_row, o, state) {
        for (size_t i = 0; i < blob_count(o->volumes, uint64_t); i++) {
            const struct volume_row *v = state_volume(state, blob_items(o->volumes, uint64_t)[i]);
            if (!v) sim_fail(s, "I8: offer %llu has a volume that is gone", (unsigned long long)o->id);
            AUTO_ERR struct err *e = broker_agent_check(&d, o->agent, v);
            if (e) sim_fail(s, "I8: offer %llu: %s", (unsigned long long)o->id, err_text(e));
            check_available(s, state, o, v);
        }
    }
    draft_done(&d);
}

// A volume is warned of while its agent does not satisfy what pool and class ask, as far as both have reported, and only then.
static void check_warnings(struct sim *s, const struct state *state) {
    STATE_EACH(ATTACHMENT, attachment_row, a, state) {
        const struct volume_row *v = state_volume(state, a->volume);
        const struct agent_row *agent = state_agent(state, a->agent);
        const struct pool_row *pool = v ? state_pool(state, v->charge.pool) : NULL;
        bool held = a->state == ATTACHMENT_ATTACHING || a->state == ATTACHMENT_IN_USE;
        if (!held || a->purpose != ATTACH_FOR_USE || !agent || !agent->facts || !pool || !pool->facts) continue;
        struct reach_want asked = {.pool = pool->id, .class = v->class};
        s->warnings += a->warning != NULL;
        if (index_agent_fits(state, &asked, agent) != (a->warning == NULL))
            sim_fail(s, "attachment %llu on %s: %s", (unsigned long long)a->id, agent->name,
                     a->warning ? a->warning : "no warning, and it does not fit");
    }
}

void check_event(struct sim *s) {
    const struct state *state = master_state(s->master);
    check_grants(s, state);
    check_attach_room(s, state);
    check_spread(s, state);
    check_writers(s);
    check_warnings(s, state);
    AUTO_ERR struct err *e = allocator_check(state);
    if (e) sim_fail(s, "I6/I7: %s", err_text(e));
    if (state->seq < s->checked_events + 100) return;
    s->checked_events = state->seq;
    check_ledger(s, state);
    check_offers(s, state);
    check_recovery(s);
}

// ---- I10 ----

static struct err *object_into(void *arg, const struct store_object *o) {
    if (o->bytes) return master_recover_object(arg, o->key.noun, o->seq, o->bytes, o->size);
    master_recover_tombstone(arg, o->key.id, o->seq);
    return NULL;
}
static struct err *entry_into(void *arg, const struct store_record *r) {
    return master_recover_entry(arg, r->seq, r->bytes, r->size);
}

static bool row_is_kept(enum noun noun) {
    return noun != NOUN_OFFER;
}

static void compare_tables(struct sim *s, const struct state *live, const struct state *read, enum noun noun) {
    if (table_count(&live->tables[noun]) != table_count(&read->tables[noun]))
        sim_fail(s, "I10: %zu rows of %s live, %zu read back", table_count(&live->tables[noun]), noun_name(noun),
                 table_count(&read->tables[noun]));
    for (const void *row = table_next(&live->tables[noun], 0); row;) {
        uint64_t id;
        memcpy(&id, row, sizeof id);
        const void *other = table_get(&read->tables[noun], id);
        if (!other) sim_fail(s, "I10: %s %llu was not read back", noun_name(noun), (unsigned long long)id);
        AUTO_TEXT struct text a = {0};
        AUTO_TEXT struct text b = {0};
        record_object_pack(live, noun, row, 1, &a);
        record_object_pack(read, noun, other, 1, &b);
        if (a.size != b.size || memcmp(a.data, b.data, a.size) != 0)
            sim_fail(s, "I10: %s %llu differs from what was read back", noun_name(noun), (unsigned long long)id);
        row = table_next(&live->tables[noun], id);
    }
}

void check_recovery(struct sim *s) {
    if (s->writing || s->outputs.journal.count) { // not all is on the disk: looked at another time
        s->checked_events = s->checked_events > 99 ? s->checked_events - 99 : 0;
        return;
    }
    struct master_options options = {
        .cluster = {{1}}, .timing = master_state(s->master)->timing, .hostname = "x", .port = 1, .version = "1.11.0"};
    struct master *read = master_new(&options);
    struct memory_disk *copy = memory_disk_clone(s->disk);
    struct store_options store_options = {.kind = "memory", .path = "copy", .schema = 1, .disk = copy};
    struct store *store;
    struct err *e = store_open_by_hand(&store_memory, &store_options, &store);
    if (e) sim_fail(s, "I10: %s", err_text(e));
    struct store_reader reader = {.object = object_into, .entry = entry_into, .arg = read};
    e = store_recover(store, &reader);
    if (e) sim_fail(s, "I10: %s", err_text(e));
    e = master_recovered(read, 0);
    if (e) sim_fail(s, "I10: %s", err_text(e));
    for (enum noun n = 0; n < NOUN_COUNT; n++)
        if (row_is_kept(n)) compare_tables(s, master_state(s->master), master_state(read), n);
    if (master_state(s->master)->last_id < master_state(read)->last_id)
        sim_fail(s, "I10: ids were given beyond the highest");
    store_close(store);
    memory_disk_free(copy);
    master_free(read);
}

// ---- when faults have stopped ----

void check_converged(struct sim *s) {
    char what[128];
    size_t n = frameworks_unfinished(s, what, sizeof what);
    if (n) sim_fail(s, "I5: %zu without an end, first %s", n, what);
    if (!s->master) sim_fail(s, "I9: the master is down");
    const struct state *state = master_state(s->master);
    STATE_EACH(OPERATION, operation_row, o, state) {
        if (o->state == OP_OPEN)
            sim_fail(s, "I9: operation %llu (kind %d of volume %llu) is still open", (unsigned long long)o->id, o->kind,
                     (unsigned long long)o->volume);
    }
    STATE_EACH(ATTACHMENT, attachment_row, a, state)
    sim_fail(
        s,
        "I9: attachment %llu of volume %llu is still there: %s, step %d, %u open operations, tried again at %lld: %s",
        (unsigned long long)a->id, (unsigned long long)a->volume, attachment_state_name(a->state), a->step,
        state_volume(state, a->volume)->open_operation_count, (long long)a->retry_at.ms, a->message ? a->message : "");
    STATE_EACH(AGENT, agent_row, a, state) {
        if (a->state != AGENT_IS_ACTIVE)
            sim_fail(s, "I9: agent %s is not active: state %d unclean %u", a->name, a->state, a->unclean);
    }
    for (int i = 0; i < AGENTS; i++) {
        if (s->agents[i].mounts.count)
            sim_fail(s, "I9: a mount of attachment %llu is left on %s",
                     (unsigned long long)s->agents[i].mounts.at[0].attachment, s->agents[i].name);
    }
    STATE_EACH(VOLUME, volume_row, v, state) {
        bool rests = v->state == VOLUME_READY || v->state == VOLUME_FAILED;
        if (!rests) sim_fail(s, "I9: volume %s is still %s", v->name, volume_state_name(v->state));
        if (v->content == CONTENT_FORMATTING || v->content == CONTENT_SUSPECT)
            sim_fail(s, "I9: volume %s is still %s: state %s, %u attachments, %u open operations, released %d, %s",
                     v->name, content_state_name(v->content), volume_state_name(v->state), v->attachment_count,
                     v->open_operation_count, v->released, v->message ? v->message : "");
    }
}
