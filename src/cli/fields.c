// SPDX-License-Identifier: Apache-2.0
// Lines of one object.
#include "cli/verbs.h"

void fields_begin(struct table *t) {
    table_column(t, "", TABLE_LEFT);
    table_column(t, "", TABLE_LEFT);
}

void field_row(struct table *t, const char *name, const char *value) {
    if (!value || !*value) return;
    if (*name)
        table_cellf(t, "%s:", name);
    else
        table_blank(t);
    table_cell(t, value);
}
