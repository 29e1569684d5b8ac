// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 client on the loop, one per origin: whole answers and long streams, keep-alive, deadlines, cancel.
// Callbacks never run inside a call of this file.
#ifndef NET_HTTP_CLIENT_H
#define NET_HTTP_CLIENT_H

#include "net/http_ask.h"
#include "sys/loop.h"
#include "sys/pool.h"

struct http_client; // opaque; made by http_client_new, ended by http_client_free
struct http_call;   // opaque; ends with its `done` or `on_end`, or with http_call_cancel

enum { HTTP_CLIENT_CONNECTIONS = 8 }; // of whole answers at once; further calls wait in line. Streams do not count

// How calls end without an answer. UNAVAILABLE: no connection, nothing was sent. TIMEOUT: sent, no answer in time.
// UNKNOWN: sent, and the connection broke. TOO_LARGE: over answer_limit. After the last three it may have happened.
// `answer` is borrowed for the call, NULL on error; `e` is given.
typedef void http_call_done(const struct http_message *answer, struct err *e, void *arg);

struct http_call_events {
    void (*on_head)(const struct http_message *head, void *arg); // status and headers; once
    void (*on_data)(const char *bytes, size_t size, void *arg);  // pieces as they came; no record borders
    void (*on_end)(struct err *e, void *arg);                    // NULL: the server ended it; `e` is given
};

// Copies `origin`. Names other than localhost are resolved in a worker of `pool`, or blocking when it is NULL.
MUST_USE struct err *http_client_new(struct loop *l, const struct url *origin, struct pool *pool,
                                     struct http_client **ret_client);
// Cancels what is open, without callbacks. Accepts NULL. May be called from a callback.
void http_client_free(struct http_client *c);
struct http_call *http_client_call(struct http_client *c, const struct http_ask *ask, http_call_done *done, void *arg);
// Has a connection of its own. Keeps `events`.
struct http_call *http_client_stream(struct http_client *c, const struct http_ask *ask,
                                     const struct http_call_events *events, void *arg);
// No callback comes any more; the handle has ended. May be called from its own callbacks except the last. Accepts NULL.
void http_call_cancel(struct http_call *call);
size_t http_client_connections(const struct http_client *c);

#endif
