// SPDX-License-Identifier: Apache-2.0
// The head is gathered line by line and refused early; llhttp then reads it in one piece, and the body as it comes.
#include "net/http_parse.h"

#include <llhttp/llhttp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/url.h"

enum { OVERHEAD_MOST = HTTP_HEADERS_MOST }; // chunk sizes, extensions and trailers between two bytes of body

struct http_parse {
    enum http_stage stage;
    int status;
    enum http_parse_kind kind;
    size_t body_limit;
    bool no_body; // the response to a HEAD has none, whatever its headers say
    struct http_message *message;
    size_t line;     // where the current line of the head begins
    size_t overhead; // bytes of chunk framing since the last byte of body
    int refusal;     // the status that a callback chose
    llhttp_t llhttp;
};

struct http_parse *http_parse_new(void) {
    return NEW(struct http_parse);
}
void http_parse_free(struct http_parse *p) {
    free(p);
}
enum http_stage http_parse_stage(const struct http_parse *p) {
    return p->stage;
}
int http_parse_status(const struct http_parse *p) {
    return p->status;
}

static struct err *refuse(struct http_parse *p, int status, enum err_kind kind, const char *sentence) {
    p->status = status;
    return err_new(kind, "%s", sentence);
}

// ---- what llhttp tells; pointers stay valid because the head is fed in one piece

static struct http_parse *parse_of(llhttp_t *llhttp) {
    return llhttp->data;
}

static int on_field(llhttp_t *llhttp, const char *at, size_t size) {
    struct http_parse *p = parse_of(llhttp);
    if (p->stage != HTTP_STAGE_HEAD) return 0; // trailers are read and dropped
    if (p->message->headers.count == HTTP_HEADER_COUNT_MOST) {
        p->refusal = 431;
        return HPE_USER;
    }
    (void)size; // a name ends at its ':', a value at its CR
    vec_push(&p->message->headers, ((struct http_header){.name = at}));
    return 0;
}

static int on_headers(llhttp_t *llhttp) {
    struct http_parse *p = parse_of(llhttp);
    struct http_message *m = p->message;
    m->minor = llhttp->http_minor;
    m->status = llhttp->status_code;
    m->chunked = llhttp->flags & F_CHUNKED;
    llhttp->upgrade = 0; // no other protocol is spoken: such wishes are ignored, as the RFC allows
    p->stage = HTTP_STAGE_BODY;
    bool sized = llhttp->flags & F_CONTENT_LENGTH && !m->chunked;
    if (sized && !p->no_body && p->kind == HTTP_PARSE_REQUEST && llhttp->content_length > p->body_limit) {
        p->refusal = 413;
        return HPE_USER;
    }
    return p->no_body ? 1 : 0;
}

static int on_body(llhttp_t *llhttp, const char *at, size_t size) {
    struct http_parse *p = parse_of(llhttp);
    if (size > p->body_limit - p->message->body.size) {
        p->refusal = 413;
        return HPE_USER;
    }
    text_add_n(&p->message->body, at, size);
    p->overhead = 0;
    return 0;
}

static int on_complete(llhttp_t *llhttp) {
    struct http_parse *p = parse_of(llhttp);
    p->message->keep_alive = llhttp_should_keep_alive(llhttp);
    p->stage = HTTP_STAGE_DONE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_header_field = on_field,
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_complete,
};

void http_parse_begin(struct http_parse *p, enum http_parse_kind kind, size_t body_limit,
                      struct http_message *message) {
    p->stage = HTTP_STAGE_HEAD;
    p->status = 400;
    p->kind = kind;
    p->body_limit = body_limit;
    p->no_body = false;
    p->message = message;
    p->line = p->overhead = 0;
    p->refusal = 0;
    llhttp_init(&p->llhttp, kind == HTTP_PARSE_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
    p->llhttp.data = p;
}

void http_parse_expect_no_body(struct http_parse *p) {
    p->no_body = true;
}

static struct err *llhttp_error(struct http_parse *p, llhttp_errno_t number) {
    const char *whose = p->kind == HTTP_PARSE_REQUEST ? "request" : "response";
    if (p->refusal == 413) {
        p->status = 413;
        return err_new(ERR_TOO_LARGE, "the body of the %s is larger than %zu bytes", whose, p->body_limit);
    }
    if (p->refusal == 431) {
        p->status = 431;
        return err_new(ERR_TOO_LARGE, "the %s has more than %d headers", whose, HTTP_HEADER_COUNT_MOST);
    }
    if (number == HPE_INVALID_METHOD) {
        return refuse(p, 501, ERR_UNSUPPORTED, "the request has a method that is not known here");
    }
    const char *reason = llhttp_get_error_reason(&p->llhttp);
    return err_new(ERR_INVALID, "the %s is not valid HTTP: %s", whose,
                   reason && *reason ? reason : llhttp_errno_name(number));
}

// ---- the head, line by line

static struct err *request_line_check(struct http_parse *p, const char *line, size_t size) {
    if (size >= 12 && memcmp(line, "PRI * HTTP/2", 12) == 0) {
        return refuse(p, 505, ERR_UNSUPPORTED, "HTTP/2 is not spoken here; use HTTP/1.1");
    }
    const char *version = memrchr(line, ' ', size);
    size_t version_size = version ? (size_t)(line + size - ++version) : 0;
    if (version_size < 5 || memcmp(version, "HTTP/", 5) != 0) {
        return refuse(p, 400, ERR_INVALID, "the request line does not end with HTTP/1.1; HTTP/0.9 is not spoken here");
    }
    if (version_size != 8 || memcmp(version, "HTTP/1.", 7) != 0 || (version[7] != '0' && version[7] != '1')) {
        return refuse(p, 505, ERR_UNSUPPORTED, "this version of HTTP is not spoken here; use HTTP/1.1");
    }
    return NULL;
}

static struct err *response_line_check(const char *line, size_t size) {
    if (size > 8 && (memcmp(line, "HTTP/1.1 ", 9) == 0 || memcmp(line, "HTTP/1.0 ", 9) == 0)) return NULL;
    return err_new(ERR_INVALID, "the response is not valid HTTP: it does not begin with HTTP/1.1");
}

// One whole line without its CRLF.
static struct err *head_line_check(struct http_parse *p, const char *line, size_t size) {
    if (memchr(line, 0, size)) return refuse(p, 400, ERR_INVALID, "the head has a NUL byte");
    if (p->line == 0 && p->kind == HTTP_PARSE_REQUEST) return request_line_check(p, line, size);
    if (p->line == 0) return response_line_check(line, size);
    if (*line == ' ' || *line == '\t') {
        return refuse(p, 400, ERR_INVALID, "a header is folded over two lines, which HTTP/1.1 no longer allows");
    }
    if (*line == ':') return refuse(p, 400, ERR_INVALID, "a header has no name");
    return NULL;
}

static struct err *head_size_check(struct http_parse *p, size_t size) {
    if (p->line == 0 && size > HTTP_START_LINE_MOST) {
        p->status = 414;
        return err_new(ERR_TOO_LARGE, "the first line is longer than %d bytes", HTTP_START_LINE_MOST);
    }
    if (size > HTTP_START_LINE_MOST + HTTP_HEADERS_MOST) {
        p->status = 431;
        return err_new(ERR_TOO_LARGE, "the headers are longer than %d bytes", HTTP_HEADERS_MOST);
    }
    return NULL;
}

// Takes bytes up to the end of one line, or what there is of it. *ret_end: this was the empty line after the headers.
static struct err *head_gather(struct http_parse *p, const char *bytes, size_t size, size_t *ret_used, bool *ret_end) {
    struct text *head = &p->message->head;
    const char *feed = memchr(bytes, '\n', size);
    size_t used = feed ? (size_t)(feed - bytes) + 1 : size;
    if (p->line == 0 && head->size == 0 && bytes[0] == 0x16) {
        return refuse(p, 400, ERR_INVALID, "this port speaks plain HTTP, and a TLS handshake was sent; use http://");
    }
    TRY(head_size_check(p, head->size + used));
    text_add_n(head, bytes, used);
    *ret_used = used;
    *ret_end = false;
    if (!feed) return NULL;
    size_t line_size = head->size - p->line;
    if (line_size < 2 || head->data[head->size - 2] != '\r') {
        return refuse(p, 400, ERR_INVALID, "a line of the head ends with LF only; HTTP wants CR LF");
    }
    if (line_size > 2) {
        TRY(head_line_check(p, head->data + p->line, line_size - 2));
        p->line = head->size;
    } else if (p->line == 0) {
        text_clear(head); // empty lines before a message are allowed
    } else {
        *ret_end = true;
    }
    return NULL;
}

// ---- the head, whole

// Finds the values and writes the NULs, dropping white space around values. llhttp has read past all of them.
static void headers_cut(struct http_message *m) {
    VEC_EACH (h, &m->headers) {
        char *colon = strchr(h->name, ':'), *value = colon + 1 + strspn(colon + 1, " \t");
        char *end = value + strcspn(value, "\r");
        while (end > value && (end[-1] == ' ' || end[-1] == '\t')) end--;
        *colon = *end = 0;
        h->value = value;
    }
}

// "http://host/path" is as good as "/path" with a Host header, and overrides it.
static const char *target_absolute(struct http_message *m, char *target) {
    char *authority = target + strlen("http://");
    size_t size = strcspn(authority, "/?");
    struct http_header host = {.name = "Host", .value = m->decoded.data + m->decoded.size};
    text_add_n(&m->decoded, authority, size);
    text_added(&m->decoded, 1); // keeps the NUL
    VEC_EACH (h, &m->headers) {
        if (strcasecmp(h->name, "host") == 0) h->value = host.value;
    }
    if (!http_header_count(m, "host")) vec_push(&m->headers, host);
    return authority + size;
}

// Splits "GET /a%20b?q HTTP/1.1" in place.
static struct err *request_line_split(struct http_parse *p) {
    struct http_message *m = p->message;
    char *line = m->head.data, *target = strchr(line, ' ') + 1, *end = strchr(target, ' ');
    target[-1] = 0;
    *end = 0;
    m->method = line;
    // Everything decoded fits: an authority and a path are parts of the target.
    must(text_room(&m->decoded, (size_t)(end - target) + 4));
    const char *path = target;
    if (strncasecmp(target, "http://", 7) == 0) path = target_absolute(m, target);
    if (strcmp(m->method, "CONNECT") == 0) return refuse(p, 405, ERR_METHOD, "this is no proxy: CONNECT is refused");
    if (*path != '/' && strcmp(path, "*") != 0 && *path != 0 && *path != '?') {
        return refuse(p, 400, ERR_INVALID, "the request's target does not begin with '/'");
    }
    size_t path_size = strcspn(path, "?");
    m->query = path[path_size] == '?' ? path + path_size + 1 : "";
    line[path - line + (ptrdiff_t)path_size] = 0;
    m->target = *path ? path : "/";
    if (!url_escapes_good(m->query)) return refuse(p, 400, ERR_INVALID, "the request's query has a wrong %-escape");
    m->path = m->decoded.data + m->decoded.size;
    if (!url_decode(&m->decoded, m->target, strlen(m->target)))
        return refuse(p, 400, ERR_INVALID, "the request's path has a wrong %-escape");
    return NULL;
}

static struct err *request_head_check(struct http_parse *p) {
    struct http_message *m = p->message;
    TRY(request_line_split(p));
    size_t hosts = http_header_count(m, "host");
    if (hosts > 1) return refuse(p, 400, ERR_INVALID, "the request has two Host headers");
    if (hosts == 0 && m->minor == 1) return refuse(p, 400, ERR_INVALID, "the request has no Host header");
    const char *expect = http_header_find(m, "expect");
    if (!expect || m->minor == 0) return NULL;
    if (strcasecmp(expect, "100-continue") != 0) {
        return refuse(p, 417, ERR_UNSUPPORTED, "the request expects something else than 100-continue");
    }
    m->expects_continue = p->stage == HTTP_STAGE_BODY;
    return NULL;
}

static struct err *head_parse(struct http_parse *p) {
    struct text *head = &p->message->head;
    llhttp_errno_t number = llhttp_execute(&p->llhttp, head->data, head->size);
    if (number != HPE_OK && number != HPE_PAUSED) return llhttp_error(p, number);
    bool whole = number == HPE_OK || llhttp_get_error_pos(&p->llhttp) == head->data + head->size;
    if (p->stage == HTTP_STAGE_HEAD || !whole) {
        return refuse(p, 400, ERR_INVALID, "the head of the message does not end where it should");
    }
    headers_cut(p->message);
    return p->kind == HTTP_PARSE_REQUEST ? request_head_check(p) : NULL;
}

static struct err *head_feed(struct http_parse *p, const char *bytes, size_t size, size_t *ret_used) {
    size_t used = 0;
    bool end = false;
    while (used < size && !end) {
        size_t line = 0;
        TRY(head_gather(p, bytes + used, size - used, &line, &end));
        used += line;
    }
    if (end) TRY(head_parse(p));
    *ret_used = used;
    return NULL;
}

static struct err *body_feed(struct http_parse *p, const char *bytes, size_t size, size_t *ret_used) {
    llhttp_errno_t number = llhttp_execute(&p->llhttp, bytes, size);
    if (number != HPE_OK && number != HPE_PAUSED) return llhttp_error(p, number);
    size_t used = number == HPE_PAUSED ? (size_t)(llhttp_get_error_pos(&p->llhttp) - bytes) : size;
    p->overhead += used;
    if (p->overhead > OVERHEAD_MOST + size) {
        return refuse(p, 413, ERR_TOO_LARGE, "the body has too much chunk framing and too few bytes");
    }
    *ret_used = used;
    return NULL;
}

struct err *http_parse_feed(struct http_parse *p, const char *bytes, size_t size, size_t *ret_used) {
    *ret_used = 0;
    if (size == 0 || p->stage == HTTP_STAGE_DONE) return NULL;
    return p->stage == HTTP_STAGE_HEAD ? head_feed(p, bytes, size, ret_used) : body_feed(p, bytes, size, ret_used);
}

struct err *http_parse_end(struct http_parse *p) {
    if (p->stage == HTTP_STAGE_DONE) return NULL;
    if (p->stage == HTTP_STAGE_BODY && p->llhttp.finish == HTTP_FINISH_SAFE_WITH_CB) {
        llhttp_errno_t number = llhttp_finish(&p->llhttp);
        must(number == HPE_OK || number == HPE_PAUSED);
        p->message->keep_alive = false;
        return NULL;
    }
    return err_new(ERR_UNKNOWN, "the connection ended inside the %s",
                   p->kind == HTTP_PARSE_REQUEST ? "request" : "response");
}
