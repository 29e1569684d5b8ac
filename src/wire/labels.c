// SPDX-License-Identifier: Apache-2.0
// Lines as entries.
#include "wire/labels.h"

#include <string.h>

#include "model/label.h"

void labels_fill(ProtobufCMessage *m, const char *labels, struct arena *arena) {
    size_t size;
    for (const char *at = labels_next(labels, NULL, &size); at; at = labels_next(labels, at, &size)) {
        size_t key = strcspn(at, "=\n");
        const char *value = key < size ? arena_text_n(arena, at + key + 1, size - key - 1) : "";
        entry_add(m, "labels", (struct text_entry){arena_text_n(arena, at, key), value}, arena);
    }
}
