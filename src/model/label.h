// SPDX-License-Identifier: Apache-2.0
// Labels: key=value texts that consumers give their volumes. One canonical text holds them all: a line per label, sorted by
// key, no key twice. Never matched against tags.
#ifndef MODEL_LABEL_H
#define MODEL_LABEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

enum { LABELS_MOST = 16 };

struct label {
    const char *key, *value; // value NULL: ""
};
bool label_good(const struct label *l); // its key and value are written as those of tags are
// Checks and sorts: keys and values are written as those of tags are. Adds the canonical text to ret_labels.
MUST_USE struct err *labels_make(const struct label *at, size_t count, struct text *ret_labels);
// Walks the lines: `from` NULL begins; NULL at the end. *ret_size: of the line, without its end. Accepts NULL.
const char *labels_next(const char *labels, const char *from, size_t *ret_size);
// The line of that key ("app=x"), NULL when there is none.
const char *labels_find(const char *labels, const char *key, size_t *ret_size);
bool labels_has(const char *labels, const char *line, size_t size);
// "app=x, tier=db"
void labels_add_text(const char *labels, struct text *out);

#endif
