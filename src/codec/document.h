// SPDX-License-Identifier: Apache-2.0
// Small JSON objects that others define and we only carry: the contexts of volumes and attachments. Over jansson.
#ifndef CODEC_DOCUMENT_H
#define CODEC_DOCUMENT_H

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "base/text.h"

struct document; // opaque; made by document_new or document_read, ended by document_free

enum { DOCUMENT_LARGEST = 65536 };

MUST_USE struct document *document_new(void);
// Reads one object of at most DOCUMENT_LARGEST bytes; equal keys are refused. NULL or empty text is an empty object.
MUST_USE struct err *document_read(const char *text, struct document **ret_document);
void document_free(struct document *d); // accepts NULL
void document_auto_free(struct document **d);
#define AUTO_DOCUMENT __attribute__((cleanup(document_auto_free)))

// The string of that key, NULL when absent or not a string. Borrowed until the document changes or ends.
const char *document_get(const struct document *d, const char *key);
// What is asked about a key; `value` is NULL when it is not a string. True ends the walk.
typedef bool document_key(void *arg, const char *key, const char *value);
// Asks about each key that is no field of such a message, or of a message in it (the keys of maps are free), in the order of the
// document: whether one of them ended the walk.
bool document_unknown_keys(const struct document *d, const ProtobufCMessageDescriptor *type, document_key *ask,
                           void *arg);
// Sets or replaces; both must be valid UTF-8. NULL removes the key.
void document_set(struct document *d, const char *key, const char *value);
// Appends the canonical text: keys sorted, compact, ASCII. Equal documents give equal bytes.
void document_write(const struct document *d, struct text *to);

#endif
