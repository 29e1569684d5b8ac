// SPDX-License-Identifier: Apache-2.0
// The interfaces that are up, which of them carry this host's traffic, and its routes, from /sys/class/net and /proc/net.
#ifndef HOST_NETWORK_H
#define HOST_NETWORK_H

#include <stdbool.h>

#include "base/vec.h"
#include "host/prober.h"

enum { INTERFACE_NAME = 16 }; // of the kernel, its end included

struct interface {
    char name[INTERFACE_NAME];
    bool physical; // has a device
    bool
        carries; // is physical, stands on one that carries, or has the default route: no lo, no docker bridge, no veth of a task
};
struct route {
    char interface[INTERFACE_NAME];
    unsigned char to[16]; // IPv4 in the first 4
    unsigned bits;
    bool six, direct; // direct: without a gateway
};

// What is down is not in it. Zeroed is valid and empty; ended by host_network_done.
struct host_network {
    VEC(struct interface) interfaces;
    VEC(struct route) routes; // loopback has one for each kind of address
};
void host_network_read(struct prober *p, struct host_network *ret_network);
void host_network_done(struct host_network *n);
// The interface if it carries traffic, else NULL.
const struct interface *host_network_carrier(const struct host_network *n, const char *name);
// How many interfaces have a route as close as the closest to that address (4 bytes, or 16); 0: none.
unsigned host_network_paths(const struct host_network *n, const unsigned char *address, bool six);

#endif
