// SPDX-License-Identifier: Apache-2.0
// What takes too long to measure in the loop: the switches that this host hangs on, and how it reaches storage. In workers.
#ifndef DAEMON_MEASURE_H
#define DAEMON_MEASURE_H

#include "host/probe.h"
#include "sys/loop.h"

struct measure; // opaque; ended by measure_free

// Measures the ways to storage so often that one that is lost is known within `interval_ms`; switches, and where names lead,
// every half minute; all of it when it is asked to. `changed(arg)` runs after the first time, and when the tags are others than
// before. Copies `root`; keeps `arg`.
MUST_USE struct err *measure_new(struct loop *l, const char *root, int64_t interval_ms, loop_done *changed, void *arg,
                                 struct measure **ret_measure);
// Does not wait for a measurement that hangs, as in the resolver: it is left to the end of the process. Accepts NULL.
void measure_free(struct measure *m);
void measure_interval(struct measure *m, int64_t ms); // from now on
// Data addresses, copied, and measured at once. Those known before stay behind them, as many as there is room for: a master that
// has just started may not know all yet, and what is gone does not answer.
void measure_addresses(struct measure *m, char *const *addresses, size_t count);
void measure_now(struct measure *m);
const struct probe_tags *measure_tags(const struct measure *m); // borrowed until `changed`

#endif
