// SPDX-License-Identifier: Apache-2.0
// Steps of an attachment's operations, shared by the files that do them.
#ifndef HOST_ATTACHMENT_H
#define HOST_ATTACHMENT_H

#include "host/host_state.h"

char *attachment_dir(const struct attachment *a); // given
// Takes the state as heard or as on disk; `alive`: its keeper lives.
void attachment_state_take(struct attachment *a, const struct sheet *state, bool alive);
void attachment_state_read(struct attachment *a, bool alive);
void attachment_wait(struct attachment *a, host_publish_done *done, void *arg);
// The operation is over; outcome is given, and told to all who wait in the next turn.
void attachment_end(struct attachment *a, struct err *outcome);
void attachment_refuse(struct host *h, struct err *error, host_publish_done *done, void *arg);
// Can this host publish it at all?
MUST_USE struct err *publish_spec_check(const struct host *h, const struct host_publish *p);
void publish_spec_fill(struct sheet *s, const struct host *h, const struct host_publish *p);
// loop_ready of a keeper's pidfd.
void attachment_keeper_ended(int fd, int what, void *arg);

#endif
