// SPDX-License-Identifier: Apache-2.0
// Aligned columns for people.
#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "codec/utf8.h"

void table_done(struct table *t) {
    VEC_EACH (cell, &t->cells) free(*cell);
    vec_done(&t->cells);
    vec_done(&t->columns);
}

void table_column(struct table *t, const char *title, enum table_align align) {
    vec_push(&t->columns, ((struct table_column){title, align}));
}

// Bytes of the character at `s`, 0 when it is none that may be shown.
static size_t shown_size(const char *s, const char *end) {
    uint32_t point = 0;
    size_t size = utf8_read(s, end, &point);
    return point < 0x20 || (point >= 0x7f && point < 0xa0) ? 0 : size;
}

void table_clean(struct text *out, const char *value) {
    const char *end = value + strlen(value);
    while (value < end) {
        size_t size = shown_size(value, end);
        if (size)
            text_add_n(out, value, size);
        else
            text_add_char(out, '?');
        value += size ? size : 1;
    }
}

void table_cell(struct table *t, const char *value) {
    struct text clean = {0};
    table_clean(&clean, value && *value ? value : "-");
    vec_push(&t->cells, text_take(&clean));
}

void table_blank(struct table *t) {
    vec_push(&t->cells, mem_text(""));
}

void table_cellf(struct table *t, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char *value = NULL;
    must(vasprintf(&value, format, arguments) >= 0);
    va_end(arguments);
    table_cell(t, value);
    free(value);
}

void table_cell_bytes(struct table *t, uint64_t bytes) {
    char text[QUANTITY_TEXT];
    table_cell(t, bytes_text((struct bytes){bytes}, text));
}

void table_cell_number(struct table *t, uint64_t n) {
    table_cellf(t, "%llu", (unsigned long long)n);
}

size_t table_rows(const struct table *t) {
    return t->columns.count ? (t->cells.count + t->columns.count - 1) / t->columns.count : 0;
}

// Characters, each of which is taken to be one column wide.
static size_t width(const char *s) {
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void pad(struct text *out, size_t count) {
    while (count--) text_add_char(out, ' ');
}

static void row_write(const struct table *t, const char *const *cells, const size_t *widths, struct text *out) {
    size_t owed = 0; // spaces are added only when something follows them
    for (size_t i = 0; i < t->columns.count; i++) {
        size_t left = widths[i] - width(cells[i]);
        bool right = t->columns.at[i].align == TABLE_RIGHT;
        if (*cells[i]) {
            pad(out, owed + (right ? left : 0));
            text_add(out, cells[i]);
            owed = right ? 2 : left + 2;
        } else {
            owed += widths[i] + 2;
        }
    }
    text_add_char(out, '\n');
}

static void rows_write(const struct table *t, bool titles, struct text *out) {
    size_t n = t->columns.count, rows = table_rows(t);
    AUTO_FREE size_t *widths = mem_zero(n + 1, sizeof *widths);
    AUTO_FREE const char **line = mem_zero(n + 1, sizeof *line);
    for (size_t i = 0; i < n; i++) widths[i] = titles ? width(t->columns.at[i].title) : 0;
    for (size_t i = 0; i < t->cells.count; i++) {
        size_t w = width(t->cells.at[i]);
        if (w > widths[i % n]) widths[i % n] = w;
    }
    for (size_t i = 0; i < n; i++) line[i] = t->columns.at[i].title;
    if (titles) row_write(t, line, widths, out);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = 0; i < n; i++) line[i] = row * n + i < t->cells.count ? t->cells.at[row * n + i] : "";
        row_write(t, line, widths, out);
    }
}

void table_write(const struct table *t, struct text *out) {
    rows_write(t, true, out);
}

void table_write_plain(const struct table *t, struct text *out) {
    rows_write(t, false, out);
}
