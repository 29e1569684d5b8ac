// SPDX-License-Identifier: Apache-2.0
// Between the agent's machine and the host: its jobs as calls, what the host knows as the machine's words. Decides nothing.
#ifndef DAEMON_AGENT_HOST_H
#define DAEMON_AGENT_HOST_H

#include "agent/agent.h"
#include "base/text.h"
#include "host/host.h"

// Starts the job. `done` runs in a later turn, once, with the job's number (not for launches). Keeps `arg` until then.
// `printed`: what a READ found, else empty.
typedef void agent_host_done(uint64_t job, struct err *error, const struct agent_device *device,
                             const struct text *printed, void *arg);
void agent_host_start(struct host *h, struct loop *loop, uint64_t job, const struct agent_job *work,
                      agent_host_done *done, void *arg);

struct agent_end agent_end_of(const struct host_end *end); // borrows
// What host_find said; lists live in the arena, texts are borrowed from `found`.
struct agent_found agent_found_of(const struct host_found *found, struct arena *arena);

#endif
