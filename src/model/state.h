// SPDX-License-Identifier: Apache-2.0
// The state tables: volume, content, attachment, task. Each row says what may come next; who moves them is the core.
#ifndef MODEL_STATE_H
#define MODEL_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

#define TO(state) (1u << (state))

// state, name, may become
#define VOLUME_STATES(X)                                                                                               \
    X(VOLUME_WANTED, "wanted", TO(VOLUME_MAKING) | TO(VOLUME_FAILED) | TO(VOLUME_RELEASING) | TO(VOLUME_GONE))         \
    X(VOLUME_MAKING, "making", TO(VOLUME_READY) | TO(VOLUME_FAILED) | TO(VOLUME_RELEASING))                            \
    X(VOLUME_READY, "ready", TO(VOLUME_RELEASING) | TO(VOLUME_FAILED) | TO(VOLUME_MAKING) /* carved again */)          \
    X(VOLUME_RELEASING, "releasing", TO(VOLUME_GONE) | TO(VOLUME_FAILED))                                              \
    X(VOLUME_FAILED, "failed", TO(VOLUME_RELEASING) | TO(VOLUME_GONE))                                                 \
    X(VOLUME_GONE, "gone", 0u)

// What is on the device. Only a format that was never confirmed makes it suspect: no task has seen it, so the device is
// deleted and carved again, which makes it new. Nothing else leads back to new.
#define CONTENT_STATES(X)                                                                                              \
    X(CONTENT_NEW, "new", TO(CONTENT_FORMATTING) | TO(CONTENT_OWNERS))                                                 \
    X(CONTENT_FORMATTING, "formatting", TO(CONTENT_FORMATTED) | TO(CONTENT_SUSPECT))                                   \
    X(CONTENT_FORMATTED, "formatted", 0u)                                                                              \
    X(CONTENT_OWNERS, "owners", 0u)                                                                                    \
    X(CONTENT_SUSPECT, "suspect", TO(CONTENT_NEW))

#define ATTACHMENT_STATES(X)                                                                                           \
    X(ATTACHMENT_ATTACHING, "attaching",                                                                               \
      TO(ATTACHMENT_IN_USE) | TO(ATTACHMENT_DETACHING) | TO(ATTACHMENT_STRANDED) | TO(ATTACHMENT_GONE))                \
    X(ATTACHMENT_IN_USE, "in_use", TO(ATTACHMENT_DETACHING) | TO(ATTACHMENT_STRANDED) | TO(ATTACHMENT_GONE))           \
    X(ATTACHMENT_DETACHING, "detaching", TO(ATTACHMENT_GONE) | TO(ATTACHMENT_STRANDED))                                \
    X(ATTACHMENT_STRANDED, "stranded", TO(ATTACHMENT_IN_USE) | TO(ATTACHMENT_DETACHING) | TO(ATTACHMENT_GONE))         \
    X(ATTACHMENT_GONE, "gone", 0u)

// Mesos' states and numbers. state, number, has it ended for good. Unreachable, lost and unknown are guesses: a task
// may come back from the first and the last.
#define TASK_STATES(X)                                                                                                 \
    X(TASK_STAGING, 6, false)                                                                                          \
    X(TASK_STARTING, 0, false)                                                                                         \
    X(TASK_RUNNING, 1, false)                                                                                          \
    X(TASK_KILLING, 8, false)                                                                                          \
    X(TASK_FINISHED, 2, true)                                                                                          \
    X(TASK_FAILED, 3, true)                                                                                            \
    X(TASK_KILLED, 4, true)                                                                                            \
    X(TASK_ERROR, 7, true)                                                                                             \
    X(TASK_LOST, 5, true)                                                                                              \
    X(TASK_DROPPED, 9, true)                                                                                           \
    X(TASK_UNREACHABLE, 10, false)                                                                                     \
    X(TASK_GONE, 11, true)                                                                                             \
    X(TASK_GONE_BY_OPERATOR, 12, true)                                                                                 \
    X(TASK_UNKNOWN, 13, false)

// Numbered from 1 in the order of the rows, as on the wire.
#define X(state, name, next) state,
enum volume_state { VOLUME_STATE_NONE, VOLUME_STATES(X) };
enum content_state { CONTENT_STATE_NONE, CONTENT_STATES(X) };
enum attachment_state { ATTACHMENT_STATE_NONE, ATTACHMENT_STATES(X) };
#undef X
#define X(state, number, ended) state = number,
enum task_state { TASK_STATES(X) };
#undef X

// Whether the row of `from` allows `to`. Staying is not a move.
bool volume_state_may(enum volume_state from, enum volume_state to);
bool content_state_may(enum content_state from, enum content_state to);
bool attachment_state_may(enum attachment_state from, enum attachment_state to);
// A task's state as its agent reports it: from an ended state nowhere; never back to staging.
bool task_state_may(enum task_state from, enum task_state to);
bool task_state_ended(enum task_state state);

// Names as the API and people see them; tasks as in Mesos ("TASK_RUNNING").
const char *volume_state_name(enum volume_state state);
const char *content_state_name(enum content_state state);
const char *attachment_state_name(enum attachment_state state);
const char *task_state_name(enum task_state state);
MUST_USE bool volume_state_parse(const char *name, enum volume_state *ret_state);
MUST_USE bool content_state_parse(const char *name, enum content_state *ret_state);
MUST_USE bool attachment_state_parse(const char *name, enum attachment_state *ret_state);
MUST_USE bool task_state_parse(const char *name, enum task_state *ret_state);

#endif
