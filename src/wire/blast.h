// SPDX-License-Identifier: Apache-2.0
// The end of a failure domain as a message.
#ifndef WIRE_BLAST_H
#define WIRE_BLAST_H

#include "core/blast.h"
#include "granary_api.pb-c.h"

// In the arena; texts are borrowed from the blast and the state. `domain` is as it was asked.
Granary__Blast *blast_message(const struct state *s, const struct blast *b, const char *domain, struct blast_page page,
                              struct arena *arena);

#endif
