// SPDX-License-Identifier: Apache-2.0
// Documents.
#include "codec/document.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "codec/field.h"

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

static bool unknown_keys(const json_t *value, const message_info *type, document_key *ask, void *arg);

static bool unknown_below(const json_t *value, const field_info *f, document_key *ask, void *arg) {
    if (f->type != PROTOBUF_C_TYPE_MESSAGE || field_is_map(f)) return false;
    if (!json_is_array(value)) return unknown_keys(value, f->descriptor, ask, arg);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (unknown_keys(json_array_get(value, i), f->descriptor, ask, arg)) return true;
    return false;
}

static bool unknown_keys(const json_t *value, const message_info *type, document_key *ask, void *arg) {
    const char *key;
    json_t *below;
    json_object_foreach((json_t *)(uintptr_t)value, key, below) {
        const field_info *f = field_find(type, key, strlen(key), false);
        if (f ? unknown_below(below, f, ask, arg) : ask(arg, key, json_string_value(below))) return true;
    }
    return false;
}

bool document_unknown_keys(const struct document *d, const ProtobufCMessageDescriptor *type, document_key *ask,
                           void *arg) {
    return unknown_keys(object(d), type, ask, arg);
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
