// SPDX-License-Identifier: Apache-2.0
// Entries of maps by descriptor.
#include "codec/entry.h"

#include <string.h>

static const field_info *map_find(const ProtobufCMessage *m, const char *map) {
    const field_info *f = field_find(m->descriptor, map, strlen(map), false);
    must(f && field_is_map(f));
    return f;
}

static ProtobufCMessage ***list_at(const ProtobufCMessage *m, const field_info *f) {
    return field_at(m, f);
}

static const char **text_at(const ProtobufCMessage *entry, unsigned field) {
    must(entry->descriptor->fields[field].type == PROTOBUF_C_TYPE_STRING);
    return field_at(entry, &entry->descriptor->fields[field]);
}

size_t entry_count(const ProtobufCMessage *m, const char *map) {
    return field_count(m, map_find(m, map));
}

struct text_entry entry_get(const ProtobufCMessage *m, const char *map, size_t n) {
    const ProtobufCMessage *entry = (*list_at(m, map_find(m, map)))[n];
    return (struct text_entry){*text_at(entry, 0), *text_at(entry, 1)};
}

void entry_add(ProtobufCMessage *m, const char *map, struct text_entry entry, struct arena *arena) {
    const field_info *f = map_find(m, map);
    const message_info *type = f->descriptor;
    size_t count = field_count(m, f);
    ProtobufCMessage **list = arena_zero(arena, count + 1, sizeof *list),
                     *new = arena_zero(arena, 1, type->sizeof_message);
    if (count) memcpy(list, *list_at(m, f), count * sizeof *list);
    protobuf_c_message_init(type, new);
    *text_at(new, 0) = arena_text(arena, entry.key);
    *text_at(new, 1) = arena_text(arena, entry.value);
    list[count] = new;
    *list_at(m, f) = list;
    field_mark(m, f, count + 1);
}
