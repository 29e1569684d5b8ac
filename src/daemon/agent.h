// SPDX-License-Identifier: Apache-2.0
// The agent as a process: its step machine bound to the loop, the host and a link to the master.
#ifndef DAEMON_AGENT_H
#define DAEMON_AGENT_H

#include "model/setting.h"
#include "sys/loop.h"

// Runs until a signal ends the loop; keepers, and with them volumes and tasks, go on without it. With `once-probe` it
// prints what the host is and returns.
MUST_USE struct err *agent_daemon_run(struct loop *l, const struct settings *s);

#endif
