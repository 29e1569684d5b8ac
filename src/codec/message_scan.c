// SPDX-License-Identifier: Apache-2.0
// Walks packed bytes by descriptor and says what is wrong with them, by path. Never unpacks, never allocates but for
// errors.
#include "codec/message_scan.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "codec/field.h"
#include "codec/utf8.h"
#include "codec/varint.h"

// One message being walked; `up` is the one that holds it, at its current field.
struct level {
    const struct level *up;
    const message_info *type;
    const uint8_t *start, *at, *end;
    const uint8_t *tag_at; // of the current field
    const field_info *field;
};

struct scan {
    const struct message_limits *limits;
    size_t elements;
    bool unknown_enums;
};

struct tag {
    uint32_t number;
    unsigned wire;
};

static bool tag_read(struct level *l, struct tag *ret_tag) {
    uint64_t n;
    l->tag_at = l->at;
    if (!varint_read(&l->at, l->end, &n) || n > UINT32_MAX || !(n >> 3)) return false;
    *ret_tag = (struct tag){(uint32_t)(n >> 3), (unsigned)(n & 7)};
    return true;
}

// Steps over a value of that wire type; *ret_size is the length of what a length stands before (then at its first
// byte).
static bool value_pass(struct level *l, unsigned wire, const uint8_t **ret_value, size_t *ret_size) {
    uint64_t n;
    *ret_value = l->at;
    size_t fixed = wire == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : wire == PROTOBUF_C_WIRE_TYPE_32BIT ? 4 : 0;
    if (wire == PROTOBUF_C_WIRE_TYPE_VARINT) {
        if (!varint_read(&l->at, l->end, &n)) return false;
        *ret_size = (size_t)(l->at - *ret_value);
        return true;
    }
    if (wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) {
        if (!varint_read(&l->at, l->end, &n) || n > (uint64_t)(l->end - l->at)) return false;
        *ret_value = l->at;
        fixed = (size_t)n;
    } else if (!fixed || (size_t)(l->end - l->at) < fixed) {
        return false;
    }
    *ret_size = fixed;
    l->at += fixed;
    return true;
}

// Which element of its list the current field of `l` is: counted only when an error must name it.
static size_t element_index(const struct level *l) {
    struct level again = {.at = l->start, .end = l->end};
    size_t index = 0, size;
    const uint8_t *value;
    struct tag t;
    while (again.at < l->tag_at && tag_read(&again, &t) && value_pass(&again, t.wire, &value, &size))
        if (t.number == l->field->id && again.at <= l->tag_at) index++;
    return index;
}

static void path_add(struct text *path, const struct level *l) {
    if (l->up) path_add(path, l->up);
    if (!l->field) return;
    if (path->size) text_add_char(path, '.');
    text_add(path, l->field->name);
    if (field_is_repeated(l->field)) text_addf(path, "[%zu]", element_index(l));
}

// "accept.operations[2].launch", or the type's name at the top.
static char *path_take(const struct level *l) {
    struct text path = {0};
    path_add(&path, l);
    const struct level *top = l;
    while (top->up) top = top->up;
    if (!path.size) text_add(&path, top->type->short_name);
    return text_take(&path);
}

static struct err *refuse(enum err_kind kind, const struct level *l, const char *what) {
    AUTO_FREE char *path = path_take(l);
    return err_new(kind, "%s: %s", path, what);
}

static struct err *broken(const struct level *l) {
    AUTO_FREE char *path = path_take(l);
    return err_new(ERR_INVALID, "%s: the protobuf data is broken or truncated at byte %zu of this message", path,
                   (size_t)(l->tag_at - l->start));
}

static struct err *count(struct scan *s, const struct level *l, size_t more) {
    s->elements += more;
    if (s->elements <= s->limits->elements) return NULL;
    AUTO_FREE char *path = path_take(l);
    return err_new(ERR_TOO_LARGE, "%s: the message has more than %zu elements", path, s->limits->elements);
}

static struct err *enum_check(struct scan *s, struct level *l, uint64_t n) {
    const field_info *f = l->field;
    if (protobuf_c_enum_descriptor_get_value(f->descriptor, (int)(uint32_t)n)) return NULL;
    if (f->label == PROTOBUF_C_LABEL_NONE) return NULL; // proto3 enums are open
    s->unknown_enums = true;
    if (f->label != PROTOBUF_C_LABEL_REQUIRED) return NULL;
    AUTO_FREE char *path = path_take(l);
    return err_new(ERR_INVALID, "%s: required field has the unknown value %d", path, (int)(uint32_t)n);
}

static unsigned wire_of(ProtobufCType type) {
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT: return PROTOBUF_C_WIRE_TYPE_32BIT;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE: return PROTOBUF_C_WIRE_TYPE_64BIT;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED;
    default: return PROTOBUF_C_WIRE_TYPE_VARINT;
    }
}

static struct err *packed_check(struct scan *s, struct level *l, const uint8_t *value, size_t size) {
    unsigned wire = wire_of(l->field->type);
    size_t fixed = wire == PROTOBUF_C_WIRE_TYPE_64BIT ? 8 : 4;
    if (wire != PROTOBUF_C_WIRE_TYPE_VARINT) return size % fixed ? broken(l) : count(s, l, size / fixed);
    struct level inner = {.at = value, .end = value + size};
    while (inner.at < inner.end) {
        uint64_t n;
        if (!varint_read(&inner.at, inner.end, &n)) return broken(l);
        TRY(count(s, l, 1));
        if (l->field->type == PROTOBUF_C_TYPE_ENUM) TRY(enum_check(s, l, n));
    }
    return NULL;
}

static struct err *level_check(struct scan *s, struct level *l, unsigned depth);

static struct err *field_check(struct scan *s, struct level *l, const uint8_t *value, size_t size, unsigned depth) {
    if (l->field->type == PROTOBUF_C_TYPE_STRING && utf8_valid((const char *)value, size) < size)
        return refuse(ERR_INVALID, l, "the text is not valid UTF-8 or holds a NUL");
    if (l->field->type == PROTOBUF_C_TYPE_ENUM) {
        struct level inner = {.at = value, .end = value + size};
        uint64_t n = 0;
        if (!varint_read(&inner.at, inner.end, &n)) return broken(l);
        return enum_check(s, l, n);
    }
    if (l->field->type != PROTOBUF_C_TYPE_MESSAGE) return NULL;
    struct level inner = {.up = l, .type = l->field->descriptor, .start = value, .at = value, .end = value + size};
    return level_check(s, &inner, depth + 1);
}

static const field_info *field_by_number(const message_info *type, uint32_t number, unsigned hint) {
    if (hint < type->n_fields && type->fields[hint].id == number) return &type->fields[hint];
    return number > INT32_MAX ? NULL : protobuf_c_message_descriptor_get_field(type, number);
}

static struct err *required_check(struct level *l, const uint64_t *seen) {
    l->field = NULL;
    for (unsigned i = 0; i < l->type->n_fields; i++) {
        if (l->type->fields[i].label != PROTOBUF_C_LABEL_REQUIRED || seen[i / 64] >> (i % 64) & 1) continue;
        AUTO_FREE char *path = path_take(l);
        return err_new(ERR_INVALID, "%s: required field '%s' missing", path, l->type->fields[i].name);
    }
    return NULL;
}

static struct err *level_check(struct scan *s, struct level *l, unsigned depth) {
    must(l->type->n_fields <= FIELDS_MOST);
    if (depth > s->limits->depth) return refuse(ERR_TOO_LARGE, l, "messages are nested too deeply");
    uint64_t seen[FIELDS_MOST / 64] = {0};
    unsigned next = 0;
    while (l->at < l->end) {
        struct tag t;
        const uint8_t *value;
        size_t size;
        l->field = NULL;
        if (!tag_read(l, &t) || !value_pass(l, t.wire, &value, &size)) return broken(l);
        TRY(count(s, l, 1));
        const field_info *f = l->field = field_by_number(l->type, t.number, next);
        if (!f) continue;
        unsigned index = (unsigned)(f - l->type->fields), wire = wire_of(f->type);
        next = field_is_repeated(f) ? index : index + 1;
        seen[index / 64] |= (uint64_t)1 << (index % 64);
        if (t.wire == wire)
            TRY(field_check(s, l, value, size, depth));
        else if (field_is_repeated(f) && t.wire == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            TRY(packed_check(s, l, value, size));
        else
            return refuse(ERR_INVALID, l, "the protobuf data has another type here");
    }
    return required_check(l, seen);
}

struct err *message_scan(const message_info *type, const void *bytes, size_t size, const struct message_limits *limits,
                         bool *ret_unknown_enums) {
    struct scan s = {.limits = limits ? limits : &message_limits_default};
    static const uint8_t nothing;
    const uint8_t *start = size ? bytes : &nothing;
    struct level top = {.type = type, .start = start, .at = start, .end = start + size, .tag_at = start};
    TRY(level_check(&s, &top, 1));
    *ret_unknown_enums = s.unknown_enums;
    return NULL;
}
