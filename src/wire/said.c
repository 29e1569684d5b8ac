// SPDX-License-Identifier: Apache-2.0
// Bounds of what others say.
#include "wire/said.h"

#include <string.h>

#include "codec/document.h"

struct err *said_text(struct intake *in, const char *what, const char *text, size_t longest, const char **ret) {
    if (text && strnlen(text, longest + 1) > longest)
        return err_new(ERR_TOO_LARGE, "%s: longer than %zu bytes", what, longest);
    *ret = arena_text(in->arena, text);
    return NULL;
}

struct err *said_blob(struct intake *in, const char *what, const ProtobufCBinaryData *data, size_t longest,
                      const struct blob **ret) {
    if (data->len > longest)
        return err_new(ERR_TOO_LARGE, "%s: %zu bytes; at most %zu are read", what, data->len, longest);
    struct blob *b = arena_zero(in->arena, 1, sizeof *b + data->len);
    b->size = (uint32_t)data->len;
    if (data->len) memcpy(b->bytes, data->data, data->len);
    *ret = b;
    return NULL;
}

const char *said_sentence(struct intake *in, const char *text) {
    if (!text) return NULL;
    size_t size = strnlen(text, SAID_MESSAGE_LONGEST + 1);
    if (size <= SAID_MESSAGE_LONGEST) return arena_text_n(in->arena, text, size);
    size = SAID_MESSAGE_LONGEST;
    while (size && ((unsigned char)text[size] & 0xc0) == 0x80) size--; // not inside of a character
    return arena_text_n(in->arena, text, size);
}

enum err_kind said_error(const char *kind, enum err_kind otherwise) {
    enum err_kind known;
    return kind && err_kind_parse(kind, &known) ? known : otherwise;
}

struct uuid said_uuid(const char *text) {
    struct uuid u = {0};
    if (text && !uuid_parse(text, &u)) return (struct uuid){0};
    return u;
}

struct err *said_context(struct intake *in, const char *text, const char **ret) {
    return said_text(in, "context", text, DOCUMENT_LARGEST, ret);
}

char *said_uuid_text(struct uuid u, struct arena *arena) {
    if (uuid_is_zero(u)) return NULL;
    char text[UUID_TEXT];
    uuid_text(u, text);
    return arena_text(arena, text);
}

char *said_cluster(const struct state *s, struct arena *arena) {
    char text[UUID_TEXT];
    uuid_text(s->cluster.id, text);
    return arena_text(arena, text);
}

Granary__Welcome *said_welcome(const struct state *s, const struct session_terms *terms, struct arena *arena) {
    Granary__Welcome *m = ARENA_NEW(arena, Granary__Welcome);
    granary__welcome__init(m);
    m->id = terms->who;
    m->cluster = said_cluster(s, arena);
    m->seq = terms->seq;
    m->heartbeat_ms = (uint32_t)s->timing.heartbeat_ms;
    m->lost_ms = (uint32_t)s->timing.lost_ms;
    m->session = arena_text(arena, terms->session);
    return m;
}
