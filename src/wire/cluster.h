// SPDX-License-Identifier: Apache-2.0
// The registry's own identity as a record: cluster id, generation, the highest id given.
#ifndef WIRE_CLUSTER_H
#define WIRE_CLUSTER_H

#include "core/state.h"

enum { CLUSTER_SCHEMA = 1 };
void cluster_pack(const struct state *s, struct text *to);
// Takes it over into the state. CORRUPT when it makes no sense, UNSUPPORTED when a newer Granary wrote it.
MUST_USE struct err *cluster_unpack(struct state *s, const void *bytes, size_t size);

#endif
