// SPDX-License-Identifier: Apache-2.0
// A sheet of key=value lines; line feeds and backslashes in values are written as \n and \\.
#include "sys/sheet.h"

#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sys/file.h"

void sheet_done(struct sheet *s) {
    VEC_EACH (line, s) {
        free(line->key);
        free(line->value);
    }
    vec_done(s);
}

void sheet_add(struct sheet *s, const char *key, const char *value) {
    must(*key && !strpbrk(key, "=\n"));
    if (!value) return;
    struct sheet_line line = {.key = mem_text(key), .value = mem_text(value)};
    vec_push(s, line);
}

void sheet_add_u64(struct sheet *s, const char *key, uint64_t value) {
    AUTO_FREE char *text = mem_format("%llu", (unsigned long long)value);
    sheet_add(s, key, text);
}

void sheet_set(struct sheet *s, const char *key, const char *value) {
    AUTO_FREE char *kept = mem_text(value); // it may be one of those that go
    for (size_t i = 0; i < s->count;) {
        if (strcmp(s->at[i].key, key) != 0) {
            i++;
            continue;
        }
        free(s->at[i].key);
        free(s->at[i].value);
        vec_remove(s, i);
    }
    sheet_add(s, key, kept);
}

void sheet_set_u64(struct sheet *s, const char *key, uint64_t value) {
    AUTO_FREE char *text = mem_format("%llu", (unsigned long long)value);
    sheet_set(s, key, text);
}

const char *sheet_nth(const struct sheet *s, const char *key, size_t index) {
    VEC_EACH (line, s) {
        if (strcmp(line->key, key) == 0 && index-- == 0) return line->value;
    }
    return NULL;
}

const char *sheet_get(const struct sheet *s, const char *key) {
    return sheet_nth(s, key, 0);
}

const char *sheet_text(const struct sheet *s, const char *key) {
    const char *value = sheet_get(s, key);
    return value ? value : "";
}

uint64_t sheet_u64(const struct sheet *s, const char *key) {
    const char *value = sheet_get(s, key);
    uint64_t n = 0;
    return value && text_to_u64(value, &n) ? n : 0;
}

bool sheet_flag(const struct sheet *s, const char *key) {
    return strcmp(sheet_text(s, key), "1") == 0;
}

static void value_write(struct text *out, const char *value) {
    for (; *value; value++) {
        if (*value == '\n') {
            text_add(out, "\\n");
        } else if (*value == '\\') {
            text_add(out, "\\\\");
        } else {
            text_add_char(out, *value);
        }
    }
}

char *sheet_write(const struct sheet *s, size_t *ret_size) {
    AUTO_TEXT struct text out = {0};
    VEC_EACH (line, s) {
        text_add(&out, line->key);
        text_add_char(&out, '=');
        value_write(&out, line->value);
        text_add_char(&out, '\n');
    }
    *ret_size = out.size;
    return text_take(&out);
}

static struct err *line_parse(const char *at, const char *end, struct sheet *ret_sheet) {
    const char *equals = memchr(at, '=', (size_t)(end - at));
    if (!equals || equals == at) return err_new(ERR_CORRUPT, "a line of a sheet has no key");
    AUTO_TEXT struct text key = {0};
    AUTO_TEXT struct text value = {0};
    text_add_n(&key, at, (size_t)(equals - at));
    for (const char *c = equals + 1; c < end; c++) {
        if (*c == '\\' && c + 1 < end) {
            c++;
            text_add_char(&value, *c == 'n' ? '\n' : *c);
        } else {
            text_add_char(&value, *c);
        }
    }
    struct sheet_line line = {.key = text_take(&key), .value = text_take(&value)};
    vec_push(ret_sheet, line);
    return NULL;
}

struct err *sheet_parse(const char *bytes, size_t size, struct sheet *ret_sheet) {
    if (size > SHEET_LARGEST) return err_new(ERR_TOO_LARGE, "a sheet of %zu bytes is over %d", size, SHEET_LARGEST);
    if (memchr(bytes, 0, size)) return err_new(ERR_CORRUPT, "a sheet holds a NUL byte");
    for (const char *at = bytes, *stop = bytes + size; at < stop;) {
        const char *end = memchr(at, '\n', (size_t)(stop - at));
        if (!end) return err_new(ERR_CORRUPT, "the last line of a sheet is cut off");
        TRY(line_parse(at, end, ret_sheet));
        at = end + 1;
    }
    return NULL;
}

struct err *sheet_save(const struct sheet *s, const char *path) {
    size_t size = 0;
    AUTO_FREE char *bytes = sheet_write(s, &size);
    return file_write(path, bytes, size, 0600);
}

struct err *sheet_load(const char *path, struct sheet *ret_sheet) {
    AUTO_TEXT struct text bytes = {0};
    TRY(file_read(path, SHEET_LARGEST, &bytes));
    return err_wrap(sheet_parse(text_string(&bytes), bytes.size, ret_sheet), "%s", path);
}

struct err *sheet_load_if_there(const char *path, struct sheet *ret_sheet) {
    bool there;
    TRY(file_look(path, &there));
    return there ? sheet_load(path, ret_sheet) : NULL;
}
