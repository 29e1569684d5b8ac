// SPDX-License-Identifier: Apache-2.0
// What providers say, as commands; what the master says to them, from rows. Lower tiers inherit here: each pool's facts are
// its effective ones, and remember who said them.
#ifndef WIRE_PROVIDER_LINK_H
#define WIRE_PROVIDER_LINK_H

#include "core/command.h"
#include "granary_link.pb-c.h"
#include "wire/intake.h"

struct session_terms; // wire/said.h

// ---- from a provider. What is read lives in the intake's arena, facts until intake_done ----

enum { PROVIDER_INSTANCES_MOST = 1024, PROVIDER_POOLS_MOST = 16384 };
MUST_USE struct err *provider_hello_read(struct intake *in, const Granary__ProviderHello *m, uint64_t session,
                                         struct cmd_provider_hello *ret_command);
MUST_USE struct err *tier_report_read(struct intake *in, const Granary__TierReport *m, uint64_t provider,
                                      uint64_t session, struct cmd_provider_report *ret_command);
// The volumes of one part: borrowed from m.
MUST_USE struct err *object_list_read(const Granary__ObjectList *m, const struct uuid **ret_volumes, size_t *ret_count);
MUST_USE struct err *provider_result_read(struct intake *in, const Granary__ProviderResult *m, uint64_t provider,
                                          struct cmd_provider_result *ret_command);

// ---- to a provider: in the arena, borrowing from rows and state ----

Granary__ToProvider *provider_welcome(const struct state *s, const struct session_terms *terms, struct arena *arena);
// NULL when its volume is not there any more.
Granary__ToProvider *provider_operation(const struct state *s, const struct operation_row *o, struct arena *arena);
Granary__ToProvider *provider_heartbeat(uint64_t seq, struct arena *arena);

#endif
