// SPDX-License-Identifier: Apache-2.0
// Steps of a task's life, shared by the files that do them.
#ifndef HOST_TASK_H
#define HOST_TASK_H

#include "host/host_state.h"

char *task_dir(const struct task *t); // given
void task_end_read(struct task *t);   // reads how it ended; it has
// loop_ready of a keeper's pidfd.
void task_keeper_ended(int fd, int what, void *arg);

#endif
