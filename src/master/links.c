// SPDX-License-Identifier: Apache-2.0
// /link/v1: sessions of agents and providers. A hello opens the stream on which the master speaks; what the other end says
// comes as posts under the session's name, each answered when it is durable.
#include "master/engine.h"

#include "codec/message.h"
#include "granary_link.pb-c.h"
#include "wire/provider_link.h"
#include "wire/said.h"

enum { LISTED_MOST = 4 << 20 }; // volumes in a provider's list
static const char protobuf[] = "application/x-protobuf";

static struct intake link_intake(struct master *m, struct arena *arena, const struct instant *at) {
    return (struct intake){.symbols = &m->state->symbols, .arena = arena, .now = at->now};
}

static void welcome_tell(struct master *m, const struct session *s, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    char name[UUID_TEXT];
    uuid_text(s->name, name);
    struct session_terms terms = {.session = name, .who = s->who, .seq = m->state->seq};
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    if (s->kind == SESSION_AGENT)
        envelope.to_agent = agent_welcome(m->state, &terms, &arena);
    else
        envelope.to_provider = provider_welcome(m->state, &terms, &arena);
    AUTO_TEXT struct text bytes = {0};
    message_pack(&envelope.base, &bytes);
    out_record(m, out, s->stream, bytes.data, bytes.size);
}

// The stream it had before this hello, if any, is not its any more.
static void replace_session(struct master *m, uint64_t old_stream, struct outputs *out) {
    struct session *old = old_stream ? session_of(m, old_stream) : NULL;
    if (!old) return;
    out_stream_end(m, out, old_stream);
    session_close(m, old, out);
}

static struct err *agent_hello(struct master *m, const struct request *r, struct intake *in, const struct instant *at,
                               struct outputs *out) {
    void *unpacked;
    TRY(err_wrap(message_unpack(&granary__agent_hello__descriptor, r->body, r->body_size, in->arena, &unpacked),
                 "hello of an agent"));
    struct command c = master_command(CMD_agent_hello, at, master_symbol(m, r->principal));
    TRY(agent_hello_read(in, unpacked, r->exchange, &c.agent_hello));
    const struct agent_row *known = state_agent_named(m->state, c.agent_hello.name);
    uint64_t old_stream = known ? known->session : 0;
    struct outputs told = {0};
    struct answer answer = {0};
    struct err *e = master_run(m, &c, at, &told, &answer);
    if (!e) {
        replace_session(m, old_stream, out);
        struct session *s = session_open(m, r->exchange, SESSION_AGENT, answer.ids.at[0], at);
        out_stream_open(m, out, r->exchange, protobuf, NULL, NULL);
        welcome_tell(m, s, out);
        dispatch_all_to_agent(m, s->who, &c.agent_hello, at, &told);
    }
    outputs_move(out, &told); // what the hello caused comes behind the welcome
    answer_done(&answer);
    return e;
}

static struct err *provider_tiers(struct master *m, struct intake *in, const Granary__ProviderHello *hello,
                                  uint64_t provider, const struct request *r, const struct instant *at,
                                  struct outputs *out) {
    if (!hello->tiers) return NULL;
    struct command report = master_command(CMD_provider_report, at, (symbol){0});
    TRY(tier_report_read(in, hello->tiers, provider, r->exchange, &report.provider_report));
    struct answer none = {0};
    struct err *e = master_run(m, &report, at, out, &none);
    answer_done(&none);
    return e;
}

static struct err *provider_hello(struct master *m, const struct request *r, struct intake *in,
                                  const struct instant *at, struct outputs *out) {
    void *unpacked;
    TRY(err_wrap(message_unpack(&granary__provider_hello__descriptor, r->body, r->body_size, in->arena, &unpacked),
                 "hello of a provider"));
    struct command c = master_command(CMD_provider_hello, at, master_symbol(m, r->principal));
    TRY(provider_hello_read(in, unpacked, r->exchange, &c.provider_hello));
    const struct provider_row *known = state_provider_named(m->state, c.provider_hello.name);
    uint64_t old_stream = known ? known->session : 0;
    struct outputs told = {0};
    struct answer answer = {0};
    struct err *e = master_run(m, &c, at, &told, &answer);
    uint64_t provider = e ? 0 : answer.ids.at[0];
    answer_done(&answer);
    if (!e) e = provider_tiers(m, in, unpacked, provider, r, at, &told);
    if (!e) {
        replace_session(m, old_stream, out);
        struct session *s = session_open(m, r->exchange, SESSION_PROVIDER, provider, at);
        out_stream_open(m, out, r->exchange, protobuf, NULL, NULL);
        welcome_tell(m, s, out);
        dispatch_all_to_provider(m, provider, at, &told);
    } else if (provider) {
        struct command gone = master_command(CMD_provider_gone, at, (symbol){0});
        gone.provider_gone = (struct cmd_session){.who = provider, .session = r->exchange};
        master_do(m, &gone, at, &told);
    }
    outputs_move(out, &told); // what the hello caused comes behind the welcome
    return e;
}

// ---- posts ----

static void task_status_take(struct master *m, const struct command *c, const struct instant *at, struct outputs *out) {
    master_do(m, c, at, out);
    const struct cmd_task_status *s = &c->task_status;
    const struct task_row *t = state_task(m->state, s->task);
    bool waits = t && t->update_uuid && s->uuid && memcmp(t->update_uuid->bytes, s->uuid->bytes, 16) == 0;
    // Nobody will acknowledge it any more (or did already): the agent may forget it.
    if (!waits && s->uuid) dispatch_status_ack(m, s->agent, s->task, s->uuid->bytes, at, out);
}

static struct err *from_agent(struct master *m, const struct session *s, struct intake *in, const Granary__FromAgent *f,
                              const struct instant *at, struct outputs *out) {
    struct command c = master_command(CMD_agent_heard, at, (symbol){0});
    if (f->attachment) {
        c.kind = CMD_attachment_report;
        TRY(attachment_report_read(in, f->attachment, s->who, &c.attachment_report));
        master_do(m, &c, at, out);
    }
    if (f->status) {
        c.kind = CMD_task_status;
        TRY(task_status_read(in, f->status, s->who, &c.task_status));
        task_status_take(m, &c, at, out);
    }
    if (f->report) {
        c.kind = CMD_agent_report;
        TRY(agent_report_read(in, f->report, s->who, s->stream, &c.agent_report));
        master_do(m, &c, at, out);
    }
    if (f->printed) task_output_answer(m, s, f->printed, out);
    if (f->heartbeat) {
        c.kind = CMD_agent_heard;
        c.agent_heard = (struct cmd_session){.who = s->who, .session = s->stream, .highest_seen = f->heartbeat->seq};
        master_do(m, &c, at, out);
    }
    return NULL;
}

// A list that is too long is forgotten whole: a part of it would say that the rest is not there.
static struct err *objects_end(struct master *m, struct session *s, const struct instant *at, struct outputs *out) {
    AUTO_FREE struct uuid *volumes = s->listed.at; // the session may end by what follows
    struct command c = master_command(CMD_provider_objects, at, (symbol){0});
    c.provider_objects = (struct cmd_provider_objects){.provider = s->who,
                                                       .session = s->stream,
                                                       .volumes = volumes,
                                                       .volume_count = s->listed.count,
                                                       .foreign = s->foreign};
    memset(&s->listed, 0, sizeof s->listed);
    s->foreign = 0;
    if (c.provider_objects.volume_count > LISTED_MOST)
        return err_new(ERR_TOO_LARGE, "objects: more than %d volumes; the list is not read", LISTED_MOST);
    master_do(m, &c, at, out);
    return NULL;
}

static struct err *objects_take(struct master *m, struct session *s, const Granary__ObjectList *part,
                                const struct instant *at, struct outputs *out) {
    const struct uuid *volumes;
    size_t count;
    TRY(object_list_read(part, &volumes, &count));
    for (size_t i = 0; i < count && s->listed.count <= LISTED_MOST; i++) vec_push(&s->listed, volumes[i]);
    s->foreign += part->foreign;
    return part->more ? NULL : objects_end(m, s, at, out);
}

static struct err *from_provider(struct master *m, struct session *s, struct intake *in, const Granary__FromProvider *f,
                                 const struct instant *at, struct outputs *out) {
    struct command c = master_command(CMD_provider_heard, at, (symbol){0});
    if (f->result) {
        c.kind = CMD_provider_result;
        TRY(provider_result_read(in, f->result, s->who, &c.provider_result));
        master_do(m, &c, at, out);
    }
    if (f->tiers) {
        c.kind = CMD_provider_report;
        TRY(tier_report_read(in, f->tiers, s->who, s->stream, &c.provider_report));
        master_do(m, &c, at, out);
    }
    if (f->objects) TRY(objects_take(m, s, f->objects, at, out));
    if (f->heartbeat) {
        c.kind = CMD_provider_heard;
        c.provider_heard = (struct cmd_session){.who = s->who, .session = s->stream, .highest_seen = f->heartbeat->seq};
        master_do(m, &c, at, out);
    }
    return NULL;
}

// One message. What it causes may end the very session it came by: the session is looked up again by its stream each time.
static struct err *envelope_take(struct master *m, uint64_t stream, struct intake *in, const Granary__Envelope *e,
                                 const struct instant *at, struct outputs *out) {
    struct session *s = session_of(m, stream);
    if (!s) return NULL;
    if (e->has_seen) link_seen(&s->link, e->seen, at->now.mono);
    if (e->has_number && link_hear(&s->link, e->number) != LINK_NEW) return NULL;
    if (e->from_agent && s->kind == SESSION_AGENT) return from_agent(m, s, in, e->from_agent, at, out);
    if (e->from_provider && s->kind == SESSION_PROVIDER) return from_provider(m, s, in, e->from_provider, at, out);
    return NULL;
}

static struct err *post_take(struct master *m, const struct request *r, struct session *s, struct intake *in,
                             const struct instant *at, struct outputs *out) {
    void *unpacked;
    TRY(message_unpack(&granary__envelope_list__descriptor, r->body, r->body_size, in->arena, &unpacked));
    const Granary__EnvelopeList *list = unpacked;
    uint64_t stream = s->stream;
    for (size_t i = 0; i < list->n_envelopes; i++) {
        AUTO_ERR struct err *e = envelope_take(m, stream, in, list->envelopes[i], at, out);
        // A message that cannot be read is not read again: it is logged, and what follows goes on.
        if (e) out_log(m, out, "link: %s", err_text(e));
    }
    return NULL;
}

static void post_answer(struct master *m, const struct request *r, uint64_t stream, struct outputs *out) {
    struct session *s = session_of(m, stream);
    if (!s) {
        out_plain_error(m, out, r->exchange, 410, "the session has ended; connect again");
        return;
    }
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    envelope.has_seen = 1;
    envelope.seen = s->link.seen;
    AUTO_TEXT struct text body = {0};
    message_pack(&envelope.base, &body);
    out_reply(m, out, r->exchange, 200, protobuf, body.data, body.size);
}

void links_request(struct master *m, const struct request *r, const char *const *parts, const struct instant *at,
                   struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    struct intake in = link_intake(m, &arena, at);
    bool agent = strcmp(parts[2], "agent") == 0;
    struct err *e = NULL;
    if (!parts[3]) {
        e = (agent ? agent_hello : provider_hello)(m, r, &in, at, out);
        if (e) out_log(m, out, "hello refused: %s", err_text(e));
    } else {
        struct session *s = session_named(m, parts[3]);
        uint64_t stream = s ? s->stream : 0;
        if (s && s->kind == (agent ? SESSION_AGENT : SESSION_PROVIDER)) e = post_take(m, r, s, &in, at, out);
        if (!e) post_answer(m, r, stream, out);
    }
    if (e) {
        out_plain_error(m, out, r->exchange, err_kind_http(err_kind(e)), err_text(e));
        err_free(e);
    }
    intake_done(&in);
}
