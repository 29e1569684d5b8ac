// SPDX-License-Identifier: Apache-2.0
// Ids as distinct types, so that swapping two arguments does not compile; UUIDs; the rules for names.
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

// Ids of the registry: made by the master, never reused; the high 16 bits are the registry's generation. 0 is nobody.
#define ID_TYPES(X)                                                                                                    \
    X(provider)                                                                                                        \
    X(instance) X(pool) X(agent) X(class) X(volume) X(reservation) X(operation) X(framework) X(offer) X(task)

#define X(noun)                                                                                                        \
    typedef struct {                                                                                                   \
        uint64_t n;                                                                                                    \
    } noun##_id;                                                                                                       \
    static inline bool noun##_id_equal(noun##_id a, noun##_id b) {                                                     \
        return a.n == b.n;                                                                                             \
    }
ID_TYPES(X)
#undef X

struct uuid {
    unsigned char bytes[16];
};
enum { UUID_TEXT = 37 }; // 36 characters and the NUL

// A version 4 UUID from 16 bytes of entropy.
struct uuid uuid_from_entropy(const unsigned char entropy[16]);
void uuid_text(struct uuid u, char ret_text[UUID_TEXT]);
MUST_USE bool uuid_parse(const char *text, struct uuid *ret_uuid); // 36 characters, any case
bool uuid_equal(struct uuid a, struct uuid b);
bool uuid_is_zero(struct uuid u);

enum { NAME_LONGEST = 255 };
// Names of providers, pools, classes, agents, volumes: 1 to 255 of letters, digits, '.', '_', '-', not starting with '.' or
// '-'. `what` begins the error's sentence ("volume").
MUST_USE struct err *name_check(const char *what, const char *name);
// Roles: "*", or components of a path; Mesos' grammar (each component not empty, not '.', '..' or '*', no leading '-').
MUST_USE struct err *role_check(const char *role);
// Ids that frameworks choose (frameworks, tasks, operations, persistence): 1 to 255 bytes, no '/', no control characters.
MUST_USE struct err *chosen_id_check(const char *what, const char *id);

#endif
