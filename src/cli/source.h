// SPDX-License-Identifier: Apache-2.0
// What an operator names on the command line: a file, "-" for standard input, or a directory of class files.
#ifndef CLI_SOURCE_H
#define CLI_SOURCE_H

#include "cli/class_file.h"

// The bytes of a file, or of standard input: at most YAML_LARGEST. *ret_said is what to call it in errors.
MUST_USE struct err *source_read(const char *path, struct text *ret_bytes, const char **ret_said);

// A source that is one YAML document, as that message, in the arena. INVALID names the line.
MUST_USE struct err *source_message(const char *path, const ProtobufCMessageDescriptor *type, struct arena *arena,
                                    void **ret_message);

struct class_place {
    const char *file;
    const struct yaml_node *document;
};
// The classes of a source with the file that each stands in: a directory's *.yaml and *.yml, by name. End with
// class_source_done; texts and messages live in the arena.
struct class_source {
    struct class_list classes;
    VEC(struct class_place) places; // of each class
};
void class_source_done(struct class_source *s);
// INVALID names the file and the line: what is no class, a name that stands in two files. NOT_FOUND: no such source, or no
// class file in it.
MUST_USE struct err *class_source_read(const char *path, struct arena *arena, struct class_source *ret_source);
// Where the class of that name stands; NULL when there is none.
const struct class_place *class_source_place(const struct class_source *s, const char *class);
// The line in its file of "pool" or "prefer-pool[2]"; of the document's beginning when `path` is NULL or not there.
size_t class_place_line(const struct class_place *place, const char *path);

#endif
