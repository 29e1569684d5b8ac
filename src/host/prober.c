// SPDX-License-Identifier: Apache-2.0
// Reading below a root, bounded, and cleaning what becomes a tag.
#include "host/prober.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "sys/file.h"

enum { FILE_MOST = 8 << 20, ENTRIES_MOST = 4096, VALUE_MOST = 255, PATH_MOST = 512, TAGS_MOST = 900 };

static bool letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool key_valid(const char *key) {
    size_t size = strlen(key);
    if (!size || size > VALUE_MOST || key[size - 1] == '/') return false;
    for (const char *c = key; *c; c++) {
        bool begins = c == key || c[-1] == '/';
        if (!letter_or_digit(*c) && (begins || !strchr("._-/", *c))) return false;
    }
    return true;
}

// Trimmed and printable; NULL when it is too long.
static char *value_clean(const char *value) {
    while (*value == ' ') value++;
    size_t size = strlen(value);
    while (size && value[size - 1] == ' ') size--;
    if (size > VALUE_MOST) return NULL;
    char *clean = mem_text(value);
    clean[size] = 0;
    for (char *c = clean; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
    return clean;
}

void prober_tag(struct prober *p, const char *key, const char *value) {
    char *clean = key_valid(key) && p->tags.count < TAGS_MOST ? value_clean(value) : NULL;
    if (clean) vec_push(&p->tags, ((struct probe_tag){mem_text(key), clean}));
}

void prober_tagf(struct prober *p, const char *value, const char *format, ...) {
    char key[VALUE_MOST + 1];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(key, sizeof key, format, args);
    va_end(args);
    if (n > 0 && n <= VALUE_MOST) prober_tag(p, key, value);
}

static char *path_below(const struct prober *p, const char *format, va_list args) {
    char below[PATH_MOST];
    int n = vsnprintf(below, sizeof below, format, args);
    return n < 0 || n >= PATH_MOST ? NULL : mem_format("%s%s", p->root, below);
}

bool prober_file(const struct prober *p, struct text *ret, const char *format, ...) {
    va_list args;
    va_start(args, format);
    AUTO_FREE char *path = path_below(p, format, args);
    va_end(args);
    if (!path || !file_exists(path)) return false;
    text_clear(ret);
    AUTO_ERR struct err *failed = file_read(path, FILE_MOST, ret);
    if (failed || !ret->size) return false;
    if (ret->data[ret->size - 1] == '\n') ret->data[--ret->size] = 0;
    return true;
}

bool prober_has(const struct prober *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    AUTO_FREE char *path = path_below(p, format, args);
    va_end(args);
    return path && file_exists(path);
}

char *prober_link(const struct prober *p, const char *format, ...) {
    va_list args;
    va_start(args, format);
    AUTO_FREE char *path = path_below(p, format, args);
    va_end(args);
    char target[PATH_MOST];
    ssize_t size = path ? readlink(path, target, sizeof target - 1) : -1;
    if (size <= 0) return NULL;
    target[size] = 0;
    const char *slash = strrchr(target, '/');
    return mem_text(slash ? slash + 1 : target);
}

unsigned prober_entries(struct prober *p, const char *directory, prober_seen *seen, void *arg) {
    AUTO_FREE char *path = mem_format("%s%s", p->root, directory);
    DIR *dir = opendir(path);
    unsigned count = 0;
    for (struct dirent *e; dir && count < ENTRIES_MOST && (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        count++;
        if (seen) seen(p, e->d_name, arg);
    }
    if (dir) closedir(dir);
    return count;
}
