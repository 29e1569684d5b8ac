// SPDX-License-Identifier: Apache-2.0
// The one guarded door to drivers: checks, counts, adds context, and then calls. What a driver answers is checked too.
#ifndef DRIVER_DOOR_H
#define DRIVER_DOOR_H

#include "granary/request.h"

struct door; // opaque; made by door_open, ended by door_close
struct door_count {
    uint64_t calls, failures, running;
};

// Checks the configuration against the driver's table and opens it. `driver` must outlive the door; `config` is copied.
MUST_USE struct err *door_open(const struct driver *driver, const struct driver_config *config, struct door **ret_door);
// Wraps state that was opened elsewhere: door_close leaves it open (the storage of a simulated world outlives its
// provider).
MUST_USE struct door *door_around(const struct driver *driver, const char *provider, void *self);
void door_close(struct door *d);       // accepts NULL; no call may be running
void *door_self(const struct door *d); // the driver's state, borrowed
bool door_has(const struct door *d, enum driver_act act);

// Makes one call. Any thread, if the driver is `parallel`; it is the caller who keeps calls for one volume apart.
// Results live in call->arena. A function that the driver lacks is ERR_UNSUPPORTED with a sentence; attach and detach
// without functions succeed with the context of create, as every host then reaches every volume.
MUST_USE struct err *door_run(struct door *d, const struct driver_call *call, const struct driver_request *request,
                              struct driver_answer *ret_answer);
struct door_count door_count(const struct door *d, enum driver_act act);
const char *driver_act_name(enum driver_act act); // "create"

#endif
