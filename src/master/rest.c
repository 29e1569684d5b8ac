// SPDX-License-Identifier: Apache-2.0
// Requests by path: the routes, bodies, pages, errors.
#include "master/rest.h"

#include <strings.h>

#include "codec/document.h"
#include "codec/field.h"
#include "codec/form.h"
#include "codec/json_read.h"
#include "codec/json_write.h"
#include "codec/message.h"
#include "core/broker.h"
#include "granary_api.pb-c.h"
#include "wire/explain.h"
#include "wire/fields.h"

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

// One parameter of a query, as it was sent.
struct parameter {
    const char *name, *value;
    size_t name_size, value_size;
};

// The parameter at `at`; what follows it.
static const char *query_part(const char *at, struct parameter *ret_part) {
    const char *end = strchrnul(at, '&'), *sign = memchr(at, '=', (size_t)(end - at)), *value = sign ? sign + 1 : end;
    *ret_part = (struct parameter){at, value, (size_t)((sign ? sign : end) - at), (size_t)(end - value)};
    return end + (*end == '&');
}

// Few names are encoded.
static bool name_is(const struct parameter *p, const char *name, size_t size) {
    if (p->name_size == size && memcmp(p->name, name, size) == 0) return true;
    if (!memchr(p->name, '%', p->name_size)) return false;
    AUTO_ARENA struct arena arena = {0};
    const char *decoded = percent_decode(p->name, p->name_size, true, &arena);
    return strlen(decoded) == size && memcmp(decoded, name, size) == 0;
}

char *request_query(const struct request *r, const char *name) {
    struct parameter part;
    size_t size = strlen(name);
    for (const char *at = r->query ? r->query : ""; *at;) {
        at = query_part(at, &part);
        if (!name_is(&part, name, size)) continue;
        AUTO_ARENA struct arena arena = {0};
        return mem_text(percent_decode(part.value, part.value_size, true, &arena));
    }
    return NULL;
}

struct err *rest_query(const struct request *r, const ProtobufCMessageDescriptor *type, struct arena *arena,
                       void **ret_message) {
    ProtobufCMessage *m = arena_zero(arena, 1, type->sizeof_message);
    struct parameter part;
    type->message_init(m);
    for (const char *at = r->query ? r->query : ""; *at;) {
        at = query_part(at, &part);
        const char *name = percent_decode(part.name, part.name_size, true, arena);
        char *value = percent_decode(part.value, part.value_size, true, arena);
        TRY(err_wrap(form_take(m, name, value), "%s %s", r->method, r->path));
    }
    *ret_message = m;
    return NULL;
}

// Adds which class to ask for, when the key is that of a tag; value NULL or "": none was given.
static bool tag_advise(const struct master *m, const char *key, const char *value, struct text *out) {
    AUTO_TEXT struct text tag = {0};
    AUTO_TEXT struct text advice = {0};
    text_add(&tag, key);
    if (value && *value) text_addf(&tag, "=%s", value);
    bool known = broker_tag_advise(m->state, text_string(&tag), &advice);
    if (known) text_addf(out, "; %s", text_string(&advice));
    return known;
}

// `names`: the words that it may be.
static bool parameter_known(const struct parameter *p, const char *names) {
    for (const char *word = names, *end; *word; word = end + (*end == ' ')) {
        end = strchrnul(word, ' ');
        if (name_is(p, word, (size_t)(end - word))) return true;
    }
    return false;
}

static struct err *parameter_unknown(const struct master *m, const struct request *r, const char *names,
                                     const struct parameter *p) {
    enum { MOST = 16 };
    AUTO_ARENA struct arena arena = {0};
    AUTO_TEXT struct text advice = {0};
    const char *known[MOST], *name = percent_decode(p->name, p->name_size, true, &arena);
    size_t count = 0;
    for (char *rest = arena_text(&arena, names), *word; (word = strsep(&rest, " ")) && *word;) {
        must(count < MOST);
        known[count++] = word;
    }
    const char *nearest = text_nearest(name, known, count);
    if (nearest) text_addf(&advice, "; did you mean '%s'?", nearest);
    tag_advise(m, name, percent_decode(p->value, p->value_size, true, &arena), &advice);
    return err_new(ERR_INVALID, "%s %s: unknown parameter '%.64s'%s", r->method, r->path, name, text_string(&advice));
}

static struct err *query_check(const struct master *m, const struct request *r, const char *names) {
    struct parameter part;
    for (const char *at = names && r->query ? r->query : ""; *at;) {
        at = query_part(at, &part);
        if (part.name_size && !parameter_known(&part, names)) return parameter_unknown(m, r, names, &part);
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

void rest_error(struct master *m, struct outputs *out, uint64_t exchange, const struct err *e,
                Granary__Explanation *explanation) {
    AUTO_ARENA struct arena arena = {0};
    rest_answer(m, out, exchange, err_kind_http(err_kind(e)), &error_message(e, explanation, &arena)->base);
}

void rest_answer_row(struct master *m, const struct request *r, int status, enum noun noun, uint64_t id,
                     struct outputs *out) {
    AUTO_ARENA struct arena arena = {0};
    const void *row = table_get(&m->state->tables[noun], id);
    if (row)
        rest_answer(m, out, r->exchange, status, row_message(m->state, noun, row, &arena, DETAIL_API));
    else // decided and gone in one step
        out_reply(m, out, r->exchange, 204, NULL, "", 0);
}

void rest_finish(struct master *m, const struct request *r, struct err *e, struct outputs *out) {
    if (e) rest_error(m, out, r->exchange, e, NULL);
    err_free(e);
}

bool media_is(const char *value, const char *type) {
    size_t size = strlen(type);
    return value && strncasecmp(value, type, size) == 0 && strchr("; \t", value[size]);
}

struct err *rest_body(const struct request *r, const ProtobufCMessageDescriptor *type, struct arena *arena,
                      void **ret_message) {
    const char *media = request_header(r, "Content-Type");
    if (r->body_size && !media_is(media, "application/json"))
        return err_new(ERR_MEDIA_TYPE, "%s %s: the body must be application/json, not '%.64s'", r->method, r->path,
                       media ? media : "");
    const char *empty = "{}";
    return err_wrap(json_read(type, r->body_size ? r->body : empty, r->body_size ? r->body_size : 2, JSON_STRICT,
                              &message_limits_default, arena, ret_message),
                    "%s %s", r->method, r->path);
}

struct advising {
    const struct master *m;
    struct text *out;
};

static bool key_advise(void *arg, const char *key, const char *value) {
    struct advising *a = arg;
    return tag_advise(a->m, key, value, a->out);
}

// Of the first key of the body that is no field but that of a tag.
static bool body_tag_advise(const struct master *m, const struct request *r, const ProtobufCMessageDescriptor *type,
                            struct text *out) {
    AUTO_DOCUMENT struct document *d = NULL;
    AUTO_FREE char *body = mem_format("%.*s", (int)r->body_size, (const char *)r->body);
    struct advising a = {m, out};
    err_free(document_read(body, &d)); // who sent none has heard so
    return d && document_unknown_keys(d, type, key_advise, &a);
}

struct err *rest_consumer_body(const struct master *m, const struct request *r, const ProtobufCMessageDescriptor *type,
                               struct arena *arena, void **ret_message) {
    struct err *e = rest_body(r, type, arena, ret_message);
    AUTO_TEXT struct text advice = {0};
    if (!e || err_kind(e) != ERR_INVALID || !body_tag_advise(m, r, type, &advice)) return e;
    struct err *advised = err_new(ERR_INVALID, "%s%s", err_text(e), text_string(&advice));
    err_free(e);
    return advised;
}

struct intake rest_intake(struct master *m, struct arena *arena, const struct instant *at) {
    return (struct intake){.symbols = &m->state->symbols, .arena = arena, .now = at->now};
}

// ---- pages ----

struct err *page_read(const struct request *r, size_t usual, struct page *ret_page) {
    *ret_page = (struct page){.limit = usual};
    AUTO_FREE char *after = request_query(r, "after"), *limit = request_query(r, "limit");
    uint64_t n = usual;
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

const struct route rest_routes[] = {
#define X(method, path, query, body, answer, handler, help) {method, path, query, body, answer, handler, help},
    ROUTES(X)
#undef X
};
const size_t rest_route_count = ARRAY_LEN(rest_routes);

static bool route_matches(const struct route *route, const char *const *parts) {
    const char *at = route->path;
    for (; *parts; parts++) {
        size_t size = (size_t)(strchrnul(at, '/') - at);
        if (!size) return false;
        bool any = *at == '{';
        if (!any && (strncmp(at, *parts, size) != 0 || (*parts)[size])) return false;
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
    for (size_t i = 0; i < rest_route_count; i++)
        for (unsigned k = 0; route_matches(&rest_routes[i], parts) && k < ARRAY_LEN(methods); k++)
            set |= (unsigned)(strcmp(rest_routes[i].method, methods[k]) == 0) << k;
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
    for (size_t i = 0; i < rest_route_count; i++) {
        if (strcmp(rest_routes[i].method, head ? "GET" : r->method) != 0 || !route_matches(&rest_routes[i], parts))
            continue;
        struct err *e = query_check(m, r, rest_routes[i].query);
        if (e)
            rest_finish(m, r, e, out);
        else
            rest_routes[i].handler(m, r, parts, at, out);
        return;
    }
    route_none(m, r, parts, out);
}
