// SPDX-License-Identifier: Apache-2.0
// What takes too long to measure in the loop: the switches that this host hangs on, and how it reaches storage. In a worker of
// its own, one measurement at a time.
#ifndef DAEMON_MEASURE_H
#define DAEMON_MEASURE_H

#include "host/probe.h"
#include "sys/loop.h"

struct measure; // opaque; ended by measure_free, which waits for the measurement under way

// Measures every half minute and when it is asked to. `changed(arg)` runs after the first time, and when the tags are others than
// before. Copies `root`;
// keeps `arg`.
MUST_USE struct err *measure_new(struct loop *l, const char *root, loop_done *changed, void *arg,
                                 struct measure **ret_measure);
void measure_free(struct measure *m); // accepts NULL
// Data addresses, copied, and measured at once. Those known before stay behind them, as many as there is room for: a master that
// has just started may not know all yet, and what is gone does not answer.
void measure_addresses(struct measure *m, char *const *addresses, size_t count);
void measure_now(struct measure *m);
const struct probe_tags *measure_tags(const struct measure *m); // borrowed until `changed`

#endif
