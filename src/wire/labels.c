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

struct err *labels_read(const ProtobufCMessage *m, struct arena *arena, const char **ret_labels) {
    size_t count = entry_count(m, "labels");
    struct label *at = arena_zero(arena, count + 1, sizeof *at);
    AUTO_TEXT struct text lines = {0};
    for (size_t i = 0; i < count; i++) {
        struct text_entry entry = entry_get(m, "labels", i);
        at[i] = (struct label){entry.key, entry.value};
    }
    TRY(labels_make(at, count, &lines));
    *ret_labels = count ? arena_text(arena, text_string(&lines)) : NULL;
    return NULL;
}
