// SPDX-License-Identifier: Apache-2.0
// One session at a time: a stream to hear by, posts to speak by, and pauses between sessions that grow while they fail.
#include "daemon/link.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/message.h"
#include "codec/recordio.h"
#include "codec/varint.h"
#include "link/link.h"
#include "net/http_client.h"
#include "sys/file.h"

enum {
    PAUSE_LEAST_MS = 200,
    PAUSE_MOST_MS = 5000,
    OPEN_MS = 30000, // for the hello's answer
    POST_MS = 10000, // for a post's
    WATCH_MS = 250,  // how often silence and resending are looked at
    SEEN_MS = 50,    // how long an acknowledgement waits for company
    POST_BYTES = 4 << 20,
    POST_FAILURES_MOST = 5,
    RECORD_LONGEST = 64 << 20,
    REFUSAL_LONGEST = 2048
};

enum link_state { LINK_PAUSED, LINK_WANTED, LINK_OPENING, LINK_OPEN };

struct link_client {
    struct loop *loop;
    struct http_client *http;
    char *kind, *authorization;
    const struct link_client_events *events;
    void *arg;
    enum link_state state;
    struct http_call *stream, *post;
    struct recordio records;
    struct link link;
    char *path;        // where this session's posts go
    uint64_t posted;   // numbers through this one are on their way
    struct text loose; // unnumbered envelopes, as items of a list
    bool seen_owed;
    bool overflowed; // more waits than the other end will ever hear
    unsigned failures, post_failures;
    int status; // of the stream
    struct text refusal;
    struct mono heard_at;
    int64_t lost_ms;
    struct loop_timer *pause, *watch, *flush;
};

// ---- sessions ----

static void session_close(struct link_client *c) {
    http_call_cancel(mem_take(c->stream));
    http_call_cancel(mem_take(c->post));
    loop_timer_stop(c->watch);
    loop_timer_stop(c->flush);
    recordio_done(&c->records);
    link_done(&c->link);
    text_clear(&c->loose);
    text_clear(&c->refusal);
    free(mem_take(c->path));
    c->posted = 0;
    c->seen_owed = c->overflowed = false;
    c->post_failures = 0;
    c->status = 0;
}

// The same hosts should not come back in step: a quarter of the pause is by chance.
static int64_t pause_ms(struct link_client *c) {
    int64_t ms = (int64_t)PAUSE_LEAST_MS << (c->failures < 8 ? c->failures : 8);
    if (ms > PAUSE_MOST_MS) ms = PAUSE_MOST_MS;
    c->failures++;
    unsigned char chance;
    entropy_fill(&chance, 1);
    return ms - ms / 4 + ms / 2 * chance / 255;
}

static void session_pause(struct link_client *c) {
    session_close(c);
    c->state = LINK_PAUSED;
    loop_timer_set(c->pause, pause_ms(c));
}

static void session_end(struct link_client *c, const char *why) {
    AUTO_FREE char *words = mem_text(why); // may be of what is closed now
    session_pause(c);
    c->events->ended(words, c->arg);
}

static void pause_over(void *arg) {
    struct link_client *c = arg;
    c->state = LINK_WANTED;
    c->events->wanted(c->arg);
}

void link_client_hang_up(struct link_client *c) {
    c->failures = 8;
    session_pause(c);
}

bool link_client_open(const struct link_client *c) {
    return c->state == LINK_OPEN;
}

// ---- posts ----

// An EnvelopeList is its packed envelopes, each as field 1.
static void list_add(struct text *list, const void *bytes, size_t size) {
    unsigned char head[1 + VARINT_LONGEST] = {(1 << 3) | 2};
    text_add_n(list, head, (size_t)(varint_put(head + 1, size) - head));
    text_add_n(list, bytes, size);
}

static void flush(struct link_client *c);

static void post_seen(struct link_client *c, const struct http_message *answer) {
    AUTO_ARENA struct arena arena = {0};
    void *message;
    AUTO_ERR struct err *e =
        message_unpack(&granary__envelope__descriptor, text_string(&answer->body), answer->body.size, &arena, &message);
    const Granary__Envelope *envelope = message;
    if (!e && envelope->has_seen) link_seen(&c->link, envelope->seen, loop_now(c->loop));
}

static void post_failed(struct link_client *c, const char *why) {
    if (++c->post_failures > POST_FAILURES_MOST) {
        session_end(c, why);
        return;
    }
    c->posted = 0; // all that was not seen goes again
    loop_timer_set(c->flush, (int64_t)PAUSE_LEAST_MS << c->post_failures);
}

static void post_done(const struct http_message *answer, struct err *error, void *arg) {
    struct link_client *c = arg;
    AUTO_ERR struct err *e = error;
    c->post = NULL;
    if (e) {
        post_failed(c, err_text(e));
    } else if (answer->status == 200) {
        c->post_failures = 0;
        post_seen(c, answer);
        flush(c);
    } else if (answer->status >= 500) {
        post_failed(c, "the master could not take what was posted");
    } else {
        session_end(c, answer->status == 410 ? "the master does not know this session any more"
                                             : "the master refused what was posted");
    }
}

static void seen_add(struct link_client *c, struct text *list) {
    Granary__Envelope envelope = GRANARY__ENVELOPE__INIT;
    AUTO_TEXT struct text bytes = {0};
    envelope.has_seen = true;
    envelope.seen = c->link.seen;
    message_pack(&envelope.base, &bytes);
    list_add(list, bytes.data, bytes.size);
}

static void flush(struct link_client *c) {
    if (c->state != LINK_OPEN || c->post) return;
    AUTO_TEXT struct text list = {0};
    VEC_EACH (item, &c->link.waiting) {
        if (item->number <= c->posted) continue;
        if (list.size && list.size + item->size > POST_BYTES) break;
        list_add(&list, item->bytes, item->size);
        c->posted = item->number;
    }
    if (c->seen_owed) seen_add(c, &list);
    text_add_n(&list, text_string(&c->loose), c->loose.size);
    text_clear(&c->loose);
    c->seen_owed = false;
    if (!list.size) return;
    const struct http_header headers[] = {{"Content-Type", "application/x-protobuf"},
                                          {"Authorization", c->authorization}};
    const struct http_ask ask = {.method = "POST",
                                 .path = c->path,
                                 .headers = headers,
                                 .header_count = c->authorization ? 2 : 1,
                                 .body = list.data,
                                 .body_size = list.size,
                                 .deadline_ms = POST_MS};
    c->post = http_client_call(c->http, &ask, post_done, c);
}

static void flush_due(void *arg) {
    struct link_client *c = arg;
    if (c->overflowed)
        session_end(c, "the master does not acknowledge what is said");
    else
        flush(c);
}

void link_client_say(struct link_client *c, Granary__Envelope *envelope, bool numbered) {
    must(c->state == LINK_OPEN);
    AUTO_TEXT struct text bytes = {0};
    bool room = true;
    envelope->has_seen = true;
    envelope->seen = c->link.seen;
    envelope->has_number = numbered;
    envelope->number = numbered ? c->link.last_sent + 1 : 0;
    message_pack(&envelope->base, &bytes);
    if (numbered)
        link_say(&c->link, bytes.data, bytes.size, loop_now(c->loop), &room);
    else
        list_add(&c->loose, bytes.data, bytes.size);
    c->seen_owed = false; // said with it
    c->overflowed |= !room;
    loop_timer_set(c->flush, 0); // with all else that is said in this turn
}

// ---- the stream ----

static void watch_look(void *arg) {
    struct link_client *c = arg;
    struct mono now = loop_now(c->loop);
    if (c->lost_ms && now.ms - c->heard_at.ms > c->lost_ms) {
        session_end(c, "the master has been silent for too long");
        return;
    }
    if (link_resend_due(&c->link, now)) {
        c->posted = 0;
        flush(c);
    }
    loop_timer_set(c->watch, WATCH_MS);
}

static struct err *welcomed(struct link_client *c, const Granary__Envelope *e) {
    const Granary__Welcome *w = e->to_agent ? e->to_agent->welcome : e->to_provider ? e->to_provider->welcome : NULL;
    if (!w) return err_new(ERR_INVALID, "the master's first word is no welcome");
    c->lost_ms = w->lost_ms;
    AUTO_TEXT struct text path = {0};
    text_addf(&path, "/link/v1/%s/", c->kind);
    url_encode(&path, w->session);
    c->path = text_take(&path);
    c->state = LINK_OPEN;
    c->failures = 0;
    loop_timer_set(c->watch, WATCH_MS);
    return NULL;
}

static struct err *record_take(struct link_client *c, const char *record, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    void *message;
    TRY(message_unpack(&granary__envelope__descriptor, record, size, &arena, &message));
    const Granary__Envelope *e = message;
    if (c->state == LINK_OPENING) TRY(welcomed(c, e));
    if (e->has_seen) link_seen(&c->link, e->seen, loop_now(c->loop));
    if (e->has_number) {
        c->seen_owed = true;
        if (!c->post) loop_timer_set(c->flush, SEEN_MS);
        if (link_hear(&c->link, e->number) != LINK_NEW) return NULL;
    }
    c->events->heard(e, c->arg);
    return NULL;
}

static void stream_head(const struct http_message *head, void *arg) {
    ((struct link_client *)arg)->status = head->status;
}

// `heard` may hang up: then the stream is not ours any more, and nothing of it is looked at.
static void stream_data(const char *bytes, size_t size, void *arg) {
    struct link_client *c = arg;
    if (c->status != 200) {
        if (c->refusal.size + size < REFUSAL_LONGEST) text_add_n(&c->refusal, bytes, size);
        return;
    }
    c->heard_at = loop_now(c->loop);
    recordio_feed(&c->records, bytes, size);
    struct err *e = NULL;
    const char *record;
    size_t record_size;
    while (c->stream && !e) {
        e = recordio_next(&c->records, &record, &record_size);
        if (e || !record) break;
        e = record_take(c, record, record_size);
    }
    if (e) session_end(c, err_text(e));
    err_free(e);
}

static void stream_end(struct err *error, void *arg) {
    struct link_client *c = arg;
    AUTO_ERR struct err *e = error;
    c->stream = NULL;
    if (e)
        session_end(c, err_text(e));
    else if (c->status && c->status != 200)
        session_end(c, c->refusal.size ? text_string(&c->refusal) : "the master refused the hello");
    else
        session_end(c, "the master ended the stream");
}

void link_client_hello(struct link_client *c, const ProtobufCMessage *hello) {
    static const struct http_call_events events = {stream_head, stream_data, stream_end};
    if (c->state != LINK_WANTED) return;
    AUTO_TEXT struct text body = {0};
    AUTO_FREE char *path = mem_format("/link/v1/%s", c->kind);
    const struct http_header headers[] = {{"Content-Type", "application/x-protobuf"},
                                          {"Authorization", c->authorization}};
    message_pack(hello, &body);
    const struct http_ask ask = {.method = "POST",
                                 .path = path,
                                 .headers = headers,
                                 .header_count = c->authorization ? 2 : 1,
                                 .body = text_string(&body),
                                 .body_size = body.size,
                                 .deadline_ms = OPEN_MS};
    c->state = LINK_OPENING;
    c->records.longest = RECORD_LONGEST;
    c->heard_at = loop_now(c->loop);
    c->lost_ms = 0;
    c->stream = http_client_stream(c->http, &ask, &events, c);
}

// ---- life ----

static struct err *token_read(struct link_client *c, const char *path) {
    AUTO_TEXT struct text token = {0};
    TRY(err_wrap(file_read(path, 4096, &token), "token file"));
    size_t size = strcspn(text_string(&token), "\r\n");
    if (!size) return err_new(ERR_INVALID, "token file %s: its first line is empty", path);
    c->authorization = mem_format("Bearer %.*s", (int)size, token.data);
    return NULL;
}

struct err *link_client_new(struct loop *l, const struct link_client_options *o, struct link_client **ret_client) {
    struct link_client *c = NEW(struct link_client);
    struct url origin = {0};
    c->loop = l;
    c->kind = mem_text(o->kind);
    c->events = o->events;
    c->arg = o->arg;
    struct err *e = err_wrap(url_parse(o->master, &origin), "master '%s'", o->master);
    if (!e && o->token_file) e = token_read(c, o->token_file);
    if (!e) e = http_client_new(l, &origin, o->pool, &c->http);
    url_done(&origin);
    if (e) {
        link_client_free(c);
        return e;
    }
    c->pause = loop_timer_new(l, pause_over, c);
    c->watch = loop_timer_new(l, watch_look, c);
    c->flush = loop_timer_new(l, flush_due, c);
    loop_timer_set(c->pause, 0);
    *ret_client = c;
    return NULL;
}

void link_client_free(struct link_client *c) {
    if (!c) return;
    if (c->http) {
        if (c->watch) session_close(c);
        http_client_free(c->http);
    }
    loop_timer_free(c->pause);
    loop_timer_free(c->watch);
    loop_timer_free(c->flush);
    text_done(&c->loose);
    text_done(&c->refusal);
    free(c->kind);
    free(c->authorization);
    free(c);
}
