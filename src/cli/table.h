// SPDX-License-Identifier: Apache-2.0
// Aligned columns for people: nothing is cut off, and nothing from outside can move the cursor. Prints nothing itself.
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#include "base/text.h"
#include "base/vec.h"

enum table_align { TABLE_LEFT, TABLE_RIGHT };

// Zeroed is valid and empty. Columns come first, then cells row by row; the last row may be short.
struct table {
    VEC(struct table_column {
        const char *title; // borrowed until table_done
        enum table_align align;
    })
    columns;
    VEC(char *) cells;
};

void table_done(struct table *t);
#define AUTO_TABLE __attribute__((cleanup(table_done)))

void table_column(struct table *t, const char *title, enum table_align align);
// The next cell. NULL and "" are shown as "-"; control characters and broken UTF-8 as "?".
void table_cell(struct table *t, const char *value);
void table_cellf(struct table *t, const char *format, ...) PRINTF(2, 3);
void table_blank(struct table *t); // nothing at all
// A size ("50 GiB"); a whole number.
void table_cell_bytes(struct table *t, uint64_t bytes);
void table_cell_number(struct table *t, uint64_t n);
size_t table_rows(const struct table *t);
// Adds the titles and rows, two spaces between columns, none at the end of lines.
void table_write(const struct table *t, struct text *out);

// `label: value` lines with the values aligned, for one object. A cell list of two columns without titles.
void table_write_plain(const struct table *t, struct text *out);

// Adds text from outside as people may see it: control characters and broken UTF-8 become "?".
void table_clean(struct text *out, const char *value);

#endif
