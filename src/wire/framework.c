// SPDX-License-Identifier: Apache-2.0
// Frameworks to messages and back.
#include "wire/framework.h"

static void roles_fill(const struct state *s, const void *row, void *message, struct arena *arena) {
    const struct framework_row *f = row;
    Granary__Framework *m = message;
    m->n_roles = blob_count(f->roles, symbol);
    m->roles = arena_zero(arena, m->n_roles + 1, sizeof *m->roles);
    for (size_t i = 0; i < m->n_roles; i++) m->roles[i] = (char *)state_text(s, blob_items(f->roles, symbol)[i]);
}

static struct err *roles_read(struct intake *in, const void *message, void *row) {
    const Granary__Framework *m = message;
    struct framework_row *f = row;
    size_t size = m->n_roles * sizeof(symbol);
    struct blob *roles = arena_zero(in->arena, 1, sizeof *roles + size);
    roles->size = (uint32_t)size;
    for (size_t i = 0; i < m->n_roles; i++) {
        symbol y = symbol_make(in->symbols, m->roles[i]);
        memcpy(roles->bytes + i * sizeof y, &y, sizeof y);
    }
    f->roles = roles;
    return NULL;
}

static const struct field_map fields[] = {
    FIELD(framework_row, 1, TEXT, text_id),      FIELD(framework_row, 2, TEXT, name),
    FIELD(framework_row, 4, SYMBOL, principal),  FIELD(framework_row, 7, TIME, registered),
    FIELD(framework_row, 8, TIME, disconnected), FIELD(framework_row, 9, BOOL, completed),
    FIELD(framework_row, 1000, U64, id),         FIELD(framework_row, 1001, BLOB, info),
    FIELD(framework_row, 1002, TEXT, user),      FIELD(framework_row, 1003, U32, capabilities),
    FIELD(framework_row, 1004, BOOL, labelled),  FIELD(framework_row, 1005, MILLI, failover_timeout),
};
const struct noun_map framework_map = {
    &granary__framework__descriptor,        fields, ARRAY_LEN(fields), roles_fill, roles_read,
    offsetof(struct framework_row, text_id)};

Granary__Framework *framework_message(const struct state *s, const struct framework_row *row, struct arena *arena,
                                      enum detail detail) {
    Granary__Framework *m = fields_message(s, &framework_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    m->has_active = m->has_connected = m->has_completed = true;
    m->active = row->session && !row->completed;
    m->connected = row->session != 0;
    m->completed = row->completed;
    return m;
}

struct err *framework_row_from(struct intake *in, const Granary__Framework *m, struct framework_row *ret_row) {
    return fields_read(in, &framework_map, m, ret_row);
}
