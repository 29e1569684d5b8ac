// SPDX-License-Identifier: Apache-2.0
// Tags about the hardware of this host: adapters towards storage, block drivers, memory nodes, maker and model.
#ifndef HOST_PROBE_HW_H
#define HOST_PROBE_HW_H

#include "host/prober.h"

// hw/infiniband, net/infiniband, hw/fibre-channel, hw/block, hw/numa-nodes, hw/vendor, hw/model.
void probe_hw(struct prober *p);

#endif
