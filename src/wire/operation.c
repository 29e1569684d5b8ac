// SPDX-License-Identifier: Apache-2.0
// Operations to messages and back.
#include "wire/operation.h"

// What operation_kind_name and operation_state_name say; 0 is none.
static const char *const kind_words[] = {
    [OP_RESERVE] = "reserve", [OP_UNRESERVE] = "unreserve", [OP_CREATE] = "create", [OP_DELETE] = "delete",
    [OP_GROW] = "grow",       [OP_ATTACH] = "attach",       [OP_DETACH] = "detach", [OP_FENCE] = "fence",
    [OP_PUBLISH] = "publish", [OP_UNPUBLISH] = "unpublish",
};
static const char *const state_words[] = {
    [OP_OPEN] = "open", [OP_FINISHED] = "finished", [OP_FAILED] = "failed", [OP_DROPPED] = "dropped"};
// Kind 0 is "invalid", which an operation has that did not fail: the record leaves it out.
#define X(kind, name, http, exit, retry) [ERR_##kind] = ERR_##kind == 0 ? NULL : name,
static const char *const error_words[] = {ERR_KINDS(X)};
#undef X
static const struct words kinds = {kind_words, ARRAY_LEN(kind_words)};
static const struct words states = {state_words, ARRAY_LEN(state_words)};
static const struct words errors = {error_words, ARRAY_LEN(error_words)};

static const struct field_map fields[] = {
    FIELD(operation_row, 1, U64, id),
    FIELD_WORDS(operation_row, 2, WORD, kind, &kinds),
    FIELD_WORDS(operation_row, 3, WORD, state, &states),
    FIELD(operation_row, 4, TEXT, volume_name),
    FIELD(operation_row, 7, TEXT, message),
    FIELD_WORDS(operation_row, 8, WORD, error, &errors),
    FIELD(operation_row, 9, TIME, created),
    FIELD(operation_row, 10, TIME, ended),
    FIELD(operation_row, 11, SYMBOL, principal),
    FIELD(operation_row, 13, TEXT, framework_operation),
    FIELD(operation_row, 14, U64, size),
    FIELD(operation_row, 1000, U64, volume),
    FIELD(operation_row, 1001, U64, agent),
    FIELD(operation_row, 1002, U64, provider),
    FIELD(operation_row, 1003, U64, attachment),
    FIELD(operation_row, 1004, U64, framework),
    FIELD(operation_row, 1005, BLOB, status_uuid),
    FIELD(operation_row, 1006, BOOL, wipe),
    FIELD(operation_row, 1007, U64, reservation),
    FIELD(operation_row, 1009, BOOL, recarve),
};
const struct noun_map operation_map = {&granary__operation__descriptor, fields, ARRAY_LEN(fields), NULL, NULL};

Granary__Operation *operation_message(const struct state *s, const struct operation_row *row, struct arena *arena,
                                      enum detail detail) {
    Granary__Operation *m = fields_message(s, &operation_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    const struct agent_row *agent = state_agent(s, row->agent);
    const struct provider_row *provider = state_provider(s, row->provider);
    const struct framework_row *framework = state_framework(s, row->framework);
    m->agent = agent ? (char *)agent->name : NULL;
    m->provider = provider ? (char *)provider->name : NULL;
    m->framework = framework ? (char *)framework->name : NULL;
    if (row->state == OP_OPEN && provider && !provider->session)
        m->message = arena_format(arena, "waits for provider '%s', which is away", provider->name);
    m->error_kind = row->state == OP_FAILED ? (char *)err_kind_name((enum err_kind)row->error) : NULL;
    return m;
}

struct err *operation_row_from(struct intake *in, const Granary__Operation *m, struct operation_row *ret_row) {
    return fields_read(in, &operation_map, m, ret_row);
}
