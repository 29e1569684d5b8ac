// SPDX-License-Identifier: Apache-2.0
// The steps of the built-in framework: take a volume of a class, wait until an agent's offer carries it, launch, follow.
#include "cli/run_steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_call.h"
#include "codec/message.h"

enum { REFUSE_LONG = 3600, REFUSE_SHORT = 2 }; // seconds. REVIVE takes them back
enum { CODE_INTERRUPTED = 130, SIGNAL_BASE = 128, SIGNAL_TERM = 15 };

typedef Mesos__V1__TaskStatus task_status;

struct run_steps {
    const struct run_options *o;
    enum run_stage stage;
    char *tag, *framework, *offer; // offer: the one accepted last
    char *operation, *task;        // ids of the latest
    char *agent;
    struct arena held_arena;
    run_call *held;                  // acknowledges the end of a task whose output is still being read
    unsigned operations, tasks;      // how many there were: their ids are counted
    bool started, runs, interrupted; // started: any task; runs: the latest
    bool rescinded;                  // the offer that was accepted last
    int code;
    struct err *error;
};

void run_out_done(struct run_out *o) {
    vec_done(&o->calls);
    vec_done(&o->lines);
}

struct run_steps *run_steps_new(const struct run_options *options, bool make_volume, const char *tag) {
    struct run_steps *s = NEW(struct run_steps);
    *s = (struct run_steps){.o = options, .stage = make_volume ? RUN_VOLUME : RUN_PLACE, .tag = mem_text(tag)};
    return s;
}

void run_steps_free(struct run_steps *s) {
    if (!s) return;
    char *texts[] = {s->tag, s->framework, s->offer, s->operation, s->task, s->agent};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) free(texts[i]);
    arena_done(&s->held_arena);
    err_free(s->error);
    free(s);
}

enum run_stage run_steps_stage(const struct run_steps *s) {
    return s->stage;
}
bool run_steps_started(const struct run_steps *s) {
    return s->started;
}
int run_steps_code(const struct run_steps *s) {
    return s->code;
}
struct err *run_steps_error(struct run_steps *s) {
    return mem_take(s->error);
}
const char *run_steps_task(const struct run_steps *s) {
    return s->runs ? s->task : NULL;
}
const char *run_steps_framework(const struct run_steps *s) {
    return s->framework;
}

static void text_set(char **text, const char *value) {
    free(*text);
    *text = mem_text(value);
}

static void say(struct run_out *out, run_call *call) {
    if (call) vec_push(&out->calls, call);
}

static void say_plain(struct run_steps *s, struct run_out *out, Mesos__V1__Scheduler__Call__Type type) {
    say(out, run_call_new(s->framework, type, out->arena));
}

static void PRINTF(2, 3) tell(struct run_out *out, const char *format, ...) {
    va_list list;
    char line[1024];
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    vec_push(&out->lines, arena_text(out->arena, line));
}

static void end(struct run_steps *s, int code, struct err *error) {
    s->stage = RUN_ENDED;
    s->code = error ? err_kind_exit(err_kind(error)) : code;
    err_free(s->error);
    s->error = error;
}

// What was declined before may be of use now.
static void place_again(struct run_steps *s, struct run_out *out) {
    s->stage = RUN_PLACE;
    say_plain(s, out, MESOS__V1__SCHEDULER__CALL__TYPE__REVIVE);
}

// ---- subscription ----

run_call *run_steps_subscribe(const struct run_steps *s, struct arena *arena) {
    return run_call_subscribe(s->framework, s->o->role, arena);
}

run_call *run_steps_teardown(const struct run_steps *s, struct arena *arena) {
    return s->framework ? run_call_new(s->framework, MESOS__V1__SCHEDULER__CALL__TYPE__TEARDOWN, arena) : NULL;
}

// The stream was broken, perhaps with its master: what was said meanwhile is asked for.
static void take_subscribed(struct run_steps *s, const run_event *e, struct run_out *out) {
    bool again = s->framework != NULL;
    text_set(&s->framework, e->subscribed->framework_id->value);
    if (!again) return;
    s->rescinded = true; // all offers of before are void
    if (s->stage == RUN_MAKING) say(out, run_call_reconcile_operation(s->framework, s->operation, out->arena));
    if (s->stage != RUN_TASK) return;
    say_plain(s, out, MESOS__V1__SCHEDULER__CALL__TYPE__SUPPRESS);
    say(out, run_call_reconcile(s->framework, s->task, out->arena));
    if (s->interrupted) say(out, run_call_kill(s->framework, s->task, out->arena));
}

// ---- offers ----

static void offer_take(struct run_steps *s, const run_offer *offer) {
    text_set(&s->offer, offer->id->value);
    s->rescinded = false;
}

static char *next_id(struct run_steps *s, char **id, unsigned *count, const char *what) {
    free(*id);
    *id = mem_format("%s-%s.%u", what, s->tag, ++*count);
    return *id;
}

static bool take_storage(struct run_steps *s, const run_offer *offer, struct run_out *out) {
    if (s->stage != RUN_VOLUME) return false;
    const run_resource *entry = run_offer_class(offer, s->o->class);
    double want = (double)s->o->size.n / (double)MIB, have = entry ? entry->scalar->value : 0;
    if (have < want) {
        char text[QUANTITY_TEXT];
        end(s, 0,
            err_new(ERR_NO_FIT,
                    "volume '%s': %s of class '%s' was asked, and the largest volume that can be made now has %.0f MiB",
                    s->o->name, bytes_text(s->o->size, text), s->o->class, have));
        return false;
    }
    offer_take(s, offer);
    s->stage = RUN_MAKING;
    next_id(s, &s->operation, &s->operations, "make");
    say(out, run_call_create(s->framework, offer, entry, s->o, s->operation, out->arena));
    return true;
}

static bool take_agent(struct run_steps *s, const run_offer *offer, struct run_out *out) {
    if (s->stage != RUN_PLACE) return false;
    const run_resource *volume = s->o->name ? run_offer_volume(offer, s->o->name) : NULL;
    if (s->o->name && !volume) return false;
    double cpus = run_offer_scalar(offer, "cpus"), mem = run_offer_scalar(offer, "mem");
    if (cpus + 0.0005 < milli_to_double(s->o->cpus) || mem + 0.0005 < milli_to_double(s->o->mem)) return false;
    offer_take(s, offer);
    s->stage = RUN_TASK;
    next_id(s, &s->task, &s->tasks, "run");
    text_set(&s->agent, offer->hostname);
    s->runs = false;
    say(out, run_call_launch(s->framework, offer, volume, s->o, s->task, out->arena));
    say_plain(s, out, MESOS__V1__SCHEDULER__CALL__TYPE__SUPPRESS);
    if (volume)
        tell(out, "volume %s is offered on agent %s; task %s started there", s->o->name, s->agent, s->task);
    else
        tell(out, "agent %s offers %.1f cpus; task %s started there", s->agent, cpus, s->task);
    return true;
}

static void take_offer(struct run_steps *s, const run_offer *offer, struct run_out *out) {
    bool storage = strcmp(offer->agent_id->value, RUN_STORAGE_AGENT) == 0;
    if (storage ? take_storage(s, offer, out) : take_agent(s, offer, out)) return;
    bool waits_for_room = s->stage == RUN_PLACE && !storage;
    say(out, run_call_decline(s->framework, offer, waits_for_room ? REFUSE_SHORT : REFUSE_LONG, out->arena));
}

// ---- the volume ----

static void operation_ended(struct run_steps *s, const Mesos__V1__OperationStatus *status, struct run_out *out) {
    char size[QUANTITY_TEXT];
    switch (status->state) {
    case MESOS__V1__OPERATION_STATE__OPERATION_PENDING:
    case MESOS__V1__OPERATION_STATE__OPERATION_RECOVERING:
    case MESOS__V1__OPERATION_STATE__OPERATION_UNREACHABLE: return;
    case MESOS__V1__OPERATION_STATE__OPERATION_FINISHED:
        tell(out, "volume %s made: %s of class %s", s->o->name, bytes_text(s->o->size, size), s->o->class);
        place_again(s, out);
        return;
    default: break;
    }
    bool void_offer = s->rescinded && (status->state == MESOS__V1__OPERATION_STATE__OPERATION_ERROR ||
                                       status->state == MESOS__V1__OPERATION_STATE__OPERATION_UNKNOWN);
    if (void_offer) { // it came too late: nothing was done
        s->stage = RUN_VOLUME;
        say_plain(s, out, MESOS__V1__SCHEDULER__CALL__TYPE__REVIVE);
        return;
    }
    end(s, 0,
        err_new(ERR_NO_FIT, "volume '%s' could not be made: %s", s->o->name,
                status->message ? status->message : "no reason was given"));
}

static void take_operation(struct run_steps *s, const run_event *e, struct run_out *out) {
    const Mesos__V1__OperationStatus *status = e->update_operation_status->status;
    say(out, run_call_acknowledge_operation(s->framework, status, out->arena));
    if (s->stage != RUN_MAKING || !status->operation_id || strcmp(status->operation_id->value, s->operation) != 0)
        return;
    operation_ended(s, status, out);
}

// ---- the task ----

static bool state_runs(Mesos__V1__TaskState state) {
    return state == MESOS__V1__TASK_STATE__TASK_STAGING || state == MESOS__V1__TASK_STATE__TASK_STARTING ||
           state == MESOS__V1__TASK_STATE__TASK_RUNNING || state == MESOS__V1__TASK_STATE__TASK_KILLING;
}

// Did it end with its agent, rather than by itself?
static bool lost_with_agent(const task_status *status) {
    switch (status->state) {
    case MESOS__V1__TASK_STATE__TASK_LOST:
    case MESOS__V1__TASK_STATE__TASK_UNREACHABLE:
    case MESOS__V1__TASK_STATE__TASK_GONE:
    case MESOS__V1__TASK_STATE__TASK_GONE_BY_OPERATOR:
    case MESOS__V1__TASK_STATE__TASK_DROPPED:
    case MESOS__V1__TASK_STATE__TASK_UNKNOWN: return true;
    case MESOS__V1__TASK_STATE__TASK_FAILED:
        return status->has_reason && (status->reason == MESOS__V1__TASK_STATUS__REASON__REASON_EXECUTOR_TERMINATED ||
                                      status->reason == MESOS__V1__TASK_STATUS__REASON__REASON_AGENT_RESTARTED);
    default: return false;
    }
}

static bool never_launched(const struct run_steps *s, const task_status *status) {
    bool refused = status->has_reason && status->reason == MESOS__V1__TASK_STATUS__REASON__REASON_INVALID_OFFERS;
    return refused || (s->rescinded && !s->started && status->state == MESOS__V1__TASK_STATE__TASK_UNKNOWN);
}

static void task_lost(struct run_steps *s, const task_status *status, struct run_out *out) {
    const char *why = status->message ? status->message : "its agent is lost";
    if (s->interrupted) {
        end(s, CODE_INTERRUPTED, NULL);
    } else if (s->o->restart) {
        tell(out, "task %s is lost: %s; waiting for %s%s", s->task, why,
             s->o->name ? "the offer of volume " : "another agent", s->o->name ? s->o->name : "");
        place_again(s, out);
    } else {
        end(s, 0,
            err_new(ERR_UNAVAILABLE,
                    "task '%s' on agent '%s' is lost: %s; with --restart it would be started on another agent", s->task,
                    s->agent, why));
    }
}

// The agent says how a command ended in labels; without them it never ran.
static void task_ended(struct run_steps *s, const task_status *status) {
    const char *exited = run_label(status->labels, "exit-code"), *signal = run_label(status->labels, "signal");
    uint64_t n;
    if (status->state == MESOS__V1__TASK_STATE__TASK_FINISHED) {
        end(s, 0, NULL);
    } else if (signal && text_to_u64(signal, &n) && n < SIGNAL_BASE) {
        end(s, SIGNAL_BASE + (int)n, NULL);
    } else if (exited && text_to_u64(exited, &n) && n < 256) {
        end(s, (int)n, NULL);
    } else if (status->state == MESOS__V1__TASK_STATE__TASK_KILLED) {
        end(s, s->interrupted ? CODE_INTERRUPTED : SIGNAL_BASE + SIGNAL_TERM, NULL);
    } else {
        enum err_kind kind = status->state == MESOS__V1__TASK_STATE__TASK_ERROR ? ERR_INVALID : ERR_IO;
        end(s, 0,
            err_new(kind, "task '%s' on agent '%s': %s", s->task, s->agent,
                    status->message ? status->message : "failed without a reason"));
    }
}

// Its output can be read as long as its end is not acknowledged.
static void end_hold(struct run_steps *s, const run_call *acknowledge) {
    s->stage = RUN_OUTPUT;
    s->held = acknowledge ? message_copy(&acknowledge->base, &s->held_arena) : NULL;
}

void run_steps_output_read(struct run_steps *s, struct run_out *out) {
    if (s->stage != RUN_OUTPUT) return;
    s->stage = RUN_ENDED;
    say(out, s->held);
}

// One that was given up, and came back with its agent, must not run beside its successor.
static void take_update_of_old(struct run_steps *s, const task_status *status, struct run_out *out) {
    bool ours = text_starts(status->task_id->value, "run-");
    if (ours && state_runs(status->state)) say(out, run_call_kill(s->framework, status->task_id->value, out->arena));
}

static void take_update(struct run_steps *s, const run_event *e, struct run_out *out) {
    const task_status *status = e->update->status;
    run_call *acknowledge = run_call_acknowledge(s->framework, status, out->arena);
    bool latest = text_equal(status->task_id->value, s->task);
    if (latest && s->stage == RUN_OUTPUT) return; // told again
    if (!latest || s->stage != RUN_TASK) {
        say(out, acknowledge);
        take_update_of_old(s, status, out);
        return;
    }
    if (status->state == MESOS__V1__TASK_STATE__TASK_RUNNING) s->started = s->runs = true;
    bool printed = s->runs && !state_runs(status->state) && !lost_with_agent(status);
    if (!printed) say(out, acknowledge);
    if (state_runs(status->state)) return;
    if (never_launched(s, status))
        place_again(s, out);
    else if (lost_with_agent(status))
        task_lost(s, status, out);
    else
        task_ended(s, status);
    if (printed) end_hold(s, acknowledge);
}

// ---- all events ----

static void take_error(struct run_steps *s, const run_event *e) {
    end(s, 0, err_new(ERR_CONFLICT, "the master ended the subscription: %s", e->error->message));
}

void run_steps_take(struct run_steps *s, const run_event *e, struct run_out *out) {
    if (s->stage == RUN_ENDED || !e->has_type) return;
    switch (e->type) {
    case MESOS__V1__SCHEDULER__EVENT__TYPE__SUBSCRIBED:
        if (e->subscribed) take_subscribed(s, e, out);
        return;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__OFFERS:
        for (size_t i = 0; e->offers && i < e->offers->n_offers; i++) take_offer(s, e->offers->offers[i], out);
        return;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__RESCIND:
        if (e->rescind && text_equal(e->rescind->offer_id->value, s->offer)) s->rescinded = true;
        return;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE:
        if (e->update) take_update(s, e, out);
        return;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__UPDATE_OPERATION_STATUS:
        if (e->update_operation_status) take_operation(s, e, out);
        return;
    case MESOS__V1__SCHEDULER__EVENT__TYPE__ERROR:
        if (e->error) take_error(s, e);
        return;
    default: return;
    }
}

void run_steps_interrupt(struct run_steps *s, struct run_out *out) {
    if (s->stage == RUN_ENDED) return;
    s->interrupted = true;
    if (s->stage == RUN_OUTPUT) {
        run_steps_output_read(s, out); // the user does not want it
        return;
    }
    if (s->stage != RUN_TASK) {
        if (s->stage == RUN_MAKING) tell(out, "volume %s is still being made, and is kept", s->o->name);
        end(s, CODE_INTERRUPTED, NULL);
        return;
    }
    tell(out, "killing task %s on agent %s; once more to leave at once", s->task, s->agent);
    say(out, run_call_kill(s->framework, s->task, out->arena));
}
