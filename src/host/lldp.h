// SPDX-License-Identifier: Apache-2.0
// The switches that this host hangs on, as lldpd heard of them. Asks it by lldpcli, which blocks: for a worker.
#ifndef HOST_LLDP_H
#define HOST_LLDP_H

#include "host/prober.h"

// net/switch and net/switch-port, for each neighbour. Nothing when there is no lldpcli below the root, or it fails, or does
// not answer within two seconds.
void lldp_probe(struct prober *p);
// The same from what `lldpcli -f json show neighbors` wrote; words before the document are passed over.
void lldp_take(struct prober *p, const char *answer, size_t size);

#endif
