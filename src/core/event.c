// SPDX-License-Identifier: Apache-2.0
// The table of event kinds.
#include "core/event.h"

static const struct event_row {
    const char *name;
    enum noun noun;
    bool kept;
} events[] = {
#define X(number, NOUN, kind, text, stored) [number] = {text, NOUN_##NOUN, stored},
    EVENTS(X)
#undef X
};

enum noun event_noun(enum event_kind kind) {
    return events[kind].noun;
}
const char *event_name(enum event_kind kind) {
    return events[kind].name;
}
bool event_kept(enum event_kind kind) {
    return events[kind].kept;
}

bool event_kind_parse(uint32_t number, enum event_kind *ret_kind) {
    if (number >= ARRAY_LEN(events) || !events[number].name) return false;
    *ret_kind = (enum event_kind)number;
    return true;
}
