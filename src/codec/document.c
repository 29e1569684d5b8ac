// SPDX-License-Identifier: Apache-2.0
// Documents.
#include "codec/document.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

// A document is a jansson object under another name.
static json_t *object(const struct document *d) {
    return (json_t *)(uintptr_t)d;
}

struct document *document_new(void) {
    json_t *o = json_object();
    must(o); // fails only without memory
    return (struct document *)o;
}

struct err *document_read(const char *text, struct document **ret_document) {
    size_t size = text ? strnlen(text, DOCUMENT_LARGEST + 1) : 0;
    if (size > DOCUMENT_LARGEST)
        return err_new(ERR_TOO_LARGE, "the JSON object has more than %d bytes", DOCUMENT_LARGEST);
    if (!size) {
        *ret_document = document_new();
        return NULL;
    }
    json_error_t wrong;
    json_t *o = json_loadb(text, size, JSON_REJECT_DUPLICATES, &wrong);
    if (!o) return err_new(ERR_INVALID, "line %d, column %d: %s", wrong.line, wrong.column, wrong.text);
    if (!json_is_object(o)) {
        json_decref(o);
        return err_new(ERR_INVALID, "expected a JSON object");
    }
    *ret_document = (struct document *)o;
    return NULL;
}

void document_free(struct document *d) {
    json_decref(object(d));
}
void document_auto_free(struct document **d) {
    document_free(*d);
}

const char *document_get(const struct document *d, const char *key) {
    return json_string_value(json_object_get(object(d), key));
}

const char *document_key_after(const struct document *d, const char *key) {
    void *at =
        key ? json_object_iter_next(object(d), json_object_iter_at(object(d), key)) : json_object_iter(object(d));
    return json_object_iter_key(at);
}

void document_set(struct document *d, const char *key, const char *value) {
    if (!value)
        json_object_del(object(d), key); // absent is as good as removed
    else
        must(json_object_set_new(object(d), key, json_string(value)) == 0);
}

void document_write(const struct document *d, struct text *to) {
    size_t flags = JSON_SORT_KEYS | JSON_COMPACT | JSON_ENSURE_ASCII;
    char *room = text_room(to, 0);
    size_t size = json_dumpb(object(d), room, 0, flags);
    room = text_room(to, size);
    must(json_dumpb(object(d), room, size, flags) == size);
    text_added(to, size);
}
