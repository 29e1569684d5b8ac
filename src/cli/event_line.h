// SPDX-License-Identifier: Apache-2.0
// Server-sent events from bytes, and one event as a line for people. Asks nobody.
#ifndef CLI_EVENT_LINE_H
#define CLI_EVENT_LINE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "granary_model.pb-c.h"

// The bytes of a stream that are no whole event yet. Zeroed is valid and empty.
struct sse {
    struct text bytes; // an incomplete line
    struct text data;  // of the event that is being read
};
void sse_done(struct sse *s);

enum { SSE_LARGEST = 16 << 20 };
// Called with the data of each whole event. False ends the reading.
typedef bool sse_event(const char *data, size_t size, void *arg);
// Takes the next piece of the stream. Comments and fields other than data are passed over. TOO_LARGE when an event is above
// SSE_LARGEST. *ret_more is false when `event` wants no more.
MUST_USE struct err *sse_read(struct sse *s, const char *bytes, size_t size, sse_event *event, void *arg,
                              bool *ret_more);

// "14:03:07Z  #123  volume-ready  volume 'db': 50 GiB of gold in a/b/c": time, number, kind, name and what matters of it.
void event_line(const Granary__Event *e, struct text *out, struct arena *arena);

#endif
