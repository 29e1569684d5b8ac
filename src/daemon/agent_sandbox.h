// SPDX-License-Identifier: Apache-2.0
// Sandboxes of tasks of which all was said stay for people to read, for a while.
#ifndef DAEMON_AGENT_SANDBOX_H
#define DAEMON_AGENT_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/host.h"

struct agent_sandboxes {
    size_t begun; // to be removed by this call
    bool more;    // there may be: ask again soon
};
// Removes, in processes of their own, the sandboxes that were left alone for `keep_ms`; a few at a time.
struct agent_sandboxes agent_sandboxes_remove(struct host *h, const char *work_dir, int64_t keep_ms);

#endif
