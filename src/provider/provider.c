// SPDX-License-Identifier: Apache-2.0
// The provider's step machine: sessions, and what one input leads to. What runs, is listed and is told is in the files beside.
#include "provider/provider.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "codec/message.h"
#include "provider/machine.h"

// ---- setup ----

struct provider_setup provider_setup_usual(void) {
    struct provider_setup s = {
        .can_list = true,
        .most_calls = 8,
        .most_stuck = 32,
        .wipe_timeout_ms = 3600 * 1000,
        .retry_least_ms = 500,
        .retry_most_ms = 30 * 1000,
        .report_every_ms = 10 * 1000,
        .report_gap_ms = 20,
        .page = 500,
    };
    for (size_t i = 0; i < DRIVER_ACT_COUNT; i++) s.timeout_ms[i] = 60 * 1000;
    return s;
}

static struct driver_pairs pairs_copy(const struct driver_pairs *from, struct arena *arena) {
    struct driver_pair *at = arena_zero(arena, from->count + 1, sizeof *at);
    for (size_t i = 0; i < from->count; i++)
        at[i] = (struct driver_pair){arena_text(arena, from->at[i].key), arena_text(arena, from->at[i].value)};
    return (struct driver_pairs){at, from->count};
}

static const struct driver_selector *selectors_copy(const struct driver_selector *from, size_t count,
                                                    struct arena *arena) {
    struct driver_selector *at = arena_zero(arena, count + 1, sizeof *at);
    for (size_t i = 0; i < count; i++)
        at[i] = (struct driver_selector){arena_text(arena, from[i].selector), from[i].weight};
    return at;
}

static struct provider_tier_setup tier_copy(const struct provider_tier_setup *from, struct arena *arena) {
    struct provider_tier_setup t = *from;
    t.instance = arena_text(arena, from->instance);
    t.pool = arena_text(arena, from->pool);
    t.data_address = arena_text(arena, from->data_address);
    t.facts.tags = pairs_copy(&from->facts.tags, arena);
    t.facts.constraints = selectors_copy(from->facts.constraints, from->facts.constraint_count, arena);
    t.facts.preferences = selectors_copy(from->facts.preferences, from->facts.preference_count, arena);
    return t;
}

struct provider *provider_new(const struct provider_setup *setup) {
    struct provider *p = NEW(struct provider);
    p->setup = *setup;
    p->setup.name = arena_text(&p->arena, setup->name);
    p->setup.driver = arena_text(&p->arena, setup->driver);
    p->setup.secret = setup->secret_size ? arena_copy(&p->arena, setup->secret, setup->secret_size) : NULL;
    struct provider_tier_setup *tiers = arena_zero(&p->arena, setup->tier_count + 1, sizeof *tiers);
    for (size_t i = 0; i < setup->tier_count; i++) tiers[i] = tier_copy(&setup->tiers[i], &p->arena);
    p->setup.tiers = tiers;
    p->cluster = mem_text(setup->cluster);
    p->highest_seen = setup->highest_seen;
    list_init(&p->ready);
    return p;
}

void provider_free(struct provider *p) {
    if (!p) return;
    must(map_count(&p->jobs) == 0);
    operations_free(p);
    objects_free(p);
    map_done(&p->jobs);
    arena_done(&p->tiers_arena);
    arena_done(&p->arena);
    free(p->cluster);
    free(p);
}

// ---- outputs ----

void provider_outputs_done(struct provider_outputs *o) {
    vec_done(&o->list);
    arena_done(&o->arena);
}

void provider_log(struct provider *p, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *line = arena_zero(&p->out->arena, 1, (size_t)(size < 0 ? 0 : size) + 1);
    if (size > 0) vsnprintf(line, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    vec_push(&p->out->list, ((struct provider_output){.kind = PROVIDER_LOG, .log = line}));
}

Granary__FromProvider *provider_say(struct provider *p) {
    Granary__FromProvider *m = ARENA_NEW(&p->out->arena, Granary__FromProvider);
    granary__from_provider__init(m);
    must(p->session == CONNECTED);
    vec_push(&p->out->list, ((struct provider_output){.kind = PROVIDER_SEND, .send = m}));
    return m;
}

static void say_heartbeat(struct provider *p) {
    Granary__Heartbeat *beat = ARENA_NEW(&p->out->arena, Granary__Heartbeat);
    granary__heartbeat__init(beat);
    beat->has_seq = true;
    beat->seq = p->highest_seen;
    provider_say(p)->heartbeat = beat;
    p->heartbeat_at.ms = p->now.ms + p->heartbeat_ms;
}

// ---- sessions ----

static void connecting(struct provider *p) {
    p->session = PREPARING;
    p->tiers_fresh = false;
    p->objects_fresh = !p->setup.can_list;
    p->listing.wanted = p->setup.can_list;
    p->report.wanted = true;
}

// Tiers are read after the list, as totals need the volumes; both before the master hears of us.
static void greet(struct provider *p) {
    if (p->session != PREPARING || !p->tiers_fresh || !p->objects_fresh) return;
    Granary__ProviderHello *h = ARENA_NEW(&p->out->arena, Granary__ProviderHello);
    granary__provider_hello__init(h);
    h->name = arena_text(&p->out->arena, p->setup.name);
    h->driver = arena_text(&p->out->arena, p->setup.driver);
    h->has_secret = p->setup.secret_size != 0;
    h->secret = (ProtobufCBinaryData){p->setup.secret_size, (uint8_t *)p->setup.secret};
    h->cluster = arena_text(&p->out->arena, p->cluster);
    h->has_highest_seen = true;
    h->highest_seen = p->highest_seen;
    h->tiers = message_copy(&p->tiers->base, &p->out->arena);
    p->session = GREETED;
    vec_push(&p->out->list, ((struct provider_output){.kind = PROVIDER_HELLO, .hello = h}));
}

static void seen(struct provider *p, uint64_t seq) {
    if (seq > p->highest_seen) p->highest_seen = seq;
}

static void welcomed(struct provider *p, const Granary__Welcome *w) {
    if (p->cluster && !text_equal(p->cluster, w->cluster)) {
        provider_log(p, "the master is of cluster '%s', this provider belongs to '%s': not connected", w->cluster,
                     p->cluster);
        p->session = AWAY;
        vec_push(&p->out->list, ((struct provider_output){.kind = PROVIDER_HANG_UP}));
        return;
    }
    p->session = CONNECTED;
    p->heartbeat_ms = w->heartbeat_ms;
    seen(p, w->seq);
    say_heartbeat(p);
    if (!p->cluster) { // only now can we tell which volumes are ours
        p->cluster = mem_text(w->cluster);
        p->listing.wanted = p->setup.can_list;
    } else if (p->setup.can_list) {
        objects_say(p);
    }
}

static void disconnected(struct provider *p) {
    p->session = AWAY;
    operations_drop(p);
}

static void message_take(struct provider *p, const Granary__ToProvider *m) {
    if (p->session != CONNECTED) return;
    if (m->heartbeat && m->heartbeat->has_seq) seen(p, m->heartbeat->seq);
    if (m->operation) operation_take(p, m->operation);
}

// ---- the step ----

void provider_step(struct provider *p, const struct provider_input *input, struct provider_outputs *out) {
    p->now = input->now;
    p->out = out;
    switch (input->kind) {
    case PROVIDER_CONNECTING: connecting(p); break;
    case PROVIDER_CONNECTED: welcomed(p, input->welcome); break;
    case PROVIDER_DISCONNECTED: disconnected(p); break;
    case PROVIDER_MESSAGE: message_take(p, input->message); break;
    case PROVIDER_JOB_DONE: job_done(p, input); break;
    case PROVIDER_TICK: break;
    }
    jobs_check(p);
    listing_run(p);
    report_run(p);
    operations_run(p);
    greet(p);
    if (p->session == CONNECTED && p->heartbeat_ms && p->now.ms >= p->heartbeat_at.ms) say_heartbeat(p);
    p->out = NULL;
}

static void sooner(struct mono *next, bool holds, int64_t ms) {
    if (holds && ms < next->ms) next->ms = ms;
}

struct mono provider_next_deadline(const struct provider *p) {
    struct mono next = jobs_deadline(p);
    const struct heap_item *pause = heap_first(&p->pauses);
    const struct report *r = &p->report;
    sooner(&next, pause && p->session == CONNECTED, pause ? pause->when : 0);
    sooner(&next, p->session == CONNECTED && p->heartbeat_ms, p->heartbeat_at.ms);
    sooner(&next, listing_due(p), p->listing.retry_at.ms);
    sooner(&next, report_useful(p) && r->wanted && !r->running && job_room(p), r->least.ms);
    sooner(&next, report_useful(p) && !r->running && job_room(p), r->due.ms > r->least.ms ? r->due.ms : r->least.ms);
    return next;
}

const char *provider_cluster(const struct provider *p) {
    return p->cluster;
}
uint64_t provider_highest_seen(const struct provider *p) {
    return p->highest_seen;
}

struct provider_counts provider_counts(const struct provider *p) {
    struct provider_counts c = {.objects = map_count(&p->objects), .foreign = p->foreign};
    MAP_EACH (entry, &p->operations) {
        const struct operation *o = entry->value.p;
        c.waiting += o->state == WAITING;
        c.running += o->state == RUNNING;
        c.paused += o->state == PAUSED;
    }
    MAP_EACH (entry, &p->jobs) c.stuck += ((struct job *)entry->value.p)->stuck;
    return c;
}
