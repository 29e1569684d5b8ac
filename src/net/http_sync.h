// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP/1.1 client for the command line: one request, one answer or one stream. No loop, no threads.
#ifndef NET_HTTP_SYNC_H
#define NET_HTTP_SYNC_H

#include "net/http_ask.h"

// Asks `origin` and waits. Error kinds as in http_client.h. The answer, of any status, is given: end it with
// http_message_done. Set on success only.
MUST_USE struct err *http_sync_call(const struct url *origin, const struct http_ask *ask,
                                    struct http_message *ret_answer);

// Called with each piece as it comes; no record borders. False ends the stream, which is no error.
typedef bool http_sync_data(const struct http_message *head, const char *bytes, size_t size, void *arg);
// The same for long answers: `data` runs once with size 0 when the head is there, then for each piece. NULL when the server
// or `data` ended it.
MUST_USE struct err *http_sync_stream(const struct url *origin, const struct http_ask *ask, http_sync_data *data,
                                      void *arg);

#endif
