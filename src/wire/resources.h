// SPDX-License-Identifier: Apache-2.0
// An agent's scalars and ports: messages and values.
#ifndef WIRE_RESOURCES_H
#define WIRE_RESOURCES_H

#include "core/ports.h"
#include "granary_model.pb-c.h"
#include "wire/intake.h"

// In the arena. Ports may be NULL.
Granary__AgentResources *resources_message(const struct scalars *scalars, const struct port_range *ports,
                                           size_t port_count, struct arena *arena);

enum { PORT_RANGES_MOST = 4096 };
// Refused: below 0, not finite, ports out of order or above 65535. Ports come out as port sets hold them.
MUST_USE struct err *scalars_read(const Granary__AgentResources *m, struct scalars *ret_scalars);
MUST_USE struct err *ports_read(const Granary__AgentResources *m, struct port_set *ret_ports);
// The same ranges, as given, as a row keeps them; left alone when there are none.
MUST_USE struct err *ports_blob_read(struct intake *in, const Granary__AgentResources *m,
                                     const struct blob **ret_ports);

#endif
