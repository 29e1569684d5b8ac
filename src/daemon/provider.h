// SPDX-License-Identifier: Apache-2.0
// A provider as a process: its step machine bound to the loop, a driver behind worker threads, and a link to the master.
#ifndef DAEMON_PROVIDER_H
#define DAEMON_PROVIDER_H

#include "model/setting.h"
#include "sys/loop.h"

// Runs until a signal ends the loop. Calls that still hang then are left behind.
MUST_USE struct err *provider_daemon_run(struct loop *l, const struct settings *s);

#endif
