// SPDX-License-Identifier: Apache-2.0
// The one error type: a kind for programs and a sentence for people. NULL is success. Knows nothing of what failed.
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

#include "base/must.h"

// kind, name on the wire, HTTP status, exit code, may the same request succeed later
#define ERR_KINDS(X)                                                                                                   \
    X(INVALID, "invalid", 400, 2, false)               /* the request itself is wrong */                               \
    X(DENIED, "denied", 403, 3, false)                 /* not yours, or not allowed */                                 \
    X(NOT_FOUND, "not-found", 404, 4, false)           /* names nothing that exists */                                 \
    X(CONFLICT, "conflict", 409, 5, false)             /* what exists forbids it: in use, duplicate, wrong state */    \
    X(NO_FIT, "no-fit", 409, 6, true)                  /* nothing fits the request now; explain says why */            \
    X(TOO_LARGE, "too-large", 413, 2, false)           /* over a bound of input */                                     \
    X(UNSUPPORTED, "unsupported", 501, 7, false)       /* the driver, kernel or version lacks it */                    \
    X(MEDIA_TYPE, "media-type", 415, 2, false)         /* a content type we do not read */                             \
    X(NOT_ACCEPTABLE, "not-acceptable", 406, 2, false) /* a content type we do not write */                            \
    X(METHOD, "method", 405, 2, false)                 /* this path has no such method */                              \
    X(TIMEOUT, "timeout", 504, 8, true)                /* no answer in time */                                         \
    X(UNAVAILABLE, "unavailable", 503, 9, true)        /* somebody needed is away, or still starting */                \
    X(FULL, "full", 507, 10, true)                     /* a disk or a bound of ours is full */                         \
    X(IO, "io", 500, 11, false)                        /* the operating system or a storage system said no */          \
    X(UNKNOWN, "unknown", 502, 12, true)               /* it may or may not have happened */                           \
    X(CORRUPT, "corrupt", 500, 13, false)              /* stored bytes do not make sense */                            \
    X(INTERNAL, "internal", 500, 1, false)

enum err_kind {
#define X(kind, name, http, exit, retry) ERR_##kind,
    ERR_KINDS(X)
#undef X
};

struct err; // opaque; one owner; ended by err_free

// A new error. The sentence says which thing, what was tried, what the world said, what to do next.
MUST_USE struct err *err_new(enum err_kind kind, const char *format, ...) PRINTF(2, 3);
// Like err_new of the kind that fits `number`, with ": <the system's words>" added.
MUST_USE struct err *err_errno(int number, const char *format, ...) PRINTF(2, 3);
// Puts "context: " before the sentence of `cause` (given); NULL stays NULL. Keeps the kind.
MUST_USE struct err *err_wrap(struct err *cause, const char *format, ...) PRINTF(2, 3);
void err_free(struct err *e); // accepts NULL

enum err_kind err_kind(const struct err *e);
const char *err_text(const struct err *e); // borrowed, lives as long as e
const char *err_kind_name(enum err_kind kind);
int err_kind_http(enum err_kind kind);
int err_kind_exit(enum err_kind kind);
bool err_kind_retry(enum err_kind kind);
// The kind of that wire name; false if there is none.
MUST_USE bool err_kind_parse(const char *name, enum err_kind *ret_kind);

// Returns from the calling function with the error, if there is one. The only control-flow macro of this house.
#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        struct err *try_ = (expression);                                                                               \
        if (try_) return try_;                                                                                         \
    } while (0)

#define AUTO_ERR __attribute__((cleanup(err_auto_free)))
void err_auto_free(struct err **e);

#endif
