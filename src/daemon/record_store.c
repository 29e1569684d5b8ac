// SPDX-License-Identifier: Apache-2.0
// Files named "attachment-<number>" and "task-<number>".
#include "daemon/record_store.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

enum { RECORD_LARGEST = 16 << 20 };

static const char *const kinds[] = {[AGENT_RECORD_ATTACHMENT] = "attachment-", [AGENT_RECORD_TASK] = "task-"};

static char *record_path(const char *directory, const struct agent_record *r) {
    return mem_format("%s/%s%llu", directory, kinds[r->kind], (unsigned long long)r->number);
}

static bool name_read(const char *name, struct agent_record *ret_record) {
    for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
        if (!text_starts(name, kinds[k])) continue;
        ret_record->kind = (enum agent_record_kind)k;
        return text_to_u64(name + strlen(kinds[k]), &ret_record->number);
    }
    return false;
}

static struct err *record_load(const char *directory, const char *name, struct arena *arena,
                               struct agent_record_list *records) {
    struct agent_record r = {0};
    if (!name_read(name, &r)) return NULL; // a temporary file of a write that a crash cut off: written over next time
    AUTO_FREE char *path = record_path(directory, &r);
    AUTO_TEXT struct text bytes = {0};
    TRY(file_read(path, RECORD_LARGEST, &bytes));
    r.size = bytes.size;
    r.bytes = arena_copy(arena, text_string(&bytes), bytes.size + 1);
    vec_push(records, r);
    return NULL;
}

struct err *records_load(const char *directory, struct arena *arena, struct agent_record_list *ret_records) {
    TRY(directory_make(directory, 0700));
    DIR *dir = opendir(directory);
    if (!dir) return err_errno(errno, "list %s", directory);
    struct err *e = NULL;
    for (struct dirent *entry; !e && (entry = readdir(dir));)
        e = record_load(directory, entry->d_name, arena, ret_records);
    closedir(dir);
    return e;
}

// A removal may be undone by a crash: then the record is of something that the host does not have, and goes again.
struct err *record_keep(const char *directory, const struct agent_record *record) {
    AUTO_FREE char *path = record_path(directory, record);
    if (record->size) return file_write(path, record->bytes, record->size, 0600);
    if (unlink(path) != 0 && errno != ENOENT) return err_errno(errno, "remove %s", path);
    return NULL;
}
