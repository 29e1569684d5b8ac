// SPDX-License-Identifier: Apache-2.0
// Attachments to messages and back.
#include "wire/attachment.h"

#define X(state, name, next) [state] = name,
static const char *const state_words[] = {[ATTACHMENT_STATE_NONE] = NULL, ATTACHMENT_STATES(X)};
#undef X
static const char *const purpose_words[] = {[ATTACH_FOR_USE] = "use", [ATTACH_FOR_FORMAT] = "format"};
static const char *const step_words[] = {
    [STEP_IS_MAP] = "map",     [STEP_IS_PUBLISH] = "publish",
    [STEP_IS_DONE] = "done",   [STEP_IS_UNPUBLISH] = "unpublish",
    [STEP_IS_UNMAP] = "unmap", [STEP_IS_FENCE] = "fence",
};
static const struct words states = {state_words, ARRAY_LEN(state_words)};
static const struct words purposes = {purpose_words, ARRAY_LEN(purpose_words)};
static const struct words steps = {step_words, ARRAY_LEN(step_words)};

static const struct field_map fields[] = {
    FIELD(attachment_row, 1, U64, id),
    FIELD(attachment_row, 4, U64, epoch),
    FIELD_WORDS(attachment_row, 5, WORD, state, &states),
    FIELD_WORDS(attachment_row, 6, WORD, purpose, &purposes),
    FIELD_WORDS(attachment_row, 7, WORD, step, &steps),
    FIELD(attachment_row, 8, TIME, since),
    FIELD(attachment_row, 9, TEXT, message),
    FIELD(attachment_row, 10, TEXT, ended_because),
    FIELD(attachment_row, 11, BOOL, read_only),
    FIELD(attachment_row, 12, BOOL, pinned),
    FIELD(attachment_row, 13, TEXT, path),
    FIELD(attachment_row, 14, TEXT, warning),
    FIELD(attachment_row, 15, U64, bandwidth),
    FIELD(attachment_row, 1000, U64, volume),
    FIELD(attachment_row, 1001, U64, agent),
    FIELD(attachment_row, 1002, TEXT, context),
    FIELD(attachment_row, 1003, BOOL, detach_wanted),
    FIELD(attachment_row, 1004, BOOL, granted_format),
    FIELD(attachment_row, 1005, TEXT, host),
};
const struct noun_map attachment_map = {&granary__attachment__descriptor, fields, ARRAY_LEN(fields), NULL, NULL};

Granary__Attachment *attachment_message(const struct state *s, const struct attachment_row *row, struct arena *arena,
                                        enum detail detail) {
    Granary__Attachment *m = fields_message(s, &attachment_map, row, arena);
    if (detail == DETAIL_RECORD) return m;
    const struct volume_row *volume = state_volume(s, row->volume);
    const struct agent_row *agent = state_agent(s, row->agent);
    m->volume = volume ? (char *)volume->name : NULL;
    m->agent = agent ? (char *)agent->name : NULL;
    return m;
}

struct err *attachment_row_from(struct intake *in, const Granary__Attachment *m, struct attachment_row *ret_row) {
    return fields_read(in, &attachment_map, m, ret_row);
}
