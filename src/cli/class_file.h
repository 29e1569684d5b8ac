// SPDX-License-Identifier: Apache-2.0
// Classes as the documents that operators write: read, written, compared. Asks nobody.
#ifndef CLI_CLASS_FILE_H
#define CLI_CLASS_FILE_H

#include "base/arena.h"
#include "base/text.h"
#include "base/vec.h"
#include "codec/yaml.h"
#include "granary_model.pb-c.h"

VEC_TYPE(class_list, Granary__Class *);

// Reads a stream of YAML documents, one class each. INVALID names the line: no document at all, a name twice, what is no
// class. Fields that only answers have (id, version, ...) are cleared. Messages live in the arena, and so do their documents,
// which come in the same order (ret_documents may be NULL); end the list with vec_done.
MUST_USE struct err *classes_read(const void *bytes, size_t size, struct arena *arena, struct class_list *ret_list,
                                  struct yaml_documents *ret_documents);
// Whether two of them say the same, whatever answers add.
bool class_same(const Granary__Class *a, const Granary__Class *b);
// Adds the class as a document; what answers add comes as comments.
void class_write(const Granary__Class *class, struct text *out, struct arena *arena);

#endif
