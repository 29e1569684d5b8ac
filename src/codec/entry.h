// SPDX-License-Identifier: Apache-2.0
// A map<string, string> of any message, by the name of its field: each such map has a type of its own in C.
#ifndef CODEC_ENTRY_H
#define CODEC_ENTRY_H

#include "base/arena.h"
#include "codec/field.h"

struct text_entry {
    const char *key, *value; // borrowed from the message, or for it
};
size_t entry_count(const ProtobufCMessage *m, const char *map);
struct text_entry entry_get(const ProtobufCMessage *m, const char *map, size_t n);
// Adds copies of both.
void entry_add(ProtobufCMessage *m, const char *map, struct text_entry entry, struct arena *arena);

#endif
