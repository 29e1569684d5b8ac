// SPDX-License-Identifier: Apache-2.0
// Small values that agents and providers say: bounded texts, blobs, error kinds, UUIDs. Only for the links.
#ifndef WIRE_SAID_H
#define WIRE_SAID_H

#include "core/row.h"
#include "granary_link.pb-c.h"
#include "wire/intake.h"

enum { SAID_NAME_LONGEST = 255, SAID_PATH_LONGEST = 4096, SAID_MESSAGE_LONGEST = 2048, SAID_SECRET_LONGEST = 1024 };

// Copies into the arena; NULL stays NULL. TOO_LARGE when it is longer: `what` begins the sentence.
MUST_USE struct err *said_text(struct intake *in, const char *what, const char *text, size_t longest, const char **ret);
MUST_USE struct err *said_blob(struct intake *in, const char *what, const ProtobufCBinaryData *data, size_t longest,
                               const struct blob **ret);
// A sentence for people: cut, at a whole character, where it is too long. NULL stays NULL.
const char *said_sentence(struct intake *in, const char *text);
// A kind that nobody knows, or none, is `otherwise`.
enum err_kind said_error(const char *kind, enum err_kind otherwise);
// NULL and what is no UUID give the zero one.
struct uuid said_uuid(const char *text);
// A context: JSON that is only carried, within codec's bound.
MUST_USE struct err *said_context(struct intake *in, const char *text, const char **ret);

// ---- what the master says ----
struct session_terms { // of a welcome
    const char *session;
    uint64_t who, seq;
};
Granary__Welcome *said_welcome(const struct state *s, const struct session_terms *terms, struct arena *arena);
char *said_cluster(const struct state *s, struct arena *arena);
char *said_uuid_text(struct uuid u, struct arena *arena); // NULL for the zero one

#endif
