// SPDX-License-Identifier: Apache-2.0
// YAML as operators write it: a small tree with line numbers, and messages from it by descriptor. No anchors, no tags.
#ifndef CODEC_YAML_H
#define CODEC_YAML_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml_node;
struct yaml_pair {
    const char *key;
    size_t line;
    const struct yaml_node *value;
};

// Lives in the arena that it was read into.
struct yaml_node {
    enum yaml_kind kind;
    bool plain;                           // text without quotes: may mean null or a boolean
    size_t line;                          // from 1
    const char *text;                     // of YAML_TEXT
    size_t count;                         // of items or pairs
    const struct yaml_node *const *items; // of YAML_LIST
    const struct yaml_pair *pairs;        // of YAML_MAP, keys distinct
};

struct yaml_documents {
    const struct yaml_node *const *at;
    size_t count; // documents without content are left out
};

enum { YAML_LARGEST = 1 << 20, YAML_DEPTH = 64, YAML_NODES = 100000 };

// Reads a stream of documents. Refused with the line: what is not YAML or not UTF-8, keys that are not text or come
// twice, anchors, aliases and explicit tags, and what is larger than YAML_LARGEST bytes, deeper than YAML_DEPTH or has
// more than YAML_NODES nodes.
MUST_USE struct err *yaml_read(const void *bytes, size_t size, struct arena *arena,
                               struct yaml_documents *ret_documents);

// The value of a key of a map, NULL when absent or when `node` is not a map.
const struct yaml_node *yaml_get(const struct yaml_node *node, const char *key);
// Plain "null", "~" or nothing at all.
bool yaml_is_null(const struct yaml_node *node);

// A mapping as a message. Keys may have '-' for '_'; enum values any case; sizes, rates and *_ms units, as strict JSON;
// yes, no, on, off are booleans; null is unset; internal fields are unknown. "line 7: unknown key 'acces'; did you mean
// 'access'?"
MUST_USE struct err *yaml_message(const struct yaml_node *node, const ProtobufCMessageDescriptor *type,
                                  struct arena *arena, void **ret_message);

#endif
