// SPDX-License-Identifier: Apache-2.0
// What the server's files share: one client's connection, and its requests in the order of their answers.
#ifndef NET_HTTP_CONNECTION_H
#define NET_HTTP_CONNECTION_H

#include "base/list.h"
#include "net/address.h"
#include "net/http_parse.h"
#include "net/http_server.h"

enum { HTTP_PIPELINE_MOST = 64, HTTP_READ_SIZE = 64 * 1024, HTTP_LINGER_MS = 2000, HTTP_BURST = 8 };

enum request_state { REQUEST_READING, REQUEST_HANDLED, REQUEST_STREAMING, REQUEST_ENDED };

// A request, and later its answer or stream: they are one thing in the order of the connection.
struct http_request {
    struct list link;                   // in connection->requests, or in the server's spares
    struct http_connection *connection; // NULL once the client is gone
    struct http_server *server;
    enum request_state state;
    struct http_message message;
    struct text out; // what must wait for the answers before it
    bool keep_alive, head_only, chunked;
    bool handled; // read whole and given to the handler: its body counts as held
    loop_done *gone;
    http_stream_gone *stream_gone;
    void *gone_arg;
};

struct http_connection {
    struct list link, doomed_link;
    struct list talking_link; // in the server's, while a stream's bytes wait for the end of the turn
    struct http_server *server;
    int fd;
    bool tcp;
    struct loop_watch *reader, *writer;
    struct list requests;         // unanswered ones, oldest first
    size_t in_flight;             // how many
    size_t held;                  // bytes of body in them
    struct http_request *reading; // the one whose bytes are coming; NULL between requests
    struct http_parse *parse;
    struct text pending; // bytes read while too many requests were in flight
    struct text out;
    size_t sent;         // of out
    bool corked;         // answers gather: flushed when all that was read is handled
    bool last;           // no further request is read
    bool lingering;      // all is sent; what the client still sends is dropped, so that it reads our answer
    bool refused;        // the bytes that come are not HTTP any more, linger at the end
    const char *doomed;  // why it is about to be cut
    int64_t since;       // when what is being waited for began: head, body progress, idling, lingering
    int64_t write_since; // when the client last took bytes, or when bytes began to wait
    size_t progress;     // body bytes since `since`
    bool served;         // at least one request was read: now it idles, before it is new
    char peer[NET_ADDRESS_TEXT];
};

struct http_listener {
    int fd;
    struct loop_watch *watch;
    struct http_server *server;
    char *unix_path;
    bool tcp;
};

struct http_server {
    struct loop *loop;
    struct http_limits limits;
    bool check_host;
    http_handler *handler;
    void *arg;
    VEC(struct http_listener *) listeners;
    struct list connections, doomed, talking, spares;
    struct list detached; // requests whose client went away and whose owner will still answer
    size_t connection_count, spare_count;
    char *buffer; // HTTP_READ_SIZE bytes that every connection reads into
    struct loop_timer *sweep, *reap, *flush;
    bool sweeping, deaf; // deaf: out of descriptors, accepting again at the next sweep
    int64_t now;         // read once per event
    int64_t date_second;
    char date[32];
    bool stopping;
    int64_t stop_at;
    loop_done *stopped;
    void *stopped_arg;
};

// http_connection.c: bytes in, requests out, bytes out
void connection_new(struct http_server *s, int fd, bool tcp, const struct net_address *peer, bool refused);
void connection_close(struct http_connection *c, const char *why); // at once; runs `gone` callbacks
void connection_doom(struct http_connection *c, const char *why);  // soon, from the loop
void connection_flush(struct http_connection *c);
void connection_flush_soon(struct http_connection *c); // once for all that is written before the loop's next turn
void connection_check_deadline(struct http_connection *c);
// Bytes that wait for the client, or behind an answer that is not finished.
size_t connection_unsent(const struct http_connection *c);
// After a request has ended: what waited behind it moves up, and reading goes on.
void connection_advance(struct http_connection *c);

// http_answer.c: the bytes of answers
// Where the bytes of that request go now: to the connection if it is first, else to its own buffer.
struct text *answer_out(struct http_request *r);
void answer_sent(struct http_request *r); // bytes were added to answer_out
// Answers a request that could not be read; the connection ends after it.
void answer_refusal(struct http_request *r, int status, const char *sentence);
const char *http_status_words(int status);

// http_server.c
struct http_request *request_new(struct http_connection *c);
void request_free(struct http_request *r);
void server_now(struct http_server *s);
const char *server_date(struct http_server *s);
void server_sweep_soon(struct http_server *s);
void server_connection_ended(struct http_server *s);

#endif
