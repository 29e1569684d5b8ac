// SPDX-License-Identifier: Apache-2.0
// Messages to JSON by descriptor: one line of pure ASCII, exact field names, 64-bit integers as numbers, bytes as
// base64.
#ifndef CODEC_JSON_WRITE_H
#define CODEC_JSON_WRITE_H

#include <protobuf-c/protobuf-c.h>

#include "base/text.h"

enum json_style {
    JSON_PLAIN = 0,
    JSON_DEFAULTS = 1, // unset fields with a declared default are written with it unless deprecated, as Mesos does
    JSON_PUBLIC = 2,   // fields from number 1000 on are left out
};

// Appends the message. What is unset or empty is left out, a list of *Entry {key, value} is an object. An enum value
// that the type does not know is left out too; text that is not UTF-8 shows U+FFFD where it is wrong.
void json_write(struct text *to, const ProtobufCMessage *message, unsigned style);
// Appends the text as a JSON string with its quotes.
void json_write_string(struct text *to, const char *text, size_t size);

#endif
