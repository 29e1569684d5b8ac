// SPDX-License-Identifier: Apache-2.0
// Volumes on this host: published under the highest epoch only, and given back before anything is said to be gone.
#include <stdlib.h>

#include "agent/machine.h"
#include "codec/message.h"

// ---- the table ----

struct attachment *agent_attachment(const struct agent *a, uint64_t id) {
    return map_get(&a->attachments, id);
}

static uint64_t epoch_highest(const struct agent *a, uint64_t volume) {
    const union map_value *epoch = map_find(&a->epochs, volume);
    return epoch ? epoch->n : 0;
}

struct attachment *agent_attachment_add(struct agent *a, const Granary__Publish *order, uint64_t id, uint64_t epoch) {
    struct attachment *t = NEW(struct attachment);
    t->id = id;
    t->epoch = epoch;
    t->retry_at = NEVER;
    if (order) {
        t->order = message_copy(&order->base, &t->arena);
        t->volume = order->volume_id;
        if (epoch > epoch_highest(a, t->volume)) map_put(&a->epochs, t->volume, NULL)->n = epoch;
    }
    map_put(&a->attachments, id, NULL)->p = t;
    return t;
}

static void attachment_free(struct attachment *t) {
    arena_done(&t->arena);
    free(t->path);
    free(t->message);
    free(t);
}

void attachments_free(struct agent *a) {
    MAP_EACH (entry, &a->attachments) attachment_free(entry->value.p);
    map_done(&a->attachments);
}

// The record goes first: a crash in between leaves what the host alone knows, and that is cleaned at the next start.
void attachment_forget(struct agent *a, struct attachment *t) {
    agent_keep(a, AGENT_RECORD_ATTACHMENT, t->id, NULL);
    vec_push(&a->out->list, ((struct agent_output){.kind = AGENT_FORGET_ATTACHMENT, .number = t->id}));
    map_remove(&a->attachments, t->id);
    attachment_free(t);
}

void attachment_message_take(struct attachment *t, enum err_kind kind, const char *message) {
    char *copy = mem_text(message);
    free(t->message);
    t->message = copy;
    t->error_kind = kind;
}

void attachment_device_take(struct attachment *t, const struct agent_device *device) {
    char *path = mem_text(device->path);
    free(t->path);
    t->device = *device;
    t->device.path = t->path = path;
}

// ---- what the master hears ----

static Granary__PublishState state_said(const struct attachment *t) {
    switch (t->state) {
    case ATTACHMENT_WAITING:
    case ATTACHMENT_PUBLISHING:
    case ATTACHMENT_FAILING: return GRANARY__PUBLISH_STATE__PUBLISHING;
    case ATTACHMENT_PUBLISHED: return GRANARY__PUBLISH_STATE__PUBLISHED;
    case ATTACHMENT_FAILED: return GRANARY__PUBLISH_STATE__PUBLISH_FAILED;
    case ATTACHMENT_UNPUBLISHING: return GRANARY__PUBLISH_STATE__UNPUBLISHING;
    }
    return GRANARY__PUBLISH_STATE__UNPUBLISHING;
}

static Granary__AttachmentReport *report_new(uint64_t id, uint64_t volume, uint64_t epoch, Granary__PublishState state,
                                             struct arena *arena) {
    Granary__AttachmentReport *r = ARENA_NEW(arena, Granary__AttachmentReport);
    granary__attachment_report__init(r);
    r->attachment_id = id;
    r->volume_id = volume;
    r->epoch = epoch;
    r->state = state;
    return r;
}

static Granary__AttachmentReport *report_of(const struct attachment *t, struct arena *arena) {
    Granary__AttachmentReport *r = report_new(t->id, t->volume, t->epoch, state_said(t), arena);
    const struct agent_device *d = &t->device;
    if (t->message) {
        r->error_kind = (char *)err_kind_name(t->error_kind);
        r->message = arena_text(arena, t->message);
    }
    r->has_formatted = r->has_format_began = true;
    r->formatted = d->formatted;
    r->format_began = d->format_began;
    if (!uuid_is_zero(d->fs_uuid)) {
        r->fs_uuid = arena_zero(arena, UUID_TEXT, 1);
        uuid_text(d->fs_uuid, r->fs_uuid);
    }
    if (d->path && *d->path) r->path = arena_text(arena, d->path);
    r->has_size = d->size.n != 0;
    r->size = d->size.n;
    return r;
}

static void report_say(struct agent *a, Granary__AttachmentReport *report) {
    Granary__FromAgent *m = agent_message_new(a);
    m->attachment = report;
    agent_say(a, m);
}

static void attachment_say(struct agent *a, const struct attachment *t) {
    report_say(a, report_of(t, &a->out->arena));
}

Granary__AttachmentReport **attachments_report(struct agent *a, size_t *ret_count) {
    struct arena *arena = &a->out->arena;
    Granary__AttachmentReport **all = arena_zero(arena, map_count(&a->attachments) + 1, sizeof *all);
    *ret_count = 0;
    MAP_EACH (entry, &a->attachments) all[(*ret_count)++] = report_of(entry->value.p, arena);
    return all;
}

// ---- publish ----

static struct agent_job *attachment_job(struct agent *a, struct attachment *t, enum agent_job_kind kind) {
    struct agent_job *work = agent_job_new(a, kind, t->id, &t->job);
    work->epoch = t->epoch;
    t->work = kind;
    t->retry_at = NEVER;
    return work;
}

static void attachment_fail(struct agent *a, struct attachment *t, enum err_kind kind, const char *message) {
    attachment_message_take(t, kind, message);
    agent_say_log(a, "decision=publish-failed attachment=%llu volume=%llu epoch=%llu why=\"%s\"",
                  (unsigned long long)t->id, (unsigned long long)t->volume, (unsigned long long)t->epoch, message);
    attachment_clean(a, t);
}

static void attachment_begin(struct agent *a, struct attachment *t) {
    t->state = ATTACHMENT_PUBLISHING;
    struct agent_publish spec;
    AUTO_ERR struct err *e = order_publish(a, t->order, &a->out->arena, &spec);
    if (e) {
        attachment_fail(a, t, err_kind(e), err_text(e));
        return;
    }
    attachment_job(a, t, AGENT_JOB_PUBLISH)->publish = spec;
    agent_say_log(a, "decision=publish attachment=%llu volume=%s epoch=%llu fs=%s format=%s", (unsigned long long)t->id,
                  t->order->volume_name, (unsigned long long)t->epoch, spec.fs, spec.may_format ? "yes" : "no");
}

static void publish_refuse(struct agent *a, const Granary__Publish *order, const char *why) {
    agent_say_log(a, "decision=refuse-publish attachment=%llu volume=%llu epoch=%llu why=\"%s\"",
                  (unsigned long long)order->attachment_id, (unsigned long long)order->volume_id,
                  (unsigned long long)order->epoch, why);
    Granary__AttachmentReport *r = report_new(order->attachment_id, order->volume_id, order->epoch,
                                              GRANARY__PUBLISH_STATE__PUBLISH_FAILED, &a->out->arena);
    r->error_kind = (char *)err_kind_name(ERR_CONFLICT);
    r->message = arena_text(&a->out->arena, why);
    report_say(a, r);
}

// Told before: what is decided already is said again, what is under way will be said.
static void publish_again(struct agent *a, const struct attachment *t, const Granary__Publish *order) {
    if (order->epoch != t->epoch)
        agent_say_log(a, "decision=ignore-publish attachment=%llu epoch=%llu why=\"it has epoch %llu here\"",
                      (unsigned long long)t->id, (unsigned long long)order->epoch, (unsigned long long)t->epoch);
    else if (t->state == ATTACHMENT_PUBLISHED || t->state == ATTACHMENT_FAILED)
        attachment_say(a, t);
}

void attachment_publish(struct agent *a, const Granary__Publish *order) {
    const struct attachment *known = agent_attachment(a, order->attachment_id);
    if (known) {
        publish_again(a, known, order);
        return;
    }
    uint64_t highest = epoch_highest(a, order->volume_id);
    if (order->epoch < highest) {
        publish_refuse(a, order,
                       arena_format(&a->out->arena,
                                    "volume '%s': epoch %llu is refused, this agent was told of epoch %llu already",
                                    order->volume_name, (unsigned long long)order->epoch, (unsigned long long)highest));
        return;
    }
    struct attachment *t = agent_attachment_add(a, order, order->attachment_id, order->epoch);
    t->state = ATTACHMENT_WAITING; // attachments_settle begins it
    AUTO_TEXT struct text record = {0};
    message_pack(&order->base, &record);
    agent_keep(a, AGENT_RECORD_ATTACHMENT, t->id, &record);
}

void attachment_await(struct agent *a, struct attachment *t) {
    t->state = ATTACHMENT_PUBLISHING;
    attachment_job(a, t, AGENT_JOB_AWAIT);
}

static void published(struct agent *a, struct attachment *t) {
    t->state = ATTACHMENT_PUBLISHED;
    attachment_message_take(t, ERR_INTERNAL, NULL);
    agent_say_log(a, "decision=published attachment=%llu volume=%llu epoch=%llu device=%s formatted=%s",
                  (unsigned long long)t->id, (unsigned long long)t->volume, (unsigned long long)t->epoch,
                  t->path ? t->path : "", t->device.formatted ? "yes" : "no");
    attachment_say(a, t);
}

// ---- unpublish ----

static bool attachment_used(const struct agent *a, const struct attachment *t) {
    MAP_EACH (entry, &a->tasks) {
        const struct task *task = entry->value.p;
        if (!task->ended && agent_task_uses(task, t->id)) return true;
    }
    return false;
}

// Whoever still uses it is killed: the master asks only when nobody should.
static void removal_begin(struct agent *a, struct attachment *t, bool by_force) {
    bool evict = by_force || attachment_used(a, t);
    attachment_job(a, t, evict ? AGENT_JOB_EVICT : AGENT_JOB_UNPUBLISH);
    agent_say_log(a, "decision=%s attachment=%llu volume=%llu epoch=%llu", evict ? "evict" : "unpublish",
                  (unsigned long long)t->id, (unsigned long long)t->volume, (unsigned long long)t->epoch);
}

void attachment_clean(struct agent *a, struct attachment *t) {
    t->state = ATTACHMENT_FAILING;
    removal_begin(a, t, false);
}

void attachment_let_go(struct agent *a, struct attachment *t) {
    if (t->state == ATTACHMENT_UNPUBLISHING) return;
    bool busy = t->job != 0;
    t->state = ATTACHMENT_UNPUBLISHING;
    t->unpublish_wanted = busy;
    if (!busy) removal_begin(a, t, false);
}

static void unpublished(struct agent *a, struct attachment *t) {
    Granary__AttachmentReport *r = report_of(t, &a->out->arena);
    r->state = GRANARY__PUBLISH_STATE__UNPUBLISHED;
    agent_say_log(a, "decision=unpublished attachment=%llu volume=%llu epoch=%llu", (unsigned long long)t->id,
                  (unsigned long long)t->volume, (unsigned long long)t->epoch);
    attachment_forget(a, t);
    report_say(a, r);
}

void attachment_unpublish(struct agent *a, const Granary__Unpublish *order) {
    struct attachment *t = agent_attachment(a, order->attachment_id);
    if (!t) {
        report_say(a, report_new(order->attachment_id, order->volume_id, order->epoch,
                                 GRANARY__PUBLISH_STATE__UNPUBLISHED, &a->out->arena));
    } else if (order->epoch < t->epoch) {
        agent_say_log(a, "decision=refuse-unpublish attachment=%llu epoch=%llu why=\"it has epoch %llu here\"",
                      (unsigned long long)t->id, (unsigned long long)order->epoch, (unsigned long long)t->epoch);
    } else if (t->state == ATTACHMENT_WAITING || t->state == ATTACHMENT_FAILED) {
        unpublished(a, t); // nothing of it is here
    } else {
        attachment_let_go(a, t);
    }
}

void attachment_lost(struct agent *a, uint64_t id, const char *message) {
    struct attachment *t = agent_attachment(a, id);
    if (!t || t->state != ATTACHMENT_PUBLISHED) return;
    agent_say_log(a, "decision=attachment-lost attachment=%llu volume=%llu why=\"%s\"", (unsigned long long)id,
                  (unsigned long long)t->volume, message);
    attachment_message_take(t, ERR_UNAVAILABLE, message);
    t->device.formatted = t->device.format_began = false;
    attachment_let_go(a, t);
}

// ---- grow ----

static void grow_begin(struct agent *a, struct attachment *t) {
    attachment_job(a, t, AGENT_JOB_GROW)->size.n = t->grow_to;
    t->grow_to = 0;
}

void attachment_grow(struct agent *a, const Granary__Grow *order) {
    struct attachment *t = agent_attachment(a, order->attachment_id);
    bool here = t && t->epoch == order->epoch;
    if (!here || (t->state != ATTACHMENT_PUBLISHED && t->state != ATTACHMENT_PUBLISHING)) return;
    if (order->size > t->grow_to) t->grow_to = order->size;
    if (!t->job) grow_begin(a, t);
}

static void grown(struct agent *a, struct attachment *t, const struct agent_input *input) {
    if (input->error) {
        attachment_message_take(t, input->error_kind, input->error);
        agent_say_log(a, "decision=grow-failed attachment=%llu why=\"%s\"", (unsigned long long)t->id, input->error);
    } else {
        attachment_message_take(t, ERR_INTERNAL, NULL);
        attachment_device_take(t, &input->device);
    }
    if (t->state == ATTACHMENT_PUBLISHED) attachment_say(a, t);
}

// ---- the ends of jobs ----

static void published_or_not(struct agent *a, struct attachment *t, const struct agent_input *input) {
    attachment_device_take(t, &input->device);
    if (t->state != ATTACHMENT_PUBLISHING) return; // to be unpublished by now
    if (input->error)
        attachment_fail(a, t, input->error_kind, input->error);
    else
        published(a, t);
}

static void removed_or_not(struct agent *a, struct attachment *t, const struct agent_input *input) {
    if (!input->error) {
        if (t->state == ATTACHMENT_FAILING) {
            t->state = ATTACHMENT_FAILED;
            attachment_say(a, t);
        } else {
            unpublished(a, t);
        }
        return;
    }
    agent_say_log(a, "decision=retry-unpublish attachment=%llu attempt=%u why=\"%s\"", (unsigned long long)t->id,
                  t->attempts + 1, input->error);
    if (t->state == ATTACHMENT_UNPUBLISHING) {
        attachment_message_take(t, input->error_kind, input->error);
        attachment_say(a, t);
    }
    t->retry_at.ms = a->now.ms + agent_back_off(a, t->attempts++);
}

void attachment_job_done(struct agent *a, struct attachment *t, const struct agent_input *input) {
    t->job = 0;
    switch (t->work) {
    case AGENT_JOB_PUBLISH:
    case AGENT_JOB_AWAIT: published_or_not(a, t, input); break;
    case AGENT_JOB_GROW: grown(a, t, input); break;
    default: removed_or_not(a, t, input); return; // it may be gone now
    }
    if (t->unpublish_wanted) {
        t->unpublish_wanted = false;
        removal_begin(a, t, false);
    } else if (t->grow_to && t->state == ATTACHMENT_PUBLISHED && !t->job) {
        grow_begin(a, t);
    }
}

// ---- time, and the order of epochs ----

static struct attachment *older_than(const struct agent *a, const struct attachment *t) {
    MAP_EACH (entry, &a->attachments) {
        struct attachment *other = entry->value.p;
        if (other != t && t->volume && other->volume == t->volume && other->epoch <= t->epoch &&
            (other->epoch < t->epoch || other->id < t->id))
            return other;
    }
    return NULL;
}

// A higher epoch says that the older attachment is nobody's: it goes first, with all who use it.
static bool older_goes(struct agent *a, const struct attachment *t) {
    struct attachment *old;
    while ((old = older_than(a, t))) {
        bool nothing_there = old->state == ATTACHMENT_FAILED || old->state == ATTACHMENT_WAITING;
        if (!nothing_there) {
            attachment_let_go(a, old);
            return false;
        }
        unpublished(a, old);
    }
    return true;
}

void attachments_settle(struct agent *a) {
    MAP_EACH (entry, &a->attachments) {
        struct attachment *t = entry->value.p;
        if (t->state == ATTACHMENT_WAITING && older_goes(a, t)) attachment_begin(a, t);
    }
}

void attachments_supersede(struct agent *a) {
    MAP_EACH (entry, &a->attachments) {
        struct attachment *old = older_than(a, entry->value.p);
        if (old && old->state != ATTACHMENT_FAILED) attachment_let_go(a, old);
    }
}

void attachments_tick(struct agent *a) {
    MAP_EACH (entry, &a->attachments) {
        struct attachment *t = entry->value.p;
        if (t->job || a->now.ms < t->retry_at.ms) continue;
        removal_begin(a, t, true);
    }
}
