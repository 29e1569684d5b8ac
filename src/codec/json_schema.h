// SPDX-License-Identifier: Apache-2.0
// The JSON of messages as JSON Schemas, by descriptor: what json_write makes with JSON_PUBLIC, and of types that are read,
// what json_read takes with JSON_STRICT. It takes more spellings of an enum's names, and null for what is not set.
#ifndef CODEC_JSON_SCHEMA_H
#define CODEC_JSON_SCHEMA_H

#include <protobuf-c/protobuf-c.h>

#include "base/text.h"
#include "base/vec.h"

// Where schemas of messages are found: this, and the message's short name.
#define JSON_SCHEMA_PLACE "#/components/schemas/"

VEC_TYPE(message_types, const ProtobufCMessageDescriptor *);
// Adds the type and those of its fields, each once. NULL adds nothing.
void json_schema_gather(struct message_types *types, const ProtobufCMessageDescriptor *type);
// Appends the schema of one type; other messages are references. `taken`: it is read too, so that text with a unit may stand
// for a number, and the name of an enum's value be written as in class files.
void json_schema_add(struct text *out, const ProtobufCMessageDescriptor *type, bool taken);
void json_schema_reference(struct text *out, const ProtobufCMessageDescriptor *type);
// Has it fields that must be there?
bool json_schema_requires(const ProtobufCMessageDescriptor *type);

#endif
