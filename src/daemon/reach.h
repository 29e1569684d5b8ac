// SPDX-License-Identifier: Apache-2.0
// How this host reaches the data addresses of storage: how long a connection takes, and over how many paths. Both
// calls that look block: for workers, the one that asks the resolver for one of its own.
#ifndef DAEMON_REACH_H
#define DAEMON_REACH_H

#include "base/map.h"
#include "host/prober.h"
#include "net/address.h"

enum { REACH_MOST = 64 };

// The key of an address: reach/<this>. "10.1.0.7:3260" is "10.1.0.7/3260", "[fd00::7]:3260" is "fd00--7/3260". NULL for what is
// no host, or host and port. Given.
MUST_USE char *reach_key(const char *address);
struct reach_target {
    char *address;
    struct net_address to; // what the number in it says, or the last that its name led to
    bool known;            // `to` is
    bool named;            // the resolver must be asked
};
struct reach_target reach_target_of(const char *address); // asks nobody; ended by reach_target_done
void reach_target_done(struct reach_target *t);
// Asks the resolver for all that are named; who gives no answer leaves the last one standing.
void reach_resolve(struct reach_target *targets, size_t count);
// For each target reach/<key>, the lesser of the last two times it took to connect, rounded up to a step of 1, 2 or 5; nothing
// when it cannot be connected to now, in two tries of `try_ms` each, or has no port. And net/paths/<key>, as host_network_paths
// counts them. All are tried at once, the first REACH_MOST. `past` keeps the times between calls; ended by map_done.
void reach_probe(struct prober *p, const struct reach_target *targets, size_t count, int64_t try_ms, struct map *past);

#endif
