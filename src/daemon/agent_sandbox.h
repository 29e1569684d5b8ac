// SPDX-License-Identifier: Apache-2.0
// Sandboxes of tasks of which all was said stay for people to read, for a while.
#ifndef DAEMON_AGENT_SANDBOX_H
#define DAEMON_AGENT_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "base/text.h"
#include "host/host.h"

// Begins to remove, in processes of their own, the sandboxes that were left alone for `keep_ms`, a few at a time; returns how
// many. A round goes by task number and begins with `*after` 0: above 0 when it returns, the round goes on from there, so
// that what cannot be removed stands in nobody's way.
size_t agent_sandboxes_remove(struct host *h, const char *work_dir, int64_t keep_ms, uint64_t *after);

// What a job READ asks for. NOT_FOUND: the task printed nothing yet, or its sandbox is removed. A task may have put anything
// in the place of its files: only a plain file is read.
MUST_USE struct err *agent_sandbox_read(const struct host *h, const struct agent_job *work, struct text *ret_printed);

#endif
