// SPDX-License-Identifier: Apache-2.0
// The bytes of answers and streams, put out in the order of the requests.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/http_connection.h"

const char *http_status_words(int status) {
    switch (status) {
    case 100: return "Continue";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return status < 400 ? "OK" : status < 500 ? "Refused" : "Failed";
    }
}

// ---- where bytes go

static bool is_first(const struct http_request *r) {
    return r->connection && r->connection->requests.next == &r->link;
}

struct text *answer_out(struct http_request *r) {
    return is_first(r) ? &r->connection->out : &r->out;
}

void answer_sent(struct http_request *r) {
    struct http_connection *c = r->connection;
    if (c && is_first(r) && !c->corked) connection_flush(c);
}

// The request has its whole answer. May end `r`.
static void answer_end(struct http_request *r) {
    struct http_connection *c = r->connection;
    if (!r->keep_alive || r->server->stopping) c->last = true;
    r->state = REQUEST_ENDED;
    connection_advance(c);
}

// ---- heads

// What comes from elsewhere must not be able to begin a header of its own.
static void header_value_add(struct text *out, const char *value) {
    size_t clean = strcspn(value, "\r\n");
    text_add_n(out, value, clean);
    for (const char *c = value + clean; *c; c++) text_add_char(out, *c == '\r' || *c == '\n' ? ' ' : *c);
}

static void header_add(struct text *out, const char *name, const char *value) {
    text_add(out, name);
    text_add_n(out, ": ", 2);
    header_value_add(out, value);
    text_add_n(out, "\r\n", 2);
}

static void head_add(struct http_request *r, struct text *out, int status, const char *content_type,
                     const struct http_header *headers, size_t header_count) {
    text_add_n(out, "HTTP/1.1 ", 9);
    text_add_u64(out, (uint64_t)status);
    text_add_char(out, ' ');
    text_add(out, http_status_words(status));
    text_add_n(out, "\r\n", 2);
    header_add(out, "Date", server_date(r->server));
    if (content_type) header_add(out, "Content-Type", content_type);
    for (size_t i = 0; i < header_count; i++) header_add(out, headers[i].name, headers[i].value);
    if (!r->keep_alive) {
        header_add(out, "Connection", "close");
    } else if (r->message.minor == 0) {
        header_add(out, "Connection", "keep-alive");
    }
}

static void answer_add(struct http_request *r, int status, const char *content_type, const struct http_header *headers,
                       size_t header_count, const void *body, size_t size) {
    struct text *out = answer_out(r);
    head_add(r, out, status, content_type, headers, header_count);
    if (status != 204 && status != 304) {
        text_add_n(out, "Content-Length: ", 16);
        text_add_u64(out, size);
        text_add_n(out, "\r\n", 2);
    }
    text_add_n(out, "\r\n", 2);
    if (!r->head_only && status != 204 && status != 304) text_add_n(out, body, size);
}

// ---- whole answers

void http_respond(struct http_request *r, int status, const char *content_type, const struct http_header *headers,
                  size_t header_count, const void *body, size_t size) {
    must(r->state == REQUEST_HANDLED && status >= 200 && status <= 599);
    if (!r->connection) {
        request_free(r);
        return;
    }
    if (r->server->stopping) r->keep_alive = false;
    answer_add(r, status, content_type, headers, header_count, body, size);
    answer_end(r);
}

void http_respond_error(struct http_request *r, struct err *e) {
    const char *sentence = err_text(e);
    http_respond(r, err_kind_http(err_kind(e)), "text/plain; charset=utf-8", NULL, 0, sentence, strlen(sentence));
    err_free(e);
}

void answer_refusal(struct http_request *r, int status, const char *sentence) {
    r->keep_alive = false;
    r->connection->refused = true;
    answer_add(r, status, "text/plain; charset=utf-8", NULL, 0, sentence, strlen(sentence));
    answer_end(r);
}

// ---- streams: the request goes on under another name

static struct http_request *request_of(struct http_stream *t) {
    return (struct http_request *)t;
}

struct http_stream *http_stream_begin(struct http_request *r, int status, const char *content_type,
                                      const struct http_header *headers, size_t header_count, http_stream_gone *gone,
                                      void *arg) {
    must(r->state == REQUEST_HANDLED);
    r->state = REQUEST_STREAMING;
    r->stream_gone = gone;
    r->gone_arg = arg;
    if (!r->connection) return (struct http_stream *)r;
    r->chunked = r->message.minor == 1;
    if (!r->chunked || r->server->stopping) r->keep_alive = false;
    struct text *out = answer_out(r);
    head_add(r, out, status, content_type, headers, header_count);
    text_add(out, r->chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
    answer_sent(r);
    return (struct http_stream *)r;
}

void http_stream_write(struct http_stream *t, const void *bytes, size_t size) {
    struct http_request *r = request_of(t);
    must(r->state == REQUEST_STREAMING);
    if (!r->connection || r->connection->doomed || r->head_only || size == 0)
        return; // an empty chunk would be the last
    struct http_connection *c = r->connection;
    if (!(c->out.size - c->sent)) { // from now on it is the client's turn
        server_now(c->server);
        c->write_since = c->server->now;
    }
    struct text *out = answer_out(r);
    if (r->chunked) {
        char length[24];
        text_add_n(out, length, (size_t)snprintf(length, sizeof length, "%zx\r\n", size));
    }
    text_add_n(out, bytes, size);
    if (r->chunked) text_add_n(out, "\r\n", 2);
    if (is_first(r)) connection_flush_soon(c);
    if (http_stream_unsent(t) <= c->server->limits.unsent) return;
    answer_sent(r);
    if (connection_unsent(c) > HTTP_BURST * c->server->limits.unsent)
        connection_doom(c, "the client reads too slowly: more is unsent than the server may hold for it");
}

size_t http_stream_unsent(const struct http_stream *t) {
    const struct http_request *r = (const struct http_request *)t;
    if (!r->connection) return 0;
    return is_first(r) ? r->connection->out.size - r->connection->sent : r->out.size;
}

void http_stream_end(struct http_stream *t) {
    struct http_request *r = request_of(t);
    must(r->state == REQUEST_STREAMING);
    if (!r->connection) {
        request_free(r);
        return;
    }
    if (r->chunked && !r->head_only) text_add_n(answer_out(r), "0\r\n\r\n", 5);
    answer_end(r);
}
