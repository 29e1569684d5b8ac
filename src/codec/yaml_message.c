// SPDX-License-Identifier: Apache-2.0
// YAML trees to messages, by descriptor; the same rules for units and names as strict JSON.
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "codec/base64.h"
#include "codec/field.h"
#include "codec/scalar.h"
#include "codec/yaml.h"

// Where we are, for errors.
struct place {
    const struct place *up;
    const field_info *field; // NULL at the root
    bool in_list;
    size_t index;
};

static struct err *message_make(const struct yaml_node *n, const message_info *type, const struct place *at,
                                struct arena *arena, void **ret_message);

static void path_add(struct text *path, const struct place *at) {
    if (!at->field) return;
    path_add(path, at->up);
    text_addf(path, "%s%s", path->size ? "." : "", at->field->name);
    if (at->in_list) text_addf(path, "[%zu]", at->index);
}

// Puts line and path before what went wrong.
static struct err *told(size_t line, const struct place *at, struct err *cause) {
    if (!cause) return NULL;
    AUTO_TEXT struct text path = {0};
    path_add(&path, at);
    struct err *e =
        err_new(err_kind(cause), "line %zu: %s%s%s", line, text_string(&path), path.size ? ": " : "", err_text(cause));
    err_free(cause);
    return e;
}

static const char *kind_name(const struct yaml_node *n) {
    return n->kind == YAML_TEXT ? "text" : n->kind == YAML_LIST ? "a list" : "a mapping";
}

static struct err *bool_take(const char *text, union scalar *ret_value) {
    static const char *const words[] = {"false", "no", "off", "true", "yes", "on"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcasecmp(text, words[i]) != 0) continue;
        ret_value->boolean = i >= 3;
        return NULL;
    }
    return err_new(ERR_INVALID, "expected true or false, found '%.64s'", text);
}

static struct err *bytes_take(const char *text, struct arena *arena, union scalar *ret_value) {
    size_t length = strlen(text), size;
    unsigned char *data = arena_zero(arena, base64_room(length), 1);
    if (!base64_read(text, length, data, &size)) return err_new(ERR_INVALID, "the text is not base64");
    ret_value->data = (ProtobufCBinaryData){size, data};
    return NULL;
}

static struct err *text_take_value(const struct yaml_node *n, const field_info *f, struct arena *arena,
                                   union scalar *ret_value) {
    const ProtobufCEnumValue *v;
    if (n->kind != YAML_TEXT) return err_new(ERR_INVALID, "expected a single value, found %s", kind_name(n));
    switch (f->type) {
    case PROTOBUF_C_TYPE_STRING: ret_value->text = arena_text(arena, n->text); return NULL;
    case PROTOBUF_C_TYPE_BOOL: return bool_take(n->text, ret_value);
    case PROTOBUF_C_TYPE_BYTES: return bytes_take(n->text, arena, ret_value);
    case PROTOBUF_C_TYPE_ENUM:
        v = enum_find(f->descriptor, n->text, strlen(n->text), true);
        if (!v) return scalar_enum_unknown(f->descriptor, n->text, strlen(n->text));
        ret_value->i32 = v->value;
        return NULL;
    default: break;
    }
    return scalar_has_unit(f) ? scalar_unit(f, n->text, strlen(n->text), ret_value)
                              : scalar_number_text(f, n->text, strlen(n->text), ret_value);
}

static struct err *value_make(const struct yaml_node *n, const struct place *at, struct arena *arena,
                              union scalar *ret_value) {
    if (at->field->type == PROTOBUF_C_TYPE_MESSAGE)
        return message_make(n, at->field->descriptor, at, arena, &ret_value->message);
    return told(n->line, at, text_take_value(n, at->field, arena, ret_value));
}

static struct err *list_make(const struct yaml_node *n, struct place *at, struct arena *arena, ProtobufCMessage *m) {
    size_t size = field_size(at->field->type);
    if (n->kind != YAML_LIST) return told(n->line, at, err_new(ERR_INVALID, "expected a list, found %s", kind_name(n)));
    char *list = arena_zero(arena, n->count, size);
    at->in_list = true;
    for (at->index = 0; at->index < n->count; at->index++) {
        union scalar v;
        TRY(value_make(n->items[at->index], at, arena, &v));
        memcpy(list + at->index * size, &v, size);
    }
    *(char **)field_at(m, at->field) = n->count ? list : NULL;
    field_mark(m, at->field, n->count);
    return NULL;
}

static void value_store(ProtobufCMessage *m, const field_info *f, const union scalar *v) {
    memcpy(field_at(m, f), v, field_size(f->type));
    field_mark(m, f, 0);
}

static struct err *entry_make(const struct yaml_pair *pair, const struct place *at, struct arena *arena,
                              void **ret_entry) {
    const message_info *type = at->field->descriptor;
    struct place inside = {.up = at, .field = &type->fields[1]};
    struct yaml_node key = {.kind = YAML_TEXT, .line = pair->line, .text = pair->key};
    ProtobufCMessage *entry = arena_zero(arena, 1, type->sizeof_message);
    protobuf_c_message_init(type, entry);
    union scalar v;
    TRY(told(pair->line, at, text_take_value(&key, &type->fields[0], arena, &v)));
    value_store(entry, &type->fields[0], &v);
    TRY(value_make(pair->value, &inside, arena, &v));
    value_store(entry, &type->fields[1], &v);
    *ret_entry = entry;
    return NULL;
}

static struct err *map_make(const struct yaml_node *n, const struct place *at, struct arena *arena,
                            ProtobufCMessage *m) {
    void **entries = arena_zero(arena, n->count, sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < n->count; i++)
        if (!yaml_is_null(n->pairs[i].value)) TRY(entry_make(&n->pairs[i], at, arena, &entries[count++]));
    *(void ***)field_at(m, at->field) = count ? entries : NULL;
    field_mark(m, at->field, count);
    return NULL;
}

static struct err *field_make(const struct yaml_node *n, struct place *at, struct arena *arena, ProtobufCMessage *m) {
    if (field_is_map(at->field) && n->kind == YAML_MAP) return map_make(n, at, arena, m);
    if (field_is_repeated(at->field)) return list_make(n, at, arena, m);
    union scalar v;
    TRY(value_make(n, at, arena, &v));
    value_store(m, at->field, &v);
    return NULL;
}

static struct err *key_unknown(const message_info *type, const char *key) {
    char word[65] = {0};
    for (size_t i = 0; key[i] && i + 1 < sizeof word; i++) word[i] = key[i];
    const char *nearest = field_nearest(type, word);
    if (nearest) return err_new(ERR_INVALID, "unknown key '%s'; did you mean '%s'?", word, nearest);
    return err_new(ERR_INVALID, "unknown key '%s'", word);
}

static struct err *pair_make(const struct yaml_pair *pair, const struct place *at, struct arena *arena,
                             ProtobufCMessage *m, uint64_t *seen) {
    const field_info *f = field_find(m->descriptor, pair->key, strlen(pair->key), true);
    if (!f || f->id >= FIELD_INTERNAL) return told(pair->line, at, key_unknown(m->descriptor, pair->key));
    if (yaml_is_null(pair->value)) return NULL;
    size_t index = (size_t)(f - m->descriptor->fields);
    uint64_t bit = (uint64_t)1 << (index % 64);
    if (seen[index / 64] & bit)
        return told(pair->line, at, err_new(ERR_INVALID, "the key '%s' is given twice", f->name));
    seen[index / 64] |= bit;
    struct place inside = {.up = at, .field = f};
    return field_make(pair->value, &inside, arena, m);
}

static struct err *message_make(const struct yaml_node *n, const message_info *type, const struct place *at,
                                struct arena *arena, void **ret_message) {
    must(type->n_fields <= FIELDS_MOST);
    if (n->kind != YAML_MAP)
        return told(n->line, at, err_new(ERR_INVALID, "expected a mapping, found %s", kind_name(n)));
    uint64_t seen[FIELDS_MOST / 64] = {0};
    ProtobufCMessage *m = arena_zero(arena, 1, type->sizeof_message);
    protobuf_c_message_init(type, m);
    for (size_t i = 0; i < n->count; i++) TRY(pair_make(&n->pairs[i], at, arena, m, seen));
    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED && !(seen[i / 64] >> (i % 64) & 1))
            return told(n->line, at, err_new(ERR_INVALID, "required field '%s' missing", type->fields[i].name));
    *ret_message = m;
    return NULL;
}

struct err *yaml_message(const struct yaml_node *node, const message_info *type, struct arena *arena,
                         void **ret_message) {
    static const struct place root;
    return message_make(node, type, &root, arena, ret_message);
}
