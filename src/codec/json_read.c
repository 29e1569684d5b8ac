// SPDX-License-Identifier: Apache-2.0
// Reads JSON into messages: each key is looked up in the descriptor and its value stored where the descriptor says.
#include "codec/json_read.h"

#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "codec/base64.h"
#include "codec/field.h"
#include "codec/json_scan.h"
#include "codec/scalar.h"

// Where we are, for errors: a field, and which of its elements.
struct place {
    const field_info *field;
    bool in_list, in_map;
    size_t index;
    struct slice key;
};

struct reader {
    struct json_scan s;
    enum json_mode mode;
    size_t elements; // that may still come
    size_t element_limit;
    struct place places[FIELD_DEPTH + 1]; // not unwound on errors, so that the path can be told at the end
    size_t place_count;
};

static struct err *message_read(struct reader *r, const message_info *type, void **ret_message);

static struct place *place_enter(struct reader *r, const field_info *f) {
    struct place *p = &r->places[r->place_count++];
    *p = (struct place){.field = f};
    return p;
}

static struct err *element_count(struct reader *r) {
    if (r->elements--) return NULL;
    return err_new(ERR_TOO_LARGE, "the message has more than %zu elements", r->element_limit);
}

// ---- single values ----

static struct err *text_keep(struct reader *r, struct slice s, char **ret_text) {
    if (s.at < r->s.start || s.at >= r->s.end) { // decoded into the arena already, with a NUL behind
        *ret_text = (char *)s.at;
        return NULL;
    }
    char *copy = scan_alloc(&r->s, s.size + 1);
    if (!copy) return scan_too_large();
    memcpy(copy, s.at, s.size);
    *ret_text = copy;
    return NULL;
}

static struct err *string_read(struct reader *r, union scalar *ret_value) {
    struct slice s;
    TRY(scan_string(&r->s, &s));
    return text_keep(r, s, &ret_value->text);
}

static struct err *bytes_decode(struct reader *r, union scalar *ret_value) {
    struct slice s;
    TRY(scan_string(&r->s, &s));
    unsigned char *data = scan_alloc(&r->s, base64_room(s.size));
    if (!data) return scan_too_large();
    size_t size;
    if (!base64_read(s.at, s.size, data, &size)) return err_new(ERR_INVALID, "the text is not base64");
    ret_value->data = (ProtobufCBinaryData){size, data};
    return NULL;
}

// {"value": "<base64>"}: some clients copy the message form of an id where plain bytes belong.
static struct err *bytes_object_read(struct reader *r, union scalar *ret_value) {
    bool more, found = false;
    TRY(scan_enter(&r->s));
    for (bool first = true;; first = false) {
        struct slice key;
        TRY(scan_next(&r->s, '}', first, &more));
        if (!more) break;
        TRY(scan_key(&r->s, &key));
        if (key.size == 5 && memcmp(key.at, "value", 5) == 0) {
            TRY(bytes_decode(r, ret_value));
            found = true;
        } else {
            TRY(scan_skip(&r->s));
        }
    }
    scan_leave(&r->s);
    return found ? NULL : err_new(ERR_INVALID, "expected base64 text, found an object without 'value'");
}

static struct err *bool_read(struct reader *r, union scalar *ret_value) {
    struct slice s;
    ret_value->boolean = scan_word(&r->s, "true");
    if (ret_value->boolean || scan_word(&r->s, "false")) return NULL;
    if (r->mode != JSON_LENIENT || scan_peek(&r->s) != '"') return scan_expected(&r->s, "true or false");
    TRY(scan_string(&r->s, &s));
    bool yes = s.size == 4 && memcmp(s.at, "true", 4) == 0;
    if (!yes && !(s.size == 5 && memcmp(s.at, "false", 5) == 0)) return err_new(ERR_INVALID, "expected true or false");
    ret_value->boolean = yes;
    return NULL;
}

static struct err *number_field_read(struct reader *r, const field_info *f, union scalar *ret_value) {
    if (scan_peek(&r->s) == '"' && (r->mode == JSON_LENIENT || scalar_has_unit(f))) {
        struct slice s;
        TRY(scan_string(&r->s, &s));
        return r->mode == JSON_LENIENT ? scalar_number_text(f, s.at, s.size, ret_value)
                                       : scalar_unit(f, s.at, s.size, ret_value);
    }
    struct number n;
    TRY(scan_number(&r->s, &n));
    return scalar_number(f, &n, ret_value);
}

// *ret_set is false for an unknown name that is to be ignored.
static struct err *enum_read(struct reader *r, const field_info *f, union scalar *ret_value, bool *ret_set) {
    struct slice s;
    if (scan_peek(&r->s) != '"') return scan_expected(&r->s, "a name in quotes");
    TRY(scan_string(&r->s, &s));
    const ProtobufCEnumValue *v = enum_find(f->descriptor, s.at, s.size, r->mode == JSON_STRICT);
    *ret_set = v != NULL;
    if (v)
        ret_value->i32 = v->value;
    else if (r->mode == JSON_STRICT || f->label == PROTOBUF_C_LABEL_REQUIRED)
        return scalar_enum_unknown(f->descriptor, s.at, s.size);
    return NULL;
}

static struct err *value_read(struct reader *r, const field_info *f, union scalar *ret_value, bool *ret_set) {
    TRY(element_count(r));
    *ret_set = true;
    switch (f->type) {
    case PROTOBUF_C_TYPE_MESSAGE: return message_read(r, f->descriptor, &ret_value->message);
    case PROTOBUF_C_TYPE_STRING: return string_read(r, ret_value);
    case PROTOBUF_C_TYPE_BOOL: return bool_read(r, ret_value);
    case PROTOBUF_C_TYPE_ENUM: return enum_read(r, f, ret_value, ret_set);
    case PROTOBUF_C_TYPE_BYTES:
        if (r->mode == JSON_LENIENT && scan_peek(&r->s) == '{') return bytes_object_read(r, ret_value);
        return bytes_decode(r, ret_value);
    default: return number_field_read(r, f, ret_value);
    }
}

// ---- lists and maps ----

struct list {
    char *at;
    size_t count, capacity, size;
};

static struct err *list_add(struct reader *r, struct list *l, const union scalar *v) {
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 4;
        char *wider = scan_alloc(&r->s, capacity * l->size);
        if (!wider) return scan_too_large();
        if (l->count) memcpy(wider, l->at, l->count * l->size);
        l->at = wider;
        l->capacity = capacity;
    }
    memcpy(l->at + l->count++ * l->size, v, l->size);
    return NULL;
}

static void list_keep(const struct list *l, ProtobufCMessage *m, const field_info *f) {
    *(char **)field_at(m, f) = l->at;
    field_mark(m, f, l->count);
}

static struct err *list_read(struct reader *r, const field_info *f, struct list *l, struct place *p) {
    union scalar v;
    bool set, more;
    if (scan_peek(&r->s) != '[') {
        if (r->mode != JSON_LENIENT) return scan_expected(&r->s, "a list");
        TRY(value_read(r, f, &v, &set));
        return set ? list_add(r, l, &v) : NULL;
    }
    TRY(scan_enter(&r->s));
    for (p->in_list = true;; p->index++) {
        TRY(scan_next(&r->s, ']', p->index == 0, &more));
        if (!more) break;
        TRY(value_read(r, f, &v, &set));
        if (set) TRY(list_add(r, l, &v));
    }
    scan_leave(&r->s);
    return NULL;
}

static struct err *map_key_read(struct reader *r, const field_info *f, struct slice key, ProtobufCMessage *entry) {
    union scalar v;
    if (f->type == PROTOBUF_C_TYPE_STRING)
        TRY(text_keep(r, key, &v.text));
    else if (scalar_is_number(f->type))
        TRY(scalar_number_text(f, key.at, key.size, &v));
    else
        v.boolean = key.size == 4 && memcmp(key.at, "true", 4) == 0;
    memcpy(field_at(entry, f), &v, field_size(f->type));
    field_mark(entry, f, 0);
    return NULL;
}

static struct err *entry_read(struct reader *r, const message_info *type, struct slice key, union scalar *ret_entry,
                              bool *ret_set) {
    union scalar v;
    ret_entry->message = scan_alloc(&r->s, type->sizeof_message);
    if (!ret_entry->message) return scan_too_large();
    ProtobufCMessage *entry = ret_entry->message;
    protobuf_c_message_init(type, entry);
    TRY(map_key_read(r, &type->fields[0], key, entry));
    *ret_set = false;
    if (scan_word(&r->s, "null")) return NULL;
    TRY(value_read(r, &type->fields[1], &v, ret_set));
    if (!*ret_set) return NULL;
    memcpy(field_at(entry, &type->fields[1]), &v, field_size(type->fields[1].type));
    field_mark(entry, &type->fields[1], 0);
    return NULL;
}

// `known` maps each key to its index in the list, so that the last of equal ones wins.
static struct err *map_read_entries(struct reader *r, const field_info *f, struct list *l, struct place *p,
                                    struct map *known) {
    bool more;
    TRY(scan_enter(&r->s));
    p->in_map = true;
    for (bool first = true;; first = false) {
        union scalar entry;
        bool set = false, fresh;
        p->key = (struct slice){0};
        TRY(scan_next(&r->s, '}', first, &more));
        if (!more) break;
        TRY(scan_key(&r->s, &p->key));
        TRY(entry_read(r, f->descriptor, p->key, &entry, &set));
        if (!set) continue;
        union map_value *at = map_put_bytes(known, p->key.at, p->key.size, &fresh);
        if (fresh) {
            at->n = l->count;
            TRY(list_add(r, l, &entry));
        } else {
            memcpy(l->at + at->n * l->size, &entry, l->size);
        }
    }
    scan_leave(&r->s);
    return NULL;
}

static struct err *map_read(struct reader *r, const field_info *f, struct list *l, struct place *p) {
    struct map known = {0};
    struct err *e = map_read_entries(r, f, l, p, &known);
    map_done(&known);
    return e;
}

// ---- messages ----

static struct err *field_read(struct reader *r, ProtobufCMessage *m, const field_info *f, bool *ret_set) {
    struct place *p = place_enter(r, f);
    field_clear(m, f);
    *ret_set = false;
    if (scan_word(&r->s, "null")) {
        // unset, as if the key were not there
    } else if (field_is_repeated(f)) {
        struct list l = {.size = field_size(f->type)};
        TRY(field_is_map(f) && scan_peek(&r->s) == '{' ? map_read(r, f, &l, p) : list_read(r, f, &l, p));
        list_keep(&l, m, f);
        *ret_set = true;
    } else {
        union scalar v;
        TRY(value_read(r, f, &v, ret_set));
        if (*ret_set) {
            memcpy(field_at(m, f), &v, field_size(f->type));
            field_mark(m, f, 0);
        }
    }
    r->place_count--;
    return NULL;
}

static struct err *key_unknown(struct reader *r, const message_info *type, struct slice key) {
    char word[FIELD_DEPTH + 1] = {0};
    memcpy(word, key.at, key.size < FIELD_DEPTH ? key.size : FIELD_DEPTH);
    const char *nearest = field_nearest(type, word);
    r->s.at = key.at >= r->s.start && key.at < r->s.end ? key.at : r->s.at;
    if (nearest) return err_new(ERR_INVALID, "unknown key '%s'; did you mean '%s'?", word, nearest);
    return err_new(ERR_INVALID, "unknown key '%s'", word);
}

// Keys mostly come in the order of the fields, so the one after the last is looked at first.
static const field_info *member_find(const message_info *type, struct slice key, unsigned next) {
    if (next < type->n_fields) {
        const char *name = type->fields[next].name;
        if (strncmp(name, key.at, key.size) == 0 && !name[key.size]) return &type->fields[next];
    }
    return field_find(type, key.at, key.size, false);
}

static struct err *member_read(struct reader *r, ProtobufCMessage *m, uint64_t *seen, unsigned *next) {
    struct slice key;
    TRY(scan_key(&r->s, &key));
    const field_info *f = member_find(m->descriptor, key, *next);
    if (!f || f->id >= FIELD_INTERNAL)
        return r->mode == JSON_STRICT ? key_unknown(r, m->descriptor, key) : scan_skip(&r->s);
    unsigned index = (unsigned)(f - m->descriptor->fields);
    uint64_t bit = (uint64_t)1 << (index % 64);
    bool set;
    *next = index + 1;
    TRY(field_read(r, m, f, &set));
    seen[index / 64] = set ? seen[index / 64] | bit : seen[index / 64] & ~bit;
    return NULL;
}

static struct err *required_check(const message_info *type, const uint64_t *seen) {
    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].label == PROTOBUF_C_LABEL_REQUIRED && !(seen[i / 64] >> (i % 64) & 1))
            return err_new(ERR_INVALID, "required field '%s' missing", type->fields[i].name);
    return NULL;
}

static struct err *message_read(struct reader *r, const message_info *type, void **ret_message) {
    must(type->n_fields <= FIELDS_MOST);
    if (scan_peek(&r->s) != '{') return scan_expected(&r->s, "an object");
    TRY(scan_enter(&r->s));
    ProtobufCMessage *m = scan_alloc(&r->s, type->sizeof_message);
    if (!m) return scan_too_large();
    protobuf_c_message_init(type, m);
    uint64_t seen[FIELDS_MOST / 64] = {0};
    unsigned next = 0;
    bool more;
    for (bool first = true;; first = false) {
        TRY(scan_next(&r->s, '}', first, &more));
        if (!more) break;
        TRY(member_read(r, m, seen, &next));
    }
    TRY(required_check(type, seen));
    scan_leave(&r->s);
    *ret_message = m;
    return NULL;
}

static char *path_take(const struct reader *r) {
    struct text path = {0};
    for (size_t i = 0; i < r->place_count; i++) {
        const struct place *p = &r->places[i];
        text_addf(&path, "%s%s", i ? "." : "", p->field->name);
        if (p->in_list) text_addf(&path, "[%zu]", p->index);
        if (p->in_map && p->key.at) text_addf(&path, "['%.*s']", (int)(p->key.size < 64 ? p->key.size : 64), p->key.at);
    }
    if (path.size) text_add(&path, ": ");
    return text_take(&path);
}

static struct err *place_told(const struct reader *r, struct err *e) {
    if (!e) return NULL;
    size_t line = 1, byte = 1;
    for (const char *at = r->s.start; at < r->s.at; at++, byte++)
        if (*at == '\n') line++, byte = 0;
    AUTO_FREE char *path = path_take(r);
    struct err *told = err_new(err_kind(e), "line %zu, byte %zu: %s%s", line, byte, path, err_text(e));
    err_free(e);
    return told;
}

static struct err *document_read(struct reader *r, const message_info *type, void **ret_message) {
    void *m;
    TRY(message_read(r, type, &m));
    scan_peek(&r->s);
    if (r->s.at < r->s.end) return err_new(ERR_INVALID, "nothing may follow the JSON object");
    *ret_message = m;
    return NULL;
}

struct err *json_read(const message_info *type, const void *bytes, size_t size, enum json_mode mode,
                      const struct message_limits *limits, struct arena *arena, void **ret_message) {
    if (!limits) limits = &message_limits_default;
    const char *text = size ? bytes : "";
    unsigned depth = limits->depth < FIELD_DEPTH ? limits->depth : FIELD_DEPTH;
    struct reader r = {.s = {text, text, text + size, arena, limits->memory, depth},
                       .mode = mode,
                       .elements = limits->elements,
                       .element_limit = limits->elements};
    return place_told(&r, document_read(&r, type, ret_message));
}
