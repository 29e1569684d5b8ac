// SPDX-License-Identifier: Apache-2.0
// What an agent tells of its host: probed and configured tags, what it offers, who it is to storage systems.
#ifndef DAEMON_AGENT_REPORT_H
#define DAEMON_AGENT_REPORT_H

#include "base/arena.h"
#include "base/text.h"
#include "granary_link.pb-c.h"
#include "host/abilities.h"
#include "model/setting.h"

// Probes the host anew. `disk_size` is of the disk that the work directory is on. Lives in the arena.
MUST_USE struct err *agent_report_make(const struct settings *s, const struct host_abilities *abilities,
                                       uint64_t disk_size, struct arena *arena, Granary__AgentReport **ret_report);
// "key=value" lines, and the resources.
void agent_report_print(const Granary__AgentReport *report, struct text *out);

#endif
