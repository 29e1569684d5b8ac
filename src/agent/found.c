// SPDX-License-Identifier: Apache-2.0
// After a restart: what the records say was ordered, against what the host still has.
#include <inttypes.h>

#include "agent/machine.h"
#include "codec/message.h"

// ---- tasks ----

static void task_found(struct agent *a, const struct agent_found_task *f) {
    struct task *t = agent_task(a, f->task);
    if (!t && f->ended) { // all was said of it; its sandbox is left for people to read
        vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_FORGET_TASK, .number = f->task}));
        return;
    }
    if (!t) {
        agent_say_log(a, "decision=kill-stranger task=%" PRIu64 " why=\"it runs here and has no record\"", f->task);
        t = agent_task_add(a, f->task);
        t->started = true;
    }
    for (size_t i = 0; i < f->attachment_count; i++) vec_push(&t->attachments, f->attachments[i]);
    if (f->ended && t->ended) return;
    if (f->ended) {
        task_ended(a, f->task, &f->end);
    } else if (!t->info) {
        task_kill_ask(a, t);
    } else {
        task_started(a, f->task, 0);
    }
}

static bool found_has_task(const struct agent_found *found, uint64_t number) {
    for (size_t i = 0; i < found->task_count; i++)
        if (found->tasks[i].task == number) return true;
    return false;
}

static void tasks_found(struct agent *a, const struct agent_found *found) {
    // Its end was said already: only acknowledgements are missing.
    MAP_EACH (entry, &a->tasks) {
        struct task *t = entry->value.p;
        t->ended = t->latest && state_ended(t->state);
    }
    for (size_t i = 0; i < found->task_count; i++) task_found(a, &found->tasks[i]);
    static const struct agent_end never = {
        .kind = AGENT_END_LOST, .message = "its agent was restarted, and this host knows nothing of it any more"};
    MAP_EACH (entry, &a->tasks) {
        struct task *t = entry->value.p;
        if (!t->ended && !found_has_task(found, t->number)) task_ended(a, t->number, &never);
    }
    MAP_EACH (entry, &a->tasks) {
        struct task *t = entry->value.p;
        if (t->ended && !t->statuses.count) task_forget(a, t);
    }
}

// ---- attachments ----

// One that was only to be formatted leaves nothing mounted behind; its answer waits for the master's unpublish.
static void unpublished_found(struct agent *a, struct attachment *t) {
    bool format = t->order && t->order->has_format_only && t->order->format_only;
    bool granted = format && t->order->has_may_format && t->order->may_format;
    if (!format) {
        attachment_forget(a, t);
    } else if (granted && !t->device.formatted) {
        t->state = ATTACHMENT_FAILED;
        if (!t->message)
            attachment_message_take(t, ERR_UNKNOWN, "its agent was restarted and cannot tell whether it was formatted");
    } else {
        t->state = ATTACHMENT_PUBLISHED;
    }
}

static void attachment_found(struct agent *a, struct attachment *t, const struct agent_found_attachment *f) {
    attachment_device_take(t, &f->device);
    if (f->message && *f->message) attachment_message_take(t, ERR_IO, f->message);
    switch (f->device.state) {
    case AGENT_HOST_PUBLISHING: attachment_await(a, t); break;
    case AGENT_HOST_PUBLISHED: t->state = ATTACHMENT_PUBLISHED; break;
    case AGENT_HOST_FAILED: attachment_clean(a, t); break;
    case AGENT_HOST_UNPUBLISHED: unpublished_found(a, t); break;
    case AGENT_HOST_UNPUBLISHING:
    case AGENT_HOST_LOST:
        t->state = ATTACHMENT_PUBLISHED;
        attachment_let_go(a, t);
        break;
    }
}

static const struct agent_found_attachment *found_attachment(const struct agent_found *found, uint64_t id) {
    for (size_t i = 0; i < found->attachment_count; i++)
        if (found->attachments[i].attachment == id) return &found->attachments[i];
    return NULL;
}

static struct err *attachment_record_read(struct agent *a, const struct agent_record *record,
                                          const struct agent_found *found) {
    AUTO_ARENA struct arena arena = {0};
    void *order;
    TRY(err_wrap(message_unpack(&granary__publish__descriptor, record->bytes, record->size, &arena, &order),
                 "record of attachment %llu", (unsigned long long)record->number));
    const struct agent_found_attachment *f = found_attachment(found, record->number);
    const Granary__Publish *publish = order;
    // Ordered and never begun: the master orders it again, or nothing.
    if (!f || f->epoch != publish->epoch)
        agent_keep(a, AGENT_RECORD_ATTACHMENT, record->number, NULL);
    else
        agent_attachment_add(a, publish, record->number, f->epoch);
    return NULL;
}

static void attachments_found(struct agent *a, const struct agent_found *found) {
    for (size_t i = 0; i < found->attachment_count; i++) {
        const struct agent_found_attachment *f = &found->attachments[i];
        struct attachment *t = agent_attachment(a, f->attachment);
        if (!t) t = agent_attachment_add(a, NULL, f->attachment, f->epoch);
        attachment_found(a, t, f);
    }
}

void found_take(struct agent *a, const struct agent_found *found) {
    for (size_t i = 0; i < a->setup.record_count; i++) {
        const struct agent_record *r = &a->setup.records[i];
        AUTO_ERR struct err *e =
            r->kind == AGENT_RECORD_TASK ? task_record_read(a, r) : attachment_record_read(a, r, found);
        if (e) agent_say_log(a, "decision=skip-record why=\"%s\"", err_text(e));
    }
    tasks_found(a, found); // first, as they say who uses what
    attachments_found(a, found);
    attachments_supersede(a);
    agent_say_log(a, "decision=found attachments=%zu tasks=%zu", map_count(&a->attachments), map_count(&a->tasks));
}
