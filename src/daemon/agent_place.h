// SPDX-License-Identifier: Apache-2.0
// Where an agent lives: its names, its address and its directories.
#ifndef DAEMON_AGENT_PLACE_H
#define DAEMON_AGENT_PLACE_H

#include "model/setting.h"

struct agent_place {
    char *name, *hostname, *address;
    char *work_dir, *run_dir;      // absolute
    char *records, *identity;      // below work_dir
    uint32_t owner_uid, owner_gid; // of the default user of tasks
};

// Makes the directories.
MUST_USE struct err *agent_place_open(const struct settings *s, struct agent_place *ret_place);
void agent_place_close(struct agent_place *p); // accepts zeroed

#endif
