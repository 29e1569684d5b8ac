// SPDX-License-Identifier: Apache-2.0
// What the cluster can do: every command to the code that decides it, and the timers that nobody else keeps.
#include "core/command.h"

#include <stdlib.h>

#include "core/accept.h"
#include "core/agent.h"
#include "core/allocator.h"
#include "core/framework.h"
#include "core/policy.h"
#include "core/provider.h"
#include "core/request.h"
#include "core/request_apply.h"

static const char *const names[] = {
#define X(name, type) [CMD_##name] = #name,
    COMMANDS(X)
#undef X
};
const char *command_name(enum command_kind kind) {
    return names[kind];
}

void answer_done(struct answer *a) {
    vec_done(&a->ids);
    VEC_EACH (note, &a->notes) free(*note);
    vec_done(&a->notes);
}

// ---- timers ----

static int64_t doubled(int64_t ms, uint32_t times) {
    return ms << (times < 6 ? times : 6);
}

static const char *volume_late(struct draft *d, const struct volume_row *v) {
    struct id_list held = draft_related(d, ATTACHMENTS_OF_VOLUME, v->id);
    const struct attachment_row *holder = held.count ? draft_attachment(d, held.at[0]) : NULL;
    const struct agent_row *agent = holder ? draft_agent(d, holder->agent) : NULL;
    const char *message = holder ? holder->message : v->message;
    const char *more = message ? arena_format(d->arena, ": %s", message) : "";
    if (agent)
        return arena_format(d->arena, "volume '%s' was not there in time: agent '%s' has it (%s)%s", v->name,
                            agent->name, attachment_state_name(holder->state), more);
    return arena_format(d->arena, "volume '%s' was not there in time: it is %s%s", v->name, volume_state_name(v->state),
                        more);
}

static const char *task_late(struct draft *d, const struct task_row *t) {
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        const struct volume_row *v = draft_volume(d, volumes[i].volume);
        const struct attachment_row *a = attachment_on(d, v->id, t->agent);
        if (!a || a->state != ATTACHMENT_IN_USE) return volume_late(d, v);
    }
    return "its volumes were not there in time";
}

static void task_due(struct draft *d, const struct task_row *old) {
    if (!old->launched && !task_state_ended(old->state)) {
        task_say(d, old->id, TASK_FAILED, REASON_LAUNCH_FAILED, task_late(d, old));
        return;
    }
    struct task_row *t = edit_task(d, old->id, EV_task_resent);
    t->resends++;
    t->resend_at = (struct mono){d->now.mono.ms + doubled(d->state->timing.resend_ms, t->resends)};
}

static void operation_due(struct draft *d, const struct operation_row *old) {
    struct operation_row *o = edit_operation(d, old->id, EV_operation_resent);
    o->resends++;
    o->resend_at = (struct mono){d->now.mono.ms + doubled(d->state->timing.resend_ms, o->resends)};
}

// Timers name ids only, and may be outdated: the row itself says whether its time has come.
static void mono_due(struct draft *d, uint64_t id) {
    static const enum noun nouns[] = {NOUN_AGENT, NOUN_PROVIDER, NOUN_ATTACHMENT, NOUN_OPERATION, NOUN_TASK};
    for (size_t i = 0; i < ARRAY_LEN(nouns); i++) {
        const void *row = draft_get(d, nouns[i], id);
        if (!row) continue;
        if (row_deadline(d->state, nouns[i], row) > d->now.mono.ms) return;
        switch (nouns[i]) {
        case NOUN_AGENT: agent_lost(d, id); return;
        case NOUN_PROVIDER: provider_away(d, id); return;
        case NOUN_ATTACHMENT: attachment_retry(d, id); return;
        case NOUN_OPERATION: operation_due(d, row); return;
        case NOUN_TASK: task_due(d, row); return;
        default: return;
        }
    }
}

static void wall_due(struct draft *d, uint64_t id) {
    const struct framework_row *f = draft_framework(d, id);
    if (f && row_wall_deadline(NOUN_FRAMEWORK, f) <= d->now.wall.ms) framework_complete(d, id);
    const struct reservation_row *r = draft_reservation(d, id);
    if (r && row_wall_deadline(NOUN_RESERVATION, r) <= d->now.wall.ms) reservation_expire(d, id);
}

// Visits every timer that rang: a heap's rung items are a connected part at its top.
static void heap_due(const struct heap *h, size_t i, int64_t now, struct draft *d,
                     void (*each)(struct draft *, uint64_t)) {
    if (i >= h->count || h->at[i].when > now) return;
    each(d, h->at[i].id);
    heap_due(h, 2 * i + 1, now, d, each);
    heap_due(h, 2 * i + 2, now, d, each);
}

static void decide_tick(struct draft *d) {
    heap_due(&d->state->timers, 0, d->now.mono.ms, d, mono_due);
    heap_due(&d->state->wall_timers, 0, d->now.wall.ms, d, wall_due);
    operations_prune(d);
    frameworks_prune(d);
}

// After the store was read: everybody has to come again, and gets the usual time for it.
static void decide_start(struct draft *d) {
    STATE_EACH(AGENT, agent_row, a, d->state) {
        struct agent_row *own = edit_agent(d, a->id, EV_agent_away);
        own->session = 0;
        own->heard = d->now.mono;
        if (own->state != AGENT_IS_LOST && own->state != AGENT_IS_GONE) own->state = AGENT_IS_AWAY;
    }
    STATE_EACH(PROVIDER, provider_row, p, d->state) {
        struct provider_row *own = edit_provider(d, p->id, EV_provider_away);
        own->session = 0;
        own->stale_since = d->now.wall;
    }
    STATE_EACH(FRAMEWORK, framework_row, f, d->state) {
        if (f->completed) continue;
        struct framework_row *own = edit_framework(d, f->id, EV_framework_disconnected);
        own->session = 0;
        // A framework without a failover timeout gets the time to come back from a restart of ours.
        own->disconnected = (struct wall){d->now.wall.ms + d->state->timing.lost_ms};
    }
    STATE_EACH(TASK, task_row, t, d->state) {
        if (t->launched || task_state_ended(t->state)) {
            if (t->update_uuid)
                edit_task(d, t->id, EV_task_resent)->resend_at =
                    (struct mono){d->now.mono.ms + d->state->timing.resend_ms};
            continue;
        }
        edit_task(d, t->id, EV_task_resent)->wait_until = (struct mono){d->now.mono.ms + CLASS_LAUNCH_WAIT};
    }
    STATE_EACH(OPERATION, operation_row, o, d->state) {
        if (o->status_uuid)
            edit_operation(d, o->id, EV_operation_resent)->resend_at =
                (struct mono){d->now.mono.ms + d->state->timing.resend_ms};
    }
    STATE_EACH(ATTACHMENT, attachment_row, x, d->state) {
        bool waits = x->state == ATTACHMENT_STRANDED || x->step == STEP_IS_UNMAP;
        if (waits && !operation_of_attachment(d, x))
            edit_attachment(d, x->id, EV_attachment_changed)->retry_at =
                (struct mono){d->now.mono.ms + d->state->timing.retry_ms};
    }
}

static struct err *decide_one(struct draft *d, const struct command *c, struct answer *ret_answer) {
    switch (c->kind) {
    case CMD_class_apply: return decide_class_apply(d, &c->class_apply, ret_answer);
    case CMD_class_remove: return decide_class_remove(d, c->class_remove.name);
    case CMD_policy_apply: return decide_policy_apply(d, &c->policy_apply, ret_answer);
    case CMD_policy_switch: return decide_policy_switch(d, c->policy_switch.number, ret_answer);
    case CMD_policy_rollback: return decide_policy_rollback(d, c->policy_rollback.number, ret_answer);
    case CMD_role_set: return decide_role_set(d, &c->role_set);
    case CMD_volume_create: return decide_volume_create(d, &c->volume_create, ret_answer);
    case CMD_volume_grow: return decide_volume_grow(d, &c->volume_grow);
    case CMD_volume_delete: return decide_volume_delete(d, &c->volume_delete);
    case CMD_volume_publish: return decide_volume_publish(d, &c->volume_publish, ret_answer);
    case CMD_volume_unpublish: return decide_volume_unpublish(d, &c->volume_unpublish);
    case CMD_reservation_create: return decide_reservation_create(d, &c->reservation_create, ret_answer);
    case CMD_request_apply: return decide_request_apply(d, &c->request_apply, ret_answer);
    case CMD_reservation_remove: return decide_reservation_remove(d, c->reservation_remove.id);
    case CMD_provider_hello: return decide_provider_hello(d, &c->provider_hello, ret_answer);
    case CMD_provider_report: return decide_provider_report(d, &c->provider_report);
    case CMD_provider_objects: decide_provider_objects(d, &c->provider_objects); return NULL;
    case CMD_provider_result: decide_provider_result(d, &c->provider_result); return NULL;
    case CMD_provider_heard: decide_provider_heard(d, &c->provider_heard); return NULL;
    case CMD_provider_gone: decide_provider_gone(d, &c->provider_gone); return NULL;
    case CMD_provider_remove: return decide_provider_remove(d, c->provider_remove.name);
    case CMD_agent_hello: return decide_agent_hello(d, &c->agent_hello, ret_answer);
    case CMD_agent_report: decide_agent_report(d, &c->agent_report); return NULL;
    case CMD_agent_heard: decide_agent_heard(d, &c->agent_heard); return NULL;
    case CMD_agent_gone: decide_agent_gone(d, &c->agent_gone); return NULL;
    case CMD_agent_remove: return decide_agent_remove(d, c->agent_remove.name);
    case CMD_attachment_report: decide_attachment_report(d, &c->attachment_report); return NULL;
    case CMD_task_status: decide_task_status(d, &c->task_status); return NULL;
    case CMD_subscribe: return decide_subscribe(d, &c->subscribe, ret_answer);
    case CMD_framework_gone: decide_framework_gone(d, &c->framework_gone); return NULL;
    case CMD_teardown: return decide_teardown(d, c->teardown.id);
    case CMD_accept: decide_accept(d, &c->accept); return NULL;
    case CMD_decline:
        decide_decline(d, c->decline.framework, c->decline.offers, c->decline.offer_count, c->decline.refuse_seconds);
        return NULL;
    case CMD_revive: decide_revive(d, c->revive.framework, c->revive.roles, c->revive.role_count); return NULL;
    case CMD_suppress:
        decide_suppress(d, c->suppress.framework, c->suppress.roles, c->suppress.role_count);
        return NULL;
    case CMD_kill: decide_kill(d, &c->kill); return NULL;
    case CMD_acknowledge: decide_acknowledge(d, &c->acknowledge); return NULL;
    case CMD_acknowledge_operation: decide_acknowledge_operation(d, &c->acknowledge_operation); return NULL;
    case CMD_start: decide_start(d); return NULL;
    case CMD_allocate: decide_allocate(d); return NULL;
    case CMD_tick: decide_tick(d); return NULL;
    case COMMAND_COUNT: break;
    }
    must(c->kind < COMMAND_COUNT);
    return NULL;
}

struct err *core_decide(struct draft *d, const struct command *c, struct answer *ret_answer) {
    TRY(decide_one(d, c, ret_answer));
    rescind_offers_without_room(d);
    return NULL;
}

struct mono core_next_deadline(const struct state *s, struct now now) {
    int64_t next = allocator_next(s, now.mono).ms;
    if (s->timers.count && heap_first(&s->timers)->when < next) next = heap_first(&s->timers)->when;
    if (s->wall_timers.count) {
        int64_t in = heap_first(&s->wall_timers)->when - now.wall.ms;
        int64_t at = in > 0 ? (in < INT64_MAX - now.mono.ms ? now.mono.ms + in : INT64_MAX) : now.mono.ms;
        if (at < next) next = at;
    }
    return (struct mono){next};
}

bool core_allocation_due(const struct state *s, struct now now) {
    return allocator_next(s, now.mono).ms <= now.mono.ms;
}
