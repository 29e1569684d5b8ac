// SPDX-License-Identifier: Apache-2.0
// How this host reaches the data addresses of storage: how long a connection takes, and over how many paths. Blocks for up
// to three seconds, longer when names must be resolved: for a worker.
#ifndef DAEMON_REACH_H
#define DAEMON_REACH_H

#include "base/map.h"
#include "host/prober.h"

enum { REACH_MOST = 64 };

// The key of an address: reach/<this>. "10.1.0.7:3260" is "10.1.0.7/3260", "[fd00::7]:3260" is "fd00--7/3260". NULL for what is
// no host, or host and port. Given.
MUST_USE char *reach_key(const char *address);
// For each address reach/<key>, the least of the last three times it took to connect, rounded up to a step of 1, 2 or 5;
// nothing when it cannot be connected to now, or has no port. And net/paths/<key>, as host_network_paths counts them. `past` keeps
// the times between calls; ended by map_done.
void reach_probe(struct prober *p, const char *const *addresses, size_t count, struct map *past);

#endif
