// SPDX-License-Identifier: Apache-2.0
// Open streams: whose they are, under which name their other half posts, and their heartbeats.
#include "master/engine.h"

#include <stdlib.h>
#include <string.h>

#include "codec/message.h"
#include "granary_link.pb-c.h"

// A name that cannot be guessed from others: from the instant's entropy and the stream's number.
static struct uuid session_uuid(uint64_t stream, const struct instant *at) {
    uint64_t words[2];
    memcpy(words, at->entropy, sizeof words);
    words[0] = hash_u64(words[0] ^ hash_u64(stream));
    words[1] = hash_u64(words[1] + hash_u64(words[0]));
    unsigned char bytes[16];
    memcpy(bytes, words, sizeof bytes);
    return uuid_from_entropy(bytes);
}

static uint64_t name_key(struct uuid name) {
    uint64_t key;
    memcpy(&key, name.bytes, sizeof key);
    return key;
}

struct session *session_open(struct master *m, uint64_t stream, enum session_kind kind, uint64_t who,
                             const struct instant *at) {
    struct uuid name = session_uuid(stream, at);
    for (uint64_t salt = stream; map_find(&m->session_names, name_key(name));)
        name = session_uuid(salt = ~hash_u64(salt), at);
    struct session *s = NEW(struct session);
    *s = (struct session){.stream = stream, .kind = kind & 0xff, .who = who, .name = name};
    map_put(&m->sessions, stream, NULL)->p = s;
    map_put(&m->session_names, name_key(name), NULL)->p = s;
    return s;
}

struct session *session_of(const struct master *m, uint64_t stream) {
    return map_get(&m->sessions, stream);
}
struct session *session_named(const struct master *m, const char *name) {
    struct uuid wanted;
    if (!uuid_parse(name, &wanted)) return NULL;
    struct session *s = map_get(&m->session_names, name_key(wanted));
    return s && uuid_equal(s->name, wanted) ? s : NULL;
}

void session_close(struct master *m, struct session *s, struct outputs *out) {
    if (!s) return;
    if (s->kind == SESSION_AGENT) task_outputs_away(m, s->stream, out);
    map_remove(&m->sessions, s->stream);
    map_remove(&m->session_names, name_key(s->name));
    link_done(&s->link);
    vec_done(&s->listed);
    free(s);
}

// Heartbeats carry no number: one that is lost is followed by the next.
static void beat_link(struct master *m, struct session *s, struct outputs *out) {
    Granary__Heartbeat beat = GRANARY__HEARTBEAT__INIT;
    Granary__ToAgent agent = GRANARY__TO_AGENT__INIT;
    Granary__ToProvider provider = GRANARY__TO_PROVIDER__INIT;
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    beat.has_seq = 1;
    beat.seq = m->durable;
    agent.heartbeat = provider.heartbeat = &beat;
    if (s->kind == SESSION_AGENT)
        envelope.to_agent = &agent;
    else
        envelope.to_provider = &provider;
    envelope.has_seen = 1;
    envelope.seen = s->link.seen;
    AUTO_TEXT struct text bytes = {0};
    message_pack(&envelope.base, &bytes);
    out_record(m, out, s->stream, bytes.data, bytes.size);
}

static void resend_link(struct master *m, struct session *s, const struct instant *at, struct outputs *out) {
    if (!link_resend_due(&s->link, at->now.mono)) return;
    VEC_EACH (item, &s->link.waiting) out_record(m, out, s->stream, item->bytes, item->size);
}

void sessions_beat(struct master *m, const struct instant *at, struct outputs *out) {
    static const char heartbeat[] = "{\"type\":\"HEARTBEAT\"}", comment[] = ": still here\n\n";
    MAP_EACH (entry, &m->sessions) {
        struct session *s = entry->value.p;
        switch (s->kind) {
        case SESSION_AGENT:
        case SESSION_PROVIDER:
            resend_link(m, s, at, out);
            beat_link(m, s, out);
            break;
        case SESSION_FRAMEWORK: out_record(m, out, s->stream, heartbeat, sizeof heartbeat - 1); break;
        case SESSION_EVENTS: out_bytes(m, out, s->stream, comment, sizeof comment - 1); break;
        }
    }
}

void master_stream_gone(struct master *m, uint64_t stream, const struct instant *at, struct outputs *out) {
    struct session *s = session_of(m, stream);
    task_output_gone(m, stream);
    if (!s) return;
    enum session_kind kind = s->kind;
    uint64_t who = s->who;
    session_close(m, s, out);
    struct command c;
    switch (kind) {
    case SESSION_AGENT:
        c = master_command(CMD_agent_gone, at, (symbol){0});
        c.agent_gone = (struct cmd_session){.who = who, .session = stream};
        break;
    case SESSION_PROVIDER:
        c = master_command(CMD_provider_gone, at, (symbol){0});
        c.provider_gone = (struct cmd_session){.who = who, .session = stream};
        break;
    case SESSION_FRAMEWORK:
        c = master_command(CMD_framework_gone, at, (symbol){0});
        c.framework_gone = (struct cmd_id){.id = who, .session = stream};
        break;
    default: return;
    }
    master_do(m, &c, at, out);
}
