// SPDX-License-Identifier: Apache-2.0
// Agents come, fall silent, return.
#include "core/agent.h"

#include "core/agent_reservation.h"
#include "core/allocator.h"
#include "core/attachment.h"
#include "core/task.h"
#include "core/warning.h"

static struct err *hello_check(const struct agent_row *known, const struct cmd_agent_hello *c) {
    TRY(name_check("agent", c->name));
    if (known && known->secret && !blob_equal(known->secret, c->secret))
        return err_new(
            ERR_DENIED,
            "agent '%s': another agent registered under this name (its secret differs); choose another name, or "
            "remove the old one with 'granary agent remove'",
            c->name);
    return NULL;
}

struct err *registry_check(const struct state *s, const char *who, const char *cluster, uint64_t highest_seen) {
    char own[UUID_TEXT];
    uuid_text(s->cluster.id, own);
    if (cluster && strcmp(cluster, own) != 0)
        return err_new(ERR_CONFLICT,
                       "%s belongs to cluster '%s' and this master's is '%s': start it with the address of its own "
                       "master, or with a directory of its own to join here",
                       who, cluster, own);
    if (highest_seen <= s->seq) return NULL;
    return err_new(
        ERR_CONFLICT,
        "%s was told of entry %llu and this registry ends at %llu: it is an older copy. Put the newer one back, or "
        "start the master once with --restored to go on from this one",
        who, (unsigned long long)highest_seen, (unsigned long long)s->seq);
}

static const struct attachment_report *report_of(const struct cmd_agent_hello *c, uint64_t attachment) {
    for (size_t i = 0; i < c->attachment_count; i++)
        if (c->attachments[i].attachment == attachment) return &c->attachments[i];
    return NULL;
}

// What the agent has and the registry does not know, or knows under a later epoch: to be undone.
static uint32_t hello_unclean(const struct draft *d, uint64_t agent, const struct cmd_agent_hello *c) {
    uint32_t unclean = 0;
    for (size_t i = 0; i < c->attachment_count; i++) {
        const struct attachment_row *a = draft_attachment(d, c->attachments[i].attachment);
        unclean += !a || a->agent != agent || a->epoch != c->attachments[i].epoch;
    }
    return unclean;
}

static bool volumes_there(const struct draft *d, const struct task_row *t) {
    const struct task_volume *volumes = blob_items(t->volumes, struct task_volume);
    for (size_t i = 0; i < blob_count(t->volumes, struct task_volume); i++) {
        const struct attachment_row *a = attachment_on(d, volumes[i].volume, t->agent);
        if (!a || a->state != ATTACHMENT_IN_USE) return false;
    }
    return true;
}

// It was to be launched with volumes that are not there any more: it waits for them again.
static void task_wait_again(struct draft *d, uint64_t task) {
    struct task_row *t = edit_task(d, task, EV_task_added);
    t->launched = false;
    t->wait_until = (struct mono){d->now.mono.ms + CLASS_LAUNCH_WAIT};
    task_advance(d, task);
}

// Its tasks: those it does not know any more have ended with it, unless they were never begun there.
static void hello_tasks(struct draft *d, uint64_t agent, const struct cmd_agent_hello *c) {
    struct id_list tasks = draft_related(d, TASKS_OF_AGENT, agent);
    struct map known = {0};
    for (size_t i = 0; i < c->task_count; i++) map_put(&known, c->tasks[i], NULL);
    VEC_EACH (id, &tasks) {
        const struct task_row *t = draft_task(d, *id);
        bool begun = t->launched && t->state != TASK_STAGING;
        if (map_find(&known, *id)) continue;
        if (begun)
            task_say(d, *id, TASK_LOST, REASON_AGENT_RESTARTED, "its agent came back without it");
        else if (t->launched && !t->kill_wanted && !volumes_there(d, t))
            task_wait_again(d, *id);
    }
    map_done(&known);
}

struct err *decide_agent_hello(struct draft *d, const struct cmd_agent_hello *c, struct answer *ret_answer) {
    const struct agent_row *known = state_agent_named(d->state, c->name);
    TRY(hello_check(known, c));
    TRY(registry_check(d->state, arena_format(d->arena, "agent '%s'", c->name), c->cluster, c->highest_seen));
    bool rebooted = known && known->boot_id && c->boot_id && strcmp(known->boot_id, c->boot_id) != 0;
    bool changed = !known || known->state == AGENT_IS_LOST || !text_equal(known->boot_id, c->boot_id);
    struct agent_row *a = known ? edit_agent(d, known->id, changed ? EV_agent_returned : EV_agent_connected)
                                : draft_add(d, NOUN_AGENT, EV_agent_added);
    a->name = c->name;
    a->hostname = c->hostname;
    a->address = c->address;
    a->boot_id = c->boot_id;
    a->secret = c->secret;
    a->session = c->session;
    a->heard = d->now.mono;
    a->since = d->now.wall;
    a->facts = c->facts;
    a->unclean = hello_unclean(d, a->id, c);
    a->state = AGENT_IS_QUARANTINED;
    uint64_t agent = a->id;
    rescind_offers_of_agent(d, agent); // of a session that is still open: they were true of the old facts
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_AGENT, agent);
    VEC_EACH (id, &attachments) attachment_returned(d, *id, report_of(c, *id), rebooted);
    hello_tasks(d, agent, c);
    agent_settle(d, agent);
    warnings_of_agent(d, agent);
    vec_push(&ret_answer->ids, agent);
    return NULL;
}

void agent_settle(struct draft *d, uint64_t agent) {
    const struct agent_row *old = draft_agent(d, agent);
    if (!old || old->state != AGENT_IS_QUARANTINED || !old->session || old->unclean) return;
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_AGENT, agent);
    VEC_EACH (id, &attachments) {
        if (draft_attachment(d, *id)->state == ATTACHMENT_STRANDED) return;
    }
    struct agent_row *a = edit_agent(d, agent, EV_agent_active);
    a->state = AGENT_IS_ACTIVE;
    a->since = d->now.wall;
    struct id_list tasks = draft_related(d, TASKS_OF_AGENT, agent); // those that waited for it
    VEC_EACH (id, &tasks) task_advance(d, *id);
}

void decide_agent_report(struct draft *d, const struct cmd_agent_report *c) {
    const struct agent_row *old = draft_agent(d, c->agent);
    if (!old || old->session != c->session) return;
    struct agent_row *a = edit_agent(d, c->agent, EV_agent_reported);
    a->facts = c->facts;
    a->heard = d->now.mono;
    rescind_offers_of_agent(d, c->agent); // what was offered was true of the old facts
    warnings_of_agent(d, c->agent);
}

void decide_agent_heard(struct draft *d, const struct cmd_session *c) {
    const struct agent_row *old = draft_agent(d, c->who);
    if (!old || old->session != c->session) return;
    struct agent_row *a = edit_agent(d, c->who, EV_agent_heard);
    a->heard = d->now.mono;
    if (c->highest_seen > a->highest_seen) a->highest_seen = c->highest_seen;
}

void decide_agent_gone(struct draft *d, const struct cmd_session *c) {
    const struct agent_row *old = draft_agent(d, c->who);
    if (!old || old->session != c->session) return;
    rescind_offers_of_agent(d, c->who);
    struct agent_row *a = edit_agent(d, c->who, EV_agent_away);
    a->session = 0;
    if (a->state == AGENT_IS_LOST) return;
    a->state = AGENT_IS_AWAY;
    a->since = d->now.wall;
}

void agent_lost(struct draft *d, uint64_t agent) {
    rescind_offers_of_agent(d, agent);
    struct agent_row *a = edit_agent(d, agent, EV_agent_lost);
    a->state = AGENT_IS_LOST;
    a->session = 0;
    a->since = d->now.wall;
    struct id_list tasks = draft_related(d, TASKS_OF_AGENT, agent);
    VEC_EACH (id, &tasks) task_agent_lost(d, *id);
    struct id_list attachments = draft_related(d, ATTACHMENTS_OF_AGENT, agent);
    VEC_EACH (id, &attachments) attachment_strand(d, *id);
}

void decide_attachment_report(struct draft *d, const struct cmd_attachment_report *c) {
    const struct attachment_row *known = draft_attachment(d, c->report.attachment);
    bool ours = known && known->agent == c->agent && known->epoch == c->report.epoch;
    if (ours) {
        attachment_reported(d, known->id, &c->report);
    } else if (c->report.state == IS_UNPUBLISHED || c->report.state == IS_PUBLISH_FAILED) {
        const struct agent_row *old = draft_agent(d, c->agent);
        if (old && old->unclean) edit_agent(d, c->agent, EV_agent_quarantined)->unclean--;
    }
    agent_settle(d, c->agent);
}

void decide_task_status(struct draft *d, const struct cmd_task_status *c) {
    const struct task_row *t = draft_task(d, c->task);
    if (t && t->agent == c->agent) task_status(d, c->task, c);
}

struct err *decide_agent_remove(struct draft *d, const char *name) {
    const struct agent_row *a = state_agent_named(d->state, name);
    if (!a) return err_new(ERR_NOT_FOUND, "agent '%s': there is none of that name", name);
    if (a->session) return err_new(ERR_CONFLICT, "agent '%s': it is connected; stop it first", name);
    if (draft_related(d, ATTACHMENTS_OF_AGENT, a->id).count)
        return err_new(ERR_CONFLICT, "agent '%s': volumes are attached to it; it may still write to them", name);
    struct id_list tasks = draft_related(d, TASKS_OF_AGENT, a->id);
    VEC_EACH (id, &tasks) task_say(d, *id, TASK_LOST, REASON_AGENT_REMOVED, "its agent was removed");
    agent_reservations_end(d, a->id);
    draft_remove(d, NOUN_AGENT, a->id, EV_agent_removed);
    return NULL;
}
