// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 server on the loop: TCP and Unix sockets, keep-alive, pipelining, streams of chunks, bounds and deadlines
// for slow clients and slow readers. Knows no route and no content.
#ifndef NET_HTTP_SERVER_H
#define NET_HTTP_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "net/http_message.h"
#include "sys/loop.h"

struct http_server;  // opaque; made by http_server_new, ended by http_server_free
struct http_request; // opaque; ends with its answer, or with `gone`
struct http_stream;  // opaque; ends with http_stream_end, or with `gone`

// Zero in any field: the default, named behind it.
struct http_limits {
    size_t body;          // bytes of a request's body: 8 MiB
    size_t unsent;        // bytes that a reader who takes nothing may leave unsent: 8 MiB; a burst may be 8 times that
    size_t connections;   // at once; more are answered 503: 16,000
    size_t body_progress; // bytes of body that must come within body_ms: 1 KiB
    int64_t header_ms;    // for a head to be complete: 10 s
    int64_t body_ms;      // for body_progress bytes to come: 30 s
    int64_t idle_ms;      // an idle connection is kept: 75 s
    int64_t write_ms;     // for a reader to take anything of what is unsent: 30 s
    int64_t unsent_ms;    // the same while more than `unsent` waits: 1 s
};

struct http_options {
    struct http_limits limits;
    bool
        check_host; // refuse, with 403, a Host (DNS rebinding) or Origin (a web page) that is no loopback name; TCP only
};

// Called for each whole request, in the loop's thread. The request must be answered, now or later, by http_respond,
// http_respond_error or http_stream_begin; each of these ends the handle. Until then it stays valid even when the
// client goes away, unless http_request_on_gone was called.
typedef void http_handler(struct http_request *r, void *arg);

// Keeps `arg` until http_server_free.
MUST_USE struct err *http_server_new(struct loop *l, const struct http_options *options, http_handler *handler,
                                     void *arg, struct http_server **ret_server);
// Cuts all connections; calls what waits on `gone`. Not to be called from a handler. Accepts NULL.
void http_server_free(struct http_server *s);
// Listens on a numeric address or "localhost"; port 0 lets the kernel choose. *ret_port (may be NULL) is the real one.
MUST_USE struct err *http_server_listen(struct http_server *s, const char *host, uint16_t port, uint16_t *ret_port);
// Listens on a Unix socket with that mode; replaces a socket file behind which nobody listens, removes it at the end.
MUST_USE struct err *http_server_listen_unix(struct http_server *s, const char *path, mode_t mode);
// Stops accepting, lets open requests be answered for at most `grace_ms`, then cuts. `done` runs once, from the loop.
void http_server_stop(struct http_server *s, int64_t grace_ms, loop_done *done, void *arg);
size_t http_server_connections(const struct http_server *s);

// ---- a request

const struct http_message *http_request_message(const struct http_request *r); // borrowed until the answer
// "127.0.0.1:40112", or "unix". Borrowed until the answer; "" when the client is gone.
const char *http_request_peer(const struct http_request *r);
// `gone(arg)` runs from the loop if the client goes away before the answer; the handle has then ended.
void http_request_on_gone(struct http_request *r, loop_done *gone, void *arg);

// Answers with a whole body (copied; `body` may be NULL when size is 0). `content_type` NULL: none. Ends the handle.
void http_respond(struct http_request *r, int status, const char *content_type, const struct http_header *headers,
                  size_t header_count, const void *body, size_t size);
// Answers with the status of the error's kind and its sentence as text/plain; `e` is given. Ends the handle.
void http_respond_error(struct http_request *r, struct err *e);

// ---- a stream

// `why` is a sentence for the log. The handle has ended. Never called from inside a call on the stream.
typedef void http_stream_gone(const char *why, void *arg);
// Begins a chunked answer that lasts; sent at once. The request's handle ends, the stream's begins.
MUST_USE struct http_stream *http_stream_begin(struct http_request *r, int status, const char *content_type,
                                               const struct http_header *headers, size_t header_count,
                                               http_stream_gone *gone, void *arg);
// Adds exactly one chunk; all of a turn of the loop leave together at its end. A stream whose reader leaves too much unsent
// is cut (limits), and `gone` comes soon.
void http_stream_write(struct http_stream *t, const void *bytes, size_t size);
size_t http_stream_unsent(const struct http_stream *t); // bytes that the client has not taken yet
void http_stream_end(struct http_stream *t);            // sends the last chunk; the handle ends

#endif
