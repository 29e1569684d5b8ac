// SPDX-License-Identifier: Apache-2.0
// Bytes to HTTP/1.x messages, in any pieces, bounded before anything is allocated. Pure: memory in, memory out.
#ifndef NET_HTTP_PARSE_H
#define NET_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "net/http_message.h"

enum http_parse_kind { HTTP_PARSE_REQUEST, HTTP_PARSE_RESPONSE };
enum http_stage {
    HTTP_STAGE_HEAD, // the start line and headers are not complete
    HTTP_STAGE_BODY, // the head can be read; the body is coming
    HTTP_STAGE_DONE  // the message is whole
};
enum {
    HTTP_START_LINE_MOST = 8 * 1024,
    HTTP_HEADERS_MOST = 64 * 1024, // bytes of all headers
    HTTP_HEADER_COUNT_MOST = 100,
    HTTP_BODY_MOST = 8 * 1024 * 1024 // the usual body limit
};

struct http_parse; // opaque; made by http_parse_new, ended by http_parse_free

MUST_USE struct http_parse *http_parse_new(void);
void http_parse_free(struct http_parse *p); // accepts NULL
enum http_stage http_parse_stage(const struct http_parse *p);
// After an error of a request: the HTTP status that answers it (400, 405, 413, 414, 417, 431, 501, 505).
int http_parse_status(const struct http_parse *p);

// Begins the next message, into `message` (borrowed until the next begin; must be cleared).
// At most `body_limit` bytes of body are held in it; a reader of streams takes them out between two feeds.
void http_parse_begin(struct http_parse *p, enum http_parse_kind kind, size_t body_limit, struct http_message *message);
// The response to come answers a HEAD request.
void http_parse_expect_no_body(struct http_parse *p);
// Takes in bytes up to the end of the head or of the message, whichever comes first; *ret_used says how many.
// After an error nothing more can be fed: the sender is out of step.
MUST_USE struct err *http_parse_feed(struct http_parse *p, const char *bytes, size_t size, size_t *ret_used);
// The connection has ended: completes a response that runs until the end; an error inside anything else.
MUST_USE struct err *http_parse_end(struct http_parse *p);

#endif
