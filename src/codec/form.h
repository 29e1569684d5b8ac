// SPDX-License-Identifier: Apache-2.0
// Fields of a message from names and texts, as the query of a URL has them.
#ifndef CODEC_FORM_H
#define CODEC_FORM_H

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"

// Sets the field of that name from a text, which the message keeps: a text, or a number with the unit that it may have. A field
// that is set already, of another type, or internal, and a name that is no field's, are left as they are.
MUST_USE struct err *form_take(ProtobufCMessage *m, const char *name, char *text);

#endif
