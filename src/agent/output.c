// SPDX-License-Identifier: Apache-2.0
// What tasks printed, read for the master. Who waits for more is answered when there is some, the task has ended, or the
// time is over. Nothing of it is kept: a session takes its readings along.
#include <inttypes.h>

#include "agent/machine.h"

enum { LOOK_MS = 100, READ_MOST = 65536, WAIT_MOST_MS = 60000 };

static struct reading *reading_of_job(struct agent *a, uint64_t job) {
    VEC_EACH (r, &a->readings)
        if (r->job == job) return r;
    return NULL;
}

// A task of which all was said is not known any more; its sandbox is there for a while.
static bool has_ended(const struct agent *a, uint64_t task) {
    const struct task *t = agent_task(a, task);
    return !t || t->ended;
}

static void look(struct agent *a, struct reading *r) {
    r->last = has_ended(a, r->task);
    r->look_at = NEVER;
    struct agent_job *work = agent_job_new(a, AGENT_JOB_READ, r->task, &r->job);
    work->error = r->error;
    work->offset = r->offset;
    work->most = r->most;
}

void output_read(struct agent *a, const Granary__ReadOutput *order) {
    uint32_t wait = order->wait_ms < WAIT_MOST_MS ? order->wait_ms : WAIT_MOST_MS;
    struct reading *r = vec_add(&a->readings);
    *r = (struct reading){.request = order->request,
                          .task = order->task_number,
                          .offset = order->offset,
                          .error = order->error,
                          .most = order->most < READ_MOST ? order->most : READ_MOST,
                          .until = {a->now.ms + wait}};
    look(a, r);
}

static void reading_answer(struct agent *a, const struct reading *r, const struct agent_input *found) {
    struct arena *arena = &a->out->arena;
    Granary__FromAgent *m = agent_message_new(a);
    m->printed = ARENA_NEW(arena, Granary__PrintedReport);
    granary__printed_report__init(m->printed);
    m->printed->request = r->request;
    if (found->error) {
        m->printed->error_kind = arena_text(arena, err_kind_name(found->error_kind));
        m->printed->message = arena_text(arena, found->error);
    } else {
        m->printed->has_data = true;
        m->printed->data = (ProtobufCBinaryData){found->size, arena_copy(arena, found->bytes, found->size)};
        m->printed->has_ended = m->printed->ended = r->last && found->size < r->most;
    }
    agent_say(a, m);
}

void output_look_done(struct agent *a, const struct agent_input *input) {
    struct reading *r = reading_of_job(a, input->job);
    if (!r) return; // of a session that has ended
    struct agent_input found = *input;
    // Its keeper has not made the file yet, or never will.
    if (found.error && found.error_kind == ERR_NOT_FOUND && agent_task(a, r->task)) found.error = NULL;
    r->job = 0;
    if (!found.error && !found.size && !r->last && a->now.ms < r->until.ms) {
        r->look_at.ms = a->now.ms + LOOK_MS;
        return;
    }
    reading_answer(a, r, &found);
    vec_remove(&a->readings, (size_t)(r - a->readings.at));
}

void readings_tick(struct agent *a) {
    VEC_EACH (r, &a->readings)
        if (!r->job && (a->now.ms >= r->look_at.ms || has_ended(a, r->task))) look(a, r);
}

struct mono readings_deadline(const struct agent *a) {
    struct mono next = NEVER;
    VEC_EACH (r, &a->readings)
        if (!r->job && r->look_at.ms < next.ms) next = r->look_at;
    return next;
}
