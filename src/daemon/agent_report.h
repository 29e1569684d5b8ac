// SPDX-License-Identifier: Apache-2.0
// What an agent tells of its host: probed and configured tags, what it offers, who it is to storage systems.
#ifndef DAEMON_AGENT_REPORT_H
#define DAEMON_AGENT_REPORT_H

#include "base/arena.h"
#include "base/text.h"
#include "granary_link.pb-c.h"
#include "host/abilities.h"
#include "host/probe.h"
#include "model/setting.h"

// The directory that the host's /proc and /sys are below, without a '/' at its end. Given.
MUST_USE char *agent_report_root(const struct settings *s);
// Probes the host anew; `measured` is what took too long to measure for that. `disk_size` is of the disk that the
// work directory is on. Lives in the arena.
MUST_USE struct err *agent_report_make(const struct settings *s, const struct host_abilities *abilities,
                                       uint64_t disk_size, const struct probe_tags *measured, struct arena *arena,
                                       Granary__AgentReport **ret_report);
// Another number when another network is told.
uint64_t agent_report_network(const Granary__AgentReport *report);
// "key=value" lines, and the resources.
void agent_report_print(const Granary__AgentReport *report, struct text *out);

#endif
