// SPDX-License-Identifier: Apache-2.0
// Requests as they were asked: values and messages.
#ifndef WIRE_ASKED_H
#define WIRE_ASKED_H

#include "core/asked.h"
#include "granary_api.pb-c.h"
#include "wire/intake.h"

// In the arena; texts are borrowed from the symbols.
Granary__RecordedRequest *asked_message(const struct state *s, const struct asked *a, struct arena *arena);
MUST_USE struct err *asked_read(struct intake *in, const Granary__RecordedRequest *m, struct asked *ret_asked);

#endif
