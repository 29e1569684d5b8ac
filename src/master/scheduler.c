// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/scheduler: the Mesos v1 scheduler API. Checks in the order in which Mesos makes them, and answers as it does.
#include "master/engine.h"

#include <strings.h>

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/message.h"
#include "core/framework.h"
#include "master/scheduler.h"

struct mesos_master scheduler_identity(const struct master *m) {
    return (struct mesos_master){.hostname = m->hostname,
                                 .version = m->version,
                                 .ip = m->options.ip,
                                 .port = m->options.port,
                                 .heartbeat_ms = m->options.timing.heartbeat_ms};
}

void scheduler_tell(struct master *m, struct session *s, mesos_event *event, struct outputs *out) {
    if (event->update && !event->update->status->has_timestamp) { // words of the master itself
        event->update->status->has_timestamp = 1;
        event->update->status->timestamp = (double)m->now.ms / 1000;
    }
    struct text *bytes = &m->said;
    text_clear(bytes);
    if (s->binary)
        message_pack(&event->base, bytes);
    else
        json_write(bytes, &event->base, JSON_DEFAULTS);
    out_record(m, out, s->stream, bytes->data, bytes->size);
}

enum media { MEDIA_NONE, MEDIA_JSON, MEDIA_PROTOBUF, MEDIA_OTHER };

// Parameters and case are forgiven: Mesos answers 415 to "; charset=utf-8", which helps nobody.
static enum media media_of(const char *type) {
    if (!type) return MEDIA_NONE;
    if (media_is(type, "application/json")) return MEDIA_JSON;
    return media_is(type, "application/x-protobuf") ? MEDIA_PROTOBUF : MEDIA_OTHER;
}

// What of the two an Accept header admits; JSON is preferred.
static enum media media_accepted(const char *accept) {
    if (!accept || !*accept || strstr(accept, "*/*") || strstr(accept, "application/*")) return MEDIA_JSON;
    if (strcasestr(accept, "application/json")) return MEDIA_JSON;
    if (strcasestr(accept, "application/x-protobuf")) return MEDIA_PROTOBUF;
    return MEDIA_NONE;
}

static struct err *call_read(const struct request *r, struct arena *arena, mesos_call **ret_call) {
    enum media media = media_of(request_header(r, "Content-Type"));
    if (media == MEDIA_NONE) return err_new(ERR_INVALID, "Expecting 'Content-Type' to be present");
    if (media == MEDIA_OTHER)
        return err_new(ERR_MEDIA_TYPE, "Expecting 'Content-Type' of application/json or application/x-protobuf");
    void *call = NULL;
    if (media == MEDIA_JSON)
        TRY(err_wrap(json_read(&mesos__v1__scheduler__call__descriptor, r->body, r->body_size, JSON_LENIENT,
                               &message_limits_default, arena, &call),
                     "Failed to parse body into JSON"));
    else
        TRY(err_wrap(message_unpack(&mesos__v1__scheduler__call__descriptor, r->body, r->body_size, arena, &call),
                     "Failed to parse body into Call protobuf"));
    *ret_call = call;
    return err_wrap(mesos_call_check(call), "Failed to validate scheduler::Call");
}

// ---- SUBSCRIBE ----

static void stream_open(struct master *m, const struct session *s, struct outputs *out) {
    char name[UUID_TEXT];
    uuid_text(s->name, name);
    out_stream_open(m, out, s->stream, s->binary ? "application/x-protobuf" : "application/json", "Mesos-Stream-Id",
                    name);
}

static void subscribe_refuse(struct master *m, const struct request *r, enum media accepted, const char *why,
                             const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    struct session *s = session_open(m, r->exchange, SESSION_FRAMEWORK, 0, at);
    s->binary = accepted == MEDIA_PROTOBUF;
    stream_open(m, s, out);
    scheduler_tell(m, s, mesos_error(why, &arena), out);
    out_stream_end(m, out, r->exchange);
    session_close(m, s, out);
}

// The scheduler that subscribed before under this id is told, and its stream ends.
static void subscribe_replace(struct master *m, uint64_t old_stream, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    struct session *old = session_of(m, old_stream);
    if (!old) return;
    scheduler_tell(m, old, mesos_error("Framework failed over", &arena), out);
    out_stream_end(m, out, old_stream);
    session_close(m, old, out);
}

static void subscribe(struct master *m, const struct request *r, const mesos_call *call, const struct instant *at,
                      struct outputs *out) {
    enum media accepted = media_accepted(request_header(r, "Accept"));
    if (accepted == MEDIA_NONE) {
        out_plain_error(m, out, r->exchange, 406,
                        "Expecting 'Accept' to allow application/json or application/x-protobuf");
        return;
    }
    if (request_header(r, "Mesos-Stream-Id")) {
        out_plain_error(m, out, r->exchange, 400, "Subscribe calls should not include the 'Mesos-Stream-Id' header");
        return;
    }
    AUTO_ARENA struct arena arena = {0};
    struct command c = master_command(CMD_subscribe, at, master_symbol(m, r->principal));
    struct answer answer = {0};
    struct err *e = mesos_subscribe_read(&m->state->symbols, call, &arena, &c.subscribe);
    c.subscribe.session = r->exchange;
    if (!e && c.subscribe.user) master_symbol(m, c.subscribe.user); // of tasks that name none
    const struct framework_row *known =
        !e && c.subscribe.text_id ? state_framework_named(m->state, c.subscribe.text_id) : NULL;
    uint64_t old_stream = known ? known->session : 0;
    struct outputs told = {0}; // what the subscription causes comes after SUBSCRIBED
    if (!e) e = master_run(m, &c, at, &told, &answer);
    if (e) {
        subscribe_refuse(m, r, accepted, err_text(e), at, out);
        err_free(e);
    } else {
        if (old_stream) subscribe_replace(m, old_stream, out);
        struct session *s = session_open(m, r->exchange, SESSION_FRAMEWORK, answer.ids.at[0], at);
        s->binary = accepted == MEDIA_PROTOBUF;
        struct mesos_master identity = scheduler_identity(m);
        stream_open(m, s, out);
        scheduler_tell(m, s, mesos_subscribed(m->state, &identity, state_framework(m->state, s->who), &arena), out);
        scheduler_tell(m, s, mesos_heartbeat(&arena), out);
        dispatch_all_to_framework(m, s->who, at, out);
    }
    outputs_move(out, &told);
    answer_done(&answer);
}

// ---- the other calls ----

static struct err *caller_check(const struct master *m, const struct request *r, const mesos_call *call,
                                const struct framework_row **ret_framework, int *ret_status) {
    const struct framework_row *f = state_framework_named(m->state, call->framework_id->value);
    *ret_status = 400;
    if (!f || f->completed) return err_new(ERR_INVALID, "Framework cannot be found");
    if (!f->session) {
        *ret_status = 403;
        return err_new(ERR_DENIED, "Framework is not subscribed");
    }
    const char *stream = request_header(r, "Mesos-Stream-Id");
    if (!stream) return err_new(ERR_INVALID, "All non-subscribe calls should include the 'Mesos-Stream-Id' header");
    const struct session *s = session_of(m, f->session);
    if (!s || session_named(m, stream) != s)
        return err_new(ERR_INVALID,
                       "The stream ID '%.128s' included in this request didn't match the stream ID currently "
                       "associated with framework ID %s",
                       stream, f->text_id);
    *ret_framework = f;
    return NULL;
}

static void reconcile(struct master *m, const mesos_call *call, const struct framework_row *f, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    mesos_event **events;
    struct session *s = session_of(m, f->session);
    bool operations = call->type == MESOS__V1__SCHEDULER__CALL__TYPE__RECONCILE_OPERATIONS;
    size_t n = (operations ? mesos_reconcile_operations : mesos_reconcile)(m->state, call, f->id, &arena, &events);
    for (size_t i = 0; i < n; i++) scheduler_tell(m, s, events[i], out);
}

static void call_do(struct master *m, const mesos_call *call, const struct framework_row *f, const struct instant *at,
                    struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    AUTO_ERR struct err *full = master_full(m);
    struct command c = master_command(CMD_tick, at, f->principal);
    switch (call->type) {
    case MESOS__V1__SCHEDULER__CALL__TYPE__TEARDOWN:
        c.kind = CMD_teardown;
        c.teardown = (struct cmd_id){.id = f->id};
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__ACCEPT:
        c.kind = CMD_accept;
        mesos_accept_read(&m->state->symbols, call, f->id, &arena, &c.accept);
        if (full) c.accept.refusal = err_text(full);
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__DECLINE:
        c.kind = CMD_decline;
        mesos_decline_read(call, f->id, &arena, &c.decline);
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__REVIVE:
    case MESOS__V1__SCHEDULER__CALL__TYPE__SUPPRESS:
        c.kind = call->type == MESOS__V1__SCHEDULER__CALL__TYPE__REVIVE ? CMD_revive : CMD_suppress;
        mesos_roles_read(&m->state->symbols, call, f->id, &arena, &c.revive);
        if (c.kind == CMD_suppress) c.suppress = c.revive;
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__KILL:
        c.kind = CMD_kill;
        mesos_kill_read(call, f->id, &c.kill);
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__ACKNOWLEDGE:
        c.kind = CMD_acknowledge;
        mesos_acknowledge_read(call, f->id, &c.acknowledge);
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__ACKNOWLEDGE_OPERATION_STATUS:
        c.kind = CMD_acknowledge_operation;
        mesos_acknowledge_read(call, f->id, &c.acknowledge_operation);
        break;
    case MESOS__V1__SCHEDULER__CALL__TYPE__RECONCILE:
    case MESOS__V1__SCHEDULER__CALL__TYPE__RECONCILE_OPERATIONS: reconcile(m, call, f, out); return;
    default: return; // REQUEST, MESSAGE, SHUTDOWN, inverse offers: hints and best effort, with nobody here to hear them
    }
    struct answer answer = {0};
    AUTO_ERR struct err *e = master_run(m, &c, at, out, &answer);
    if (e) out_log(m, out, "%s of framework %s: %s", command_name(c.kind), f->text_id, err_text(e));
    answer_done(&answer);
}

void scheduler_request(struct master *m, const struct request *r, const struct instant *at, struct outputs *out) {
    if (strcmp(r->method, "POST") != 0) {
        out_plain_error(m, out, r->exchange, 405, "Expecting one of { 'POST' }, but received a different method");
        vec_last(&out->list)->header = (struct header_pair){"Allow", "POST"};
        return;
    }
    AUTO_ARENA struct arena arena = {0};
    mesos_call *call = NULL;
    AUTO_ERR struct err *e = call_read(r, &arena, &call);
    if (e) {
        out_plain_error(m, out, r->exchange, err_kind_http(err_kind(e)), err_text(e));
        return;
    }
    if (call->type == MESOS__V1__SCHEDULER__CALL__TYPE__SUBSCRIBE) {
        subscribe(m, r, call, at, out);
        return;
    }
    const struct framework_row *f = NULL;
    int status;
    AUTO_ERR struct err *unknown = caller_check(m, r, call, &f, &status);
    if (unknown) {
        out_plain_error(m, out, r->exchange, status, err_text(unknown));
        return;
    }
    call_do(m, call, f, at, out);
    out_reply(m, out, r->exchange, 202, NULL, "", 0);
}
