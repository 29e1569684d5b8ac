// SPDX-License-Identifier: Apache-2.0
// One HTTP request or response as it was received, and the means to ask it for headers. Pure.
#ifndef NET_HTTP_MESSAGE_H
#define NET_HTTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "base/vec.h"

// Also what callers pass as extra headers of requests and answers.
struct http_header {
    const char *name, *value;
};

// All pointers are borrowed from the message and live until http_message_clear or _done. Zeroed is valid and empty.
struct http_message {
    const char *method; // of a request: "GET"
    const char *target; // of a request: the path still encoded, without the query
    const char *path;   // of a request: the same decoded
    const char *query; // of a request: what follows '?', still encoded and all its escapes right; "" when there is none
    int status;        // of a response
    int minor;         // HTTP/1.<minor>
    bool keep_alive;   // the sender lets the connection be used again
    bool chunked;      // the body came in chunks
    bool expects_continue;
    VEC(struct http_header) headers; // in the order received
    struct text body;
    struct text head, decoded; // the bytes the pointers above point into
};

void http_message_clear(struct http_message *m); // keeps small buffers for the next message
void http_message_done(struct http_message *m);

// The first header of that name in any case; NULL when there is none.
const char *http_header_find(const struct http_message *m, const char *name);
// How many headers have that name.
size_t http_header_count(const struct http_message *m, const char *name);

#endif
