// SPDX-License-Identifier: Apache-2.0
// The master as a process: its step machine bound to the loop, HTTP and the store.
#ifndef DAEMON_MASTER_H
#define DAEMON_MASTER_H

#include "model/setting.h"
#include "sys/loop.h"

// Serves until a signal ends the loop. Prints "listening on HOST:PORT" to the log when it can be reached.
MUST_USE struct err *master_daemon_run(struct loop *l, const struct settings *s);

#endif
