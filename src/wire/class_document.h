// SPDX-License-Identifier: Apache-2.0
// A class as its operator wrote it, from its message. Knows no registry.
#ifndef WIRE_CLASS_DOCUMENT_H
#define WIRE_CLASS_DOCUMENT_H

#include "base/arena.h"
#include "granary_model.pb-c.h"
#include "model/class.h"

// Borrows from the message; lists are in the arena.
struct class_document class_document_from(const Granary__Class *m, struct arena *arena);

#endif
