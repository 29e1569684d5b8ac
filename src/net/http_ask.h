// SPDX-License-Identifier: Apache-2.0
// One request as a client states it, and its bytes. Shared by the client on the loop and the blocking one.
#ifndef NET_HTTP_ASK_H
#define NET_HTTP_ASK_H

#include <stdint.h>

#include "net/http_message.h"
#include "net/url.h"

// All borrowed for the call that takes it. Zero in a limit: the default behind it.
struct http_ask {
    const char *method; // NULL: GET
    const char *path;   // begins with '/', already encoded, query included
    const struct http_header *headers;
    size_t header_count;
    const void *body;
    size_t body_size;
    int64_t deadline_ms; // for the whole answer; of a stream: for its head. 30 s
    int64_t idle_ms;     // of a stream: the longest silence. None
    size_t answer_limit; // bytes of the answer's body: 64 MiB. A stream has no limit
};

const char *http_ask_method(const struct http_ask *ask);
int64_t http_ask_deadline(const struct http_ask *ask);
size_t http_ask_limit(const struct http_ask *ask);
// May be sent again when nobody knows whether it arrived.
bool http_ask_is_repeatable(const struct http_ask *ask);
// Adds the request's bytes. Host, User-Agent and Content-Length are added unless the ask has them.
void http_ask_add(struct text *out, const struct url *origin, const struct http_ask *ask);

#endif
