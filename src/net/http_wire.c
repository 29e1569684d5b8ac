// SPDX-License-Identifier: Apache-2.0
// One connection of the client: connects, sends a request, reads its answer, and is kept for the next one.
#include "net/http_wire.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IDLE_KEPT_MS = 50 * 1000 }; // shorter than servers keep: they close first rarely

static void wire_ready(int fd, int what, void *arg);

void wire_free(struct wire *w) {
    struct http_client *c = w->client;
    if (w->gone) *w->gone = true;
    if (w->call && !w->call->streaming) c->plain_count--;
    if (!w->call) c->plain_count--;
    if (w->call) w->call->wire = NULL;
    list_remove(&w->link);
    loop_watch_free(w->reader);
    loop_watch_free(w->writer);
    loop_timer_free(w->idle_timer);
    http_parse_free(w->parse);
    if (w->fd >= 0) close(w->fd);
    c->wire_count--;
    free(w);
}

static void writer_set(struct wire *w, bool on) {
    if (on == (w->writer != NULL)) return;
    if (!on) loop_watch_free(w->writer);
    w->writer = on ? loop_watch_new(w->client->loop, w->fd, LOOP_WRITE, wire_ready, w) : NULL;
}

static struct err *address_try(struct wire *w, const struct net_address *a) {
    TRY(net_socket_new(a, &w->fd));
    w->connected = connect(w->fd, (const struct sockaddr *)&a->storage, a->size) == 0;
    if (w->connected || errno == EINPROGRESS) return NULL;
    struct err *e = err_new(ERR_UNAVAILABLE, "connect to %s: %s", w->client->name.data, strerrordesc_np(errno));
    close(w->fd);
    w->fd = -1;
    return e;
}

static size_t address_now(const struct wire *w) {
    return (w->client->first + w->tried) % w->client->addresses.count;
}

// Begins with the first of the addresses left to which one can begin.
static struct err *wire_connect(struct wire *w) {
    const struct net_addresses *all = &w->client->addresses;
    struct err *e = NULL;
    for (; w->tried < all->count; w->tried++) {
        err_free(e);
        e = address_try(w, &all->at[address_now(w)]);
        if (!e) return NULL;
    }
    return e ? e : err_new(ERR_UNAVAILABLE, "no connection to %s in time", w->client->name.data);
}

// Kept too long; or an address keeps silent while others are left.
static void wire_timed_out(void *arg);

struct err *wire_new(struct http_client *c, struct wire **ret_wire) {
    struct wire new = {.client = c, .fd = -1};
    TRY(wire_connect(&new));
    struct wire *w = NEW(struct wire);
    *w = new;
    w->parse = http_parse_new();
    w->idle_timer = loop_timer_new(c->loop, wire_timed_out, w);
    w->reader = w->connected ? loop_watch_new(c->loop, w->fd, LOOP_READ, wire_ready, w) : NULL;
    list_add_last(&c->wires, &w->link);
    c->wire_count++;
    *ret_wire = w;
    return NULL;
}

// The call loses its wire to an error.
static void wire_fail(struct wire *w, struct err *e) {
    struct http_call *call = w->call;
    struct http_client *c = w->client;
    bool again = call->repeatable && !call->repeated && w->used && !call->heard;
    wire_free(w);
    if (again) { // the server had closed the kept connection before it saw this request
        err_free(e);
        call->repeated = true;
        call->sent = 0;
        list_remove(&call->link);
        list_add_last(&c->waiting, &call->link);
        client_serve(c);
        return;
    }
    client_serve(c);
    call_end(call, e);
}

static void wire_broke(struct wire *w, const char *how) {
    const char *name = w->client->name.data;
    struct err *e = w->call->told_head
                        ? err_new(ERR_UNKNOWN, "the stream from %s ended early: %s", name, how)
                        : err_new(ERR_UNKNOWN, "the connection to %s broke before its answer: %s", name, how);
    wire_fail(w, e);
}

static void wire_send(struct wire *w) {
    struct http_call *call = w->call;
    while (call->sent < call->bytes.size) {
        ssize_t n = send(w->fd, call->bytes.data + call->sent, call->bytes.size - call->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        // A server may answer and close without reading all: what it said is read, and the reader meets the end.
        if (n < 0) {
            writer_set(w, errno == EAGAIN);
            return;
        }
        call->sent += (size_t)n;
    }
    writer_set(w, false);
}

// Sends when there is a connection; else waits for it, not for ever while other addresses are left.
static void wire_await(struct wire *w) {
    if (w->connected) {
        wire_send(w);
        return;
    }
    writer_set(w, true);
    if (w->tried + 1 < w->client->addresses.count) loop_timer_set(w->idle_timer, NET_ADDRESS_TRY_MS);
}

void wire_give(struct wire *w, struct http_call *call) {
    list_remove(&call->link);
    list_add_last(&call->client->running, &call->link);
    loop_timer_stop(w->idle_timer);
    w->call = call;
    call->wire = w;
    http_message_clear(&call->message);
    http_parse_begin(w->parse, HTTP_PARSE_RESPONSE, call->limit, &call->message);
    if (call->head_only) http_parse_expect_no_body(w->parse);
    wire_await(w);
}

static void wire_connected(struct wire *w) {
    loop_timer_stop(w->idle_timer);
    w->connected = true;
    w->client->first = address_now(w);
    w->tried = 0;
    w->reader = loop_watch_new(w->client->loop, w->fd, LOOP_READ, wire_ready, w);
    wire_send(w);
}

// This address did not take the connection: the next one, or the call hears why.
static void wire_refused(struct wire *w, const char *why) {
    writer_set(w, false);
    close(w->fd);
    w->fd = -1;
    w->tried++;
    bool last = w->tried >= w->client->addresses.count;
    struct err *e = last ? err_new(ERR_UNAVAILABLE, "connect to %s: %s", w->client->name.data, why) : wire_connect(w);
    if (e) {
        w->client->known = false; // the name may lead elsewhere by now
        wire_fail(w, e);
    } else if (w->connected) {
        wire_connected(w);
    } else {
        wire_await(w);
    }
}

static void wire_timed_out(void *arg) {
    struct wire *w = arg;
    if (w->connected)
        wire_free(w);
    else
        wire_refused(w, "it took no connection in time");
}

static void wire_connect_ended(struct wire *w) {
    int number = 0;
    socklen_t size = sizeof number;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    if (number)
        wire_refused(w, strerrordesc_np(number));
    else
        wire_connected(w);
}

// ---- answers

// The call has its whole answer; the wire is kept when the server allows it and nothing follows.
static void wire_answered(struct wire *w, size_t left) {
    struct http_call *call = w->call;
    struct http_client *c = w->client;
    if (call->message.keep_alive && left == 0 && call->sent == call->bytes.size && !call->streaming) {
        w->call = NULL;
        call->wire = NULL;
        w->used = true;
        list_remove(&w->link);
        list_add_last(&c->idle, &w->link);
        loop_timer_set(w->idle_timer, IDLE_KEPT_MS);
    } else {
        wire_free(w);
    }
    client_serve(c);
    call_end(call, NULL);
}

// Hands a stream's news to its owner. False when the owner ended the wire meanwhile.
static bool stream_tell(struct http_call *call, const bool *gone) {
    if (!call->told_head) {
        call->told_head = true;
        loop_timer_stop(call->timer);
        call->events->on_head(&call->message, call->arg);
        if (*gone) return false;
    }
    if (call->idle_ms) loop_timer_set(call->timer, call->idle_ms);
    if (call->message.body.size == 0) return true;
    call->events->on_data(call->message.body.data, call->message.body.size, call->arg);
    if (*gone) return false;
    text_clear(&call->message.body);
    return true;
}

// May end the wire, or give it to the next call.
static void wire_take(struct wire *w, const char *bytes, size_t size, const bool *gone) {
    struct http_call *call = w->call;
    call->heard = true;
    while (size) {
        size_t used = 0;
        struct err *e = http_parse_feed(w->parse, bytes, size, &used);
        if (e) {
            enum err_kind kind = err_kind(e) == ERR_TOO_LARGE ? ERR_TOO_LARGE : ERR_UNKNOWN;
            struct err *told = err_new(kind, "the answer of %s: %s", w->client->name.data, err_text(e));
            err_free(e);
            wire_fail(w, told);
            return;
        }
        bytes += used;
        size -= used;
        enum http_stage stage = http_parse_stage(w->parse);
        if (stage == HTTP_STAGE_DONE && call->message.status < 200) { // 100 Continue: the answer is still to come
            http_message_clear(&call->message);
            http_parse_begin(w->parse, HTTP_PARSE_RESPONSE, call->limit, &call->message);
            continue;
        }
        if (call->streaming && stage != HTTP_STAGE_HEAD && !stream_tell(call, gone)) return;
        if (stage != HTTP_STAGE_DONE) continue;
        wire_answered(w, size);
        return;
    }
}

static void wire_ended(struct wire *w, const char *how) {
    if (!w->call) {
        wire_free(w);
        return;
    }
    struct err *e = http_parse_end(w->parse);
    if (!e) {
        wire_answered(w, 1);
        return;
    }
    err_free(e);
    wire_broke(w, how);
}

static void wire_readable(struct wire *w) {
    ssize_t n = read(w->fd, w->client->buffer, HTTP_WIRE_READ_SIZE);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        wire_ended(w, n ? strerrordesc_np(errno) : "the server closed it");
        return;
    }
    if (!w->call) { // nobody asked anything
        wire_free(w);
        return;
    }
    bool gone = false;
    w->gone = &gone;
    wire_take(w, w->client->buffer, (size_t)n, &gone);
    if (!gone) w->gone = NULL;
}

static void wire_ready(int fd, int what, void *arg) {
    (void)fd;
    struct wire *w = arg;
    if (!w->connected) {
        wire_connect_ended(w);
    } else if (what & LOOP_WRITE) {
        wire_send(w);
    } else {
        wire_readable(w);
    }
}
