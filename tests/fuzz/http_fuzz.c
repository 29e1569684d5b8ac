// SPDX-License-Identifier: Apache-2.0
// Any bytes as HTTP: the messages are the same whatever the pieces in which they arrive, their texts end inside their
// buffers, and no body passes its limit. The first byte says requests or responses, and how large the pieces are.
#include "fuzz.h"
#include "net/http_parse.h"

enum { BODY_LIMIT = 1000, LONGEST = 60000 }; // below the bound on chunk framing, which is kept only piece by piece

static void message_add(struct text *to, const struct http_message *m) {
    must(m->body.size <= BODY_LIMIT);
    text_addf(to, "%s|%s|%s|%s|%d|%d%d\n", m->method ? m->method : "", m->target ? m->target : "",
              m->path ? m->path : "", m->query ? m->query : "", m->status, m->keep_alive, m->chunked);
    VEC_EACH (h, &m->headers) {
        must(*h->name && !strpbrk(h->name, ": \r\n") && !strpbrk(h->value, "\r\n"));
        must(http_header_find(m, h->name));
        text_addf(to, "%s=%s\n", h->name, h->value);
    }
    text_add_n(to, text_string(&m->body), m->body.size);
    text_add(to, "--\n");
}

// The message before the next: what is left is fed to the next one.
static struct err *messages_feed(struct http_parse *p, struct http_message *m, enum http_parse_kind kind,
                                 const char *bytes, size_t size, struct text *to) {
    while (size) {
        size_t used = 0;
        TRY(http_parse_feed(p, bytes, size, &used));
        must(used <= size && (used > 0 || http_parse_stage(p) == HTTP_STAGE_DONE));
        bytes += used;
        size -= used;
        if (http_parse_stage(p) != HTTP_STAGE_DONE) continue;
        message_add(to, m);
        http_message_clear(m);
        http_parse_begin(p, kind, BODY_LIMIT, m);
    }
    return NULL;
}

static void messages(enum http_parse_kind kind, const char *bytes, size_t size, size_t piece, struct text *to) {
    struct http_parse *p = http_parse_new();
    struct http_message m = {0};
    struct err *e = NULL;
    http_parse_begin(p, kind, BODY_LIMIT, &m);
    for (size_t at = 0; at < size && !e; at += piece) {
        size_t n = size - at < piece ? size - at : piece;
        AUTO_FREE char *copy = mem_copy(bytes + at, n);
        e = messages_feed(p, &m, kind, copy, n, to);
    }
    if (e) {
        must(http_parse_status(p) >= 400 && http_parse_status(p) < 600 && *err_text(e));
        text_add(to, "error");
    } else {
        e = http_parse_end(p);
        text_add(to, e ? "part" : "end");
        if (!e) message_add(to, &m);
    }
    err_free(e);
    http_message_done(&m);
    http_parse_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    if (size < 2 || size > LONGEST) return 0;
    enum http_parse_kind kind = bytes[0] & 1 ? HTTP_PARSE_RESPONSE : HTTP_PARSE_REQUEST;
    AUTO_TEXT struct text whole = {0}, pieces = {0};
    messages(kind, (const char *)bytes + 1, size - 1, size, &whole);
    messages(kind, (const char *)bytes + 1, size - 1, 1 + (bytes[0] >> 1) % 16, &pieces);
    must(whole.size == pieces.size && memcmp(text_string(&whole), text_string(&pieces), whole.size) == 0);
    return 0;
}
