// SPDX-License-Identifier: Apache-2.0
// The agent's step machine: sessions, and what one input leads to. Attachments, tasks and reports are in the files beside.
#include "agent/agent.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/machine.h"
#include "codec/message.h"

// ---- setup ----

struct agent_setup agent_setup_usual(void) {
    return (struct agent_setup){
        .mode = 0755,
        .kill_grace_ms = 3000,
        .resend_least_ms = 10 * 1000,
        .resend_most_ms = 10 * 60 * 1000,
        .retry_least_ms = 1000,
        .retry_most_ms = 30 * 1000,
    };
}

struct agent *agent_new(const struct agent_setup *setup) {
    struct agent *a = NEW(struct agent);
    struct agent_setup *s = &a->setup;
    *s = *setup;
    s->name = arena_text(&a->arena, setup->name);
    s->hostname = arena_text(&a->arena, setup->hostname);
    s->address = arena_text(&a->arena, setup->address);
    s->sandboxes = arena_text(&a->arena, setup->sandboxes);
    s->boot_id = arena_text(&a->arena, setup->boot_id);
    s->secret = setup->secret_size ? arena_copy(&a->arena, setup->secret, setup->secret_size) : NULL;
    struct agent_record *records = arena_zero(&a->arena, setup->record_count + 1, sizeof *records);
    for (size_t i = 0; i < setup->record_count; i++) {
        records[i] = setup->records[i];
        records[i].bytes = records[i].size ? arena_copy(&a->arena, records[i].bytes, records[i].size) : NULL;
    }
    s->records = records;
    a->cluster = mem_text(setup->cluster);
    a->highest_seen = setup->highest_seen;
    return a;
}

void agent_free(struct agent *a) {
    if (!a) return;
    attachments_free(a);
    tasks_free(a);
    map_done(&a->epochs);
    map_done(&a->jobs);
    vec_done(&a->ended);
    vec_done(&a->held);
    vec_done(&a->readings);
    arena_done(&a->held_arena);
    arena_done(&a->report_arena);
    arena_done(&a->arena);
    free(a->cluster);
    free(a);
}

// ---- outputs ----

void agent_outputs_done(struct agent_outputs *o) {
    vec_done(&o->list);
    arena_done(&o->arena);
}

void agent_say_log(struct agent *a, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *line = arena_zero(&a->out->arena, 1, (size_t)(size < 0 ? 0 : size) + 1);
    if (size > 0) vsnprintf(line, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_LOG, .log = line}));
}

Granary__FromAgent *agent_message_new(struct agent *a) {
    Granary__FromAgent *m = ARENA_NEW(&a->out->arena, Granary__FromAgent);
    granary__from_agent__init(m);
    return m;
}

void agent_say(struct agent *a, Granary__FromAgent *message) {
    if (a->session == CONNECTED)
        vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_SEND, .send = message}));
    else if (a->session == GREETED)
        vec_push(&a->held, message_copy(&message->base, &a->held_arena));
}

static void held_drop(struct agent *a) {
    vec_clear(&a->held);
    arena_done(&a->held_arena);
}

void agent_keep(struct agent *a, enum agent_record_kind kind, uint64_t number, const struct text *bytes) {
    struct agent_record record = {.kind = kind, .number = number};
    if (bytes) {
        record.bytes = arena_copy(&a->out->arena, bytes->data, bytes->size);
        record.size = bytes->size;
    }
    vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_KEEP, .record = record}));
}

struct agent_job *agent_job_new(struct agent *a, enum agent_job_kind kind, uint64_t number, uint64_t *ret_job) {
    struct agent_job *work = ARENA_NEW(&a->out->arena, struct agent_job);
    work->kind = kind;
    work->number = number;
    *ret_job = ++a->next_job;
    if (kind != AGENT_JOB_LAUNCH) map_put(&a->jobs, *ret_job, NULL)->n = number;
    vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_JOB, .job = *ret_job, .work = work}));
    return work;
}

void agent_uuid_draw(struct agent *a, unsigned char ret_uuid[16]) {
    uint64_t words[2];
    memcpy(words, a->entropy, sizeof words);
    words[0] = hash_u64(words[0] ^ hash_u64(++a->entropy_used));
    words[1] = hash_u64(words[1] + hash_u64(words[0]));
    unsigned char bytes[16];
    memcpy(bytes, words, sizeof bytes);
    struct uuid u = uuid_from_entropy(bytes);
    memcpy(ret_uuid, u.bytes, sizeof u.bytes);
}

int64_t agent_back_off(const struct agent *a, unsigned attempts) {
    int64_t ms = (int64_t)a->setup.retry_least_ms << (attempts < 16 ? attempts : 16);
    return ms < a->setup.retry_most_ms ? ms : a->setup.retry_most_ms;
}

// ---- sessions ----

static void say_heartbeat(struct agent *a) {
    Granary__FromAgent *m = agent_message_new(a);
    m->heartbeat = ARENA_NEW(&a->out->arena, Granary__Heartbeat);
    granary__heartbeat__init(m->heartbeat);
    m->heartbeat->has_seq = true;
    m->heartbeat->seq = a->highest_seen;
    agent_say(a, m);
    a->heartbeat_at.ms = a->now.ms + a->heartbeat_ms;
}

static uint64_t *tasks_known(const struct agent *a, struct arena *arena, size_t *ret_count) {
    uint64_t *numbers = arena_zero(arena, map_count(&a->tasks) + 1, sizeof *numbers);
    *ret_count = 0;
    MAP_EACH (entry, &a->tasks) {
        const struct task *t = entry->value.p;
        if (t->info) numbers[(*ret_count)++] = t->number; // else not the master's
    }
    return numbers;
}

// Attachments come first, so that the master knows what is held here before it decides anything.
static void greet(struct agent *a) {
    if (a->session != WANTED || !a->found || !a->report) return;
    struct arena *arena = &a->out->arena;
    Granary__AgentHello *h = ARENA_NEW(arena, Granary__AgentHello);
    granary__agent_hello__init(h);
    h->name = arena_text(arena, a->setup.name);
    h->has_secret = a->setup.secret_size != 0;
    h->secret = (ProtobufCBinaryData){a->setup.secret_size, (uint8_t *)a->setup.secret};
    h->hostname = arena_text(arena, a->setup.hostname);
    h->address = arena_text(arena, a->setup.address);
    h->boot_id = arena_text(arena, a->setup.boot_id);
    h->cluster = arena_text(arena, a->cluster);
    h->has_highest_seen = true;
    h->highest_seen = a->highest_seen;
    h->attachments = attachments_report(a, &h->n_attachments);
    h->tasks = tasks_known(a, arena, &h->n_tasks);
    h->report = message_copy(&a->report->base, arena);
    statuses_due(a);
    a->session = GREETED;
    vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_HELLO, .hello = h}));
}

static void seen(struct agent *a, uint64_t seq) {
    if (seq > a->highest_seen) a->highest_seen = seq;
}

static void disconnected(struct agent *a) {
    a->session = AWAY;
    vec_clear(&a->readings); // who asked hears of the end from the master
    held_drop(a);
}

static void welcomed(struct agent *a, const Granary__Welcome *w) {
    if (a->session != GREETED) return;
    if (a->cluster && !text_equal(a->cluster, w->cluster)) {
        agent_say_log(a, "decision=hang-up why=\"the master is of cluster '%s', this agent belongs to '%s'\"",
                      w->cluster, a->cluster);
        disconnected(a);
        vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_HANG_UP}));
        return;
    }
    if (!a->cluster) a->cluster = mem_text(w->cluster);
    a->heartbeat_ms = w->heartbeat_ms;
    seen(a, w->seq);
    a->session = CONNECTED;
    agent_say_log(a, "decision=connected agent=%llu cluster=%s seq=%llu", (unsigned long long)w->id, w->cluster,
                  (unsigned long long)w->seq);
    say_heartbeat(a);
    VEC_EACH (message, &a->held) agent_say(a, message_copy(&(*message)->base, &a->out->arena));
    held_drop(a);
}

static void message_take(struct agent *a, const Granary__ToAgent *m) {
    if (a->session != CONNECTED) return;
    if (m->heartbeat && m->heartbeat->has_seq) seen(a, m->heartbeat->seq);
    if (m->publish) attachment_publish(a, m->publish);
    if (m->unpublish) attachment_unpublish(a, m->unpublish);
    if (m->grow) attachment_grow(a, m->grow);
    if (m->launch) task_launch(a, m->launch);
    if (m->kill) task_kill(a, m->kill);
    if (m->status_ack) status_acknowledged(a, m->status_ack);
    if (m->read_output) output_read(a, m->read_output);
}

static void job_done(struct agent *a, const struct agent_input *input) {
    const union map_value *number = map_find(&a->jobs, input->job);
    if (!number) return;
    struct attachment *attachment = agent_attachment(a, number->n);
    struct task *task = agent_task(a, number->n);
    map_remove(&a->jobs, input->job);
    if (attachment && attachment->job == input->job)
        attachment_job_done(a, attachment, input);
    else if (task && task->kill_job == input->job)
        task_kill_done(a, task, input);
    else
        output_look_done(a, input);
}

// ---- the step ----

static void input_take(struct agent *a, const struct agent_input *input) {
    switch (input->kind) {
    case AGENT_FOUND:
        must(!a->found);
        a->found = true;
        found_take(a, input->found);
        break;
    case AGENT_PROBED: report_take(a, input->report); break;
    case AGENT_CONNECTING:
        disconnected(a);
        a->session = WANTED;
        break;
    case AGENT_CONNECTED: welcomed(a, input->welcome); break;
    case AGENT_DISCONNECTED: disconnected(a); break;
    case AGENT_MESSAGE: message_take(a, input->message); break;
    case AGENT_JOB_DONE: job_done(a, input); break;
    case AGENT_TASK_STARTED: task_started(a, input->number, input->pid); break;
    case AGENT_TASK_ENDED: task_ended(a, input->number, &input->end); break;
    case AGENT_ATTACHMENT_LOST: attachment_lost(a, input->number, input->error); break;
    case AGENT_TICK: break;
    }
}

void agent_step(struct agent *a, const struct agent_input *input, struct agent_outputs *out) {
    a->now = input->now;
    a->wall = input->wall;
    a->entropy = input->entropy;
    a->entropy_used = 0;
    a->out = out;
    input_take(a, input);
    attachments_settle(a);
    attachments_tick(a);
    tasks_tick(a);
    readings_tick(a);
    greet(a);
    if (a->session == CONNECTED && a->heartbeat_ms && a->now.ms >= a->heartbeat_at.ms) say_heartbeat(a);
    a->out = NULL;
    a->entropy = NULL;
}

static void sooner(struct mono *next, bool holds, struct mono when) {
    if (holds && when.ms < next->ms) *next = when;
}

struct mono agent_next_deadline(const struct agent *a) {
    struct mono next = NEVER;
    sooner(&next, a->session == CONNECTED && a->heartbeat_ms, a->heartbeat_at);
    MAP_EACH (entry, &a->attachments) sooner(&next, true, ((struct attachment *)entry->value.p)->retry_at);
    MAP_EACH (entry, &a->tasks) {
        const struct task *t = entry->value.p;
        sooner(&next, a->session == CONNECTED && t->statuses.count, t->resend_at);
        sooner(&next, !t->ended, t->kill_at);
        sooner(&next, !t->ended, t->limit_at);
    }
    sooner(&next, true, readings_deadline(a));
    return next;
}

const char *agent_cluster(const struct agent *a) {
    return a->cluster;
}
uint64_t agent_highest_seen(const struct agent *a) {
    return a->highest_seen;
}

int64_t agent_heartbeat_ms(const struct agent *a) {
    return a->heartbeat_ms;
}

struct agent_counts agent_counts(const struct agent *a) {
    struct agent_counts c = {.attachments = map_count(&a->attachments)};
    MAP_EACH (entry, &a->tasks) {
        const struct task *t = entry->value.p;
        c.tasks_running += t->started && !t->ended;
        c.statuses_waiting += t->statuses.count;
    }
    return c;
}
