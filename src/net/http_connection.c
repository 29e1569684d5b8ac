// SPDX-License-Identifier: Apache-2.0
// One client's connection: what it sends becomes requests, what is answered becomes bytes, and who dawdles is cut.
#include "net/http_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { UNSENT_BEFORE_READING = 1024 * 1024, BUFFER_KEPT = 64 * 1024 };

static void connection_readable(int fd, int what, void *arg);
static void connection_pump(struct http_connection *c);

static size_t unsent(const struct http_connection *c) {
    return c->out.size - c->sent;
}

size_t connection_unsent(const struct http_connection *c) {
    size_t size = unsent(c);
    LIST_EACH (r, &c->requests, struct http_request, link) size += r->out.size;
    return size;
}

// More requests must wait until some are answered, or until their answers are read.
static bool is_full(const struct http_connection *c) {
    return c->in_flight >= HTTP_PIPELINE_MOST || c->held > c->server->limits.body ||
           connection_unsent(c) > UNSENT_BEFORE_READING;
}

static void reader_set(struct http_connection *c, bool on) {
    if (on == (c->reader != NULL)) return;
    if (!on) loop_watch_free(c->reader);
    c->reader = on ? loop_watch_new(c->server->loop, c->fd, LOOP_READ, connection_readable, c) : NULL;
}

// ---- beginning and end

void connection_new(struct http_server *s, int fd, bool tcp, const struct net_address *peer, bool refused) {
    struct http_connection *c = NEW(struct http_connection);
    *c = (struct http_connection){.server = s, .fd = fd, .tcp = tcp, .since = s->now, .refused = refused};
    c->parse = http_parse_new();
    list_init(&c->requests);
    list_add_last(&s->connections, &c->link);
    s->connection_count++;
    net_address_text(peer, c->peer);
    reader_set(c, true);
    server_sweep_soon(s);
    if (!refused) return;
    const char *sentence = "the server has as many connections as it may; try again later";
    text_addf(&c->out,
              "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
              "Retry-After: 1\r\nConnection: close\r\n\r\n%s",
              strlen(sentence), sentence);
    c->last = true;
    connection_flush(c);
}

// The owner of a request learns that nobody waits for it any more. True when the handle has ended.
static bool request_tell_gone(struct http_request *r, const char *why) {
    enum request_state state = r->state;
    r->state = REQUEST_ENDED; // whoever answers now, inside `gone`, errs
    if (state == REQUEST_HANDLED && r->gone) {
        r->gone(r->gone_arg);
    } else if (state == REQUEST_STREAMING && r->stream_gone) {
        r->stream_gone(why, r->gone_arg);
    } else if (state == REQUEST_HANDLED || state == REQUEST_STREAMING) {
        r->state = state;
        return false;
    }
    return true;
}

void connection_close(struct http_connection *c, const char *why) {
    struct http_server *s = c->server;
    struct list left;
    list_init(&left);
    LIST_EACH (r, &c->requests, struct http_request, link) {
        list_remove(&r->link);
        r->connection = NULL;
        list_add_last(&left, &r->link);
    }
    loop_watch_free(c->reader);
    loop_watch_free(c->writer);
    close(c->fd);
    text_done(&c->pending);
    text_done(&c->out);
    list_remove(&c->link);
    list_remove(&c->doomed_link);
    list_remove(&c->talking_link);
    http_parse_free(c->parse);
    free(c);
    while (!list_empty(&left)) {
        struct http_request *r = LIST_ITEM(left.next, struct http_request, link);
        list_remove(&r->link);
        list_add_last(&s->detached, &r->link);
        if (request_tell_gone(r, why)) request_free(r);
    }
    server_connection_ended(s);
}

void connection_doom(struct http_connection *c, const char *why) {
    if (c->doomed) return;
    c->doomed = why;
    reader_set(c, false);
    if (list_empty(&c->server->doomed)) loop_timer_set(c->server->reap, 0);
    list_add_last(&c->server->doomed, &c->doomed_link);
}

// ---- bytes out

static void connection_writable(int fd, int what, void *arg) {
    (void)fd, (void)what;
    struct http_connection *c = arg;
    server_now(c->server);
    connection_pump(c);
}

// Sends what the kernel takes. False when the connection is doomed by it.
static bool out_send(struct http_connection *c) {
    while (unsent(c)) {
        ssize_t n = send(c->fd, c->out.data + c->sent, unsent(c), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (n < 0) {
            connection_doom(c, "the client closed the connection");
            return false;
        }
        c->sent += (size_t)n;
        c->write_since = c->server->now;
    }
    return true;
}

// All is said: close, or first let the client read an answer that it did not wait for.
static void connection_finish(struct http_connection *c) {
    if (!c->refused) {
        connection_doom(c, "answered");
        return;
    }
    if (c->lingering) return;
    c->lingering = true;
    c->since = c->server->now;
    shutdown(c->fd, SHUT_WR);
}

// Puts what the kernel did not take into order, or the buffer to rest.
static void out_settle(struct http_connection *c) {
    if (unsent(c)) {
        if (!c->writer) c->writer = loop_watch_new(c->server->loop, c->fd, LOOP_WRITE, connection_writable, c);
        if (c->sent > c->out.size / 2) text_drop(&c->out, c->sent), c->sent = 0;
        return;
    }
    loop_watch_free(c->writer);
    c->writer = NULL;
    c->sent = 0;
    if (c->out.capacity > BUFFER_KEPT) text_done(&c->out);
    text_clear(&c->out);
}

void connection_flush(struct http_connection *c) {
    if (c->doomed) return;
    if (unsent(c)) {
        if (!c->writer) c->write_since = c->server->now;
        if (!out_send(c)) return;
        out_settle(c);
    }
    if (c->last && !unsent(c) && list_empty(&c->requests)) connection_finish(c);
}

void connection_flush_soon(struct http_connection *c) {
    if (list_linked(&c->talking_link)) return;
    if (list_empty(&c->server->talking)) loop_timer_set(c->server->flush, 0);
    list_add_last(&c->server->talking, &c->talking_link);
}

// ---- the order of answers

void connection_advance(struct http_connection *c) {
    while (!list_empty(&c->requests)) {
        struct http_request *first = LIST_ITEM(c->requests.next, struct http_request, link);
        if (first->out.size) text_add_n(&c->out, first->out.data, first->out.size);
        text_clear(&first->out);
        if (first->state != REQUEST_ENDED) break;
        if (first->handled) c->held -= first->message.body.size;
        request_free(first);
        if (--c->in_flight == 0) c->since = c->server->now; // idling begins
    }
    connection_pump(c);
}

// ---- bytes in

static void request_begin(struct http_connection *c) {
    c->reading = request_new(c);
    list_add_last(&c->requests, &c->reading->link);
    c->in_flight++;
    c->since = c->server->now;
    c->progress = 0;
    http_parse_begin(c->parse, HTTP_PARSE_REQUEST, c->server->limits.body, &c->reading->message);
}

static void request_refuse(struct http_connection *c, int status, const char *sentence) {
    struct http_request *r = c->reading;
    c->reading = NULL;
    c->last = true;
    r->head_only = r->message.method && strcmp(r->message.method, "HEAD") == 0;
    answer_refusal(r, status, sentence);
}

// "localhost:5050"
static bool is_loopback(const char *host) {
    AUTO_FREE char *name = mem_text(host);
    char *colon = strrchr(name, ':');
    if (colon && !strchr(colon, ']') && (*name == '[' || strchr(name, ':') == colon)) *colon = 0;
    return net_address_is_loopback(name);
}

// Without a Host: HTTP/1.0, which no browser speaks.
static bool host_is_allowed(const struct http_message *m) {
    const char *host = http_header_find(m, "host");
    return !host || is_loopback(host);
}

// What a browser says of the page that asks: "http://localhost:5050"; "null" when it would rather not say.
static bool origin_is_allowed(const struct http_message *m) {
    const char *origin = http_header_find(m, "origin"), *host = origin ? strstr(origin, "://") : NULL;
    return !origin || (host && is_loopback(host + 3));
}

// The head is complete: what can be refused without the body is refused now.
static void request_head_read(struct http_connection *c) {
    struct http_request *r = c->reading;
    r->head_only = strcmp(r->message.method, "HEAD") == 0;
    c->since = c->server->now;
    bool checked = c->server->check_host && c->tcp;
    if (checked && !origin_is_allowed(&r->message)) {
        request_refuse(
            c, 403,
            "the Origin header names a page of another machine, and while authentication is off only pages of "
            "a loopback name are answered");
    } else if (checked && !host_is_allowed(&r->message)) {
        request_refuse(c, 403,
                       "the Host header names another machine, and while authentication is off only requests to a "
                       "loopback name are answered; use localhost or 127.0.0.1");
    } else if (r->message.expects_continue && http_parse_stage(c->parse) == HTTP_STAGE_BODY) {
        text_add(answer_out(r), "HTTP/1.1 100 Continue\r\n\r\n");
        if (c->requests.next == &r->link) connection_flush(c);
    }
}

static void request_read(struct http_connection *c) {
    struct http_request *r = c->reading;
    c->reading = NULL;
    c->served = true;
    r->keep_alive = r->message.keep_alive;
    if (!r->keep_alive) c->last = true;
    r->state = REQUEST_HANDLED;
    r->handled = true;
    c->held += r->message.body.size;
    c->server->handler(r, c->server->arg);
}

// Feeds the request that is being read; returns how many bytes it took.
static size_t request_feed(struct http_connection *c, const char *bytes, size_t size) {
    bool had_head = http_parse_stage(c->parse) != HTTP_STAGE_HEAD;
    size_t used = 0;
    struct err *e = http_parse_feed(c->parse, bytes, size, &used);
    if (e) {
        request_refuse(c, http_parse_status(c->parse), err_text(e));
        err_free(e);
        return size;
    }
    if (!had_head && http_parse_stage(c->parse) != HTTP_STAGE_HEAD) request_head_read(c);
    if (had_head && (c->progress += used) >= c->server->limits.body_progress) {
        c->progress = 0;
        c->since = c->server->now;
    }
    if (c->reading && http_parse_stage(c->parse) == HTTP_STAGE_DONE) request_read(c);
    return used;
}

// Turns bytes into requests. What cannot be taken yet is kept, and reading stops until connection_pump goes on.
static void connection_take(struct http_connection *c, const char *bytes, size_t size) {
    c->corked = true;
    while (size && !c->last && !c->doomed) {
        if (!c->reading && is_full(c)) {
            text_add_n(&c->pending, bytes, size);
            reader_set(c, false);
            break;
        }
        if (!c->reading) request_begin(c);
        size_t used = request_feed(c, bytes, size);
        bytes += used;
        size -= used;
    }
    c->corked = false;
}

// Sends what is ready, and goes on with what had to wait.
static void connection_pump(struct http_connection *c) {
    if (c->corked) return;
    connection_flush(c);
    while (!c->reader && !c->doomed && !c->last && !is_full(c)) {
        struct text input = c->pending;
        c->pending = (struct text){0};
        reader_set(c, true);
        connection_take(c, input.data, input.size);
        text_done(&input);
        connection_flush(c);
    }
}

static void connection_readable(int fd, int what, void *arg) {
    (void)what;
    struct http_connection *c = arg;
    struct http_server *s = c->server;
    server_now(s);
    ssize_t n = read(fd, s->buffer, HTTP_READ_SIZE);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (n <= 0) {
        connection_close(c, n ? "the connection to the client broke" : "the client closed the connection");
        return;
    }
    if (c->last) return; // nothing more is wanted of it
    connection_take(c, s->buffer, (size_t)n);
    connection_pump(c);
}

// ---- deadlines

void connection_check_deadline(struct http_connection *c) {
    const struct http_limits *limits = &c->server->limits;
    int64_t now = c->server->now, waited = now - c->since;
    if (c->doomed) return;
    bool much = connection_unsent(c) > limits->unsent;
    if (unsent(c) && now - c->write_since > (much ? limits->unsent_ms : limits->write_ms)) {
        connection_doom(c, "the client reads too slowly: it took nothing of what was sent for too long");
    } else if (c->lingering) {
        if (waited > HTTP_LINGER_MS) connection_doom(c, "answered");
    } else if (c->reading && http_parse_stage(c->parse) == HTTP_STAGE_HEAD) {
        if (waited > limits->header_ms) request_refuse(c, 408, "the head of the request did not come in time");
    } else if (c->reading) {
        if (waited > limits->body_ms) request_refuse(c, 408, "the body of the request came too slowly");
    } else if (c->in_flight == 0 && waited > (c->served ? limits->idle_ms : limits->header_ms)) {
        connection_doom(c, "idle");
    }
}
