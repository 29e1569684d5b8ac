// SPDX-License-Identifier: Apache-2.0
// Buffers and headers of a received message.
#include "net/http_message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
