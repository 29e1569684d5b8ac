// SPDX-License-Identifier: Apache-2.0
// Labels of rows in messages.
#ifndef WIRE_LABELS_H
#define WIRE_LABELS_H

#include "base/err.h"
#include "codec/entry.h"

// Fills the map 'labels' that the message has from their canonical text (model/label.h); NULL: none.
void labels_fill(ProtobufCMessage *m, const char *labels, struct arena *arena);
// The same the other way, checked; the text is the arena's, NULL: none.
MUST_USE struct err *labels_read(const ProtobufCMessage *m, struct arena *arena, const char **ret_labels);

#endif
