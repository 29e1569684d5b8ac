// SPDX-License-Identifier: Apache-2.0
// Asks the master's REST API and reads its answers, or its errors, as messages. Decides nothing and prints nothing.
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "model/setting.h"
#include "net/http_sync.h"

struct client; // opaque; made by client_new, ended by client_free. Not connected between calls

// Where `settings` say that the master is; reads the token file if one is named.
MUST_USE struct err *client_new(const struct settings *settings, struct client **ret_client);
void client_free(struct client *c); // accepts NULL
void client_auto_free(struct client **c);
#define AUTO_CLIENT __attribute__((cleanup(client_auto_free)))

// Adds `name` percent-encoded as a part of the path; "?name=value" or "&name=value" with the value encoded, nothing when it
// is NULL.
void path_add(struct text *path, const char *name);
void path_query(struct text *path, const char *name, const char *value);

// One request. `body` NULL: none. The answer is read leniently as `type` into the arena (kept until arena_done); with
// `type` NULL it is not looked at. *ret_message is NULL when the answer has no body. An answer of status 400 and above is
// the error that its body tells. UNAVAILABLE: there is no master at that place.
MUST_USE struct err *client_ask(struct client *c, const char *method, const char *path, const ProtobufCMessage *body,
                                const ProtobufCMessageDescriptor *type, struct arena *arena, void **ret_message);
MUST_USE struct err *client_get(struct client *c, const char *path, const ProtobufCMessageDescriptor *type,
                                struct arena *arena, void **ret_message);
// A list with all its pages, as one message. Its first field holds the rows.
MUST_USE struct err *client_list(struct client *c, const char *path, const ProtobufCMessageDescriptor *type,
                                 struct arena *arena, void **ret_message);
// The JSON of the last answer as the master wrote it; of a list of several pages, as one. Borrowed until the next request.
const struct text *client_json(const struct client *c);

// A long answer piece by piece; see http_sync_stream. idle_ms: the longest silence, 0 none; it ends with TIMEOUT.
MUST_USE struct err *client_stream(struct client *c, const char *path, int64_t idle_ms, http_sync_data *data,
                                   void *arg);

// The error that an answer tells: its kind and sentence, and what its explanation adds, line by line. A body that is none of
// ours is quoted.
MUST_USE struct err *client_error(int status, const char *body, size_t size);
// For requests on a loop: where the master is, and the headers of one request; returns how many. Borrowed.
const struct url *client_master(const struct client *c);
enum { CLIENT_HEADERS = 3 };
size_t client_headers(const struct client *c, bool body, const char *accept,
                      struct http_header headers[CLIENT_HEADERS]);
// How long one request may take, in milliseconds: as the settings say, unless hurried.
int64_t client_timeout(const struct client *c);
// Of that many milliseconds at most, instead of what the settings say.
void client_hurry(struct client *c, int64_t ms);

#endif
