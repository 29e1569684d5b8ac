// SPDX-License-Identifier: Apache-2.0
// The client end of sessions with a master (/link/v1): opens one after the other, posts what is said with one post under
// way, repeats what was not heard, drops what comes twice. Knows agents and providers by name only.
#ifndef DAEMON_LINK_H
#define DAEMON_LINK_H

#include "granary_link.pb-c.h"
#include "sys/loop.h"
#include "sys/pool.h"

struct link_client; // opaque; made by link_client_new, ended by link_client_free

// All run in the loop's thread, never inside a call of this file.
struct link_client_events {
    void (*wanted)(void *arg); // a session may be opened: call link_client_hello when the hello is there
    // The first of a session holds the welcome. Borrowed for the call.
    void (*heard)(const Granary__Envelope *envelope, void *arg);
    void (*ended)(const char *why, void *arg); // `wanted` comes again after a pause
};
struct link_client_options {
    const char *master;     // URL
    const char *kind;       // "agent", "provider"
    const char *token_file; // NULL: none
    struct pool *pool;      // resolves names; NULL: blocking
    const struct link_client_events *events;
    void *arg;
};

// Copies the options but `events`, which are kept. `wanted` comes in the next turn.
MUST_USE struct err *link_client_new(struct loop *l, const struct link_client_options *options,
                                     struct link_client **ret_client);
void link_client_free(struct link_client *c); // accepts NULL; without callbacks
// Opens the session; only after `wanted`, once. Borrows the hello.
void link_client_hello(struct link_client *c, const ProtobufCMessage *hello);
// Says it in the session, which must be open: numbered, or (heartbeats) said at most once. Borrows; sets number and seen.
void link_client_say(struct link_client *c, Granary__Envelope *envelope, bool numbered);
bool link_client_open(const struct link_client *c);
// Ends the session and waits long before the next; `ended` is not called.
void link_client_hang_up(struct link_client *c);

#endif
