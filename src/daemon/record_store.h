// SPDX-License-Identifier: Apache-2.0
// An agent's records, one small file each: durable when a call returns. Knows no record's meaning.
#ifndef DAEMON_RECORD_STORE_H
#define DAEMON_RECORD_STORE_H

#include "agent/agent.h"

VEC_TYPE(agent_record_list, struct agent_record);

// Reads all of the directory, which is made if need be. Bytes live in the arena.
MUST_USE struct err *records_load(const char *directory, struct arena *arena, struct agent_record_list *ret_records);
// Writes or (size 0) removes it.
MUST_USE struct err *record_keep(const char *directory, const struct agent_record *record);

#endif
