// SPDX-License-Identifier: Apache-2.0
// Who has to hear of an event: frameworks of offers and statuses, agents and providers of work. Made from the rows, so that
// one that comes back is told all that is open in the same words.
#include "master/engine.h"

#include "codec/message.h"
#include "granary_link.pb-c.h"
#include "master/scheduler.h"
#include "wire/provider_link.h"

// ---- agents and providers ----

static void link_tell(struct master *m, struct session *s, Granary__Envelope *envelope, const struct instant *at,
                      struct outputs *out) {
    envelope->has_number = envelope->has_seen = 1;
    envelope->number = s->link.last_sent + 1;
    envelope->seen = s->link.seen;
    AUTO_TEXT struct text bytes = {0};
    message_pack(&envelope->base, &bytes);
    bool room;
    link_say(&s->link, bytes.data, bytes.size, at->now.mono, &room);
    out_record(m, out, s->stream, bytes.data, bytes.size);
    if (!room) out_stream_end(m, out, s->stream); // it does not listen: it has to come again
}

// Goes with every order: whoever was told one knows of its entry at once, and refuses an older copy of the registry.
static Granary__Heartbeat told(const struct master *m) {
    Granary__Heartbeat beat = GRANARY__HEARTBEAT__INIT;
    beat.has_seq = true;
    beat.seq = m->state->seq;
    return beat;
}

static void tell_agent(struct master *m, uint64_t agent, Granary__ToAgent *message, const struct instant *at,
                       struct outputs *out) {
    const struct agent_row *a = state_agent(m->state, agent);
    struct session *s = a && a->session ? session_of(m, a->session) : NULL;
    if (!s || !message) return; // told when it comes
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    Granary__Heartbeat beat = told(m);
    envelope.to_agent = message;
    message->heartbeat = &beat;
    link_tell(m, s, &envelope, at, out);
    message->heartbeat = NULL;
}

static void tell_provider(struct master *m, uint64_t provider, Granary__ToProvider *message, const struct instant *at,
                          struct outputs *out) {
    const struct provider_row *p = state_provider(m->state, provider);
    struct session *s = p && p->session ? session_of(m, p->session) : NULL;
    if (!s || !message) return;
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    Granary__Heartbeat beat = told(m);
    envelope.to_provider = message;
    message->heartbeat = &beat;
    link_tell(m, s, &envelope, at, out);
    message->heartbeat = NULL;
}

void dispatch_status_ack(struct master *m, uint64_t agent, uint64_t task, const unsigned char uuid[16],
                         const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    tell_agent(m, agent, agent_status_ack(task, uuid, &arena), at, out);
}

void dispatch_addresses(struct master *m, uint64_t agent, const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    tell_agent(m, agent, agent_addresses(&m->addresses, &arena), at, out);
}

void dispatch_kill(struct master *m, uint64_t agent, uint64_t task, const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    struct task_row unknown = {.id = task};
    const struct task_row *t = state_task(m->state, task);
    tell_agent(m, agent, agent_kill(t ? t : &unknown, &arena), at, out);
}

void dispatch_read_output(struct master *m, uint64_t agent, const struct output_wish *wish, const struct instant *at,
                          struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    tell_agent(m, agent, agent_read_output(wish, &arena), at, out);
}

static void dispatch_operation_work(struct master *m, const struct operation_row *o, const struct instant *at,
                                    struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    if (o->state == OP_OPEN && o->provider)
        tell_provider(m, o->provider, provider_operation(m->state, o, &arena), at, out);
}

static void dispatch_attachment(struct master *m, const struct attachment_row *a, const struct instant *at,
                                struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    if (a->state == ATTACHMENT_STRANDED) return;
    if (a->step == STEP_IS_PUBLISH) tell_agent(m, a->agent, agent_publish(m->state, a, &arena), at, out);
    if (a->step == STEP_IS_UNPUBLISH) tell_agent(m, a->agent, agent_unpublish(a, &arena), at, out);
}

// An agent that is back undoes what it was fenced from.
static void dispatch_fenced(struct master *m, const struct attachment_row *last, const struct instant *at,
                            struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    if (last->step == STEP_IS_FENCE)
        tell_agent(m, last->agent, agent_unpublish_unknown(last->id, last->volume, last->epoch, &arena), at, out);
}

static void dispatch_grown(struct master *m, uint64_t volume, const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    const struct id_list *list = state_related(m->state, ATTACHMENTS_OF_VOLUME, volume);
    VEC_EACH (id, list) {
        const struct attachment_row *a = state_attachment(m->state, *id);
        if (a->state == ATTACHMENT_IN_USE) tell_agent(m, a->agent, agent_grow(m->state, a, &arena), at, out);
    }
}

static void dispatch_task_work(struct master *m, const struct task_row *t, const struct instant *at,
                               struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    if (task_state_ended(t->state) || !t->launched) return;
    if (t->kill_wanted)
        tell_agent(m, t->agent, agent_kill(t, &arena), at, out);
    else if (t->state == TASK_STAGING)
        tell_agent(m, t->agent, agent_launch(m->state, t, &arena), at, out);
}

// ---- frameworks ----

static struct session *framework_session(const struct master *m, uint64_t framework) {
    const struct framework_row *f = state_framework(m->state, framework);
    return f && f->session ? session_of(m, f->session) : NULL;
}

static void tell_framework(struct master *m, uint64_t framework, mesos_event *event, struct outputs *out) {
    struct session *s = framework_session(m, framework);
    if (s && event) scheduler_tell(m, s, event, out);
}

static void tell_task(struct master *m, const struct task_row *t, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    if (t->update_uuid && framework_session(m, t->framework))
        tell_framework(m, t->framework, mesos_update(m->state, t, true, &arena), out);
}

static void tell_operation(struct master *m, const struct operation_row *o, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    if (o->status_uuid && framework_session(m, o->framework))
        tell_framework(m, o->framework, mesos_operation_update(m->state, o, true, &arena), out);
}

static void tell_offers(struct master *m, uint64_t framework, const uint64_t *offers, size_t count,
                        struct outputs *out) {
    struct session *s = framework_session(m, framework);
    struct mesos_master identity = scheduler_identity(m);
    while (s && count) {
        AUTO_ARENA struct arena arena = {0};
        size_t used = 0;
        mesos_event *event =
            mesos_offers(m->state, &identity, state_framework(m->state, framework), offers, count, &arena, &used);
        must(used);
        if (event) scheduler_tell(m, s, event, out);
        offers += used;
        count -= used;
    }
}

static void tell_all_of_failure(struct master *m, uint64_t agent, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    STATE_EACH(FRAMEWORK, framework_row, f, m->state)
    tell_framework(m, f->id, mesos_failure(m->state, agent, &arena), out);
}

// ---- events ----

static void dispatch_framework(struct master *m, const struct event *e, struct outputs *out) {
    const struct framework_row *f = e->row;
    if (e->kind != EV_framework_completed) return;
    MAP_EACH (entry, &m->sessions) {
        struct session *s = entry->value.p;
        if (s->kind != SESSION_FRAMEWORK || s->who != f->id) continue;
        out_stream_end(m, out, s->stream);
        session_close(m, s, out);
        return;
    }
}

// A row whose session was taken away: its stream ends, so that it comes again.
static void dispatch_away(struct master *m, enum session_kind kind, uint64_t who, struct outputs *out) {
    MAP_EACH (entry, &m->sessions) {
        struct session *s = entry->value.p;
        if (s->kind != kind || s->who != who) continue;
        out_stream_end(m, out, s->stream);
        session_close(m, s, out);
        return;
    }
}

static void dispatch_event(struct master *m, const struct event *e, const struct task_before *before,
                           const struct instant *at, struct outputs *out) {
    const struct operation_row *operation = e->row;
    const struct task_row *task = e->row;
    switch (e->noun) {
    case NOUN_OPERATION:
        if (e->kind == EV_operation_opened && !e->removed) dispatch_operation_work(m, operation, at, out);
        if (operation->state != OP_OPEN && !e->removed) tell_operation(m, operation, out);
        if (operation->state == OP_FINISHED && operation->kind == OP_GROW)
            dispatch_grown(m, operation->volume, at, out);
        break;
    case NOUN_ATTACHMENT:
        if (!e->removed && e->kind != EV_attachment_changed) dispatch_attachment(m, e->row, at, out);
        if (e->removed) dispatch_fenced(m, e->row, at, out);
        break;
    case NOUN_TASK:
        if (before->agent_waits &&
            (e->removed || !task->update_uuid || memcmp(task->update_uuid->bytes, before->uuid, 16) != 0))
            dispatch_status_ack(m, before->agent, task->id, before->uuid, at, out);
        if (e->removed) task_output_past(m, task);
        if (e->removed) break;
        if (e->kind == EV_task_launched || e->kind == EV_task_kill_wanted) dispatch_task_work(m, task, at, out);
        if (e->kind == EV_task_updated || e->kind == EV_task_resent) tell_task(m, task, out);
        break;
    case NOUN_AGENT: {
        const struct agent_row *agent = e->row;
        if (e->kind == EV_agent_lost) tell_all_of_failure(m, agent->id, out);
        if (!agent->session) dispatch_away(m, SESSION_AGENT, agent->id, out);
        break;
    }
    case NOUN_PROVIDER:
        if (!((const struct provider_row *)e->row)->session)
            dispatch_away(m, SESSION_PROVIDER, ((const struct provider_row *)e->row)->id, out);
        break;
    case NOUN_FRAMEWORK: dispatch_framework(m, e, out); break;
    case NOUN_OFFER: {
        AUTO_ARENA struct arena arena = {0};
        const struct offer_row *offer = e->row;
        if (e->kind == EV_offer_rescinded) tell_framework(m, offer->framework, mesos_rescind(offer->id, &arena), out);
        break;
    }
    default: break;
    }
}

static int by_framework(const void *a, const void *b) {
    const struct offer_row *x = *(const struct offer_row *const *)a, *y = *(const struct offer_row *const *)b;
    if (x->framework != y->framework) return x->framework < y->framework ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

// Offers go out together, one framework after the other.
static void dispatch_offers(struct master *m, const struct draft *d, struct outputs *out) {
    const struct offer_row **made = arena_zero(d->arena, d->touched.count + 1, sizeof *made);
    uint64_t *ids = arena_zero(d->arena, d->touched.count + 1, sizeof *ids);
    size_t n = 0;
    for (size_t i = 0; i < d->touched.count; i++)
        if (d->touched.at[i].kind == EV_offer_made && !d->touched.at[i].removed) made[n++] = d->touched.at[i].row;
    m->counters.offers += n;
    qsort(made, n, sizeof *made, by_framework);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && made[j]->framework == made[i]->framework; j++) ids[j] = made[j]->id;
        tell_offers(m, made[i]->framework, ids + i, j - i, out);
    }
}

void dispatch_events(struct master *m, const struct draft *d, const struct task_before *tasks, const struct instant *at,
                     struct outputs *out) {
    for (size_t i = 0; i < draft_event_count(d); i++) {
        struct event e = draft_event(d, i);
        dispatch_event(m, &e, &tasks[i], at, out);
    }
    addresses_look(m, d, at, out);
    dispatch_offers(m, d, out);
}

void dispatch_notices(struct master *m, const struct draft *d, const struct instant *at, struct outputs *out) {
    (void)at;
    AUTO_ARENA struct arena arena = {0};
    VEC_EACH (n, &d->notices) tell_framework(m, n->framework, mesos_notice(m->state, n, &arena), out);
}

// ---- everything, for one that has just come ----

void dispatch_all_to_agent(struct master *m, uint64_t agent, const struct cmd_agent_hello *hello,
                           const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    for (size_t i = 0; i < hello->attachment_count; i++) {
        const struct attachment_report *r = &hello->attachments[i];
        const struct attachment_row *a = state_attachment(m->state, r->attachment);
        if (!a || a->agent != agent || a->epoch != r->epoch)
            tell_agent(m, agent, agent_unpublish_unknown(r->attachment, r->volume, r->epoch, &arena), at, out);
    }
    const struct id_list *attachments = state_related(m->state, ATTACHMENTS_OF_AGENT, agent);
    VEC_EACH (id, attachments) dispatch_attachment(m, state_attachment(m->state, *id), at, out);
    const struct id_list *tasks = state_related(m->state, TASKS_OF_AGENT, agent);
    VEC_EACH (id, tasks) dispatch_task_work(m, state_task(m->state, *id), at, out);
    for (size_t i = 0; i < hello->task_count; i++) {
        const struct task_row *t = state_task(m->state, hello->tasks[i]);
        if (!t || t->agent != agent || task_state_ended(t->state)) dispatch_kill(m, agent, hello->tasks[i], at, out);
    }
    if (map_count(&m->addresses)) dispatch_addresses(m, agent, at, out); // else they may not have been reported yet
}

void dispatch_all_to_provider(struct master *m, uint64_t provider, const struct instant *at, struct outputs *out) {
    const struct id_list *open = state_related(m->state, OPEN_OPERATIONS_OF_PROVIDER, provider);
    VEC_EACH (id, open) dispatch_operation_work(m, state_operation(m->state, *id), at, out);
}

void dispatch_all_to_framework(struct master *m, uint64_t framework, const struct instant *at, struct outputs *out) {
    (void)at;
    const struct id_list *tasks = state_related(m->state, TASKS_OF_FRAMEWORK, framework);
    VEC_EACH (id, tasks) tell_task(m, state_task(m->state, *id), out);
    const struct id_list *operations = state_related(m->state, OPERATIONS_OF_FRAMEWORK, framework);
    VEC_EACH (id, operations) tell_operation(m, state_operation(m->state, *id), out);
}
