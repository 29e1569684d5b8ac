// SPDX-License-Identifier: Apache-2.0
// Reading files, standard input and directories.
#include "cli/source.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/file.h"

enum { READ_SIZE = 64 * 1024, FILES_MOST = 1000 };

static struct err *input_read(struct text *bytes) {
    for (;;) {
        size_t n = fread(text_room(bytes, READ_SIZE), 1, READ_SIZE, stdin);
        text_added(bytes, n);
        if (bytes->size > YAML_LARGEST)
            return err_new(ERR_TOO_LARGE, "standard input: more than %d bytes", YAML_LARGEST);
        if (ferror(stdin)) return err_errno(errno, "read standard input");
        if (!n) return NULL;
    }
}

struct err *source_read(const char *path, struct text *ret_bytes, const char **ret_said) {
    bool input = strcmp(path, "-") == 0;
    *ret_said = input ? "standard input" : path;
    return input ? input_read(ret_bytes) : file_read(path, YAML_LARGEST, ret_bytes);
}

struct err *source_message(const char *path, const ProtobufCMessageDescriptor *type, struct arena *arena,
                           void **ret_message) {
    AUTO_TEXT struct text bytes = {0};
    const char *said;
    struct yaml_documents documents;
    TRY(source_read(path, &bytes, &said));
    TRY(err_wrap(yaml_read(text_string(&bytes), bytes.size, arena, &documents), "%s", said));
    if (documents.count != 1) return err_new(ERR_INVALID, "%s: %zu documents; it must be one", said, documents.count);
    return err_wrap(yaml_message(documents.at[0], type, arena, ret_message), "%s", said);
}

void class_source_done(struct class_source *s) {
    vec_done(&s->classes);
    vec_done(&s->places);
}

const struct class_place *class_source_place(const struct class_source *s, const char *class) {
    for (size_t i = 0; i < s->classes.count; i++)
        if (strcmp(s->classes.at[i]->name, class) == 0) return &s->places.at[i];
    return NULL;
}

// Keys may have '_' for '-'.
static bool key_equal(const char *key, const char *name, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (key[i] != name[i] && !(key[i] == '_' && name[i] == '-')) return false; // also at the end of key
    return !key[size];
}

size_t class_place_line(const struct class_place *place, const char *path) {
    const struct yaml_node *document = place->document;
    size_t size = path ? strcspn(path, "[") : 0, number = size && path[size] ? strtoul(path + size + 1, NULL, 10) : 0;
    for (size_t i = 0; size && i < document->count; i++) {
        const struct yaml_pair *pair = &document->pairs[i];
        if (!key_equal(pair->key, path, size)) continue;
        const struct yaml_node *list = pair->value;
        bool numbered = list->kind == YAML_LIST && number && number <= list->count;
        return numbered ? list->items[number - 1]->line : pair->line;
    }
    return document->line;
}

static struct err *class_take(struct class_source *s, Granary__Class *class, struct class_place place) {
    const struct class_place *other = class_source_place(s, class->name);
    if (other) return err_new(ERR_INVALID, "%s: class '%s' stands in %s too", place.file, class->name, other->file);
    vec_push(&s->classes, class);
    vec_push(&s->places, place);
    return NULL;
}

static struct err *file_take(struct class_source *s, const char *path, struct arena *arena) {
    AUTO_TEXT struct text bytes = {0};
    struct class_list list = {0};
    struct yaml_documents documents;
    const char *said;
    TRY(source_read(path, &bytes, &said));
    said = arena_text(arena, said);
    TRY(err_wrap(classes_read(text_string(&bytes), bytes.size, arena, &list, &documents), "%s", said));
    struct err *e = NULL;
    for (size_t i = 0; !e && i < list.count; i++)
        e = class_take(s, list.at[i], (struct class_place){said, documents.at[i]});
    vec_done(&list);
    return e;
}

static int is_yaml(const struct dirent *entry) {
    return text_ends(entry->d_name, ".yaml") || text_ends(entry->d_name, ".yml");
}

static struct err *directory_take(struct class_source *s, const char *path, struct arena *arena) {
    struct dirent **entries;
    int n = scandir(path, &entries, is_yaml, alphasort);
    if (n < 0) return err_errno(errno, "read the directory %s", path);
    struct err *e = NULL;
    if (!n) e = err_new(ERR_NOT_FOUND, "%s: no file in it ends with .yaml", path);
    if (n > FILES_MOST) e = err_new(ERR_TOO_LARGE, "%s: more than %d files", path, FILES_MOST);
    for (int i = 0; i < n; i++) {
        if (!e) e = file_take(s, arena_format(arena, "%s/%s", path, entries[i]->d_name), arena);
        free(entries[i]);
    }
    free(entries);
    return e;
}

struct err *class_source_read(const char *path, struct arena *arena, struct class_source *ret_source) {
    struct stat st;
    struct class_source s = {0};
    bool directory = strcmp(path, "-") != 0 && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    struct err *e = (directory ? directory_take : file_take)(&s, path, arena);
    if (e)
        class_source_done(&s);
    else
        *ret_source = s;
    return e;
}
