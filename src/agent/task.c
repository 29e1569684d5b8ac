// SPDX-License-Identifier: Apache-2.0
// Tasks on this host: launched once, killed when asked, and their ends told.
#include <inttypes.h>
#include <stdlib.h>

#include "agent/machine.h"
#include "codec/message.h"

enum {
    ENDED_MOST = 4096
}; // tasks remembered after all was said of them, so that a late launch does not run them again

// ---- the table ----

struct task *agent_task(const struct agent *a, uint64_t number) {
    return map_get(&a->tasks, number);
}

struct task *agent_task_add(struct agent *a, uint64_t number) {
    struct task *t = NEW(struct task);
    t->number = number;
    t->kill_at = t->limit_at = t->resend_at = NEVER;
    map_put(&a->tasks, number, NULL)->p = t;
    return t;
}

static void task_free(struct task *t) {
    VEC_EACH (status, &t->statuses) free(status->bytes);
    vec_done(&t->statuses);
    vec_done(&t->attachments);
    free(t->framework);
    free(t->id);
    free(t->agent_id);
    free(t->info);
    free(t->latest);
    free(t);
}

void tasks_free(struct agent *a) {
    MAP_EACH (entry, &a->tasks) task_free(entry->value.p);
    map_done(&a->tasks);
}

bool agent_task_uses(const struct task *t, uint64_t attachment) {
    VEC_EACH (each, &t->attachments)
        if (*each == attachment) return true;
    return false;
}

void task_forget(struct agent *a, struct task *t) {
    agent_keep(a, AGENT_RECORD_TASK, t->number, NULL);
    vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_FORGET_TASK, .number = t->number}));
    if (a->ended.count < ENDED_MOST)
        vec_push(&a->ended, t->number);
    else
        a->ended.at[a->ended_next++ % ENDED_MOST] = t->number;
    map_remove(&a->tasks, t->number);
    task_free(t);
}

static bool was_here(const struct agent *a, uint64_t number) {
    VEC_EACH (each, &a->ended)
        if (*each == number) return true;
    return false;
}

// ---- launch ----

static const struct said starting = {MESOS__V1__TASK_STATE__TASK_STARTING,
                                     MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR, -1, NULL};
static const struct said running = {MESOS__V1__TASK_STATE__TASK_RUNNING,
                                    MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR, -1, NULL};

// One of which we have no TaskInfo: it never ran here, and only its end is told.
static void task_never(struct agent *a, uint64_t number, const struct said *said) {
    struct task *t = agent_task_add(a, number);
    t->unknown = t->ended = true;
    t->framework = mem_text("");
    t->id = mem_format("%" PRIu64, number);
    agent_say_log(a, "decision=refuse-task task=%" PRIu64 " why=\"%s\"", number, said->message);
    status_add(a, t, said);
}

static void task_refuse(struct agent *a, uint64_t number, const char *why) {
    struct said said = {MESOS__V1__TASK_STATE__TASK_FAILED, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT,
                        MESOS__V1__TASK_STATUS__REASON__REASON_TASK_INVALID, why};
    task_never(a, number, &said);
}

static int64_t milliseconds(const Mesos__V1__DurationInfo *d) {
    return d && d->nanoseconds > 0 ? (d->nanoseconds - 1) / 1000000 + 1 : 0;
}

void task_info_take(struct task *t, const Mesos__V1__TaskInfo *info) {
    t->id = mem_text(info->task_id->value);
    t->agent_id = mem_text(info->agent_id->value);
    t->longest_ms = milliseconds(info->max_completion_time);
    bool says = info->kill_policy && info->kill_policy->grace_period;
    t->grace_ms = says ? milliseconds(info->kill_policy->grace_period) : -1;
}

static void task_fill(struct task *t, const Granary__Launch *order, const Mesos__V1__TaskInfo *info) {
    task_info_take(t, info);
    t->framework = mem_text(order->framework_id);
    t->info = mem_copy(order->task_info.data, order->task_info.len);
    t->info_size = order->task_info.len;
    for (size_t i = 0; i < order->n_volumes; i++) vec_push(&t->attachments, order->volumes[i]->attachment_id);
}

void task_launch(struct agent *a, const Granary__Launch *order) {
    if (agent_task(a, order->task_number)) return; // told before: its statuses tell the rest
    if (was_here(a, order->task_number)) {
        agent_say_log(a, "decision=ignore-launch task=%" PRIu64 " why=\"it has ended here\"", order->task_number);
        return;
    }
    void *info = NULL;
    AUTO_ERR struct err *e = message_unpack(&mesos__v1__task_info__descriptor, order->task_info.data,
                                            order->task_info.len, &a->out->arena, &info);
    if (e) {
        task_refuse(a, order->task_number, err_text(e));
        return;
    }
    struct task *t = agent_task_add(a, order->task_number);
    task_fill(t, order, info);
    status_add(a, t, &starting); // its record is kept before the host hears of it
    uint64_t job;
    struct agent_launch launch;
    order_launch(order, info, &a->out->arena, &launch);
    agent_job_new(a, AGENT_JOB_LAUNCH, t->number, &job)->launch = launch;
    agent_say_log(a, "decision=launch task=%" PRIu64 " id='%s' framework=%s volumes=%zu", t->number, t->id,
                  t->framework, order->n_volumes);
}

void task_started(struct agent *a, uint64_t number, int64_t pid) {
    struct task *t = agent_task(a, number);
    if (!t || t->ended || t->started) return;
    t->started = true;
    t->pid = pid;
    bool before = t->state == MESOS__V1__TASK_STATE__TASK_RUNNING; // found again: it runs since then
    int64_t ran = before && a->wall.ms > t->said_ms ? a->wall.ms - t->said_ms : 0;
    if (t->longest_ms) t->limit_at.ms = a->now.ms + (ran < t->longest_ms ? t->longest_ms - ran : 0);
    agent_say_log(a, "decision=task-running task=%" PRIu64 " pid=%" PRId64, number, pid);
    if (!before) status_add(a, t, &running);
}

// ---- the end ----

// What ran and ended; a kill that somebody asked for explains any end, as Mesos' executor has it.
static struct said end_said(const struct task *t, const struct agent_end *end, struct arena *arena) {
    struct said s = {.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_EXECUTOR, .reason = -1, .message = end->message};
    bool ran = end->kind == AGENT_END_EXITED || end->kind == AGENT_END_SIGNALLED;
    s.state = MESOS__V1__TASK_STATE__TASK_FAILED;
    s.end = ran ? end : NULL;
    if (end->kind == AGENT_END_EXITED) s.message = arena_format(arena, "Command exited with status %d", end->code);
    if (end->kind == AGENT_END_SIGNALLED) s.message = arena_format(arena, "Command was killed by signal %d", end->code);
    if (t->limit_passed) {
        s.reason = MESOS__V1__TASK_STATUS__REASON__REASON_MAX_COMPLETION_TIME_REACHED;
    } else if (end->asked || t->kill_wanted) {
        s.state = MESOS__V1__TASK_STATE__TASK_KILLED;
    } else if (end->kind == AGENT_END_EXITED && end->code == 0) {
        s.state = MESOS__V1__TASK_STATE__TASK_FINISHED;
    } else if (!ran) {
        s.source = MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT;
        s.reason = end->kind == AGENT_END_LOST ? MESOS__V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED
                                               : MESOS__V1__TASK_STATUS__REASON__REASON_CONTAINER_LAUNCH_FAILED;
    }
    return s;
}

void task_ended(struct agent *a, uint64_t number, const struct agent_end *end) {
    struct task *t = agent_task(a, number);
    if (!t || t->ended) return;
    bool ran = end->kind == AGENT_END_EXITED || end->kind == AGENT_END_SIGNALLED;
    if (ran) task_started(a, number, t->pid);
    t->ended = true;
    struct said said = end_said(t, end, &a->out->arena);
    agent_say_log(a, "decision=task-ended task=%" PRIu64 " message=\"%s\"", number, said.message);
    if (t->info)
        status_add(a, t, &said);
    else
        task_forget(a, t); // nobody knows what it was: there is nobody to tell
}

// ---- kill ----

void task_kill_ask(struct agent *a, struct task *t) {
    t->kill_at = NEVER;
    struct agent_job *work = agent_job_new(a, AGENT_JOB_KILL, t->number, &t->kill_job);
    work->grace_ms = t->grace_ms >= 0 ? t->grace_ms : a->setup.kill_grace_ms;
    agent_say_log(a, "decision=kill task=%" PRIu64 " grace_ms=%" PRId64, t->number, work->grace_ms);
}

// The launch never came here, or all was said and its acknowledgement is on the way: the master is told an end.
static void kill_unknown(struct agent *a, uint64_t number) {
    if (was_here(a, number)) return;
    struct said said = {MESOS__V1__TASK_STATE__TASK_KILLED, MESOS__V1__TASK_STATUS__SOURCE__SOURCE_AGENT,
                        MESOS__V1__TASK_STATUS__REASON__REASON_TASK_KILLED_DURING_LAUNCH,
                        "killed before it was launched"};
    task_never(a, number, &said);
}

void task_kill(struct agent *a, const Granary__Kill *order) {
    struct task *t = agent_task(a, order->task_number);
    if (!t) {
        kill_unknown(a, order->task_number);
        return;
    }
    if (t->ended) return;
    t->kill_wanted = true;
    if (order->has_grace_ms) t->grace_ms = order->grace_ms < INT32_MAX ? (int64_t)order->grace_ms : INT32_MAX;
    task_kill_ask(a, t);
}

void task_kill_done(struct agent *a, struct task *t, const struct agent_input *input) {
    t->kill_job = 0;
    if (!input->error || t->ended || input->error_kind == ERR_NOT_FOUND) return; // its end is told by itself
    agent_say_log(a, "decision=retry-kill task=%" PRIu64 " why=\"%s\"", t->number, input->error);
    t->kill_at.ms = a->now.ms + agent_back_off(a, t->attempts++);
}

// ---- time ----

void tasks_tick(struct agent *a) {
    MAP_EACH (entry, &a->tasks) {
        struct task *t = entry->value.p;
        if (!t->ended && a->now.ms >= t->limit_at.ms) {
            t->limit_at = NEVER;
            t->limit_passed = true;
            task_kill_ask(a, t);
        }
        if (!t->ended && a->now.ms >= t->kill_at.ms) task_kill_ask(a, t);
        status_tick(a, t);
    }
}
