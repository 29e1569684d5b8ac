// SPDX-License-Identifier: Apache-2.0
// Requests by path: the routes, bodies, pages, errors.
#include "master/rest.h"

#include <strings.h>

#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/message.h"

const char *request_header(const struct request *r, const char *name) {
    for (size_t i = 0; i < r->header_count; i++)
        if (strcasecmp(r->headers[i].name, name) == 0) return r->headers[i].value;
    return NULL;
}

// ---- percent-decoding ----

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

static char *percent_decode(const char *text, size_t size, bool plus, struct arena *arena) {
    char *out = arena_text_n(arena, text, size), *to = out;
    for (size_t i = 0; i < size; i++) {
        int high = text[i] == '%' && i + 2 < size ? hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
        if (low >= 0 && (high || low)) { // %00 stays as it is: no text of ours has a NUL
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = plus && text[i] == '+' ? ' ' : text[i];
        }
    }
    *to = 0;
    return out;
}

char *request_query(const struct request *r, const char *name) {
    AUTO_ARENA struct arena arena = {0};
    for (const char *at = r->query ? r->query : ""; *at;) {
        size_t size = strcspn(at, "&"), key = strcspn(at, "=&");
        const char *decoded = percent_decode(at, key, true, &arena);
        if (strcmp(decoded, name) == 0)
            return mem_text(key < size ? percent_decode(at + key + 1, size - key - 1, true, &arena) : "");
        at += size + (at[size] == '&');
    }
    return NULL;
}

// ---- answers ----

void rest_answer(struct master *m, struct outputs *out, uint64_t exchange, int status,
                 const ProtobufCMessage *message) {
    AUTO_TEXT struct text body = {0};
    json_write(&body, message, JSON_PUBLIC);
    text_add_char(&body, '\n');
    out_reply(m, out, exchange, status, "application/json", body.data, body.size);
}

void rest_finish(struct master *m, const struct request *r, struct err *e, struct outputs *out) {
    if (e) out_error(m, out, r->exchange, e);
    err_free(e);
}

struct err *rest_body(const struct request *r, const ProtobufCMessageDescriptor *type, struct arena *arena,
                      void **ret_message) {
    const char *media = request_header(r, "Content-Type");
    if (r->body_size && media && strncasecmp(media, "application/json", 16) != 0)
        return err_new(ERR_MEDIA_TYPE, "%s %s: the body must be application/json, not '%.64s'", r->method, r->path,
                       media);
    const char *empty = "{}";
    return err_wrap(json_read(type, r->body_size ? r->body : empty, r->body_size ? r->body_size : 2, JSON_STRICT,
                              &message_limits_default, arena, ret_message),
                    "%s %s", r->method, r->path);
}

struct intake rest_intake(struct master *m, struct arena *arena, const struct instant *at) {
    return (struct intake){.symbols = &m->state->symbols, .arena = arena, .now = at->now};
}

// ---- pages ----

enum { PAGE_USUAL = 1000, PAGE_MOST = 10000 };

struct err *page_read(const struct request *r, struct page *ret_page) {
    *ret_page = (struct page){.limit = PAGE_USUAL};
    AUTO_FREE char *after = request_query(r, "after"), *limit = request_query(r, "limit");
    uint64_t n = PAGE_USUAL;
    if (after && *after && !text_to_u64(after, &ret_page->after))
        return err_new(ERR_INVALID, "%s: after='%.64s' is not what an earlier page gave as next_page", r->path, after);
    if (limit && (!text_to_u64(limit, &n) || !n || n > PAGE_MOST))
        return err_new(ERR_INVALID, "%s: limit='%.64s' must be 1 to %d", r->path, limit, PAGE_MOST);
    ret_page->limit = n;
    return NULL;
}

struct page_rows page_collect(const struct master *m, enum noun noun, struct page page, page_keep *keep,
                              const void *filter, page_message *message, struct arena *arena) {
    struct page_rows rows = {.messages = arena_zero(arena, page.limit, sizeof(void *))};
    uint64_t last = page.after;
    for (void *row = table_next(&m->state->tables[noun], page.after); row;
         row = table_next(&m->state->tables[noun], last)) {
        if (rows.count == page.limit) {
            rows.next = arena_format(arena, "%llu", (unsigned long long)last);
            break;
        }
        memcpy(&last, row, sizeof last);
        if (!keep || keep(m, row, filter)) rows.messages[rows.count++] = message(m, row, arena);
    }
    return rows;
}

// ---- routes ----

static const struct route {
    const char *method, *path;
    request_handler *handler;
} routes[] = {
#define X(method, path, handler, help) {method, path, handler},
    ROUTES(X)
#undef X
};

static bool route_matches(const struct route *route, const char *const *parts) {
    const char *at = route->path;
    for (; *parts; parts++) {
        size_t size = strcspn(at, "/");
        if (!size) return false;
        bool any = size == 1 && *at == '*';
        if (!any && (strlen(*parts) != size || strncmp(at, *parts, size) != 0)) return false;
        at += size + (at[size] == '/');
    }
    return !*at;
}

static bool path_split(const char *path, const char **parts, struct arena *arena) {
    size_t n = 0;
    while (*path == '/') path++;
    while (*path) {
        size_t size = strcspn(path, "/");
        if (n == PATH_PARTS_MOST) return false;
        parts[n++] = percent_decode(path, size, false, arena);
        path += size;
        while (*path == '/') path++;
    }
    parts[n] = NULL;
    return true;
}

// The methods of a path, as words that outlive the answer; NULL: there is no such path.
static const char *route_methods(const char *const *parts) {
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE"};
    static const char *const sets[] = {
        NULL,
        "GET",
        "PUT",
        "GET, PUT",
        "POST",
        "GET, POST",
        "PUT, POST",
        "GET, PUT, POST",
        "DELETE",
        "GET, DELETE",
        "PUT, DELETE",
        "GET, PUT, DELETE",
        "POST, DELETE",
        "GET, POST, DELETE",
        "PUT, POST, DELETE",
        "GET, PUT, POST, DELETE",
    };
    unsigned set = 0;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++)
        for (unsigned k = 0; route_matches(&routes[i], parts) && k < ARRAY_LEN(methods); k++)
            set |= (unsigned)(strcmp(routes[i].method, methods[k]) == 0) << k;
    return sets[set];
}

static void route_none(struct master *m, const struct request *r, const char *const *parts, struct outputs *out) {
    const char *methods = route_methods(parts);
    if (methods) {
        rest_finish(m, r,
                    err_new(ERR_METHOD, "%s %s: this path has no such method; it has %s", r->method, r->path, methods),
                    out);
        vec_last(&out->list)->header = (struct header_pair){"Allow", methods};
        return;
    }
    rest_finish(m, r,
                err_new(ERR_NOT_FOUND, "%s %s: there is nothing at this path; see GET /v1/inventory and docs/rest.md",
                        r->method, r->path),
                out);
}

static bool is_scheduler(const char *const *parts) {
    if (parts[0] && strcmp(parts[0], "master") == 0) parts++;
    return parts[0] && parts[1] && parts[2] && strcmp(parts[0], "api") == 0 && strcmp(parts[1], "v1") == 0 &&
           strcmp(parts[2], "scheduler") == 0;
}

static bool is_link(const struct request *r, const char *const *parts) {
    return strcmp(r->method, "POST") == 0 && parts[0] && parts[1] && parts[2] && strcmp(parts[0], "link") == 0 &&
           strcmp(parts[1], "v1") == 0 && (strcmp(parts[2], "agent") == 0 || strcmp(parts[2], "provider") == 0);
}

void master_request(struct master *m, const struct request *r, const struct instant *at, struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    const char *parts[PATH_PARTS_MOST + 1] = {NULL};
    if (!path_split(r->path, parts, &arena)) {
        rest_finish(m, r, err_new(ERR_NOT_FOUND, "%.128s...: there is nothing at this path", r->path), out);
        return;
    }
    if (is_scheduler(parts)) {
        scheduler_request(m, r, at, out);
        return;
    }
    if (is_link(r, parts)) {
        links_request(m, r, parts, at, out);
        return;
    }
    bool head = strcmp(r->method, "HEAD") == 0;
    for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
        if (strcmp(routes[i].method, head ? "GET" : r->method) != 0 || !route_matches(&routes[i], parts)) continue;
        routes[i].handler(m, r, parts, at, out);
        return;
    }
    route_none(m, r, parts, out);
}
