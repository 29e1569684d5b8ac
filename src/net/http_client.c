// SPDX-License-Identifier: Apache-2.0
// Calls wait in line for a wire (a connection); a wire serves one call at a time and is kept for the next.
#include "net/http_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/list.h"
#include "net/address.h"
#include "net/http_parse.h"

enum { READ_SIZE = 64 * 1024, IDLE_KEPT_MS = 50 * 1000 }; // shorter than servers keep: they close first rarely

struct wire {
    struct list link; // in client->wires, or in client->idle
    struct http_client *client;
    int fd;
    struct loop_watch *reader, *writer;
    struct loop_timer *idle_timer;
    struct http_call *call; // NULL while idle
    struct http_parse *parse;
    bool connected, used;
    bool *gone; // set when the wire ends while it is being read
};

struct http_call {
    struct list link; // in client->waiting, or in client->running
    struct http_client *client;
    struct wire *wire;
    struct text bytes; // of the request
    size_t sent;
    bool head_only, repeatable, repeated, heard, streaming, told_head;
    int64_t idle_ms;
    size_t limit;
    struct loop_timer *timer;
    struct err *failed; // to be told by the timer
    http_call_done *done;
    const struct http_call_events *events;
    void *arg;
    struct http_message message;
};

struct resolve_job {
    struct http_client *client; // NULL once the client is gone
    char *host;
    uint16_t port;
    struct net_address address;
    struct err *failed;
};

struct http_client {
    struct loop *loop;
    struct pool *pool;
    struct url origin;
    struct text name; // of the origin, for sentences
    bool known;
    struct net_address address;
    struct resolve_job *resolving;
    struct list wires, idle, waiting, running;
    size_t wire_count, plain_count; // all; those of whole answers
    char *buffer;
};

static void client_serve(struct http_client *c);
static void wire_ready(int fd, int what, void *arg);

// ---- the ends of a call

static void call_free(struct http_call *call) {
    list_remove(&call->link);
    loop_timer_free(call->timer);
    text_done(&call->bytes);
    http_message_done(&call->message);
    err_free(call->failed);
    free(call);
}

static void call_end(struct http_call *call, struct err *e) {
    list_remove(&call->link);
    if (call->streaming) {
        call->events->on_end(e, call->arg);
    } else {
        call->done(e ? NULL : &call->message, e, call->arg);
    }
    call_free(call);
}

// Tells from the loop, not from inside the owner's call.
static void call_fail_soon(struct http_call *call, struct err *e) {
    call->failed = e;
    loop_timer_set(call->timer, 0);
}

// ---- wires

static void wire_free(struct wire *w) {
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
    close(w->fd);
    c->wire_count--;
    free(w);
}

static void wire_idled(void *arg) {
    wire_free(arg);
}

static void writer_set(struct wire *w, bool on) {
    if (on == (w->writer != NULL)) return;
    if (!on) loop_watch_free(w->writer);
    w->writer = on ? loop_watch_new(w->client->loop, w->fd, LOOP_WRITE, wire_ready, w) : NULL;
}

static struct err *wire_new(struct http_client *c, struct wire **ret_wire) {
    int fd;
    TRY(net_socket_new(&c->address, &fd));
    bool connected = connect(fd, (struct sockaddr *)&c->address.storage, c->address.size) == 0;
    if (!connected && errno != EINPROGRESS) {
        struct err *e = err_new(ERR_UNAVAILABLE, "connect to %s: %s", c->name.data, strerrordesc_np(errno));
        close(fd);
        return e;
    }
    struct wire *w = NEW(struct wire);
    *w = (struct wire){.client = c, .fd = fd, .connected = connected, .parse = http_parse_new()};
    w->idle_timer = loop_timer_new(c->loop, wire_idled, w);
    w->reader = connected ? loop_watch_new(c->loop, fd, LOOP_READ, wire_ready, w) : NULL;
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

static void wire_give(struct wire *w, struct http_call *call) {
    list_remove(&call->link);
    list_add_last(&call->client->running, &call->link);
    loop_timer_stop(w->idle_timer);
    w->call = call;
    call->wire = w;
    http_message_clear(&call->message);
    http_parse_begin(w->parse, HTTP_PARSE_RESPONSE, call->limit, &call->message);
    if (call->head_only) http_parse_expect_no_body(w->parse);
    if (w->connected) {
        wire_send(w);
    } else {
        writer_set(w, true);
    }
}

static void wire_connected(struct wire *w) {
    int number = 0;
    socklen_t size = sizeof number;
    if (getsockopt(w->fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) number = errno;
    if (number) {
        w->client->known = false; // the name may lead elsewhere by now
        wire_fail(w, err_new(ERR_UNAVAILABLE, "connect to %s: %s", w->client->name.data, strerrordesc_np(number)));
        return;
    }
    w->connected = true;
    w->reader = loop_watch_new(w->client->loop, w->fd, LOOP_READ, wire_ready, w);
    wire_send(w);
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
    ssize_t n = read(w->fd, w->client->buffer, READ_SIZE);
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
        wire_connected(w);
    } else if (what & LOOP_WRITE) {
        wire_send(w);
    } else {
        wire_readable(w);
    }
}

// ---- the line

static void call_start(struct http_call *call) {
    struct http_client *c = call->client;
    struct wire *w = NULL;
    if (!list_empty(&c->idle)) {
        w = LIST_ITEM(c->idle.prev, struct wire, link);
        list_remove(&w->link);
        list_add_last(&c->wires, &w->link);
        if (call->streaming) c->plain_count--;
    } else {
        struct err *e = wire_new(c, &w);
        if (e) {
            list_remove(&call->link);
            list_add_last(&c->running, &call->link);
            call_fail_soon(call, e);
            return;
        }
        if (!call->streaming) c->plain_count++;
    }
    wire_give(w, call);
}

static void resolve_work(void *arg) {
    struct resolve_job *job = arg;
    job->failed = net_address_resolve(job->host, job->port, &job->address);
}

static void resolve_done(void *arg) {
    struct resolve_job *job = arg;
    struct http_client *c = job->client;
    if (c) {
        c->resolving = NULL;
        c->known = !job->failed;
        c->address = job->address;
        LIST_EACH (call, &c->waiting, struct http_call, link) {
            if (job->failed) {
                list_remove(&call->link);
                list_add_last(&c->running, &call->link);
                call_fail_soon(call, err_new(err_kind(job->failed), "%s", err_text(job->failed)));
            }
        }
        client_serve(c);
    }
    err_free(job->failed);
    free(job->host);
    free(job);
}

// True when the address is known, at once or from earlier; else it is being found, or the calls have been told.
static bool client_resolve(struct http_client *c) {
    if (c->known) return true;
    if (c->resolving) return false;
    struct err *e = net_address_of_url(&c->origin, &c->known, &c->address);
    must(!e); // the path's length was checked by http_client_new
    if (c->known) return true;
    struct resolve_job *job = NEW(struct resolve_job);
    *job = (struct resolve_job){.client = c, .host = mem_text(c->origin.host), .port = c->origin.port};
    c->resolving = job;
    if (c->pool) {
        pool_submit(c->pool, resolve_work, resolve_done, job);
    } else {
        resolve_work(job);
        resolve_done(job);
    }
    return false; // resolve_done serves
}

static void client_serve(struct http_client *c) {
    if (list_empty(&c->waiting) || !client_resolve(c)) return;
    LIST_EACH (call, &c->waiting, struct http_call, link) {
        bool may = call->streaming || !list_empty(&c->idle) || c->plain_count < HTTP_CLIENT_CONNECTIONS;
        if (may) call_start(call);
    }
}

// ---- what the owner calls

static void call_timed_out(void *arg) {
    struct http_call *call = arg;
    struct wire *w = call->wire;
    struct http_client *c = call->client;
    struct err *e = mem_take(call->failed);
    if (!e && call->told_head) {
        e = err_new(ERR_TIMEOUT, "the stream from %s was silent for too long", c->name.data);
    } else if (!e && (!w || !w->connected)) {
        e = err_new(ERR_UNAVAILABLE, "no connection to %s in time", c->name.data);
    } else if (!e) {
        e = err_new(ERR_TIMEOUT, "%s did not answer in time", c->name.data);
    }
    if (w) wire_free(w);
    client_serve(c);
    call_end(call, e);
}

static struct http_call *call_new(struct http_client *c, const struct http_ask *ask, void *arg) {
    struct http_call *call = NEW(struct http_call);
    *call = (struct http_call){.client = c, .arg = arg, .limit = http_ask_limit(ask)};
    call->repeatable = http_ask_is_repeatable(ask);
    call->head_only = strcmp(http_ask_method(ask), "HEAD") == 0;
    http_ask_add(&call->bytes, &c->origin, ask);
    call->timer = loop_timer_new(c->loop, call_timed_out, call);
    loop_timer_set(call->timer, http_ask_deadline(ask));
    list_add_last(&c->waiting, &call->link);
    return call;
}

struct http_call *http_client_call(struct http_client *c, const struct http_ask *ask, http_call_done *done, void *arg) {
    struct http_call *call = call_new(c, ask, arg);
    call->done = done;
    client_serve(c);
    return call;
}

struct http_call *http_client_stream(struct http_client *c, const struct http_ask *ask,
                                     const struct http_call_events *events, void *arg) {
    struct http_call *call = call_new(c, ask, arg);
    call->streaming = true;
    call->events = events;
    call->idle_ms = ask->idle_ms;
    client_serve(c);
    return call;
}

void http_call_cancel(struct http_call *call) {
    if (!call) return;
    struct http_client *c = call->client;
    if (call->wire) wire_free(call->wire);
    call_free(call);
    client_serve(c);
}

struct err *http_client_new(struct loop *l, const struct url *origin, struct pool *pool,
                            struct http_client **ret_client) {
    struct net_address address;
    bool known;
    TRY(net_address_of_url(origin, &known, &address));
    struct http_client *c = NEW(struct http_client);
    *c = (struct http_client){.loop = l, .pool = pool};
    c->origin = (struct url){mem_text(origin->host), origin->port, mem_text(origin->unix_path), mem_text(origin->path)};
    url_origin_add(&c->name, origin);
    c->buffer = mem_zero(READ_SIZE, 1);
    list_init(&c->wires);
    list_init(&c->idle);
    list_init(&c->waiting);
    list_init(&c->running);
    *ret_client = c;
    return NULL;
}

static void wires_free(struct list *wires) {
    while (!list_empty(wires)) wire_free(LIST_ITEM(wires->next, struct wire, link));
}

void http_client_free(struct http_client *c) {
    if (!c) return;
    if (c->resolving) c->resolving->client = NULL;
    wires_free(&c->wires);
    wires_free(&c->idle);
    while (!list_empty(&c->waiting)) call_free(LIST_ITEM(c->waiting.next, struct http_call, link));
    while (!list_empty(&c->running)) call_free(LIST_ITEM(c->running.next, struct http_call, link));
    url_done(&c->origin);
    text_done(&c->name);
    free(c->buffer);
    free(c);
}

size_t http_client_connections(const struct http_client *c) {
    return c->wire_count;
}
