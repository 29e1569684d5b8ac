// SPDX-License-Identifier: Apache-2.0
// A task waits for its volumes, runs, ends.
#include "core/task.h"

void task_await_acknowledgement(struct draft *d, struct task_row *t, const struct blob *uuid) {
    t->update_uuid = uuid;
    t->resends = 0;
    t->resend_at = (struct mono){d->now.mono.ms + d->state->timing.resend_ms};
}

// An ended task lets go of its volumes; what it used to take is free.
static void task_let_go(struct draft *d, const struct task_row *t) {
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        const struct attachment_row *a = attachment_on(d, volumes[i].volume, t->agent);
        if (a) attachment_release(d, a->id);
    }
}

static bool framework_is_gone(const struct draft *d, uint64_t framework) {
    const struct framework_row *f = draft_framework(d, framework);
    return !f || f->completed;
}

static void task_ended(struct draft *d, uint64_t task) {
    task_let_go(d, draft_task(d, task));
    const struct task_row *t = draft_task(d, task);
    if (framework_is_gone(d, t->framework) && !t->agent_waits) draft_remove(d, NOUN_TASK, task, EV_task_removed);
}

void task_say(struct draft *d, uint64_t task, enum task_state state, enum task_reason reason, const char *message) {
    struct task_row *t = edit_task(d, task, EV_task_updated);
    t->state = (uint8_t)state;
    t->reason = (int16_t)reason;
    t->message = message;
    t->status = NULL;
    t->agent_waits = false;
    t->since = d->now.wall;
    t->wait_until = (struct mono){0};
    struct uuid uuid = draft_uuid(d);
    task_await_acknowledgement(d, t, draft_blob(d, uuid.bytes, sizeof uuid.bytes));
    if (task_state_ended(state)) task_ended(d, task);
}

void task_status(struct draft *d, uint64_t task, const struct cmd_task_status *c) {
    const struct task_row *old = draft_task(d, task);
    if (c->uuid && blob_equal(old->update_uuid, c->uuid)) return; // told twice
    bool back = old->state == TASK_UNREACHABLE && !task_state_ended(c->state);
    if (task_state_ended(old->state) || (!back && old->state != c->state && !task_state_may(old->state, c->state))) {
        struct task_row *t = edit_task(d, task, EV_task_resent);
        t->resend_at = (struct mono){d->now.mono.ms + d->state->timing.resend_ms};
        return; // what was said before stands; its acknowledgement frees the agent too
    }
    struct task_row *t = edit_task(d, task, EV_task_updated);
    t->state = c->state;
    t->reason = REASON_NONE;
    t->message = c->message;
    t->status = c->status;
    t->agent_waits = c->uuid != NULL;
    t->since = d->now.wall;
    task_await_acknowledgement(d, t, c->uuid);
    if (task_state_ended(c->state)) task_ended(d, task);
}

void task_acknowledge(struct draft *d, uint64_t task) {
    struct task_row *t = edit_task(d, task, EV_task_acknowledged);
    t->update_uuid = NULL;
    t->agent_waits = false;
    t->resend_at = (struct mono){0};
    if (task_state_ended(t->state)) draft_remove(d, NOUN_TASK, task, EV_task_acknowledged);
}

void task_kill_want(struct draft *d, uint64_t task, uint64_t grace_ms) {
    const struct task_row *old = draft_task(d, task);
    if (task_state_ended(old->state)) return;
    if (!old->launched) {
        task_say(d, task, TASK_KILLED, REASON_KILLED_DURING_LAUNCH, "killed before it was launched");
        return;
    }
    struct task_row *t = edit_task(d, task, EV_task_kill_wanted);
    t->kill_wanted = true;
    if (grace_ms != UINT64_MAX) t->kill_grace_ms = grace_ms;
}

void task_agent_lost(struct draft *d, uint64_t task) {
    const struct task_row *t = draft_task(d, task);
    const struct framework_row *f = draft_framework(d, t->framework);
    const struct agent_row *agent = draft_agent(d, t->agent);
    const char *message = arena_format(d->arena, "agent '%s' is lost", agent->name);
    bool aware = f && framework_can(f, FW_PARTITION_AWARE);
    task_say(d, task, aware && t->launched ? TASK_UNREACHABLE : TASK_LOST, REASON_AGENT_REMOVED, message);
}

// What a task still waits for; NULL: nothing. Attaches what is free.
static const char *task_missing(struct draft *d, const struct task_row *t) {
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    const char *missing = NULL;
    const struct agent_row *agent = draft_agent(d, t->agent);
    bool live = agent && agent->state == AGENT_IS_ACTIVE && agent->session && agent->facts;
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        const struct volume_row *v = draft_volume(d, volumes[i].volume);
        must(v); // a volume with a live task is not removed
        const struct attachment_row *a = attachment_on(d, v->id, t->agent);
        if (a && a->state == ATTACHMENT_IN_USE && a->purpose == ATTACH_FOR_USE) continue;
        missing = volume_says(d, v);
        if (!a && live && volume_can_attach(d, v, t->agent))
            attachment_start(d, v->id, t->agent, ATTACH_FOR_USE, false);
    }
    return missing;
}

static void task_remember_in_volumes(struct draft *d, const struct task_row *t) {
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        struct volume_row *v = edit_volume(d, volumes[i].volume, EV_volume_changed);
        v->last_agent = t->agent;
        v->last_cpus = t->resources.cpus;
        v->last_mem = t->resources.mem;
    }
}

void task_advance(struct draft *d, uint64_t task) {
    const struct task_row *old = draft_task(d, task);
    if (!old || old->launched || task_state_ended(old->state)) return;
    if (task_missing(d, old)) return;
    struct task_row *t = edit_task(d, task, EV_task_launched);
    t->launched = true;
    t->wait_until = (struct mono){0};
    task_remember_in_volumes(d, t);
}

void tasks_of_volume_advance(struct draft *d, uint64_t volume) {
    struct id_list tasks = draft_related(d, TASKS_OF_VOLUME, volume);
    VEC_EACH (id, &tasks) task_advance(d, *id);
}

void tasks_of_volume_fail(struct draft *d, uint64_t volume, const char *message) {
    struct id_list tasks = draft_related(d, TASKS_OF_VOLUME, volume);
    VEC_EACH (id, &tasks) {
        if (!draft_task(d, *id)->launched) task_say(d, *id, TASK_FAILED, REASON_LAUNCH_FAILED, message);
    }
}
