// SPDX-License-Identifier: Apache-2.0
// The calls of the built-in framework, made of what was offered. Everything lives in the arena or borrows from the offer.
#ifndef CLI_RUN_CALL_H
#define CLI_RUN_CALL_H

#include "cli/run_steps.h"

typedef Mesos__V1__Offer run_offer;
typedef Mesos__V1__Resource run_resource;

#define RUN_STORAGE_AGENT "granary" // the pseudo-agent of storage-only offers

// `framework` NULL: not known yet.
run_call *run_call_new(const char *framework, Mesos__V1__Scheduler__Call__Type type, struct arena *arena);
run_call *run_call_subscribe(const char *framework, const char *role, struct arena *arena);
run_call *run_call_decline(const char *framework, const run_offer *offer, double seconds, struct arena *arena);
// CREATE_DISK of `source` (an offered RAW entry): `o->size` of it, named as the options say.
run_call *run_call_create(const char *framework, const run_offer *offer, const run_resource *source,
                          const struct run_options *o, const char *operation, struct arena *arena);
// LAUNCH with cpus and mem of the options and, if not NULL, the offered volume.
run_call *run_call_launch(const char *framework, const run_offer *offer, const run_resource *volume,
                          const struct run_options *o, const char *task, struct arena *arena);
run_call *run_call_kill(const char *framework, const char *task, struct arena *arena);
// Both return NULL when the status asks for no acknowledgement.
run_call *run_call_acknowledge(const char *framework, const Mesos__V1__TaskStatus *status, struct arena *arena);
run_call *run_call_acknowledge_operation(const char *framework, const Mesos__V1__OperationStatus *status,
                                         struct arena *arena);
run_call *run_call_reconcile(const char *framework, const char *task, struct arena *arena);
run_call *run_call_reconcile_operation(const char *framework, const char *operation, struct arena *arena);

// ---- what is in an offer ----

// The RAW entry of that class which is reserved for nobody; NULL: none.
const run_resource *run_offer_class(const run_offer *offer, const char *class);
// The volume of that name; NULL: not in this offer.
const run_resource *run_offer_volume(const run_offer *offer, const char *name);
double run_offer_scalar(const run_offer *offer, const char *name);       // cpus, mem: all that is offered of it
const char *run_label(const Mesos__V1__Labels *labels, const char *key); // NULL: none; accepts NULL

#endif
