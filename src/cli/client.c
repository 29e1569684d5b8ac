// SPDX-License-Identifier: Apache-2.0
// Requests to the master.
#include "cli/client.h"

#include <string.h>

#include "base/mem.h"
#include "cli/explanation.h"
#include "cli/table.h"
#include "codec/field.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "granary_api.pb-c.h"
#include "sys/file.h"

enum { PAGE = 5000, TOKEN_LARGEST = 4096, QUOTE = 200 };

struct client {
    struct url master;
    struct text origin;        // the same for people
    struct text authorization; // empty: none
    struct text json;
    int64_t deadline_ms;
};

// ---- made and ended ----

static struct err *token_read(struct client *c, const char *path) {
    AUTO_TEXT struct text token = {0};
    TRY(err_wrap(file_read(path, TOKEN_LARGEST, &token), "token file"));
    size_t size = strcspn(text_string(&token), "\r\n");
    if (!size) return err_new(ERR_INVALID, "token file %s: its first line is empty", path);
    text_add(&c->authorization, "Bearer ");
    table_clean(&c->authorization, token.data);
    c->authorization.size = strlen("Bearer ") + size;
    c->authorization.data[c->authorization.size] = 0;
    return NULL;
}

static struct err *client_fill(struct client *c, const struct settings *settings) {
    const char *master = settings_text(settings, "master"), *token = settings_text(settings, "token-file");
    TRY(err_wrap(url_parse(master, &c->master), "--master"));
    url_origin_add(&c->origin, &c->master);
    c->deadline_ms = settings_duration(settings, "timeout");
    return token ? token_read(c, token) : NULL;
}

struct err *client_new(const struct settings *settings, struct client **ret_client) {
    struct client *c = NEW(struct client);
    struct err *e = client_fill(c, settings);
    if (e)
        client_free(c);
    else
        *ret_client = c;
    return e;
}

void client_free(struct client *c) {
    if (!c) return;
    url_done(&c->master);
    text_done(&c->origin);
    text_done(&c->authorization);
    text_done(&c->json);
    free(c);
}

void client_auto_free(struct client **c) {
    client_free(*c);
}

int64_t client_timeout(const struct client *c) {
    return c->deadline_ms;
}

void client_hurry(struct client *c, int64_t ms) {
    if (ms < c->deadline_ms) c->deadline_ms = ms;
}

void path_add(struct text *path, const char *name) {
    text_add_char(path, '/');
    url_encode(path, name);
}

void path_query(struct text *path, const char *name, const char *value) {
    if (!value) return;
    text_add_char(path, strchr(text_string(path), '?') ? '&' : '?');
    text_add(path, name);
    text_add_char(path, '=');
    url_encode(path, value);
}

// ---- errors ----

static enum err_kind kind_of_status(int status) {
    static const enum err_kind kinds[] = {
#define X(kind, name, http, exit, retry) ERR_##kind,
        ERR_KINDS(X)
#undef X
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (err_kind_http(kinds[i]) == status) return kinds[i];
    return status == 401 ? ERR_DENIED : status < 500 ? ERR_INVALID : ERR_INTERNAL;
}

static struct err *error_foreign(int status, const char *body, size_t size) {
    AUTO_FREE char *copy = mem_zero(size < QUOTE ? size + 1 : QUOTE + 1, 1);
    if (size) memcpy(copy, body, size < QUOTE ? size : QUOTE);
    copy[strcspn(copy, "\r\n")] = 0;
    AUTO_TEXT struct text clean = {0};
    table_clean(&clean, copy);
    return err_new(kind_of_status(status), "the answer was status %d%s%s", status, clean.size ? ": " : "",
                   text_string(&clean));
}

struct err *client_error(int status, const char *body, size_t size) {
    AUTO_ARENA struct arena arena = {0};
    void *message;
    AUTO_ERR struct err *unread =
        json_read(&granary__error__descriptor, body, size, JSON_LENIENT, NULL, &arena, &message);
    if (unread) return error_foreign(status, body, size);
    const Granary__Error *error = message;
    enum err_kind kind;
    if (!err_kind_parse(error->kind, &kind)) kind = kind_of_status(status);
    AUTO_TEXT struct text text = {0};
    table_clean(&text, error->message);
    if (error->explanation) explanation_hint(error->explanation, error->message, &text);
    return err_new(kind, "%s", text_string(&text));
}

static struct err *reach_wrap(const struct client *c, struct err *e) {
    if (!e || err_kind(e) != ERR_UNAVAILABLE) return err_wrap(e, "the master at %s", c->origin.data);
    struct err *said =
        err_new(ERR_UNAVAILABLE,
                "no master answers at %s (%s); start one with 'granary dev', or say where it is with --master "
                "URL or GRANARY_MASTER",
                c->origin.data, err_text(e));
    err_free(e);
    return said;
}

// ---- requests ----

const struct url *client_master(const struct client *c) {
    return &c->master;
}

size_t client_headers(const struct client *c, bool body, const char *accept,
                      struct http_header headers[CLIENT_HEADERS]) {
    size_t n = 0;
    headers[n++] = (struct http_header){"Accept", accept};
    if (body) headers[n++] = (struct http_header){"Content-Type", "application/json"};
    if (c->authorization.size) headers[n++] = (struct http_header){"Authorization", c->authorization.data};
    return n;
}

static struct err *exchange(struct client *c, const char *method, const char *path, const struct text *body,
                            struct http_message *answer) {
    struct http_header headers[CLIENT_HEADERS];
    struct http_ask ask = {.method = method,
                           .path = path,
                           .headers = headers,
                           .header_count = client_headers(c, body != NULL, "application/json", headers),
                           .body = body ? body->data : NULL,
                           .body_size = body ? body->size : 0,
                           .deadline_ms = c->deadline_ms};
    TRY(reach_wrap(c, http_sync_call(&c->master, &ask, answer)));
    if (answer->status < 300) return NULL;
    return client_error(answer->status, text_string(&answer->body), answer->body.size);
}

static struct err *answer_read(struct client *c, const struct http_message *answer,
                               const ProtobufCMessageDescriptor *type, struct arena *arena, void **ret_message) {
    text_clear(&c->json);
    text_add_n(&c->json, text_string(&answer->body), answer->body.size);
    if (!type) return NULL;
    *ret_message = NULL;
    if (!answer->body.size) return NULL;
    return err_wrap(json_read(type, answer->body.data, answer->body.size, JSON_LENIENT, NULL, arena, ret_message),
                    "the answer of the master at %s is none of ours", c->origin.data);
}

struct err *client_ask(struct client *c, const char *method, const char *path, const ProtobufCMessage *body,
                       const ProtobufCMessageDescriptor *type, struct arena *arena, void **ret_message) {
    AUTO_TEXT struct text json = {0};
    if (body) json_write(&json, body, JSON_PUBLIC);
    struct http_message answer = {0};
    struct err *e = exchange(c, method, path, body ? &json : NULL, &answer);
    if (!e) e = answer_read(c, &answer, type, arena, ret_message);
    http_message_done(&answer);
    return e;
}

struct err *client_get(struct client *c, const char *path, const ProtobufCMessageDescriptor *type, struct arena *arena,
                       void **ret_message) {
    TRY(client_ask(c, "GET", path, NULL, type, arena, ret_message));
    return *ret_message ? NULL
                        : err_new(ERR_INTERNAL, "GET %s: the master at %s answered nothing", path, c->origin.data);
}

const struct text *client_json(const struct client *c) {
    return &c->json;
}

// ---- lists ----

// The rows of both, in an array of their own.
static void rows_append(ProtobufCMessage *to, const ProtobufCMessage *from, const field_info *rows,
                        struct arena *arena) {
    size_t had = field_count(to, rows), more = field_count(from, rows);
    void ***at = field_at(to, rows);
    void **const *added = field_at(from, rows);
    void **both = arena_zero(arena, had + more + 1, sizeof *both);
    if (had) memcpy(both, *at, had * sizeof *both);
    if (more) memcpy(both + had, *added, more * sizeof *both);
    *at = both;
    field_mark(to, rows, had + more);
}

static struct err *page_get(struct client *c, const char *path, const char *after,
                            const ProtobufCMessageDescriptor *type, struct arena *arena, ProtobufCMessage **ret_page,
                            const char **ret_next) {
    AUTO_TEXT struct text full = {0};
    AUTO_FREE char *limit = mem_format("%d", PAGE);
    text_add(&full, path);
    path_query(&full, "limit", limit);
    path_query(&full, "after", after);
    void *message;
    TRY(client_get(c, text_string(&full), type, arena, &message));
    *ret_page = message;
    const field_info *next = field_find(type, "next_page", strlen("next_page"), false);
    must(next != NULL);
    char *const *page = field_at(message, next);
    *ret_next = *page && **page ? *page : NULL;
    return NULL;
}

struct err *client_list(struct client *c, const char *path, const ProtobufCMessageDescriptor *type, struct arena *arena,
                        void **ret_message) {
    const field_info *rows = &type->fields[0];
    must(rows->type == PROTOBUF_C_TYPE_MESSAGE && field_is_repeated(rows));
    ProtobufCMessage *all, *page;
    const char *next;
    TRY(page_get(c, path, NULL, type, arena, &all, &next));
    *ret_message = all;
    if (!next) return NULL;
    field_clear(all, field_find(type, "next_page", strlen("next_page"), false));
    while (next) {
        TRY(page_get(c, path, next, type, arena, &page, &next));
        rows_append(all, page, rows, arena);
    }
    text_clear(&c->json);
    json_write(&c->json, all, JSON_PUBLIC);
    text_add_char(&c->json, '\n');
    return NULL;
}

// ---- streams ----

struct reading {
    http_sync_data *data;
    void *arg;
    int status;
    struct text refusal; // the body of an answer that is an error
};

static bool stream_piece(const struct http_message *head, const char *bytes, size_t size, void *arg) {
    struct reading *r = arg;
    r->status = head->status;
    if (r->status < 300) return r->data(head, bytes, size, r->arg);
    text_add_n(&r->refusal, bytes, size);
    return r->refusal.size < 1 << 20;
}

struct err *client_stream(struct client *c, const char *path, int64_t idle_ms, http_sync_data *data, void *arg) {
    struct http_header headers[CLIENT_HEADERS];
    struct http_ask ask = {.path = path,
                           .headers = headers,
                           .header_count = client_headers(c, false, "text/event-stream", headers),
                           .deadline_ms = c->deadline_ms,
                           .idle_ms = idle_ms};
    struct reading r = {.data = data, .arg = arg};
    struct err *e = reach_wrap(c, http_sync_stream(&c->master, &ask, stream_piece, &r));
    if (!e && r.status >= 300) e = client_error(r.status, text_string(&r.refusal), r.refusal.size);
    text_done(&r.refusal);
    return e;
}
