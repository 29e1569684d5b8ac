// SPDX-License-Identifier: Apache-2.0
// Headers and query parameters of a received message.
#include "net/http_message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/url.h"

enum { BUFFER_KEPT = 16 * 1024 }; // one large message must not pin its memory to a connection for ever

static void buffer_clear(struct text *t) {
    if (t->capacity > BUFFER_KEPT) text_done(t);
    text_clear(t);
}

void http_message_clear(struct http_message *m) {
    struct http_message kept = {.headers = m->headers, .body = m->body, .head = m->head, .decoded = m->decoded};
    vec_clear(&kept.headers);
    buffer_clear(&kept.body);
    buffer_clear(&kept.head);
    buffer_clear(&kept.decoded);
    *m = kept;
}

void http_message_done(struct http_message *m) {
    vec_done(&m->headers);
    text_done(&m->body);
    text_done(&m->head);
    text_done(&m->decoded);
    *m = (struct http_message){0};
}

const char *http_header_find(const struct http_message *m, const char *name) {
    VEC_EACH (h, &m->headers) {
        if (strcasecmp(h->name, name) == 0) return h->value;
    }
    return NULL;
}

size_t http_header_count(const struct http_message *m, const char *name) {
    size_t count = 0;
    VEC_EACH (h, &m->headers) count += strcasecmp(h->name, name) == 0;
    return count;
}

bool http_media_is(const char *value, const char *type) {
    size_t size = strlen(type);
    if (!value || strncasecmp(value, type, size) != 0) return false;
    return value[size] == 0 || value[size] == ';' || value[size] == ' ' || value[size] == '\t';
}

static struct err *query_part(const char *part, size_t size, struct http_query *q) {
    if (q->parameters.count == HTTP_QUERY_MOST) {
        return err_new(ERR_TOO_LARGE, "the query has more than %d parameters", HTTP_QUERY_MOST);
    }
    const char *equals = memchr(part, '=', size);
    size_t name_size = equals ? (size_t)(equals - part) : size;
    struct http_header parameter = {.name = q->decoded.data + q->decoded.size};
    bool good = url_decode(&q->decoded, part, name_size, true);
    text_added(&q->decoded, good); // keeps the NUL that text puts behind the name
    parameter.value = q->decoded.data + q->decoded.size;
    good = good && (!equals || url_decode(&q->decoded, equals + 1, size - name_size - 1, true));
    text_added(&q->decoded, good);
    if (!good) {
        return err_new(ERR_INVALID, "the query parameter '%.*s' has a wrong %%-escape", (int)(size > 80 ? 80 : size),
                       part);
    }
    vec_push(&q->parameters, parameter);
    return NULL;
}

struct err *http_query_parse(const char *query, struct http_query *ret_query) {
    struct http_query q = {0};
    // Room for everything at once, since parameters point into the buffer: decoding never lengthens, and each part adds
    // two NULs; text keeps one byte more.
    must(text_room(&q.decoded, strlen(query) + 3 * HTTP_QUERY_MOST));
    text_clear(&q.decoded);
    struct err *e = NULL;
    for (const char *part = query; *part && !e;) {
        size_t size = strcspn(part, "&");
        if (size) e = query_part(part, size, &q);
        part += size + (part[size] == '&');
    }
    if (e) {
        http_query_done(&q);
        return e;
    }
    *ret_query = q;
    return NULL;
}

void http_query_done(struct http_query *q) {
    vec_done(&q->parameters);
    text_done(&q->decoded);
}

const char *http_query_find(const struct http_query *q, const char *name) {
    VEC_EACH (p, &q->parameters) {
        if (strcmp(p->name, name) == 0) return p->value;
    }
    return NULL;
}
