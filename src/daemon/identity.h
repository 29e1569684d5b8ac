// SPDX-License-Identifier: Apache-2.0
// Who an agent or provider is to its master, kept in one file that only its owner may read: made at the first start.
#ifndef DAEMON_IDENTITY_H
#define DAEMON_IDENTITY_H

#include <stdint.h>

#include "base/err.h"

enum { IDENTITY_SECRET = 32 };
struct identity {
    char *path;
    int lock; // descriptor of `<path>.lock`, held while the identity is ours
    unsigned char secret[IDENTITY_SECRET];
    char *cluster; // NULL before the first welcome
    uint64_t highest_seen;
};

// Reads the file, or makes it with a new secret, durably. ERR_CONFLICT when another process uses it.
MUST_USE struct err *identity_open(const char *path, struct identity *ret_identity);
// Takes over what a master said and writes it, if anything changed.
MUST_USE struct err *identity_keep(struct identity *i, const char *cluster, uint64_t highest_seen);
void identity_done(struct identity *i); // accepts zeroed

#endif
