// SPDX-License-Identifier: Apache-2.0
// An attachment, step by step in reading order: map, publish, use, unpublish, unmap; and the way out when the agent is lost.
#include "core/attachment.h"

#include "core/agent.h"
#include "core/task.h"
#include "core/warning.h"

static const char *agent_name(const struct draft *d, uint64_t agent) {
    const struct agent_row *a = draft_agent(d, agent);
    return a ? a->name : "?";
}

static void attachment_move(struct draft *d, struct attachment_row *a, enum attachment_state next,
                            enum event_kind kind) {
    must(a->state == next || attachment_state_may(a->state, next));
    if (a->state != next) a->since = d->now.wall;
    a->state = (uint8_t)next;
    edit_attachment(d, a->id, kind);
}

static void attachment_open(struct draft *d, const struct attachment_row *a, enum operation_kind kind) {
    struct operation_row *o = operation_open(d, kind, draft_volume(d, a->volume));
    o->attachment = a->id;
    o->agent = a->agent;
}

const struct attachment_row *attachment_on(const struct draft *d, uint64_t volume, uint64_t agent) {
    struct id_list list = draft_related(d, ATTACHMENTS_OF_VOLUME, volume);
    VEC_EACH (id, &list) {
        const struct attachment_row *a = draft_attachment(d, *id);
        if (a->agent == agent) return a;
    }
    return NULL;
}

// Who that agent's host is to the storage of that volume: to be unmapped and fenced under the same name, whatever it is called
// after a reboot.
static const char *host_identity(struct draft *d, uint64_t agent, const struct volume_row *v) {
    const struct provider_row *provider = draft_provider(d, draft_pool(d, v->charge.pool)->provider);
    const struct agent_facts *facts = draft_agent(d, agent)->facts;
    for (size_t i = 0; facts && provider && i < facts->identities.count; i++)
        if (strcmp(facts->identities.at[i].driver, provider->driver) == 0)
            return draft_text(d, facts->identities.at[i].identity);
    return NULL;
}

struct attachment_row *attachment_start(struct draft *d, uint64_t volume, uint64_t agent,
                                        enum attachment_purpose purpose, bool read_only) {
    struct volume_row *v = edit_volume(d, volume, EV_volume_changed);
    must(volume_can_attach(d, v, agent));
    read_only |= v->access == ACCESS_MULTI_READER;
    if (read_only && v->content == CONTENT_NEW) purpose = ATTACH_FOR_FORMAT; // nothing is formatted read-only
    struct attachment_row *a = draft_add(d, NOUN_ATTACHMENT, EV_attachment_wanted);
    a->volume = volume;
    a->agent = agent;
    a->epoch = ++v->epoch;
    a->state = ATTACHMENT_ATTACHING;
    a->purpose = (uint8_t)purpose;
    a->read_only = read_only && purpose == ATTACH_FOR_USE;
    a->step = STEP_IS_MAP;
    a->since = d->now.wall;
    a->host = host_identity(d, agent, v);
    a->bandwidth = v->charge.bandwidth;
    v->last_agent = agent;
    attachment_open(d, a, OP_ATTACH);
    attachment_look(d, a->id); // it was promised, and its agent may have lost what it takes meanwhile
    return a;
}

// ---- the end ----

static void attachment_end(struct draft *d, struct attachment_row *a, const char *because) {
    uint64_t volume = a->volume, agent = a->agent;
    bool publish = a->pinned && a->purpose == ATTACH_FOR_FORMAT; // read-only, which is why it was formatted first
    a->ended_because = because;
    attachment_move(d, a, ATTACHMENT_GONE, EV_attachment_gone);
    draft_remove(d, NOUN_ATTACHMENT, a->id, EV_attachment_gone);
    struct volume_row *v = edit_volume(d, volume, EV_volume_changed);
    // Granted and never confirmed: nobody has seen what is on it, and it is not formatted twice.
    if (v->content == CONTENT_FORMATTING) content_move(d, v, CONTENT_SUSPECT);
    struct id_list tasks = draft_related(d, TASKS_OF_VOLUME, volume);
    VEC_EACH (id, &tasks) {
        const struct task_row *t = draft_task(d, *id);
        if (t->agent == agent && t->launched && t->state == TASK_UNREACHABLE)
            task_say(d, *id, TASK_GONE, REASON_AGENT_REMOVED,
                     arena_format(d->arena, "its volume was taken over: %s", because));
    }
    if (publish && v->content == CONTENT_FORMATTED && volume_can_attach(d, v, agent))
        attachment_start(d, volume, agent, ATTACH_FOR_USE, true)->pinned = true;
    volume_settle(d, volume);
    agent_settle(d, agent);
}

// ---- map ----

void attachment_mapped(struct draft *d, const struct operation_row *o, const char *context) {
    uint64_t id = o->attachment;
    operation_end(d, o->id, OP_FINISHED, ERR_INTERNAL, NULL);
    struct attachment_row *a = edit_attachment(d, id, EV_attachment_mapped);
    a->context = context;
    if (a->detach_wanted) {
        attachment_move(d, a, ATTACHMENT_DETACHING, EV_attachment_detaching);
        a->step = STEP_IS_UNMAP;
        attachment_open(d, a, OP_DETACH);
        return;
    }
    a->step = STEP_IS_PUBLISH;
    struct volume_row *v = edit_volume(d, a->volume, EV_volume_changed);
    if (v->content != CONTENT_NEW) return;
    content_move(d, v, CONTENT_FORMATTING); // the one-use grant, on record before it is spoken
    a->granted_format = true;
}

static void attachment_fail(struct draft *d, struct attachment_row *a, const char *message) {
    a->message = message;
    struct volume_row *v = edit_volume(d, a->volume, EV_volume_changed);
    v->message = message;
    v->format_eager = false; // not tried over and over: the next publish formats it
    struct id_list tasks = draft_related(d, TASKS_OF_VOLUME, a->volume);
    VEC_EACH (id, &tasks) {
        const struct task_row *t = draft_task(d, *id);
        if (t->agent == a->agent && !t->launched) task_say(d, *id, TASK_FAILED, REASON_LAUNCH_FAILED, message);
    }
}

void attachment_map_failed(struct draft *d, const struct operation_row *o, const char *message) {
    uint64_t id = o->attachment;
    operation_end(d, o->id, OP_FAILED, o->error, message);
    struct attachment_row *a = edit_attachment(d, id, EV_attachment_detaching);
    if (!a->host) { // nobody to map to, so nothing to undo
        attachment_fail(d, a, message);
        attachment_end(d, a, "it was never mapped: the agent has no identity in that storage system");
        return;
    }
    attachment_move(d, a, ATTACHMENT_DETACHING, EV_attachment_detaching);
    a->step = STEP_IS_UNMAP; // it may be half mapped
    attachment_open(d, a, OP_DETACH);
    attachment_fail(d, a, message);
}

// ---- publish ----

static void attachment_published(struct draft *d, struct attachment_row *a, const struct attachment_report *r) {
    struct volume_row *v = edit_volume(d, a->volume, EV_volume_changed);
    v->message = NULL;
    if (v->content == CONTENT_FORMATTING) {
        v->fs_uuid = r->fs_uuid;
        content_move(d, v, CONTENT_FORMATTED);
    }
    a->path = r->path;
    a->message = NULL;
    attachment_move(d, a, ATTACHMENT_IN_USE, EV_attachment_in_use);
    a->step = STEP_IS_DONE;
    a->retry_at = (struct mono){0};
    tasks_of_volume_advance(d, a->volume);
    attachment_release(d, a->id); // formatted for later, or its task has ended meanwhile
}

static bool attachment_needed(const struct draft *d, const struct attachment_row *a) {
    if (a->pinned) return true;
    struct id_list tasks = draft_related(d, TASKS_OF_VOLUME, a->volume);
    VEC_EACH (id, &tasks) {
        if (draft_task(d, *id)->agent == a->agent) return true;
    }
    return false;
}

void attachment_release(struct draft *d, uint64_t attachment) {
    const struct attachment_row *old = draft_attachment(d, attachment);
    if (!old) return;
    bool busy = old->purpose == ATTACH_FOR_FORMAT ? old->step != STEP_IS_DONE : attachment_needed(d, old);
    if (busy) return;
    if (old->state != ATTACHMENT_ATTACHING && old->state != ATTACHMENT_IN_USE) return;
    struct attachment_row *a = edit_attachment(d, attachment, EV_attachment_detaching);
    if (a->step == STEP_IS_MAP) {
        a->detach_wanted = true; // the provider is at it: unmapped when it answers
        return;
    }
    attachment_move(d, a, ATTACHMENT_DETACHING, EV_attachment_detaching);
    a->step = STEP_IS_UNPUBLISH;
}

// ---- unpublish, unmap ----

static void attachment_unpublished(struct draft *d, struct attachment_row *a) {
    if (a->state != ATTACHMENT_DETACHING) attachment_move(d, a, ATTACHMENT_DETACHING, EV_attachment_detaching);
    if (a->step == STEP_IS_UNMAP) return;
    a->step = STEP_IS_UNMAP;
    attachment_open(d, a, OP_DETACH);
}

void attachment_reported(struct draft *d, uint64_t attachment, const struct attachment_report *r) {
    struct attachment_row *a = edit_attachment(d, attachment, EV_attachment_changed);
    if (r->epoch != a->epoch) return;
    bool stranded = a->state == ATTACHMENT_STRANDED;
    if (stranded && operation_of_attachment(d, a)) return; // the fence under way ends it by itself
    // The returned agent's own word at the current epoch settles it, whatever was under way when the agent was lost.
    uint8_t step = stranded ? STEP_IS_PUBLISH : a->step;
    switch (r->state) {
    case IS_PUBLISHED:
        if (step == STEP_IS_PUBLISH) attachment_published(d, a, r);
        break;
    case IS_PUBLISH_FAILED:
        if (step != STEP_IS_PUBLISH && step != STEP_IS_UNPUBLISH) break;
        attachment_fail(d, a, r->message);
        attachment_unpublished(d, a); // an agent says so only when nothing of it is left there
        break;
    case IS_UNPUBLISHED:
        if (step == STEP_IS_UNPUBLISH || step == STEP_IS_DONE || step == STEP_IS_PUBLISH) attachment_unpublished(d, a);
        break;
    case IS_UNPUBLISHING:
    case IS_PUBLISHING: a->message = r->message; break;
    }
}

void attachment_unmapped(struct draft *d, const struct operation_row *o) {
    uint64_t id = o->attachment;
    operation_end(d, o->id, OP_FINISHED, ERR_INTERNAL, NULL);
    struct attachment_row *a = edit_attachment(d, id, EV_attachment_gone);
    attachment_end(d, a,
                   arena_format(d->arena, "agent '%s' unpublished it at epoch %llu and the storage unmapped it",
                                agent_name(d, a->agent), (unsigned long long)a->epoch));
}

static void attachment_retry_later(struct draft *d, const struct operation_row *o, const char *message) {
    uint64_t id = o->attachment;
    operation_end(d, o->id, OP_FAILED, o->error, message);
    struct attachment_row *a = edit_attachment(d, id, EV_attachment_changed);
    a->message = message;
    a->retry_at = (struct mono){d->now.mono.ms + d->state->timing.retry_ms};
}

void attachment_unmap_failed(struct draft *d, const struct operation_row *o, const char *message) {
    attachment_retry_later(d, o, message);
}

// ---- the agent is lost ----

static bool fence_possible(const struct draft *d, const struct attachment_row *a) {
    const struct volume_row *v = draft_volume(d, a->volume);
    const struct pool_row *pool = draft_pool(d, v->charge.pool);
    return v->on_agent_lost == ON_LOSS_FENCE_OR_WAIT && pool->facts &&
           capability_has(pool->facts->capabilities, CAN_FENCE);
}

static void attachment_fence(struct draft *d, struct attachment_row *a) {
    if (operation_of_attachment(d, a)) return; // goes on when that has ended
    if (!fence_possible(d, a)) {
        a->message =
            arena_format(d->arena,
                         "agent '%s' is lost and this storage has no fence that is allowed: waits until the agent "
                         "returns; a restart of its host ends its mounts too",
                         agent_name(d, a->agent));
        a->retry_at = (struct mono){d->now.mono.ms + d->state->timing.retry_ms}; // the pool may report again
        return;
    }
    a->step = STEP_IS_FENCE;
    attachment_open(d, a, OP_FENCE);
}

void attachment_strand(struct draft *d, uint64_t attachment) {
    struct attachment_row *a = edit_attachment(d, attachment, EV_attachment_changed);
    a->pinned = false;
    if (a->step == STEP_IS_UNMAP) return; // the agent has let go of it: the storage alone goes on
    if (a->step == STEP_IS_MAP) {
        a->detach_wanted = true; // nor was it published there yet
        return;
    }
    attachment_move(d, a, ATTACHMENT_STRANDED, EV_attachment_stranded);
    attachment_fence(d, a);
}

void attachment_retry(struct draft *d, uint64_t attachment) {
    struct attachment_row *a = edit_attachment(d, attachment, EV_attachment_changed);
    a->retry_at = (struct mono){0};
    if (operation_of_attachment(d, a)) return;
    if (a->state == ATTACHMENT_STRANDED)
        attachment_fence(d, a);
    else if (a->step == STEP_IS_UNMAP)
        attachment_open(d, a, OP_DETACH);
}

void attachment_fenced(struct draft *d, const struct operation_row *o, const char *proof) {
    uint64_t id = o->attachment;
    operation_end(d, o->id, OP_FINISHED, ERR_INTERNAL, NULL);
    struct attachment_row *a = edit_attachment(d, id, EV_attachment_gone);
    // It returned while the fence was under way: what it has mounted can write no more, and is to be undone there.
    const struct agent_row *back = draft_agent(d, a->agent);
    if (back && back->session) edit_agent(d, back->id, EV_agent_quarantined)->unclean++;
    attachment_end(d, a,
                   arena_format(d->arena, "fenced from agent '%s' at epoch %llu: %s", agent_name(d, a->agent),
                                (unsigned long long)a->epoch, proof ? proof : "the storage confirmed it"));
}

void attachment_fence_failed(struct draft *d, const struct operation_row *o, const char *message) {
    attachment_retry_later(d, o, message);
}

// ---- the agent is back ----

static void attachment_lost_its_mount(struct draft *d, struct attachment_row *a, bool rebooted) {
    if (a->state == ATTACHMENT_STRANDED && operation_of_attachment(d, a)) return; // the fence ends it
    if (a->step == STEP_IS_UNMAP) return;
    if (a->step == STEP_IS_MAP) {
        if (rebooted) a->detach_wanted = true; // mapped to a host that is not there any more
        return;
    }
    if (!rebooted && a->step == STEP_IS_PUBLISH && a->state == ATTACHMENT_ATTACHING) return; // begun later
    attachment_unpublished(d, a);
}

void attachment_returned(struct draft *d, uint64_t attachment, const struct attachment_report *r, bool rebooted) {
    struct attachment_row *a = edit_attachment(d, attachment, EV_attachment_changed);
    if (r && !rebooted && r->epoch == a->epoch)
        attachment_reported(d, attachment, r);
    else
        attachment_lost_its_mount(d, a, rebooted);
}
