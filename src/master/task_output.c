// SPDX-License-Identifier: Apache-2.0
// What a task printed: asked of its agent, answered to who asked. Passing: nothing of it enters the state. An agent that
// goes away ends the readings that wait for it, so none waits for ever.
#include "master/rest.h"

#include <stdlib.h>

#include "granary_api.pb-c.h"
#include "wire/said.h"

enum { CHUNK = 65536, WAIT_MOST_MS = 60000 };

struct reading { // one request that an agent is to answer
    uint64_t exchange, session;
    char *task, *agent; // names
    bool error;
    uint64_t offset;
};

static void reading_end(struct master *m, struct reading *r) {
    map_remove(&m->readings, r->exchange);
    free(r->task);
    free(r->agent);
    free(r);
}

void task_output_gone(struct master *m, uint64_t exchange) {
    struct reading *r = map_get(&m->readings, exchange);
    if (r) reading_end(m, r);
}

void task_outputs_free(struct master *m) {
    while (map_count(&m->readings)) {
        struct reading *any = NULL;
        MAP_EACH (entry, &m->readings) any = entry->value.p;
        reading_end(m, any);
    }
    map_done(&m->readings);
    VEC_EACH (past, &m->past_tasks) free(past->id);
    vec_done(&m->past_tasks);
}

// ---- answers ----

static void output_reply(struct master *m, const struct reading *r, const ProtobufCBinaryData *data, bool ended,
                         struct outputs *out) {
    Granary__TaskOutput answer = GRANARY__TASK_OUTPUT__INIT;
    static char names[2][7] = {"stdout", "stderr"};
    answer.task = r->task;
    answer.stream = names[r->error];
    answer.has_offset = answer.has_next = answer.has_ended = answer.has_data = 1;
    answer.offset = r->offset;
    answer.next = r->offset + data->len;
    answer.ended = ended;
    answer.data = *data;
    rest_answer(m, out, r->exchange, 200, &answer.base);
}

static void error_reply(struct master *m, uint64_t exchange, struct err *given, struct outputs *out) {
    AUTO_ERR struct err *e = given;
    rest_error(m, out, exchange, e, NULL);
}

static struct err *away(const char *task, const char *agent) {
    return err_new(
        ERR_UNAVAILABLE,
        "task '%s': its agent '%s' is away; what the task printed is on the agent's disk and can be read when "
        "it is back",
        task, agent);
}

void task_output_answer(struct master *m, const struct session *s, const Granary__PrintedReport *report,
                        struct outputs *out) {
    struct reading *r = map_get(&m->readings, report->request);
    if (!r || r->session != s->stream) return; // nobody waits any more
    enum err_kind kind = said_error(report->error_kind, ERR_IO);
    if (report->error_kind)
        error_reply(m, r->exchange,
                    err_new(kind, "task '%s' on agent '%s': %.1000s", r->task, r->agent,
                            report->message ? report->message : "the agent did not say why"),
                    out);
    else if (report->data.len > CHUNK)
        error_reply(m, r->exchange, err_new(ERR_TOO_LARGE, "agent '%s' said more than was asked", r->agent), out);
    else
        output_reply(m, r, &report->data, report->ended, out);
    reading_end(m, r);
}

static struct reading *reading_of_session(struct master *m, uint64_t stream) {
    MAP_EACH (entry, &m->readings) {
        struct reading *r = entry->value.p;
        if (r->session == stream) return r;
    }
    return NULL;
}

void task_outputs_away(struct master *m, uint64_t stream, struct outputs *out) {
    for (struct reading *r; (r = reading_of_session(m, stream));) {
        error_reply(m, r->exchange, away(r->task, r->agent), out);
        reading_end(m, r);
    }
}

// ---- what is asked ----

static struct err *wish_read(const struct request *r, struct output_wish *w) {
    AUTO_FREE char *stream = request_query(r, "stream"), *after = request_query(r, "after"),
                   *wait = request_query(r, "wait");
    int64_t wait_ms = 0;
    bool output = !stream || strcmp(stream, "stdout") == 0;
    *w = (struct output_wish){.request = r->exchange, .error = !output, .most = CHUNK};
    if (!output && strcmp(stream, "stderr") != 0)
        return err_new(ERR_INVALID, "stream='%.64s' must be stdout or stderr", stream);
    if (after && !text_to_u64(after, &w->offset))
        return err_new(ERR_INVALID, "after='%.64s' is not an offset in bytes", after);
    if (wait) TRY(err_wrap(duration_parse(wait, &wait_ms), "wait"));
    w->wait_ms = (uint32_t)(wait_ms < 0 ? 0 : wait_ms < WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS);
    return NULL;
}

// ---- which task ----

struct wanted { // borrowed
    const char *id;
    uint64_t number, agent;
    bool launched, ended;
    unsigned count; // how many frameworks have one of that id
};

void task_output_past(struct master *m, const struct task_row *t) {
    if (!t->launched) return;
    if (m->past_tasks.count < PAST_TASKS) *vec_add(&m->past_tasks) = (struct past_task){0};
    struct past_task *p = &m->past_tasks.at[m->past_tasks_next++ % PAST_TASKS];
    free(p->id);
    *p = (struct past_task){.number = t->id, .agent = t->agent, .framework = t->framework, .id = mem_text(t->text_id)};
}

static bool is_of(const struct master *m, uint64_t framework, const char *name) {
    const struct framework_row *f = state_framework(m->state, framework);
    return !name || (f && text_equal(f->text_id, name));
}

static void live_find(const struct master *m, const char *id, const char *framework, struct wanted *w) {
    STATE_EACH(FRAMEWORK, framework_row, f, m->state) {
        const struct task_row *t = state_task_named(m->state, f->id, id);
        if (!t || !is_of(m, f->id, framework)) continue;
        *w = (struct wanted){t->text_id, t->id, t->agent, t->launched, task_state_ended(t->state), w->count + 1};
    }
}

static void past_find(const struct master *m, const char *id, const char *framework, struct wanted *w) {
    VEC_EACH (p, &m->past_tasks)
        if (strcmp(p->id, id) == 0 && p->number > w->number && is_of(m, p->framework, framework))
            *w = (struct wanted){p->id, p->number, p->agent, true, true, 1};
}

static struct err *task_find(const struct master *m, const char *id, const char *framework, struct wanted *ret_task) {
    struct wanted w = {0};
    live_find(m, id, framework, &w);
    if (!w.count) past_find(m, id, framework, &w);
    if (w.count > 1)
        return err_new(ERR_CONFLICT, "task '%.255s': %u frameworks have one of that id; name the framework", id,
                       w.count);
    if (!w.count)
        return err_new(ERR_NOT_FOUND, "task '%.255s': there is none of that id, and none has ended lately", id);
    *ret_task = w;
    return NULL;
}

// ---- requests ----

static struct err *reading_begin(struct master *m, const struct request *request, const struct wanted *t,
                                 struct output_wish *wish, const struct instant *at, struct outputs *out) {
    const struct agent_row *a = state_agent(m->state, t->agent);
    const struct reading nothing = {
        .exchange = request->exchange, .task = (char *)t->id, .error = wish->error, .offset = wish->offset};
    if (!t->launched) {
        output_reply(m, &nothing, &(ProtobufCBinaryData){0}, t->ended, out);
        return NULL;
    }
    const struct session *s = a && a->session ? session_of(m, a->session) : NULL;
    if (!s) return away(t->id, a ? a->name : "?");
    struct reading *r = NEW(struct reading);
    *r = nothing;
    r->session = s->stream;
    r->task = mem_text(t->id);
    r->agent = mem_text(a->name);
    map_put(&m->readings, r->exchange, NULL)->p = r;
    wish->task = t->number;
    dispatch_read_output(m, a->id, wish, at, out);
    return NULL;
}

static struct err *task_output(struct master *m, const struct request *r, const char *id, const struct instant *at,
                               struct outputs *out) {
    AUTO_FREE char *framework = request_query(r, "framework");
    struct output_wish wish;
    struct wanted task = {0};
    TRY(err_wrap(wish_read(r, &wish), "%s", r->path));
    TRY(task_find(m, id, framework, &task));
    return reading_begin(m, r, &task, &wish, at, out);
}

HANDLER(rest_task_output) {
    rest_finish(m, r, task_output(m, r, parts[2], at, out), out);
}
