// SPDX-License-Identifier: Apache-2.0
// What agents say, read and bounded.
#include "wire/agent_link.h"

#include <stdlib.h>

#include "model/setting.h"
#include "wire/mesos.h"
#include "wire/resources.h"
#include "wire/said.h"
#include "wire/tags.h"

// ---- facts ----

static void identities_done(struct agent_facts *f) {
    VEC_EACH (identity, &f->identities) {
        free(identity->driver);
        free(identity->identity);
    }
    vec_done(&f->identities);
}

static void buses_done(struct agent_facts *f) {
    VEC_EACH (bus, &f->buses) free(bus->drivers);
    vec_done(&f->buses);
}

static void agent_facts_drop(struct shared *self) {
    struct agent_facts *f = (struct agent_facts *)self;
    identities_done(f);
    buses_done(f);
    free(f);
}

// The same in one allocation, ports and tags behind it: facts never change, and there are as many as agents.
static struct agent_facts *facts_pack(const struct agent_facts *read) {
    size_t ports = read->ports.count * sizeof *read->ports.at;
    struct agent_facts *f = mem_zero(1, sizeof *f + ports + tag_set_packed(&read->tags));
    *f = *read;
    f->ports.capacity = f->ports.count;
    f->ports.at = ports ? memcpy(f + 1, read->ports.at, ports) : NULL;
    f->tags = tag_set_pack(&read->tags, (char *)(f + 1) + ports);
    return f;
}

static struct err *buses_take(const Granary__AgentResources *m, struct agent_facts *f) {
    if (m->n_buses > AGENT_BUSES_MOST)
        return err_new(ERR_TOO_LARGE, "attach slots of %zu buses; at most %d are read", m->n_buses, AGENT_BUSES_MOST);
    for (size_t i = 0; i < m->n_buses; i++) {
        TRY(err_wrap(bus_drivers_check(m->buses[i]->drivers), "attach slots"));
        vec_push(&f->buses, ((struct attach_bus){mem_text(m->buses[i]->drivers), m->buses[i]->slots}));
    }
    return NULL;
}

static struct err *resources_take(const Granary__AgentResources *m, struct agent_facts *f) {
    if (!m) return NULL;
    TRY(scalars_read(m, &f->total));
    struct port_set ports = {0};
    TRY(ports_read(m, &ports));
    f->ports.at = ports.at;
    f->ports.count = ports.count;
    f->ports.capacity = ports.capacity;
    f->storage_bandwidth.n = m->storage_bandwidth;
    f->attach_slots = m->attach_slots;
    return buses_take(m, f);
}

static struct err *identities_take(const Granary__AgentReport *m, struct agent_facts *f) {
    if (m->n_identities > AGENT_IDENTITIES_MOST)
        return err_new(ERR_TOO_LARGE, "%zu host identities; at most %d are read", m->n_identities,
                       AGENT_IDENTITIES_MOST);
    for (size_t i = 0; i < m->n_identities; i++) {
        const Granary__HostIdentity *said = m->identities[i];
        TRY(name_check("driver", said->driver));
        if (strnlen(said->identity, SAID_NAME_LONGEST + 1) > SAID_NAME_LONGEST)
            return err_new(ERR_TOO_LARGE, "host identity for driver '%s': longer than %d bytes", said->driver,
                           SAID_NAME_LONGEST);
        vec_push(&f->identities, ((struct host_identity){mem_text(said->driver), mem_text(said->identity)}));
    }
    return NULL;
}

static struct err *facts_take(struct intake *in, const Granary__AgentReport *m, struct agent_facts *f) {
    TRY(tags_read(in, m->tags, m->n_tags, TIER_AGENT, &f->tags));
    TRY(resources_take(m->resources, f));
    return identities_take(m, f);
}

static struct err *facts_read(struct intake *in, const Granary__AgentReport *m, struct agent_facts **ret_facts) {
    struct agent_facts read = {.shared.drop = agent_facts_drop};
    struct err *e = facts_take(in, m, &read);
    struct agent_facts *f = e ? NULL : facts_pack(&read);
    tag_set_done(&read.tags);
    vec_done(&read.ports);
    if (e) {
        identities_done(&read);
        buses_done(&read);
        return e;
    }
    intake_keep(in, &f->shared);
    *ret_facts = f;
    return NULL;
}

struct err *agent_report_read(struct intake *in, const Granary__AgentReport *m, uint64_t agent, uint64_t session,
                              struct cmd_agent_report *ret_command) {
    struct agent_facts *facts;
    TRY(err_wrap(facts_read(in, m, &facts), "report"));
    *ret_command = (struct cmd_agent_report){.agent = agent, .session = session, .facts = facts};
    return NULL;
}

// ---- attachments ----

static struct err *report_read(struct intake *in, const Granary__AttachmentReport *m, struct attachment_report *ret) {
    struct attachment_report r = {
        .attachment = m->attachment_id,
        .volume = m->volume_id,
        .epoch = m->epoch,
        .state = (enum publish_state)m->state,
        .error = said_error(m->error_kind, ERR_IO),
        .message = said_sentence(in, m->message),
        .formatted = m->formatted,
        .format_began = m->format_began,
        .fs_uuid = said_uuid(m->fs_uuid),
        .size = {m->size},
    };
    TRY(said_text(in, "path", m->path, SAID_PATH_LONGEST, &r.path));
    if (r.state == IS_PUBLISH_FAILED && !r.message) r.message = "the agent did not say why";
    *ret = r;
    return NULL;
}

struct err *attachment_report_read(struct intake *in, const Granary__AttachmentReport *m, uint64_t agent,
                                   struct cmd_attachment_report *ret_command) {
    ret_command->agent = agent;
    return err_wrap(report_read(in, m, &ret_command->report), "attachment %llu", (unsigned long long)m->attachment_id);
}

// ---- tasks ----

struct err *task_status_read(struct intake *in, const Granary__TaskStatusReport *m, uint64_t agent,
                             struct cmd_task_status *ret_command) {
    struct cmd_task_status c = {.agent = agent, .task = m->task_number};
    TRY(err_wrap(mesos_status_read(m->status.data, m->status.len, in->arena, &c), "the status of task %llu",
                 (unsigned long long)m->task_number));
    c.message = said_sentence(in, c.message);
    *ret_command = c;
    return NULL;
}

// ---- hello ----

static struct err *hello_lists(struct intake *in, const Granary__AgentHello *m, struct cmd_agent_hello *c) {
    if (m->n_attachments > AGENT_ATTACHMENTS_MOST)
        return err_new(ERR_TOO_LARGE, "%zu attachments; at most %d are read", m->n_attachments, AGENT_ATTACHMENTS_MOST);
    if (m->n_tasks > AGENT_TASKS_MOST)
        return err_new(ERR_TOO_LARGE, "%zu tasks; at most %d are read", m->n_tasks, AGENT_TASKS_MOST);
    struct attachment_report *attachments = arena_zero(in->arena, m->n_attachments + 1, sizeof *attachments);
    for (size_t i = 0; i < m->n_attachments; i++) TRY(report_read(in, m->attachments[i], &attachments[i]));
    c->attachments = attachments;
    c->attachment_count = m->n_attachments;
    c->tasks = m->n_tasks ? arena_copy(in->arena, m->tasks, m->n_tasks * sizeof *m->tasks) : NULL;
    c->task_count = m->n_tasks;
    return NULL;
}

static struct err *hello_read(struct intake *in, const Granary__AgentHello *m, struct cmd_agent_hello *c) {
    TRY(said_text(in, "cluster", m->cluster, SAID_NAME_LONGEST, &c->cluster));
    TRY(said_text(in, "hostname", m->hostname, SAID_NAME_LONGEST, &c->hostname));
    TRY(said_text(in, "address", m->address, SAID_NAME_LONGEST, &c->address));
    TRY(said_text(in, "boot_id", m->boot_id, SAID_NAME_LONGEST, &c->boot_id));
    if (m->has_secret) TRY(said_blob(in, "secret", &m->secret, SAID_SECRET_LONGEST, &c->secret));
    if (m->report) TRY(facts_read(in, m->report, &c->facts));
    return hello_lists(in, m, c);
}

struct err *agent_hello_read(struct intake *in, const Granary__AgentHello *m, uint64_t session,
                             struct cmd_agent_hello *ret_command) {
    TRY(name_check("agent", m->name));
    struct cmd_agent_hello c = {
        .name = arena_text(in->arena, m->name), .session = session, .highest_seen = m->highest_seen};
    TRY(err_wrap(hello_read(in, m, &c), "agent '%s'", m->name));
    *ret_command = c;
    return NULL;
}
