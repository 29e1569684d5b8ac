// SPDX-License-Identifier: Apache-2.0
// One request for several volumes and, if asked, an agent's cpus and memory: all of it in one event, or nothing.
#ifndef CORE_REQUEST_APPLY_H
#define CORE_REQUEST_APPLY_H

#include "core/command.h"

enum {
    REQUEST_HOLD_USUAL = 5 * 60 * 1000, // ms that cpus and memory are kept
    REQUEST_HOLD_MOST = 24 * 60 * 60 * 1000,
};

// ids: the agent, the reservation of its cpus and memory (0: none), then a volume and its operation for each volume. notes:
// for each volume why no better class was taken, or NULL.
MUST_USE struct err *decide_request_apply(struct draft *d, const struct cmd_request_apply *c,
                                          struct answer *ret_answer);

#endif
