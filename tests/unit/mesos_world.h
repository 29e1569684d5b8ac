// SPDX-License-Identifier: Apache-2.0
// For tests of the Mesos API: calls from JSON as clients send it, events as the JSON they read. In the texts of these tests
// ' stands for ".
#ifndef TESTS_MESOS_WORLD_H
#define TESTS_MESOS_WORLD_H

#include "core_world.h"
#include "wire/mesos.h"

#define CAN_MULTI_ROLE (1u << FW_MULTI_ROLE)
#define CAN_REFINE (1u << FW_REFINEMENT)
#define CAN_PARTITION (1u << FW_PARTITION_AWARE)
#define CAN_KILL_STATE (1u << FW_KILLING)
#define CAN_LABELLED (CAN_MULTI_ROLE | CAN_REFINE)

// Read as the master reads a body; fails the test when it is no call at all.
const mesos_call *call_of(struct world *w, const char *json);
// The event as JSON, as the master writes it; fails the test when there is none.
const char *text_of(struct world *w, mesos_event *event);
// The pattern with a row's id in place of %s.
const char *with_id(struct world *w, const char *pattern, uint64_t id);
// Whether the JSON has that part, or does not.
void expect_has(const char *json, const char *part);
void expect_lacks(const char *json, const char *part);

// A framework "f-<capabilities>" subscribed to one role.
uint64_t world_framework(struct world *w, const char *role, uint32_t capabilities);
uint64_t world_task(struct world *w, uint64_t framework, const char *id, const char *agent, enum task_state state);
extern const struct mesos_master a_master;

#endif
