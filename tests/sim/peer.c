// SPDX-License-Identifier: Apache-2.0
// The client's end of a link session: hello, stream, posts one at a time, everything unseen said again.
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/message.h"

static const char protobuf[] = "application/x-protobuf";

static void peer_post(struct peer *p);

static void peer_envelope(struct peer *p, const Granary__Envelope *e) {
    struct mono now = {p->sim->now};
    if (e->has_seen) link_seen(&p->link, e->seen, now);
    bool welcome = (e->to_agent && e->to_agent->welcome) || (e->to_provider && e->to_provider->welcome);
    if (welcome) {
        p->welcomed = true;
        const char *session = e->to_agent ? e->to_agent->welcome->session : e->to_provider->welcome->session;
        snprintf(p->channel.name, sizeof p->channel.name, "%s", session);
        p->welcome(p->node, e);
        return;
    }
    if (e->has_number && link_hear(&p->link, e->number) != LINK_NEW) return;
    if (p->welcomed) p->message(p->node, e);
}

static void peer_record(struct sim *s, void *arg, const char *bytes, size_t size) {
    struct peer *p = arg;
    struct recordio *reader = &p->channel.reader;
    reader->longest = 8 << 20;
    recordio_feed(reader, bytes, size);
    const char *record;
    size_t length;
    struct err *e = recordio_next(reader, &record, &length);
    if (e || !record) sim_fail(s, "a chunk that is not one record: %s", e ? err_text(e) : "a part");
    AUTO_ARENA struct arena arena = {0};
    void *envelope;
    e = message_unpack(&granary__envelope__descriptor, record, length, &arena, &envelope);
    if (e) sim_fail(s, "a record of the master: %s", err_text(e));
    peer_envelope(p, envelope);
}

static void peer_closed(struct sim *s, void *arg) {
    (void)s;
    struct peer *p = arg;
    peer_end(p);
    p->closed(p->node);
}

static void peer_opened(struct sim *s, void *arg, int status, const char *body, size_t size) {
    struct peer *p = arg;
    if (status == 200) return; // the welcome follows
    if (status >= 400) sim_fail(s, "hello of %s: %d %.*s", p->path, status, (int)size, body);
    peer_closed(s, p);
}

void peer_end(struct peer *p) {
    link_done(&p->link);
    text_clear(&p->beats);
    recordio_done(&p->channel.reader);
    p->channel.exchange = 0;
    p->channel.life++;
    p->welcomed = p->posting = p->again = false;
}

void peer_done(struct peer *p) {
    peer_end(p);
    text_done(&p->beats);
}

void peer_open(struct peer *p, const ProtobufCMessage *hello) {
    peer_end(p);
    p->channel.lossy = true;
    p->channel.record = peer_record;
    p->channel.opened = peer_opened;
    p->channel.closed = peer_closed;
    p->channel.arg = p;
    AUTO_TEXT struct text bytes = {0};
    message_pack(hello, &bytes);
    sim_open(p->sim, &p->channel, p->path, protobuf, bytes.data, bytes.size);
}

struct post {
    struct peer *peer;
    uint32_t life;
};

static void peer_answered(struct sim *s, void *arg, int status, const char *body, size_t size) {
    struct post *post = arg;
    struct peer *p = post->peer;
    bool mine = post->life == p->channel.life;
    free(post);
    if (!mine) return;
    p->posting = false;
    if (status == 410) {
        sim_break(s, &p->channel);
        return;
    }
    if (status == 200) {
        AUTO_ARENA struct arena arena = {0};
        void *envelope;
        struct err *e = message_unpack(&granary__envelope__descriptor, body, size, &arena, &envelope);
        if (e) sim_fail(s, "answer to a post: %s", err_text(e));
        peer_envelope(p, envelope);
    }
    if (p->again || p->link.waiting.count || p->beats.size) peer_post(p);
}

static void envelope_take(Granary__EnvelopeList *list, const void *bytes, size_t size, struct arena *arena) {
    void *envelope;
    struct err *e = message_unpack(&granary__envelope__descriptor, bytes, size, arena, &envelope);
    must(!e);
    list->envelopes[list->n_envelopes++] = envelope;
}

static void peer_post(struct peer *p) {
    if (!p->welcomed) return;
    if (p->posting) {
        p->again = true;
        return;
    }
    AUTO_ARENA struct arena arena = {0};
    Granary__EnvelopeList list = GRANARY__ENVELOPE_LIST__INIT;
    list.envelopes = arena_zero(&arena, p->link.waiting.count + p->beats.size / 4 + 1, sizeof *list.envelopes);
    VEC_EACH (item, &p->link.waiting) envelope_take(&list, item->bytes, item->size, &arena);
    for (size_t at = 0; at < p->beats.size;) {
        uint32_t size;
        memcpy(&size, p->beats.data + at, sizeof size);
        envelope_take(&list, p->beats.data + at + sizeof size, size, &arena);
        at += sizeof size + size;
    }
    for (size_t i = 0; i < list.n_envelopes; i++) {
        list.envelopes[i]->has_seen = 1;
        list.envelopes[i]->seen = p->link.seen;
    }
    text_clear(&p->beats);
    p->again = false;
    p->posting = true;
    AUTO_TEXT struct text bytes = {0};
    message_pack(&list.base, &bytes);
    struct post *post = NEW(struct post);
    *post = (struct post){p, p->channel.life};
    AUTO_FREE char *path = mem_format("%s/%s", p->path, p->channel.name);
    sim_post(p->sim, "POST", path, protobuf, NULL, bytes.data, bytes.size, (struct answer_to){peer_answered, post});
}

void peer_say(struct peer *p, Granary__Envelope *e, bool numbered) {
    bool room = true;
    AUTO_TEXT struct text bytes = {0};
    if (numbered) {
        e->has_number = 1;
        e->number = p->link.last_sent + 1;
    }
    message_pack(&e->base, &bytes);
    if (numbered) {
        link_say(&p->link, bytes.data, bytes.size, (struct mono){p->sim->now}, &room);
        must(room);
    } else {
        uint32_t size = (uint32_t)bytes.size;
        text_add_n(&p->beats, &size, sizeof size);
        text_add_n(&p->beats, bytes.data, bytes.size);
    }
    peer_post(p);
}
