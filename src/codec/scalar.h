// SPDX-License-Identifier: Apache-2.0
// Numbers and words to field values, with the units that people write. Shared by JSON and YAML; knows no grammar.
#ifndef CODEC_SCALAR_H
#define CODEC_SCALAR_H

#include "base/err.h"
#include "codec/field.h"
#include "codec/number.h"

// Room for one value of any type.
union scalar {
    char bytes[16];
    int32_t i32;
    uint32_t u32;
    int64_t i64;
    uint64_t u64;
    float real32;
    double real64;
    protobuf_c_boolean boolean;
    char *text;
    void *message;
    ProtobufCBinaryData data;
};

bool scalar_is_number(ProtobufCType type);
// Refuses what is not whole where it must be, or does not fit the type.
MUST_USE struct err *scalar_number(const field_info *f, const struct number *n, union scalar *ret_value);
// A number written as text: "5", "0.5", "Infinity", "-Infinity", "NaN" (the last three for real numbers only).
MUST_USE struct err *scalar_number_text(const field_info *f, const char *text, size_t size, union scalar *ret_value);
// May text with a unit stand for this field? Any uint64 (bytes; *bandwidth: bytes per second) but *iops, and any *_ms (a
// duration).
bool scalar_has_unit(const field_info *f);
MUST_USE struct err *scalar_unit(const field_info *f, const char *text, size_t size, union scalar *ret_value);
// "unknown value 'ext5'; did you mean 'EXT4'?"
MUST_USE struct err *scalar_enum_unknown(const enum_info *e, const char *text, size_t size);

#endif
