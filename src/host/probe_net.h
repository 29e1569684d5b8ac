// SPDX-License-Identifier: Apache-2.0
// Tags about the network of this host: only of interfaces that are up and carry its traffic.
#ifndef HOST_PROBE_NET_H
#define HOST_PROBE_NET_H

#include "host/prober.h"

// net/interface, net/speed, net/mtu, net/vlan, net/subnet, hw/nic.
void probe_net(struct prober *p);

#endif
