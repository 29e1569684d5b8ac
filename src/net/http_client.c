// SPDX-License-Identifier: Apache-2.0
// Calls wait in line for a wire (a connection); a wire serves one call at a time and is kept for the next.
#include "net/http_client.h"

#include <stdlib.h>
#include <string.h>

#include "net/http_wire.h"

// ---- the ends of a call

static void call_free(struct http_call *call) {
    list_remove(&call->link);
    loop_timer_free(call->timer);
    text_done(&call->bytes);
    http_message_done(&call->message);
    err_free(call->failed);
    free(call);
}

void call_end(struct http_call *call, struct err *e) {
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
    job->failed = net_address_resolve(job->host, job->port, &job->addresses);
}

static void resolve_done(void *arg) {
    struct resolve_job *job = arg;
    struct http_client *c = job->client;
    if (c) {
        c->resolving = NULL;
        c->known = !job->failed;
        if (c->known) { // else connections that are being made still lead where they did
            c->addresses = job->addresses;
            c->first = 0;
        }
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
    struct err *e = net_address_of_url(&c->origin, &c->known, &c->addresses);
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

void client_serve(struct http_client *c) {
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
    struct net_addresses addresses;
    bool known;
    TRY(net_address_of_url(origin, &known, &addresses));
    struct http_client *c = NEW(struct http_client);
    *c = (struct http_client){.loop = l, .pool = pool};
    c->origin = (struct url){mem_text(origin->host), origin->port, mem_text(origin->unix_path), mem_text(origin->path)};
    url_origin_add(&c->name, origin);
    c->buffer = mem_zero(HTTP_WIRE_READ_SIZE, 1);
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
