// SPDX-License-Identifier: Apache-2.0
// Wraps another driver and misbehaves on schedule: fails, delays, hangs, loses replies, answers unknown. Never invents.
#ifndef DRIVER_FLAKY_H
#define DRIVER_FLAKY_H

#include "driver/drivers.h"

// A schedule is rules between commas, each "CALL:FAULT" or "CALL:FAULT@N", "CALL:FAULT@N-M", "CALL:FAULT%N".
// CALL is inventory, list, create, remove, grow, snapshot, snapshot_remove, attach, detach, fence, tag or "*"; N counts
// the calls of that function from 1 ("%N": each N-th). FAULT is fail-KIND (the wrapped driver is not called; an error
// kind such as fail-full), unknown (not called, answers unknown), lose (called, its answer is lost: unknown),
// delay-DURATION (waits, then calls), hang (waits until the call is given up, and does nothing).
// The first rule that fits a call holds. Gives the state for `driver_flaky`; `inner` and `self` must outlive it.
MUST_USE struct err *flaky_wrap(const struct driver *inner, void *self, const char *schedule, void **ret_self);
// Replaces the schedule and starts counting anew. No call may be running.
MUST_USE struct err *flaky_schedule(void *flaky, const char *schedule);
void flaky_unwrap(void *flaky); // the wrapped state stays open; accepts NULL
// Of a flaky made by open: the state of the memory driver inside.
void *flaky_inner(void *flaky);

#endif
