// SPDX-License-Identifier: Apache-2.0
// The state tables read: which moves are allowed, names both ways.
#include "model/state.h"

#include <string.h>

// One reader for the three tables of the same form.
#define STATE_TABLE(noun, STATES, NONE)                                                                                \
    static const char *const noun##_names[] = {[NONE] = "", STATES(NAME_ROW)};                                         \
    static const uint32_t noun##_nexts[] = {[NONE] = 0, STATES(NEXT_ROW)};                                             \
    const char *noun##_state_name(enum noun##_state state) {                                                           \
        return noun##_names[state];                                                                                    \
    }                                                                                                                  \
    bool noun##_state_may(enum noun##_state from, enum noun##_state to) {                                              \
        return noun##_nexts[from] & TO(to);                                                                            \
    }                                                                                                                  \
    bool noun##_state_parse(const char *name, enum noun##_state *ret_state) {                                          \
        for (size_t i = 1; i < ARRAY_LEN(noun##_names); i++) {                                                         \
            if (strcmp(noun##_names[i], name) != 0) continue;                                                          \
            *ret_state = (enum noun##_state)i;                                                                         \
            return true;                                                                                               \
        }                                                                                                              \
        return false;                                                                                                  \
    }
#define NAME_ROW(state, name, next) [state] = name,
#define NEXT_ROW(state, name, next) [state] = next,

STATE_TABLE(volume, VOLUME_STATES, VOLUME_STATE_NONE)
STATE_TABLE(content, CONTENT_STATES, CONTENT_STATE_NONE)
STATE_TABLE(attachment, ATTACHMENT_STATES, ATTACHMENT_STATE_NONE)

static const struct {
    const char *name;
    bool ended;
} tasks[] = {
#define X(state, number, ended) [number] = {#state, ended},
    TASK_STATES(X)
#undef X
};

const char *task_state_name(enum task_state state) {
    return tasks[state].name;
}
bool task_state_ended(enum task_state state) {
    return tasks[state].ended;
}

bool task_state_may(enum task_state from, enum task_state to) {
    return !tasks[from].ended && from != to && to != TASK_STAGING;
}

bool task_state_parse(const char *name, enum task_state *ret_state) {
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        if (strcmp(tasks[i].name, name) != 0) continue;
        *ret_state = (enum task_state)i;
        return true;
    }
    return false;
}
