// SPDX-License-Identifier: Apache-2.0
// What the client's two files share: calls, which wait in line, and wires (connections), which serve one call at a time.
#ifndef NET_HTTP_WIRE_H
#define NET_HTTP_WIRE_H

#include "base/list.h"
#include "net/address.h"
#include "net/http_client.h"
#include "net/http_parse.h"

enum { HTTP_WIRE_READ_SIZE = 64 * 1024 };

struct wire {
    struct list link; // in client->wires, or in client->idle
    struct http_client *client;
    int fd;
    struct loop_watch *reader, *writer;
    struct loop_timer *idle_timer;
    struct http_call *call; // NULL while idle
    struct http_parse *parse;
    size_t tried; // addresses that took no connection
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
    struct net_addresses addresses;
    struct err *failed;
};

struct http_client {
    struct loop *loop;
    struct pool *pool;
    struct url origin;
    struct text name; // of the origin, for sentences
    bool known;
    struct net_addresses addresses;
    size_t first; // of them: took the last connection
    struct resolve_job *resolving;
    struct list wires, idle, waiting, running;
    size_t wire_count, plain_count; // all; those of whole answers
    char *buffer;
};

// http_wire.c
MUST_USE struct err *wire_new(struct http_client *c, struct wire **ret_wire); // begins to connect
void wire_give(struct wire *w, struct http_call *call);                       // sends the call's request by it
void wire_free(struct wire *w);                                               // its call, if any, loses it

// http_client.c
void call_end(struct http_call *call,
              struct err *e);             // tells the owner; `e` is given; NULL: call->message is the answer
void client_serve(struct http_client *c); // gives wires to calls that wait

#endif
