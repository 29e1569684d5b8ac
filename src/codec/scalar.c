// SPDX-License-Identifier: Apache-2.0
// Field values from numbers and words.
#include "codec/scalar.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"

enum { WORD_LONGEST = 64 };

bool scalar_is_number(ProtobufCType type) {
    return type != PROTOBUF_C_TYPE_BOOL && type != PROTOBUF_C_TYPE_ENUM && type != PROTOBUF_C_TYPE_STRING &&
           type != PROTOBUF_C_TYPE_BYTES && type != PROTOBUF_C_TYPE_MESSAGE;
}

// A whole number within [-least, most].
static struct err *whole_take(const struct number *n, uint64_t least, uint64_t most, int64_t *ret_signed) {
    if (!n->whole) {
        if (fabs(n->real) >= 9e15) return err_new(ERR_INVALID, "the number is out of range");
        return err_new(ERR_INVALID, "expected a whole number");
    }
    if (n->magnitude > (n->negative ? least : most)) {
        if (n->negative && !least) return err_new(ERR_INVALID, "the number must not be negative");
        return err_new(ERR_INVALID, "the number is out of range");
    }
    *ret_signed = (int64_t)(n->negative ? -n->magnitude : n->magnitude);
    return NULL;
}

static struct err *real_take(const struct number *n, double most, double *ret_real) {
    if (fabs(n->real) > most) return err_new(ERR_INVALID, "the number is out of range");
    *ret_real = n->real;
    return NULL;
}

struct err *scalar_number(const field_info *f, const struct number *n, union scalar *ret_value) {
    int64_t whole = 0;
    double real = 0;
    switch (f->type) {
    case PROTOBUF_C_TYPE_DOUBLE:
        TRY(real_take(n, 1.7976931348623157e308, &real));
        ret_value->real64 = real;
        return NULL;
    case PROTOBUF_C_TYPE_FLOAT:
        TRY(real_take(n, 3.4028234663852886e38, &real));
        ret_value->real32 = (float)real;
        return NULL;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        TRY(whole_take(n, (uint64_t)INT32_MAX + 1, INT32_MAX, &whole));
        ret_value->i32 = (int32_t)whole;
        return NULL;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        TRY(whole_take(n, 0, UINT32_MAX, &whole));
        ret_value->u32 = (uint32_t)whole;
        return NULL;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64: return whole_take(n, (uint64_t)INT64_MAX + 1, INT64_MAX, &ret_value->i64);
    default:
        TRY(whole_take(n, 0, UINT64_MAX, &whole));
        ret_value->u64 = (uint64_t)whole;
        return NULL;
    }
}

static bool slice_is(const char *text, size_t size, const char *word) {
    return strlen(word) == size && memcmp(text, word, size) == 0;
}

struct err *scalar_number_text(const field_info *f, const char *text, size_t size, union scalar *ret_value) {
    struct number n;
    if (number_read(text, size, &n) == size && size) return scalar_number(f, &n, ret_value);
    if (f->type == PROTOBUF_C_TYPE_DOUBLE) {
        bool plus = slice_is(text, size, "Infinity"), minus = slice_is(text, size, "-Infinity");
        if (plus || minus || slice_is(text, size, "NaN")) {
            ret_value->real64 = plus ? INFINITY : minus ? -INFINITY : NAN;
            return NULL;
        }
    }
    return err_new(ERR_INVALID, "expected a number, found the text '%.*s'",
                   (int)(size < WORD_LONGEST ? size : WORD_LONGEST), text);
}

bool scalar_has_unit(const field_info *f) {
    if (text_ends(f->name, "iops")) return false;
    return f->type == PROTOBUF_C_TYPE_UINT64 || (scalar_is_number(f->type) && text_ends(f->name, "_ms"));
}

static struct err *unit_read(const field_info *f, const char *text, uint64_t *ret_n) {
    if (text_ends(f->name, "_ms")) {
        int64_t ms;
        TRY(duration_parse(text, &ms));
        *ret_n = (uint64_t)(ms < 0 ? 0 : ms);
        return NULL;
    }
    if (text_ends(f->name, "bandwidth")) {
        struct bandwidth rate;
        TRY(bandwidth_parse(text, &rate));
        *ret_n = rate.n;
        return NULL;
    }
    struct bytes bytes;
    TRY(bytes_parse(text, &bytes));
    *ret_n = bytes.n;
    return NULL;
}

struct err *scalar_unit(const field_info *f, const char *text, size_t size, union scalar *ret_value) {
    struct number n;
    if (size && number_read(text, size, &n) == size) return scalar_number(f, &n, ret_value);
    char word[WORD_LONGEST + 1] = {0};
    if (size > WORD_LONGEST) return err_new(ERR_INVALID, "expected a number, found a long text");
    memcpy(word, text, size);
    n = (struct number){.whole = true};
    TRY(unit_read(f, word, &n.magnitude));
    n.real = (double)n.magnitude;
    return scalar_number(f, &n, ret_value);
}

struct err *scalar_enum_unknown(const enum_info *e, const char *text, size_t size) {
    char word[WORD_LONGEST + 1] = {0};
    memcpy(word, text, size < WORD_LONGEST ? size : WORD_LONGEST);
    const char *nearest = enum_nearest(e, word);
    if (nearest) return err_new(ERR_INVALID, "unknown value '%s'; did you mean '%s'?", word, nearest);
    return err_new(ERR_INVALID, "unknown value '%s'", word);
}
